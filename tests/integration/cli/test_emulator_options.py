"""`payloom emulator` is `payloom-emulator`: the same options, the same defaults, the same program behind them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

import payloom_emulator.__main__
from payloom.cli.commands import app
from payloom_emulator.options import parser

if TYPE_CHECKING:
    import pytest


def options_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def test_both_helps_list_the_same_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    help_text = CliRunner().invoke(app, ["emulator", "--help"]).output
    assert options_in(help_text.split("Commands")[0]) == options_in(parser().format_help())
    assert len(options_in(help_text)) > 8


def test_both_have_the_same_defaults() -> None:
    commands = typer.main.get_command(app)
    assert isinstance(commands, TyperGroup)
    group = commands.commands["emulator"]
    plain = vars(parser().parse_args([]))
    defaults = {option.name: option.default for option in group.params}
    assert {name: defaults[name] or None for name in plain} == {name: value or None for name, value in plain.items()}


def test_what_is_given_reaches_the_program_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(payloom_emulator.__main__, "main", lambda argv: seen.append(parser().parse_args(argv)) or 7)
    arguments = ["--host", "0.0.0.0", "--port", "0", "--store", "s.db", "--webhook-url", "http://a", "--webhook-url"]
    arguments += ["http://b", "--webhook-secret", "whsec_a", "--schedule", "live", "--seed", "3", "--latency", "0.5"]
    arguments += ["--rate-limit", "25", "--api-version", "2026-10-28.endive", "--any-key-here"]
    result = CliRunner().invoke(app, ["emulator", *arguments])
    assert result.exit_code == 7
    assert seen == [parser().parse_args(arguments)]


def test_a_wrong_value_is_refused_by_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    result = CliRunner().invoke(app, ["emulator", "--schedule", "sometimes"])
    assert result.exit_code == 2
    assert "sandbox" in result.output + capsys.readouterr().err
