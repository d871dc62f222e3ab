"""Every option and argument with a closed set of values refuses any other value and lists those it takes."""

from __future__ import annotations

import inspect
import os
import shutil
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from typer.testing import CliRunner

from payloom.cli.commands import app
from payloom.kit.secrets.patterns import is_secret_name
from payloom_emulator.options import parser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[3]
OPEN = {
    "config name": "a setting or a section; an unknown one is refused with what may be meant",
    "init name": "a folder to make",
    "emulator --allow-host": "any name of this machine",
    "studio --email": "an account of the database",
    "dry-run --events": "a period, or ids of events",
    "diff old": "a git revision, a word, or a file",
    "diff new": "a git revision, a word, or a file",
    "run workflow": "a workflow of the project; the server says which is unknown",
    "run --input": "name=value",
    "run --user": "an account of the database",
    "mails mail_id": "an id",
    "mails --to": "an address",
    "migrate --allow-drop": "a table or column that the migration would delete",
    "workflows search": "a part of an id",
    "actions search": "a part of a name",
    "triggers search": "a part of a name",
    "import name": "a workflow's id, or a file",
    "explain code": "a code of Payloom, or of Stripe, which adds new ones",
    "test --filter": "words",
    "runs list --workflow": "a workflow; a deleted one has runs, too",
    "runs list --search": "any id",
    "runs show run_id": "an id",
    "runs retry run_id": "an id",
    "runs cancel run_id": "an id",
    "events list --type": "a type of event; Stripe adds new ones",
    "events list --object": "an id",
    "events show event_id": "an id",
    "events replay event_id": "an id",
    "accounts list search": "a part of an address or a name",
    **{
        f"accounts {command} account": "an address or an id"
        for command in (
            *("show", "verify", "disable", "enable", "delete", "sessions"),
            *("end-sessions", "reset-password", "reset-factor", "roles"),
        )
    },
    "accounts end-sessions --session": "an id",
    "accounts roles --role": "a role of the project, which are free",
    "audit list --actor": "an address or an id",
    "audit list --target": "an id",
    "audit list --since": "a moment; the server says what it takes",
    "audit list --until": "a moment; the server says what it takes",
    "audit export --actor": "an address or an id",
    "audit export --target": "an id",
    "audit export --since": "a moment; the server says what it takes",
    "audit export --until": "a moment; the server says what it takes",
    "doctor --url": "an address",
    "emulator --host": "an address",
    "emulator --public-url": "an address",
    "emulator --business-name": "a name",
    "emulator --business-logo": "a file or an address",
    "emulator --store": "a file",
    "emulator --seed-file": "a file",
    "emulator --webhook-url": "an address",
    "emulator --allow-webhook-host": "a host",
    "emulator --webhook-secret": "a secret; deprecated",
    "emulator --connect-url": "an address",
    "emulator --api-version": "a date; the local Stripe says which it knows",
    "emulator trigger --url": "an address",
    "emulator trigger event": "what the local Stripe can trigger; it is the one to say (test_trigger_command.py)",
}
"""Texts that can be anything, and why."""
CLOSED: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "runs list --status": (
        ["runs", "list", "--status", "bogus"],
        ("queued", "running", "waiting", "succeeded", "failed", "canceled", "filtered", "parked", "blocked"),
    ),
    "init --template": (["init", "here", "--template", "bogus"], ("blank", "gallery", "saas", "shop")),
    "storm workflows": (["storm", "refund-with-approval", "bogus"], ("refund-with-approval", "buy", "dunning")),
    "storm --case": (
        ["storm", "refund-with-approval", "--case", "bogus"],
        ("tests/refund-with-approval.test.yaml::nobody answers", "tests/buy.test.yaml::"),
    ),
    "emulator --schedule": (["emulator", "--schedule", "bogus"], ("quick", "sandbox", "live", "none")),
}
"""What is typed, and what the answer lists."""


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every command with the words that call it."""
    for command in group.registered_commands:
        name = command.name or command.callback.__name__.replace("_", "-").strip("-")
        yield " ".join((*path, name)), command.callback
    for inner in group.registered_groups:
        name = inner.name or inner.typer_instance.info.name
        callback = getattr(inner.typer_instance.registered_callback, "callback", None)
        if callback is not None:
            yield " ".join((*path, name)), callback
        yield from commands(inner.typer_instance, (*path, name))


def text_parameters() -> Iterator[tuple[str, Any]]:
    """Every option and argument that is a text, and its type."""
    for words, function in commands(app):
        hints = typing.get_type_hints(inspect.unwrap(function), include_extras=False)
        signature = inspect.signature(function, eval_str=True)
        for name, parameter in signature.parameters.items():
            annotation = parameter.annotation
            details = [detail for detail in getattr(annotation, "__metadata__", ()) if hasattr(detail, "param_decls")]
            kind = typing.get_args(annotation)[0] if details else hints.get(name, annotation)
            inside = {kind, *typing.get_args(kind)}
            inside |= {
                part
                for type_hint in inside
                if typing.get_origin(type_hint) is list
                for part in typing.get_args(type_hint)
            }
            if str not in inside and all(typing.get_origin(type_hint) is not Literal for type_hint in inside):
                continue
            words_of = [word for detail in details for word in (detail.default, *(detail.param_decls or ()))]
            declared = [word for word in words_of if isinstance(word, str) and word.startswith("--")]
            is_argument = any(type(detail).__name__ == "ArgumentInfo" for detail in details)
            yield f"{words} {name if is_argument else (declared or ['--' + name.replace('_', '-')])[0]}", kind


DEPRECATED_SECRETS = {"emulator --webhook-secret"}
"""Options that take a secret, say that they should not be used, and which variable takes it instead."""


def test_no_option_takes_a_secret_because_every_user_of_the_machine_sees_it() -> None:
    names = {name for name, _ in text_parameters()}
    secret = {name for name in names if is_secret_name(name.rpartition(" ")[2].strip("-"))}
    secret |= {
        f"emulator {word}"
        for action in parser()._actions
        for word in action.option_strings
        if is_secret_name(word.strip("-"))
    }
    assert secret == DEPRECATED_SECRETS
    helps = {f"emulator {word}": str(action.help) for action in parser()._actions for word in action.option_strings}
    for name in DEPRECATED_SECRETS:
        assert helps[name].startswith("Deprecated")
        assert "_FILE" in helps[name]


def test_every_text_is_open_for_a_reason_or_closed() -> None:
    names = {name for name, _ in text_parameters()}
    assert len(names) > 25
    assert names - OPEN.keys() - CLOSED.keys() == set(), "say in OPEN why it can be anything, or refuse other values"
    assert (OPEN.keys() | CLOSED.keys()) - names == set(), "it is no longer there"


@pytest.mark.parametrize("name", CLOSED)
def test_another_value_is_refused_with_the_list(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments, listed = CLOSED[name]
    project = shutil.copytree(ROOT / "templates" / "gallery", tmp_path / "gallery")
    monkeypatch.chdir(project)
    monkeypatch.setitem(os.environ, "COLUMNS", "4000")
    monkeypatch.setitem(os.environ, "TERMINAL_WIDTH", "4000")
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code not in (0, 1), result.output
    assert [value for value in listed if value not in result.output] == []
