"""Commands say what they do, refuse wrong use with the way out, and end with the documented exit codes."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from tests.support.ports import free_port
from tests.support.processes import payloom_process
from typer.main import get_command
from typer.testing import CliRunner

from payloom.cli.commands import app
from payloom.cli.support.paths import copy_template, template

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent / "payloom"


def names() -> list[str]:
    command = get_command(app)
    command_names = []
    for name, sub in command.commands.items():  # type: ignore[attr-defined] - the command is a group
        command_names += [f"{name} {inner}" for inner in sub.commands] if hasattr(sub, "commands") else [name]
    return command_names


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return payloom_process.run(*arguments, cwd=cwd)


def run_installed(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """From the start, imports included."""
    return subprocess.run([BIN, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    for name in names():
        assert re.search(rf"`payloom {name}[ `]", text), f"docs/reference/cli.md has no entry for `payloom {name}`"


@pytest.mark.parametrize("name", names())
def test_every_command_has_help(name: Any) -> None:
    result = CliRunner().invoke(app, [*name.split(), "--help"])
    assert result.exit_code == 0
    assert len(result.output) > 100


def test_a_reader_that_stops_reading_is_no_bug() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with tempfile.TemporaryFile() as errors:
        process = payloom_process.start("explain", "timeout", stdout=writer, stderr=errors)
        os.close(writer)
        assert process.wait(30) == 141
        errors.seek(0)
        assert errors.read() == b""


def test_a_new_project_has_the_files_of_its_template_and_is_not_overwritten(tmp_path: Path) -> None:
    first = run_installed("init", "shop", "--json", cwd=tmp_path)
    assert first.returncode == 0
    assert json.loads(first.stdout)["files"] > 20
    assert (tmp_path / "shop" / "payloom.yaml").is_file()
    again = run("init", "shop", cwd=tmp_path)
    assert again.returncode == 2
    assert "not empty" in again.stderr
    assert "hint:" in again.stderr


def test_an_unknown_template_is_corrected(tmp_path: Path) -> None:
    result = run("init", "x", "--template", "shopp", cwd=tmp_path)
    assert (result.returncode, "did you mean 'shop'" in result.stderr) == (2, True)
    assert not (tmp_path / "x").exists()


def test_outside_a_project_a_command_says_where_it_looked(tmp_path: Path) -> None:
    result = run_installed("check", cwd=tmp_path)
    assert result.returncode == 2
    assert "payloom init" in result.stderr


def test_errors_come_as_json_too(tmp_path: Path) -> None:
    result = run("check", "--json", cwd=tmp_path)
    assert json.loads(result.stdout)["error"]["code"] == "not_a_project"


def test_check_finds_mistakes_with_their_place_and_exits_1(tmp_path: Path) -> None:
    copy_template(template("shop"), tmp_path)
    file = tmp_path / "workflows" / "access.yaml"
    file.write_text(file.read_text("utf-8").replace("select: users", "select: usres"), "utf-8")
    result = run("check", cwd=tmp_path)
    assert result.returncode == 1
    assert re.search(r"workflows/access\.yaml:\d+:\d+: error: .*usres", result.stdout)
    assert "users" in result.stdout


def test_a_taken_port_is_told_with_a_free_one(tmp_path: Path) -> None:
    copy_template(template("shop"), tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        result = run_installed("dev", "--port", str(port), cwd=tmp_path)
    assert result.returncode == 4
    assert f"port {port} on 127.0.0.1 is in use" in result.stderr
    assert re.search(r"--port \d+", result.stderr)


def test_a_live_key_in_development_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_template(template("shop"), tmp_path)
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_abcdefgh")
    result = run("dev", cwd=tmp_path)
    assert result.returncode == 2
    assert "real cards would be charged" in result.stderr
    assert "sk_live_abcdefgh" not in result.stderr


def test_files_changed_by_a_person_survive_a_new_copy_of_the_template(tmp_path: Path) -> None:
    copy_template(template("shop"), tmp_path)
    edited = tmp_path / "pages" / "cart.html.j2"
    edited.write_text("mine", "utf-8")
    removed = tmp_path / "pages" / "thanks.html.j2"
    removed.unlink()
    assert copy_template(template("shop"), tmp_path) == 1
    assert edited.read_text("utf-8") == "mine"
    assert removed.is_file()


def test_a_part_of_a_name_finds_actions_and_a_wrong_one_is_corrected() -> None:
    result = run("actions", "refunds.create")
    assert "payment_intent" in result.stdout
    described, *_ = json.loads(run("actions", "refunds.create", "--json").stdout)
    assert described["params"]["properties"]["amount"]["type"] == "integer"
    wrong = run("actions", "refnds")
    assert (wrong.returncode, "did you mean" in wrong.stderr) == (3, True)


def test_a_project_with_errors_does_not_start_and_says_where_they_are(tmp_path: Path) -> None:
    copy_template(template("shop"), tmp_path)
    (tmp_path / "workflows" / "access.yaml").write_text("name: x\n", "utf-8")
    result = run("dev", "--port", str(free_port()), cwd=tmp_path)
    assert result.returncode == 2
    assert "workflows/access.yaml:1:1" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_database_that_is_not_there_stops_the_start_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_template(template("shop"), tmp_path)
    monkeypatch.setenv("PAYLOOM_DATABASE_URL", f"postgresql://shop:hunter2@127.0.0.1:{free_port()}/shop")
    result = run("dev", "--port", str(free_port()), cwd=tmp_path)
    assert result.returncode in {2, 4}, result.stderr
    assert "error:" in result.stderr
    assert "Traceback" not in result.stderr
    assert "hunter2" not in result.stderr
