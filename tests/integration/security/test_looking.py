"""Looking is not running: of all commands, only those that say so execute a project's Python."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.support.http_server import event, running_server
from tests.support.ports import free_port
from tests.support.processes import payloom_process
from tests.support.processes.rehearsal import staging
from tests.support.testing_fixture import SmallProject
from typer.main import get_command
from typer.testing import CliRunner

from payloom.cli.commands import app
from payloom.cli.server.demo import prepare
from payloom.project.loader import load_project, run_actions
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from pathlib import Path

SAYS_SO = "Executes the project's Python"
RAN = "ran.txt"
EVENT_ID = "evt_stored"
EVIL = f'''\
"""Leaves a mark where it is executed."""
from pathlib import Path

from payloom.steps import step

Path(__file__).parents[1].joinpath({RAN!r}).write_text("executed")


@step
def points(amount: int) -> int:
    """Count points."""
    return 100 // amount
'''
WORKFLOW = """\
name: Points
description: Counts points.
on:
  - {api: POST /points, auth: none}
  - manual: true
input: {amount: int = 2}
steps:
  - id: points
    python: evil:points
    with: {amount: "${{ inputs.amount }}"}
  - return: {points: "${{ points }}"}
"""
CASES = """\
workflow: points
cases:
  - name: counted
    call: {}
"""


@dataclasses.dataclass(frozen=True)
class Door:
    """A command line, in which RUN is a failed run and EVENT_ID an event, if it names one of them.

    executes: whether it may execute the project's Python. code: its exit code; None: it serves.
    """

    words: tuple[str, ...]
    executes: bool = False
    code: int | None = 0
    in_staging: bool = False

    @property
    def names_records(self) -> bool:
        return not {"RUN", EVENT_ID}.isdisjoint(self.words)


DOORS = {
    "init": [Door(("init", "new"))],
    "dev": [Door(("dev", "--port", "PORT", "--stripe-port", "PORT"), executes=True, code=None)],
    "demo": [
        Door(
            ("demo", "--no-browser", "--dir", ".", "--port", "PORT", "--stripe-port", "PORT"), executes=True, code=None
        ),
    ],
    "check": [
        Door(("check",)),
        Door(("check", "--explain")),
        Door(("check", "--json")),
        Door(("check", "--run-actions"), executes=True),
    ],
    "serve": [Door(("serve", "--check"), executes=True, in_staging=True)],
    "studio": [Door(("studio",))],
    "storm": [Door(("storm", "--seeds", "1"), executes=True)],
    "dry-run": [Door(("dry-run", "workflows/pay.yaml"), code=3)],
    "fmt": [Door(("fmt",)), Door(("fmt", "--check"))],
    "diff": [Door(("diff",), code=3), Door(("diff", "files", "files"))],
    "export": [Door(("export", "actions/evil.py"), executes=True, code=2)],
    "import": [Door(("import", "points"))],
    "run": [Door(("run", "nope"), code=3), Door(("run", "points"), executes=True)],
    "accounts list": [Door(("accounts", "list"))],
    "accounts delete": [Door(("accounts", "delete", "nobody@shop.test", "--yes"), code=3)],
    "accounts show": [Door(("accounts", "show", "nobody@shop.test"), code=3)],
    "accounts verify": [Door(("accounts", "verify", "nobody@shop.test"), code=3)],
    "accounts disable": [Door(("accounts", "disable", "nobody@shop.test"), code=3)],
    "accounts enable": [Door(("accounts", "enable", "nobody@shop.test"), code=3)],
    "accounts sessions": [Door(("accounts", "sessions", "nobody@shop.test"), code=3)],
    "accounts end-sessions": [Door(("accounts", "end-sessions", "nobody@shop.test"), code=3)],
    "accounts reset-password": [Door(("accounts", "reset-password", "nobody@shop.test"), code=3)],
    "accounts reset-factor": [Door(("accounts", "reset-factor", "nobody@shop.test", "--yes"), code=3)],
    "accounts roles": [Door(("accounts", "roles", "nobody@shop.test"), code=3)],
    "config": [Door(("config",))],
    "alerts list": [Door(("alerts", "list"))],
    "alerts test": [Door(("alerts", "test"), code=1)],
    "audit list": [Door(("audit", "list"))],
    "audit export": [Door(("audit", "export"))],
    "keys new": [Door(("keys", "new"))],
    "keys status": [Door(("keys", "status"))],
    "keys rotate": [Door(("keys", "rotate"))],
    "keys prune": [Door(("keys", "prune"))],
    "keys abandon": [Door(("keys", "abandon"), code=2), Door(("keys", "abandon", "--yes"))],
    "db copy": [Door(("db", "copy", "nowhere.sqlite"), code=2)],
    "mails": [Door(("mails",))],
    "migrate": [Door(("migrate",))],
    "backup": [Door(("backup",))],
    "restore": [Door(("restore", "nowhere.tar.gz"), code=2), Door(("restore", "nowhere.tar.gz", "--check"), code=2)],
    "doctor": [Door(("doctor",))],
    "workflows": [Door(("workflows",))],
    "actions": [Door(("actions", "refund"))],
    "triggers": [Door(("triggers", "invoice"))],
    "schema": [Door(("schema",))],
    "openapi": [Door(("openapi",))],
    "explain": [Door(("explain", "bad_action"))],
    "worker": [Door(("worker",), executes=True, code=None)],
    "test": [
        Door(("test", "--once"), executes=True),
        Door(("test", "--list")),
    ],
    "runs list": [Door(("runs", "list"))],
    "runs show": [Door(("runs", "show", "run_0"), code=3)],
    "runs retry": [
        Door(("runs", "retry", "run_0"), code=3),
        Door(("runs", "retry", "RUN"), executes=True),
    ],
    "runs cancel": [
        Door(("runs", "cancel", "run_0"), code=3),
        Door(("runs", "cancel", "RUN"), executes=True, code=1),
    ],
    "events list": [Door(("events", "list"))],
    "events show": [Door(("events", "show", "evt_0"), code=3)],
    "events replay": [
        Door(("events", "replay", "evt_0"), code=3),
        Door(("events", "replay", EVENT_ID), executes=True),
    ],
    "events catch-up": [Door(("events", "catch-up"), executes=True, code=1)],
    "emulator": [Door(("emulator", "--version"))],
    "emulator trigger": [Door(("emulator", "trigger", "--list", "--url", "http://127.0.0.1:9"), code=4)],
}


def commands() -> set[str]:
    """Return the names of all commands, as the command line has them."""
    names: set[str] = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined] - a group
        inner = getattr(command, "commands", {})
        names |= {f"{name} {subcommand}" for subcommand in inner}
        if not inner or command.invoke_without_command:
            names.add(name)
    return names


def test_every_command_has_its_row() -> None:
    assert set(DOORS) == commands()


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose database is there, and whose Python leaves a mark."""
    root = tmp_path_factory.mktemp("looked-at")
    project = SmallProject(root)
    project.write("workflows/points.yaml", WORKFLOW)
    project.write("tests/points.test.yaml", CASES)
    (root / "actions").mkdir()
    project.write("actions/evil.py", EVIL)
    assert payloom_process.run("migrate", cwd=root).returncode == 0
    return root


@pytest.fixture(scope="module")
def with_records(looked_at: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The same project with an event in its database, and a failed run; the id of the run."""
    root = tmp_path_factory.mktemp("with-records") / "project"
    shutil.copytree(looked_at, root)
    with running_server(root, {"payloom.yaml": "name: Small\n"}) as server:
        assert server.http.post("/api/points", json={"amount": 0}).status_code == 500
        assert server.deliver(event("payment_intent.succeeded", EVENT_ID, id="pi_1")).status_code == 200
        (run,) = server.manage("/runs", workflow="points")["data"]
    (root / RAN).unlink()
    return root, run["id"]


@pytest.mark.parametrize(
    "door", [pytest.param(door, id=" ".join(door.words)) for doors in DOORS.values() for door in doors]
)
def test_only_a_command_that_says_so_executes_python(
    door: Door, looked_at: Path, with_records: tuple[Path, str], tmp_path: Path
) -> None:
    root = tmp_path / "project"
    recorded, run_id = with_records
    if door.words[0] == "demo":
        prepare(root, reset=False)
        shutil.copytree(looked_at / "actions", root / "actions", dirs_exist_ok=True)
    else:
        shutil.copytree(recorded if door.names_records else looked_at, root)
    words = [{"PORT": str(free_port()), "RUN": run_id}.get(word, word) for word in door.words]
    if door.code is None:
        _serve_until_executed(words, root)
    else:
        done = payloom_process.run(*words, cwd=root, environment=staging() if door.in_staging else None)
        assert done.returncode == door.code, done.stdout + done.stderr
    assert (root / RAN).exists() is door.executes


def _serve_until_executed(words: list[str], root: Path) -> None:
    with (root / "out.txt").open("wb") as out:
        process = payloom_process.start(*words, stdout=out, stderr=out, cwd=root)
        until = time.monotonic() + 60
        while process.poll() is None and not (root / RAN).exists() and time.monotonic() < until:
            time.sleep(0.05)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()


@pytest.mark.parametrize("name", DOORS)
def test_the_help_of_a_command_says_whether_it_executes_python(name: str) -> None:
    help_text = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    assert (SAYS_SO in " ".join(help_text.split())) is any(door.executes for door in DOORS[name])


def test_started_as_a_module_a_command_imports_nothing_from_the_folder_it_stands_in(
    looked_at: Path, tmp_path: Path
) -> None:
    root = tmp_path / "project"
    shutil.copytree(looked_at, root)
    for name in ("typer", "jinja2", "ruamel", "pydantic", "stripe"):
        (root / f"{name}.py").write_text(f"open({str(root / RAN)!r}, 'w').write('executed')\n")
    command = [sys.executable, "-m", "payloom", "check"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, (root / RAN).exists()) == (0, False), done.stderr


def test_what_importing_a_file_marks_must_be_what_its_text_declares(tmp_path: Path) -> None:
    project = SmallProject(tmp_path)
    (tmp_path / "actions").mkdir()
    project.write("actions/evil.py", EVIL)
    project.write("actions/hidden.py", "from payloom.steps import step\n\ndef f(): ...\n\nf = step(f)\n")
    project.write(
        "actions/shown.py",
        "from payloom.steps import step\n\ndef drop(f):\n    return lambda: f\n\n@drop\n@step\ndef g(): ...\n",
    )
    read = load_project(tmp_path, load_settings(tmp_path, environ={}, keep=False))
    assert read.errors == ()
    assert sorted(read.declared.by_name) == ["evil:points", "shown:g"]
    assert dict(read.functions.by_name) == {}
    assert not (tmp_path / RAN).exists()
    executed = run_actions(read)
    assert [(error.file, error.line) for error in executed.errors] == [
        ("actions/hidden.py", 3),
        ("actions/shown.py", 6),
    ]
    assert "evil:points" in executed.functions.by_name
