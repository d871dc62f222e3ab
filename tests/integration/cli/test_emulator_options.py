"""`payloom emulator` is `payloom-emulator`: the same options, the same defaults, the same program behind them."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

import payloom_emulator.__main__
from payloom.cli.commands import app
from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.options import CONTROL_KEY, KEYS, WEBHOOK_SECRETS, parser

if TYPE_CHECKING:
    from pathlib import Path

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


def test_secrets_come_from_the_environment_or_from_files_and_the_option_says_that_it_is_seen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {WEBHOOK_SECRETS: "whsec_a\nwhsec_b\n", KEYS: "sk_test_a pk_test_a", CONTROL_KEY: "control\n"}
    urls = ["--webhook-url", "http://127.0.0.1:1/a", "--connect-url", "http://127.0.0.1:1/b"]
    configs: list[EmulatorConfig] = []
    for use_files in (False, True):
        for name, value in values.items():
            file = tmp_path / name
            file.write_text(value)
            monkeypatch.setenv(f"{name}_FILE" if use_files else name, str(file) if use_files else value.strip())
            monkeypatch.delenv(name if use_files else f"{name}_FILE", raising=False)
        configs.append(payloom_emulator.__main__.config_of(parser().parse_args(urls)))
    for config in configs:
        assert [endpoint.secret for endpoint in config.endpoints] == ["whsec_a", "whsec_b"]
        assert [key.key for key in config.keys] == ["sk_test_a", "pk_test_a"]
        assert config.control_key == "control"
    with contextlib.suppress(SystemExit):
        payloom_emulator.__main__.main(["--webhook-secret", "whsec_a", "--port", "1", "--wait", "0"])
    assert "--webhook-secret is deprecated" in capsys.readouterr().err
