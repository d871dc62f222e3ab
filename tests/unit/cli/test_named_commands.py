"""Every `payloom …` command that a message, a hint, the docs or the studio names exists, with these options."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.core import TyperGroup

from payloom.cli.commands import app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[3]
SOURCES = [ROOT / "src" / "payloom", ROOT / "emulator" / "src"]
_COMMAND = re.compile(r"`payloom (?P<words>[^`]*)`")
_PLACEHOLDER = "VALUE"
_PROGRAM = r"(?:payloom-run \S+|(?:/opt/payloom|\.venv)/bin/payloom|payloom)"
_LINE = re.compile(
    rf"(?:^\s*|\$ |&& |sudo |-- |exec (?:-T )?\S+ |umask 077; )(?:[A-Z_]+=\S+ )*{_PROGRAM} (?P<words>(?!-)[^|>;&]*)"
)
_STUDIO = re.compile(r"(?:command=|text=|<code>|`)[\"{]?payloom (?P<words>[a-z][^\"<`$]*)")
PAYLOOM = typer.main.get_command(app)  # Typer makes all commands anew each time that it is asked


def named_in_code() -> Iterator[tuple[str, str]]:
    """Yield `(place, command)` for each command in a string of the code. Values in f-strings become VALUE."""
    for path in sorted(file for folder in SOURCES for file in folder.rglob("*.py")):
        source = path.read_text("utf-8")
        if "`payloom" not in source:
            continue
        tree = ast.parse(source)
        if ast.get_docstring(tree):
            # What a module is for is written for contributors, and names groups of commands.
            tree.body.pop(0)
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else _PLACEHOLDER for part in node.values)
                text = "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
                text = node.value
            else:
                continue
            for match in _COMMAND.finditer(text):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", match["words"]


def named_in_docs() -> Iterator[tuple[str, str]]:
    """Yield `(place, command)` for each command between backticks in the docs and the README."""
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if "decisions" in path.parts:
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for match in _COMMAND.finditer(line):
                yield f"{path.relative_to(ROOT)}:{number}", match["words"]


def named_in_blocks() -> Iterator[tuple[str, str]]:
    """Yield `(place, command)` for each line of a shell block in the docs and the README."""
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        language: str | None = None
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if line.lstrip().startswith("```"):
                language = line.strip().removeprefix("```") if language is None else None
            elif language in {"", "console", "sh"}:
                for match in _LINE.finditer(re.split(r"\s#\s|\s{3,}", line.strip())[0].rstrip("'")):
                    yield f"{path.relative_to(ROOT)}:{number}", match["words"]


def named_in_studio() -> Iterator[tuple[str, str]]:
    """Yield `(place, command)` for each command that the studio shows."""
    for path in sorted((ROOT / "studio" / "src").rglob("*.ts*")):
        for match in _STUDIO.finditer(path.read_text("utf-8")):
            yield path.relative_to(ROOT).as_posix(), match["words"]


def problem(words: str) -> str | None:
    """Return what is wrong with a command line, None if it can be run."""
    command = PAYLOOM
    rest = shlex.split(words)
    while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        if name not in command.commands:
            return f"there is no command {name!r}"
        command = command.commands[name]
    if isinstance(command, TyperGroup) and command.no_args_is_help and not rest:
        return "only prints its help: name a command of the group"
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in rest if word.startswith("-") and word.partition("=")[0] not in {*known, "--help"}]
    return f"there is no option {unknown[0]}" if unknown else None


@pytest.mark.parametrize(
    ("named", "least"), [(named_in_code, 30), (named_in_docs, 30), (named_in_blocks, 50), (named_in_studio, 4)]
)
def test_every_command_that_is_named_can_be_run(named: Callable[[], Iterator[tuple[str, str]]], least: int) -> None:
    commands = list(named())
    assert len(commands) > least
    wrong = [f"{place}: `payloom {words}`: {reason}" for place, words in commands if (reason := problem(words))]
    assert wrong == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("rnus list", "there is no command 'rnus'"),
        ("runs", "only prints its help"),
        ("runs lst", "there is no command 'lst'"),
        ("migrate --alow-drop orders", "there is no option --alow-drop"),
        ("migrate --allow-drop orders.note", None),
        ("emulator --port 1", None),
        ("--help", None),
    ],
)
def test_a_command_that_is_not_there_is_noticed(words: str, reason: str | None) -> None:
    message = problem(words)
    assert message is None if reason is None else reason in str(message)
