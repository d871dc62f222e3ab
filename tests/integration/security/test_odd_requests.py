"""Every operation of the management API and of a shop, with generated requests, for nobody and for each role.

No request is answered with a 500, every answer has the documented shape, and no input opens what the role does not.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from tests.support.http_server import RunningServer, running_server

from payloom.api.openapi import describe
from payloom.cli.support.paths import template
from payloom.project.loader import load_project
from payloom.settings.studio_roles import STUDIO_ROLES, includes
from payloom_emulator.embedded import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[3]
MANAGEMENT = json.loads((ROOT / "studio" / "openapi.json").read_text("utf-8"))
PASSWORD = "violet-ladder-917"
PEOPLE = {"customer": None, "viewer": "viewer", "editor": "editor", "boss": "admin"}
"""Accounts and their role in the studio."""
NOBODY = "nobody"
EXAMPLES = int(os.environ.get("PAYLOOM_FUZZ_EXAMPLES", "2"))
"""Of valid and of invalid requests, for each operation. The variable asks for more."""
UNENDING = {"GET /live"}
"""Streams: they have tests of their own."""
ENDS_SESSIONS = {"DELETE /session"}
"""Asked by nobody only, or else the requests after it would be nobody's."""
load_all_checks()
# What schemathesis does within a strategy is not ours.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
SHAPES = [CHECKS.get_one(name) for name in ("response_schema_conformance", "content_type_conformance")]


@dataclasses.dataclass
class OpenShop:
    """A served shop, a session for everybody, and identifiers that exist."""

    server: RunningServer
    sessions: Mapping[str, requests.Session]
    known: Mapping[str, Sequence[str]]
    endpoints: Mapping[str, Any]

    def send(self, case: Any, person: str) -> requests.Response:
        """Send a request as somebody."""
        return case.call(session=self.sessions[person], timeout=20)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenShop]:
    folder = template("shop")
    paths = [path for path in folder.rglob("*") if path.suffix in {".yaml", ".j2", ".css", ".js"}]
    files = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}
    declared = "".join(
        f"      - {{email: {name}@corner.test, password: {PASSWORD}, studio: {role or 'null'}}}\n"
        for name, role in PEOPLE.items()
    )
    files["payloom.yaml"] = files["payloom.yaml"].replace("    accounts:\n", f"    accounts:\n{declared}")
    with run() as local:
        port = local.url.rpartition(":")[2]
        files["payloom.yaml"] += f"\nstripe: {{local_port: {port}}}\n"
        with running_server(tmp_path_factory.mktemp("shop"), files) as server:
            yield _opened(server)


def _opened(server: RunningServer) -> OpenShop:
    project = load_project(server.settings.root, server.settings)
    sessions = {NOBODY: requests.Session()}
    for name in PEOPLE:
        session = sessions[name] = requests.Session()
        credentials = {"email": f"{name}@corner.test", "password": PASSWORD}
        assert session.post(f"{server.url}/api/auth/sign-in", json=credentials, timeout=20).status_code == 200
        session.headers["origin"] = server.url
    server.wait(lambda: server.manage("/runs")["data"])
    known = {
        "workflow_id": sorted(project.workflows),
        "run_id": [run["id"] for run in server.manage("/runs")["data"]],
        "event_id": [event["id"] for event in server.manage("/events")["data"]],
        "account_id": [account["id"] for account in server.manage("/accounts")["data"] if account["role"] is None],
        "name": ["orders", "products"],
        "key": ["premium"],
    }
    return OpenShop(server, sessions, known, describe("Shop", server.url, project.workflows))


def _operations(document: Mapping[str, Any]) -> list[str]:
    return [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]


def _problems(case: Any, answer: requests.Response, person: str) -> list[str]:
    """What is wrong with an answer, in words that show the request."""
    problems: list[str] = []
    if answer.status_code >= 500:
        problems.append(f"answered {answer.status_code}")
    if answer.status_code >= 400 and set(answer.json()) != {"error"}:
        problems.append("an error without its form")
    try:
        case.validate_response(answer, checks=SHAPES)
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - whatever schemathesis raises is a finding
        problems.append(f"has another shape: {str(error)[:300]}")
    request = f"{person}: {case.as_curl_command()[:600]}\n{answer.status_code} {answer.text[:300]}"
    return [f"{problem}\n{request}" for problem in problems]


def _examples(operation: Any, mode: GenerationMode, look: Any) -> None:
    """Call `look` with generated requests of an operation, the same ones each time."""

    @seed(20_261)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],  # pyright: ignore[reportArgumentType] - its metaclass hides what it yields
    )
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def with_examples(case: Any, data: st.DataObject) -> None:
        look(case, data)

    try:
        with_examples()
    except Unsatisfiable:
        # Without parameters and body, or with texts only, no request is invalid.
        assert mode is GenerationMode.NEGATIVE


def _fuzz(shop: OpenShop, operation: Any, people: Sequence[str], refused: Mapping[str, set[int]]) -> list[str]:
    """Send generated requests as everybody. refused: how somebody without the right is answered, whatever is sent."""
    problems: list[str] = []

    def look(case: Any, data: st.DataObject) -> None:
        for name in list(case.path_parameters or {}):
            if shop.known.get(name) and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(shop.known[name]))
        allowed = [person for person in people if person not in refused]
        # Those with the right take turns; those without it are all refused, before anything else is looked at.
        for person in [*refused, data.draw(st.sampled_from(allowed))]:
            answer = shop.send(case, person)
            problems.extend(_problems(case, answer, person))
            if person in refused and answer.status_code not in refused[person]:
                problems.append(f"{person} was let in: {answer.status_code} {case.as_curl_command()[:600]}")

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        _examples(operation, mode, look)
    return problems


def _schema(document: Mapping[str, Any], base: str) -> Any:
    schema = schemathesis.openapi.from_dict(dict(document))
    schema.config.update(base_url=base)
    schema.config.generation.update(
        modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE], with_security_parameters=False
    )
    return schema


def _operation(schema: Any, operation: str) -> Any:
    method, path = operation.split(" ", 1)
    return schema[path][method]


def _without_right(needed: str) -> dict[str, set[int]]:
    """How each person without the role is answered. A body that is no JSON is refused before anybody is looked at."""
    if needed == "anybody":
        return {}
    wrong = {400, 404, 405, 413}
    refused = {NOBODY: {401, *wrong}, "customer": {403, *wrong}}
    for name, role in PEOPLE.items():
        if role is not None and role in STUDIO_ROLES and not includes(role, needed):  # type: ignore[arg-type] - it is one of the roles
            refused[name] = {403, *wrong}
    return refused


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "tag", sorted({tag for ways in MANAGEMENT["paths"].values() for op in ways.values() for tag in op["tags"]})
)
def test_the_management_api_answers_every_request_in_its_shape_and_opens_nothing(shop: OpenShop, tag: str) -> None:
    schema = _schema(MANAGEMENT, f"{shop.server.url}/api/_payloom")
    problems: list[str] = []
    for name in _operations(MANAGEMENT):
        operation = _operation(schema, name)
        raw = operation.definition.raw
        if tag in raw["tags"] and name not in UNENDING:
            people = [NOBODY] if name in ENDS_SESSIONS else [NOBODY, *PEOPLE]
            problems += _fuzz(shop, operation, people, _without_right(raw["x-role"]))
    assert problems == []


@pytest.mark.timeout(240)
def test_the_shop_answers_every_request_in_its_shape(shop: OpenShop) -> None:
    schema = _schema(shop.endpoints, shop.server.url)
    names = _operations(shop.endpoints)
    assert len(names) >= 8
    problems = [
        problem for name in names for problem in _fuzz(shop, _operation(schema, name), [NOBODY, "customer"], {})
    ]
    assert problems == []


@pytest.mark.parametrize("name", ["%C3%A9", "%F0%9F%98%80", "x"])
def test_a_session_of_any_name_is_not_found(shop: OpenShop, name: str) -> None:
    ways = {
        "customer": "/api/auth/sessions/",
        "boss": f"/api/_payloom/accounts/{shop.known['account_id'][0]}/sessions/",
    }
    for person, path in ways.items():
        answer = shop.sessions[person].delete(f"{shop.server.url}{path}{name}", timeout=20)
        assert answer.status_code == 404, answer.text


def test_everybody_is_still_signed_in_with_the_right_role(shop: OpenShop) -> None:
    """Else the requests before would have proved nothing."""
    roles = {
        person: session.get(f"{shop.server.url}/api/_payloom/session", timeout=20).json()["role"]
        for person, session in shop.sessions.items()
    }
    assert roles == {NOBODY: None, **PEOPLE}


def test_a_wrong_shape_would_be_found(shop: OpenShop) -> None:
    """The fuzzing sees what it looks for: a document that promises something else than the server answers."""
    broken = json.loads(json.dumps(MANAGEMENT))
    broken["components"]["schemas"]["Me"]["properties"]["version"] = {"type": "integer"}
    broken["paths"] = {"/me": broken["paths"]["/me"]}
    problems = _fuzz(shop, _operation(_schema(broken, f"{shop.server.url}/api/_payloom"), "GET /me"), ["viewer"], {})
    assert re.search("another shape", "\n".join(problems))
