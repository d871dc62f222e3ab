"""What every command does when something is wrong: data on stdout only, one form of error, a documented exit code."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.ports import free_port
from tests.support.processes import payloom_process
from tests.support.processes.rehearsal import staging
from tests.unit.cli.test_conventions import NO_JSON, commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OK = "name: OK\ndescription: Works.\non: {manual: true, auth: none}\nsteps:\n  - return: {ok: true}\n"
FILES = {
    "payloom.yaml": "name: Failing\n",
    "tables.yaml": "tables: {}\n",
    "workflows/ok.yaml": OK,
    "workflows/ok.test.yaml": "workflow: ok\ncases: []\n",
    "flow.py": "from payloom.workflows.builder import *\n",
}
WORDS = {
    "init": "init new",
    "check": "check",
    "config": "config",
    "studio": "studio",
    "storm": "storm --seeds 1",
    "dry-run": "dry-run workflows/ok.yaml",
    "fmt": "fmt",
    "diff": "diff",
    "export": "export flow.py",
    "import": "import ok",
    "run": "run ok",
    "mails": "mails",
    "migrate": "migrate",
    "backup": "backup backups",
    "restore": "restore none.backup",
    "doctor": "doctor",
    "workflows": "workflows",
    "actions": "actions refunds",
    "triggers": "triggers invoice",
    "explain": "explain timeout",
    "test": "test",
    "accounts list": "accounts list",
    "accounts show": "accounts show nobody@shop.test",
    "accounts verify": "accounts verify nobody@shop.test",
    "accounts disable": "accounts disable nobody@shop.test",
    "accounts enable": "accounts enable nobody@shop.test",
    "accounts delete": "accounts delete nobody@shop.test --yes",
    "accounts sessions": "accounts sessions nobody@shop.test",
    "accounts end-sessions": "accounts end-sessions nobody@shop.test",
    "accounts reset-password": "accounts reset-password nobody@shop.test",
    "accounts reset-factor": "accounts reset-factor nobody@shop.test --yes",
    "accounts roles": "accounts roles nobody@shop.test --no-roles",
    "alerts list": "alerts list",
    "alerts test": "alerts test",
    "runs list": "runs list",
    "runs show": "runs show run_nope",
    "runs retry": "runs retry run_nope",
    "runs cancel": "runs cancel run_nope",
    "events list": "events list",
    "events show": "events show evt_nope",
    "events replay": "events replay evt_nope",
    "events catch-up": "events catch-up",
    "keys new": "keys new",
    "keys status": "keys status",
    "keys rotate": "keys rotate",
    "keys prune": "keys prune",
    "keys abandon": "keys abandon --yes",
    "db copy": "db copy data/payloom.sqlite",
    "audit list": "audit list",
    "audit export": "audit export",
    "emulator trigger": "emulator trigger payment_intent.succeeded",
    "demo": "demo --check --nope",  # else it serves; what it does is dev's
    "schema": "schema",
    "openapi": "openapi",
    "dev": "dev",
    "serve": "serve --check",
    "worker": "worker",
}
"""Each command in a form that works on a project, or that names what does not exist."""
SERVES = {"dev", "worker"}
"""They end only if they can't start."""
ALONE = {"init", "explain", "actions", "triggers", "keys new", "demo", "export"}
"""They need no project."""
NO_SETTINGS = ALONE | {"schema", "emulator trigger", "fmt", "import", "doctor"}
"""They read no settings, or say what is wrong with them as their data."""
NO_DATABASE = ALONE | {
    "check", "config", "storm", "fmt", "import", "doctor", "workflows", "test", "restore", "schema", "openapi", "db copy",
    "emulator trigger",
}  # fmt: skip
ASK_THE_SERVER = {
    name for name in WORDS if name.split()[0] in {"accounts", "alerts", "runs", "events", "audit", "mails", "run"}
}
"""They ask the server that runs."""


@dataclasses.dataclass(frozen=True)
class Failure:
    """Something that is wrong. spoil: makes it so, with the project's folder and the command's environment.

    code: the exit code of those it concerns, which are all but `spares`.
    """

    spoil: Callable[[Path, dict[str, str]], object]
    code: int | set[int]
    spares: set[str]


class Answering(http.server.BaseHTTPRequestHandler):
    """Something at the address of the project's server."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the standard library
        """Say nothing."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        status, kind, body = (
            (200, "text/plain", b"ok") if self.path == "/healthz" else self.server.answer  # type: ignore[attr-defined] - set by `answering`
        )
        if status == 0:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names of the standard library


def refusal(code: str, message: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


ANSWERS = {
    "no sign-in": ((401, "application/json", refusal("not_signed_in", "No.")), 1),
    "no right": ((403, "application/json", refusal("not_allowed", "No.")), 1),
    "nothing there": ((404, "application/json", refusal("not_found", "No.")), 3),
    "a bug there": ((500, "text/plain", b"oops"), 1),
    "a proxy's page": ((502, "text/html", b"<h1>Bad gateway</h1>"), 1),
    "an error of another form": ((400, "application/json", b'{"error": "no"}'), 1),
    "its database is away": ((503, "application/json", refusal("database_unavailable", "Away.")), 4),
    "another program's page": ((200, "text/html", b"<h1>Hello</h1>"), 4),
    "another program's list": ((200, "application/json", b"[]"), 4),
    "a broken connection": ((0, "", b""), 4),
}


@pytest.fixture(scope="module")
def answering() -> Iterator[dict[str, str]]:
    """The addresses of servers that answer in these ways."""
    with contextlib.ExitStack() as stack:
        urls = {}
        for name, (answer, _) in ANSWERS.items():
            server = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering))
            server.answer = answer  # type: ignore[attr-defined] - read by the handler
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            stack.callback(server.shutdown)
            urls[name] = f"http://127.0.0.1:{server.server_port}"
        yield urls


def writes(name: str, content: bytes) -> Callable[[Path, dict[str, str]], object]:
    def spoil(root: Path, _environment: dict[str, str]) -> None:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)

    return spoil


def sets(**variables: str) -> Callable[[Path, dict[str, str]], object]:
    return lambda _root, environment: environment.update(variables)


def without_project(root: Path, _environment: dict[str, str]) -> None:
    (root / "payloom.yaml").unlink()


LATIN = "name: Caf\u00e9\n".encode("latin-1")


def no_database(root: Path, environment: dict[str, str]) -> None:
    for name in ("payloom", "payloom-staging"):
        writes(f"data/{name}.sqlite", b"no database" * 500)(root, environment)


FAILURES = {
    "no project": Failure(without_project, 2, ALONE | {"dry-run", "emulator trigger"}),
    "settings that are no YAML": Failure(writes("payloom.yaml", b"name: [a\n"), 2, NO_SETTINGS),
    "settings that are no UTF-8": Failure(writes("payloom.yaml", LATIN), 2, NO_SETTINGS),
    "the database is away": Failure(
        sets(PAYLOOM_DATABASE_URL="postgresql://shop:hunter2@127.0.0.1:1/shop"), 4, NO_DATABASE | {"diff", "backup"}
    ),
    "the database is none": Failure(no_database, 4, NO_DATABASE),
    "the data folder is a file": Failure(writes("data", b""), {2, 4}, NO_DATABASE | {"storm", "test"}),
    "a foreign environment": Failure(sets(PAYLOOM_ENV="prod"), 2, NO_SETTINGS),
}


def environment(name: str = "") -> dict[str, str]:
    """The variables of a command: this machine's, but none of another project."""
    if name == "serve":
        return staging(PAYLOOM_PORT=str(free_port()))
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PAYLOOM_", "STRIPE_"))}
    return {**own, "PAYLOOM_LOCAL_STRIPE_PORT": str(free_port()), "PAYLOOM_PORT": str(free_port())}


def project(root: Path) -> Path:
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def played(words: list[str], root: Path, variables: dict[str, str], *, as_json: bool) -> tuple[int, dict[str, object]]:
    """Run a command that is to fail; return its exit code and its error. What it prints fits the contract."""
    done = payloom_process.run(*words, *(["--json"] if as_json else []), cwd=root, environment=variables)
    text = done.stdout + done.stderr
    assert "Traceback" not in text
    assert "hunter2" not in text
    assert "This is a bug" not in text
    if not as_json:
        assert done.stdout == "", "an error went to where the data goes"
        assert done.stderr.count("error: ") >= 1, done.stderr
        return done.returncode, {}
    document = json.loads(done.stdout)
    if not (isinstance(document, dict) and "error" in document):
        return done.returncode, {}
    assert set(document) == {"error"}
    assert {"code", "message"} <= set(document["error"])
    return done.returncode, document["error"]


def test_every_command_has_a_row() -> None:
    assert set(WORDS) == {name for name, _ in commands()}


CASES = [
    pytest.param(failure, name, id=f"{failure}: {name}")
    for failure, row in FAILURES.items()
    for name in WORDS
    if name not in row.spares
]


@pytest.mark.parametrize(("failure", "name"), CASES)
def test_a_command_says_what_is_wrong_in_the_documented_form(failure: str, name: str, tmp_path: Path) -> None:
    row, variables = FAILURES[failure], environment(name)
    root = project(tmp_path / "project")
    row.spoil(root, variables)
    as_json = name not in NO_JSON
    code, error = played(WORDS[name].split(), root, variables, as_json=as_json)
    assert code in (row.code if isinstance(row.code, set) else {row.code}), error
    assert error or not as_json


@pytest.mark.parametrize("name", WORDS)
def test_a_wrong_option_is_refused_in_the_documented_form(name: str, tmp_path: Path) -> None:
    as_json = name not in NO_JSON
    done = payloom_process.run(
        *WORDS[name].split(), "--nope", *(["--json"] if as_json else []), cwd=tmp_path, environment=environment()
    )
    assert done.returncode == 2
    if as_json:
        assert json.loads(done.stdout)["error"]["code"] == "command_error"
        assert done.stderr == ""
    else:
        assert (done.stdout, "No such option" in done.stderr) == ("", True)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", sorted(ASK_THE_SERVER))
def test_a_server_that_refuses_or_is_none_is_said_to_be_so(
    name: str, answer: str, answering: dict[str, str], tmp_path: Path
) -> None:
    root = project(tmp_path / "project")
    entry = {"pid": os.getpid(), "host": socket.gethostname(), "url": answering[answer], "stripe_url": None}
    (root / "data").mkdir()
    (root / "data" / "local.json").write_text(json.dumps({"servers": [entry], "admin_token": "t" * 40}), "utf-8")
    code, error = played(WORDS[name].split(), root, environment(), as_json=name not in NO_JSON)
    assert code == ANSWERS[answer][1], error
