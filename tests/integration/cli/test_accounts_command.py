"""`payloom accounts`: the same beside a running server and without one, for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.http_server import write_project
from tests.support.processes import payloom_process
from typer.testing import CliRunner

from payloom.cli.commands import app

if TYPE_CHECKING:
    from pathlib import Path

ADA, PASSWORD = "ada@shop.test", "correct-horse-battery"
FILES = {
    "payloom.yaml": f"name: Shop\naccounts:\n  - {{email: {ADA}, password: {PASSWORD}, name: Ada, roles: [clerk]}}\n",
    "tables.yaml": "tables:\n  users: {columns: {id: uuid primary, email: string unique, name?: string}}\n",
}

LISTS = {
    "accounts list nobody": "accounts",
    "audit list --actor nobody": "entries",
    "events list --state set_aside": "events",
    "mails --to nobody@shop.test": "mails",
    "runs list --workflow nothing": "runs",
}
"""Lists with a filter that nothing fits, and the word for what they list."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with one account."""
    return write_project(tmp_path, FILES)


def accounts(folder: Path, *words: str, code: int = 0) -> Any:
    """Run the command with `--json`; returns what it printed."""
    done = payloom_process.run("accounts", *words, "--json", cwd=folder)
    assert done.returncode == code, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_an_account_is_looked_at_changed_and_deleted(folder: Path) -> None:
    (listed,) = accounts(folder, "list")
    assert (listed["email"], listed["roles"], listed["role"], listed["verified"]) == (ADA, ["clerk"], None, True)
    assert accounts(folder, "list", "nobody") == []
    assert accounts(folder, "list", "--status", "disabled") == []
    assert accounts(folder, "show", listed["id"]) == accounts(folder, "show", "ADA@shop.test") == listed
    assert accounts(folder, "roles", ADA, "--studio", "editor", "--role", "boss")["role"] == "editor"
    assert accounts(folder, "roles", ADA)["roles"] == ["boss"]
    assert accounts(folder, "roles", ADA, "--studio", "none", "--no-roles")["role"] is None
    assert accounts(folder, "disable", ADA)["disabled"]
    assert not accounts(folder, "enable", ADA)["disabled"]
    assert accounts(folder, "sessions", ADA) == []
    assert accounts(folder, "end-sessions", ADA) == {"ended": 0}
    link = accounts(folder, "reset-password", ADA, "--link")["url"]
    assert link.startswith("http://127.0.0.1:8000/reset?token=")


def test_deleting_asks_unless_it_is_told_not_to(folder: Path) -> None:
    refused = payloom_process.run("accounts", "delete", ADA, cwd=folder)
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True), refused.stderr
    assert accounts(folder, "show", ADA)["email"] == ADA
    assert accounts(folder, "delete", ADA, "--yes")["email"] == ADA


@pytest.mark.parametrize(
    "words", [("show",), ("verify",), ("disable",), ("enable",), ("delete", "--yes"), ("sessions",), ("end-sessions",),
              ("reset-password",), ("roles",)],
)  # fmt: skip
def test_an_account_that_is_not_there_is_said_with_the_exit_code_three(folder: Path, words: tuple[str, ...]) -> None:
    answer = accounts(folder, words[0], "nobody@shop.test", *words[1:], code=3)
    assert "nobody@shop.test" in answer["error"]["message"]


def test_a_mail_leaves_without_a_server_and_the_list_is_a_table_for_people(folder: Path) -> None:
    sent = payloom_process.run("accounts", "reset-password", ADA, cwd=folder)
    assert (sent.returncode, "on its way" in sent.stderr) == (0, True), sent.stderr
    mails = payloom_process.run("mails", "--to", ADA, "--json", cwd=folder)
    (mail,) = json.loads(mails.stdout)["data"]
    assert (mail["template"], mail["status"]) == ("account-reset", "sent")
    table = payloom_process.run("accounts", "list", cwd=folder).stdout
    assert (ADA in table, "verified" in table) == (True, True)


def test_beside_a_running_server_sessions_are_seen_and_ended(tmp_path: Path) -> None:
    from tests.support.http_server import running_server  # noqa: PLC0415 - only here a server runs

    with running_server(tmp_path, FILES) as server, httpx.Client(base_url=server.url) as browser:
        browser.post("/api/auth/sign-in", json={"email": ADA, "password": PASSWORD})
        (session,) = accounts(tmp_path, "sessions", ADA)
        assert accounts(tmp_path, "end-sessions", ADA, "--session", session["id"]) == {"ended": 1}
        assert browser.get("/api/auth/me").status_code == 401
        for words, plural in LISTS.items():
            result = CliRunner().invoke(app, [*words.split(), "-C", str(tmp_path)])
            assert (result.exit_code, result.stderr) == (0, f"No {plural} match.\n"), words
