"""What all commands share: `--json` is data, errors are JSON, too, `--quiet`, exit codes, completion."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from payloom.cli.commands import app
from payloom.cli.support import output
from payloom.cli.support.output import report_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
SHOP = str(ROOT / "templates" / "shop")
NO_JSON = {
    "dev": "serves until it is stopped",
    "serve": "serves until it is stopped",
    "worker": "works until it is stopped",
    "schema": "prints JSON always",
    "openapi": "prints JSON always",
    "audit export": "prints CSV or JSON lines",
}
PAYLOOM = get_command(app)


def commands(group: object = PAYLOOM, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every command with its full name."""
    assert isinstance(group, TyperGroup)
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def options(command: object) -> set[str]:
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}  # type: ignore[attr-defined] - the command comes from click


def payloom(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **environ}
    call = [sys.executable, "-m", "payloom", *words]
    return subprocess.run(call, capture_output=True, text=True, check=False, env=environment, timeout=120)


def test_every_command_prints_json_or_has_a_reason_not_to() -> None:
    without = {name for name, command in commands() if "--json" not in options(command)}
    assert without == set(NO_JSON)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("check", "--nope"), "command_error"),
        (("nope",), "command_error"),
        (("runs", "list", "--status", "bogus"), "command_error"),
        (("config", "-C", "/nowhere"), "not_a_project"),
        (("explain", "no_such_code"), "nothing_found"),
    ],
    ids=str,
)
def test_errors_are_json_when_json_was_asked_for(words: tuple[str, ...], code: str) -> None:
    done = payloom(*words, "--json")
    assert json.loads(done.stdout)["error"]["code"] == code
    assert done.returncode in {2, 3}
    assert not done.stderr


LOOKING: dict[str, tuple[str, ...]] = {
    "actions": ("actions", "refunds.create"),
    "triggers": ("triggers", "invoice"),
    "explain": ("explain", "timeout"),
    "check": ("check", "--explain"),
    "config": ("config",),
    "fmt": ("fmt", "--check"),
    "workflows": ("workflows",),
    "test": ("test", "--list"),
}


@pytest.mark.parametrize("words", LOOKING.values(), ids=LOOKING)
def test_json_holds_no_repr(words: tuple[str, ...]) -> None:
    project = () if words[0] in {"actions", "triggers", "explain"} else ("-C", SHOP)
    text = CliRunner().invoke(app, [*words, "--json", *project]).stdout
    json.loads(text)
    assert not re.search(r"<[a-z_.]+ object at|\b[A-Z]\w+\([a-z_]+=|Lazy\(|PosixPath|datetime\.", text)


CODES = {0: ("--version",), 2: ("check", "--nope"), 3: ("explain", "no_such_code")}


def test_exit_codes_are_the_documented_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8").split("## Exit codes")[1]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)} == {0, 1, 2, 3, 4, 70, 130, 141}
    (tmp_path / "payloom.yaml").write_text("name: Shop\n")
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "bad.yaml").write_text("name: Bad\nsteps: nope\n")
    assert CliRunner().invoke(app, ["check", "-C", str(tmp_path)]).exit_code == 1
    for code in (0, 2, 3):
        assert CliRunner().invoke(app, CODES[code]).exit_code == code
    monkeypatch.setenv("PAYLOOM_PORT", "70000")
    assert CliRunner().invoke(app, ["check", "-C", str(tmp_path)]).exit_code == 2

    def ending(error: BaseException) -> int:
        @output.report_errors
        def broken() -> None:
            raise error

        with pytest.raises(SystemExit) as ended:
            broken()
        return int(str(ended.value.code))

    assert ending(KeyboardInterrupt()) == 130
    assert ending(ZeroDivisionError()) == 70


def test_quiet_leaves_data_and_errors() -> None:
    loud = CliRunner().invoke(app, ["config", "email", "-C", SHOP])
    quiet = CliRunner().invoke(app, ["--quiet", "check", "-C", SHOP])
    assert loud.stdout
    assert (quiet.exit_code, quiet.stderr) == (0, "")
    refused = CliRunner().invoke(app, ["--quiet", "explain", "no_such_code"])
    assert "no error has the code" in refused.stderr
    output.be_quiet(False)


def test_a_shell_completes_commands() -> None:
    script = Path(sys.executable).with_name("payloom")
    environment = {**os.environ, "_PAYLOOM_COMPLETE": "complete_bash", "COMP_WORDS": "payloom expl", "COMP_CWORD": "1"}
    done = subprocess.run([script], capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert done.stdout.split() == ["explain"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (["ada@shop.test", "bo@shop.test"], "ada@shop.test, bo@shop.test"),
        ({"a": [1, None]}, '{"a": [1, null]}'),
        (True, "true"),
        (12, "12"),
        ("as it is", "as it is"),
    ],
)
def test_a_cell_of_a_table_is_never_pythons_own_form(value: object, text: str) -> None:
    assert output.cell_text(value) == text


WHAT_ENDS_A_COMMAND = {
    "a path of another user": (PermissionError(13, "Permission denied", "/opt/x"), 4, "Permission denied: /opt/x"),
    "a full disk": (OSError(28, "No space left on device"), 4, "No space left on device"),
    "a question answered with Ctrl-C or nothing": (typer.Abort(), 130, ""),
    "Ctrl-C": (KeyboardInterrupt(), 130, ""),
    "our own bug": (ValueError("seven"), 70, "ValueError: seven"),
    "a timeout that nobody expects": (TimeoutError(), 70, "This is a bug"),
}


@pytest.mark.parametrize(("error", "code", "says"), WHAT_ENDS_A_COMMAND.values(), ids=WHAT_ENDS_A_COMMAND)
def test_what_ends_a_command_has_its_exit_code_and_only_bugs_are_called_bugs(
    error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @report_errors
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as end:
        command()
    printed = capsys.readouterr().err
    assert (end.value.code, says in printed, "This is a bug" in printed) == (code, True, code == 70), printed


def test_a_folder_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/proc")
    result = CliRunner().invoke(app, ["init", "shop"])
    assert (result.exit_code, "/proc/shop" in result.stderr, "bug" in result.stderr) == (4, True, False)


def test_a_count_in_a_message_has_a_plural() -> None:
    """`1 event`, `2 events`, by `count()`: never `1 event(s)`."""
    wrong = [
        f"{path.name}: {text}"
        for path in (ROOT / "src" / "payloom").rglob("*.py")
        for text in re.findall(r"\{[^{}]*\} [a-z ]+\(s\)", path.read_text("utf-8"))
    ]
    assert wrong == []
