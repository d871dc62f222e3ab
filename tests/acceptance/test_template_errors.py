"""Every endpoint and page of the templates, asked wrongly: answers name nothing of ours, and no run has failed."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.http_server import NO_TLS, RunningServer, running_server

from payloom.cli.support.paths import template
from payloom.project.loader import load_project
from payloom.settings.load import load_settings
from payloom.workflows.program.program import ApiTrigger, Workflow
from payloom_emulator.embedded import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DOMAINS = {"shop": "corner.test", "gallery": "harbour.test", "saas": "tally.test"}
PASSWORDS = {"ada": "correct-horse", "admin": "tiller-and-sail"}
STRIPE_ID = re.compile(r"\b(?:acct|ch|cs|cus|du|evt|in|pi|pm|price|prod|re|seti|sub)_[A-Za-z0-9_]{6,}")
INSIDES = re.compile(
    r"no row|matches \(|\bwhere\b|\bcolumn\b|\$\{\{|inputs\.|object\.|step \d|Traceback|jinja", re.IGNORECASE
)
WRONG: Mapping[str, Any] = {"string": 7, "integer": "x", "array": "x", "object": 7, "boolean": "x", "number": "x"}


class Template:
    """A served template: its project, and a client for each person."""

    def __init__(self, name: str, server: RunningServer) -> None:
        self.folder = template(name)
        self.project = load_project(self.folder, load_settings(self.folder, keep=False))
        self.server = server
        self.people = {"nobody": self._client()}
        for person, password in PASSWORDS.items():
            client = self._client()
            address = f"{person}@{DOMAINS[name]}"
            answer = client.post("/api/auth/sign-in", json={"email": address, "password": password})
            assert answer.is_success, answer.text
            self.people[person] = client

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self.server.url, headers={"origin": self.server.url}, timeout=20, verify=NO_TLS)

    def endpoints(self) -> Iterator[tuple[Workflow, ApiTrigger]]:
        """Yield every endpoint."""
        for workflow in self.project.workflows.values():
            yield from ((workflow, trigger) for trigger in workflow.triggers if isinstance(trigger, ApiTrigger))


@pytest.fixture(scope="module", params=sorted(DOMAINS))
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    folder = template(request.param)
    paths = [path for path in folder.rglob("*") if path.suffix in {".yaml", ".j2", ".css", ".js"}]
    files = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}
    with run() as local:
        files["payloom.yaml"] += f"\nstripe: {{local_port: {local.url.rpartition(':')[2]}}}\n"
        with running_server(tmp_path_factory.mktemp(request.param), files) as server:
            template_served = Template(request.param, server)
            yield template_served
            for client in template_served.people.values():
                client.close()


def plausible(schema: Mapping[str, Any]) -> Any:
    """Return a value of the right shape that is nobody's."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "integer":
            return schema.get("minimum", 1)
        case "array":
            return [plausible(schema["items"])]
        case "object":
            return {name: plausible(part) for name, part in schema["properties"].items()}
        case "boolean":
            return True
        case _:
            pass
    formats = {"uuid": str(uuid.uuid4()), "email": "stranger@example.com"}
    start = str(schema.get("pattern", "")).removeprefix("^")
    return formats.get(str(schema.get("format")), f"{start if start.isidentifier() else ''}none")


def requests_of(workflow: Workflow, trigger: ApiTrigger) -> Iterator[dict[str, Any]]:
    """Yield inputs that are wrong, missing, too many, and foreign."""
    properties: Mapping[str, Any] = (workflow.input or {}).get("properties", {})
    foreign = {name: plausible(schema) for name, schema in properties.items()}
    yield foreign
    yield {}
    yield {**foreign, "stranger": 1}
    for name, schema in properties.items():
        yield {**foreign, name: WRONG.get(str(schema.get("type")), 7)}


def send(client: httpx.Client, trigger: ApiTrigger, values: Mapping[str, Any]) -> httpx.Response:
    in_path = re.findall(r"\{(\w+)\}", trigger.path)
    path = re.sub(r"\{(\w+)\}", lambda part: str(values.get(part[1], "none")), trigger.path)
    rest = {name: value for name, value in values.items() if name not in in_path}
    if trigger.method in ("GET", "DELETE"):
        return client.request(trigger.method, f"/api{path}", params=rest)
    return client.request(trigger.method, f"/api{path}", json=rest)


def leaks(text: str, names: set[str]) -> list[str]:
    """Return what of our insides a text names."""
    named = [name for name in names if re.search(rf"\b{name}\b", text)]
    return named + [match[0] for match in (STRIPE_ID.search(text), INSIDES.search(text)) if match is not None]


def test_no_endpoint_tells_a_stranger_what_is_inside(served: Template) -> None:
    tables = served.project.tables
    columns = {column for table in tables.values() for column in table.columns if "_" in column}
    inside = columns | {name for name in tables if "_" in name}
    checked = 0
    for workflow, trigger in served.endpoints():
        inputs = set((workflow.input or {}).get("properties", {}))
        for person, client in served.people.items():
            for values in requests_of(workflow, trigger):
                answer = send(client, trigger, values)
                if answer.is_success:
                    continue
                error = answer.json()["error"]
                message = " ".join(
                    str(value) for key, value in error.items() if key not in ("code", "run_id", "request_id")
                )
                seen = (workflow.id, person, values, answer.status_code, message)
                assert answer.status_code < 500, seen
                assert not leaks(message, inside - inputs), seen
                if "run_id" in error:
                    assert served.server.manage(f"/runs/{error['run_id']}")["status"] == "refused", seen
                checked += 1
    assert checked > 30


def test_no_page_tells_a_stranger_what_is_inside(served: Template) -> None:
    heads = [path.read_text("utf-8").split("---")[1] for path in served.folder.glob("pages/[!_]*.j2")]
    addresses = {match[1] for head in heads if (match := re.search(r"^path: (\S+)", head, re.MULTILINE))}
    assert addresses
    for address in addresses:
        for value in (str(uuid.uuid4()), "none", "' OR 1=1"):
            for client in served.people.values():
                answer = client.get(re.sub(r"\{\w+\}", value, address), follow_redirects=True)
                assert answer.status_code < 500, (address, answer.text)
                words = re.sub(r"<script.*?</script>|<[^>]*>", " ", answer.text, flags=re.DOTALL)
                assert not leaks(words, {"stripe_customer_id", "checkout_session"}), (address, words)
