"""Error messages name what happened, which field, and what to do next."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.migrated import copy_sqlite

from payloom.api.http.errors import TooManyRequests
from payloom.api.management import change_stream
from payloom.api.management.change_stream import ChangeStream
from payloom.db.database import open_database
from payloom.kit.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.http_server import RunningServer

MANAGED = "/api/_payloom"


def error(server: RunningServer, method: str, path: str, **options: Any) -> dict[str, Any]:
    """Return the error of a request that must fail."""
    answer = server.http.request(method, path, **options)
    assert answer.status_code >= 400, answer.text
    problem: dict[str, Any] = answer.json()["error"]
    return problem


def test_a_program_without_a_content_type_learns_which_one_to_send(server: RunningServer) -> None:
    problem = error(server, "POST", "/api/open", content=b"{}", headers={"content-type": "text/plain"})
    assert (problem["code"], problem["message"]) == ("cross_site", "cross-site request blocked")
    assert "`Content-Type: application/json`" in problem["hint"]
    assert "`cors`" in problem["hint"]


def test_a_wrong_admin_token_is_told_where_the_right_one_is(server: RunningServer) -> None:
    problem = error(server, "GET", f"{MANAGED}/me", headers={"authorization": "Bearer wrong"})
    assert (problem["message"], problem["hint"]) == (
        "the admin token is wrong",
        "Send the value of PAYLOOM_ADMIN_TOKEN.",
    )


def test_an_invalid_request_names_its_fields(server: RunningServer) -> None:
    problem = error(server, "GET", f"{MANAGED}/runs", params={"limit": 0}, headers=server.admin)
    assert problem["message"] == "invalid request: limit"
    assert list(problem["fields"]) == ["limit"]


def test_a_sign_in_with_wrong_fields_names_them(server: RunningServer) -> None:
    problem = error(server, "POST", "/api/auth/sign-in", json={"email": "a@b.test", "pasword": "x"})
    assert problem["message"] == "wrong fields: password, pasword"
    assert set(problem["fields"]) == {"password", "pasword"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"email=a&email=b", "the form has a field twice, or a NUL character"),
        (b"email=%ff", "the form is not UTF-8, or has more than 100 fields"),
    ],
)
def test_a_form_that_cannot_be_read_says_why(server: RunningServer, body: bytes, reason: str) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    problem = error(server, "POST", "/sign-in", content=body, headers=headers)
    assert (problem["message"], problem["hint"]) == (reason, "Post each field once, URL-encoded as UTF-8.")


@pytest.mark.parametrize(
    ("path", "command"), [("/runs/run_none", "`payloom runs list`"), ("/events/evt_none", "`payloom events list`")]
)
def test_an_unknown_id_comes_with_the_command_that_lists_them(server: RunningServer, path: str, command: str) -> None:
    assert command in error(server, "GET", f"{MANAGED}{path}", headers=server.admin)["hint"]


def test_an_unknown_workflow_comes_with_the_command_that_lists_them(server: RunningServer) -> None:
    problem = error(server, "GET", f"{MANAGED}/workflows/zzzzzzzz", headers=server.admin)
    assert problem["hint"] == "`payloom workflows` lists them."


def test_a_request_without_a_way_to_sign_in_says_what_to_send(server: RunningServer) -> None:
    problem = error(server, "POST", f"{MANAGED}/session", json={})
    assert problem["message"] == "invalid request: token"
    assert "token: is required" in problem["hint"]


@pytest.mark.anyio
async def test_one_live_connection_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_stream, "MAX_LISTENERS", 0)
    stream = ChangeStream(None, SystemClock())  # type: ignore[arg-type] - it is refused before the database is read
    with pytest.raises(TooManyRequests, match="too many open live connections"):
        async with stream.listen():
            pass


@pytest.mark.anyio
async def test_who_opens_many_live_connections_shuts_nobody_else_out(tmp_path: Path) -> None:
    copy_sqlite(tmp_path / "live.sqlite")
    database = open_database(f"sqlite:///{tmp_path / 'live.sqlite'}")
    stream = ChangeStream(database, SystemClock())
    async with contextlib.AsyncExitStack() as opened:
        for _ in range(change_stream.MAX_OF_ONE):
            await opened.enter_async_context(stream.listen("viewer@shop.test"))
        with pytest.raises(TooManyRequests):
            await opened.enter_async_context(stream.listen("viewer@shop.test"))
        await opened.enter_async_context(stream.listen("boss@shop.test"))
    async with stream.listen("viewer@shop.test"):
        pass  # closed ones no longer count
    await database.close()
