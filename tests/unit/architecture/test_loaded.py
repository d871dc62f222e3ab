"""What a server loads before anybody asks it for more: nothing that only the studio, the command line or Stripe's SDK
needs.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

_LISTED = "import sys, payloom.app.asgi, payloom.project.loader, payloom.cli.server.processes.servers; print(*sorted(sys.modules))"


@pytest.fixture(scope="module")
def loaded() -> frozenset[str]:
    """The modules of a process that is about to serve."""
    done = subprocess.run([sys.executable, "-c", _LISTED], capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


@pytest.mark.parametrize(
    ("room", "megabytes"),
    [
        ("payloom.api.management.app", "10 with FastAPI: loaded when the studio or the command line first asks"),
        ("payloom.api.management.models", "3: loaded with the management API"),
        ("payloom.sandbox.service", "1: loaded by the first test run"),
        ("payloom.workflows.completion", "2: loaded by the editor"),
        ("fastapi", "5: loaded with the management API"),
        ("typer", "1: the command line only"),
        ("stripe", "5 and more: loaded by the first call to Stripe"),
        ("alembic", "11: loaded when there is something to migrate"),
        ("payloom_emulator", "4: a process of its own"),
    ],
)
def test_a_server_does_not_load(loaded: frozenset[str], room: str, megabytes: str) -> None:
    modules = sorted(name for name in loaded if name == room or name.startswith(f"{room}."))
    assert modules == [], f"{room} costs every server megabytes ({megabytes}); import it where it is used"


def test_the_modules_that_everything_needs_are_there(loaded: frozenset[str]) -> None:
    """So that the test above looks at the right process."""
    assert {"payloom.app.composition", "payloom.runs.service", "sqlalchemy", "starlette.applications"} <= loaded


_COMMAND = """
import sys
sys.argv = ["payloom", *sys.argv[1:]]
from payloom.cli.commands import start
try:
    start()
except SystemExit:
    print(*sorted(sys.modules))
"""


@pytest.mark.parametrize(
    "words",
    [["--version"], ["check", "--help"], ["-q", "explain", "F001"], ["runs", "list", "--help"], ["events", "--help"]],
    ids=" ".join,
)
def test_a_command_does_not_load_what_other_commands_need(words: list[str]) -> None:
    """A database, for example: 0.2 s for somebody who types a command."""
    done = subprocess.run([sys.executable, "-c", _COMMAND, *words], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "payloom.cli.commands" in modules
    others = [name for name in modules if name.startswith("payloom.cli.server.") and name.count(".") == 3]
    assert [name for name in modules if name in {"sqlalchemy", "fastapi", "httpx", "stripe"}] + others == []
