"""An ID of somebody else's object, at every route that takes one: it is as if the object did not exist, and it stays.

Each name in an address stands in a table with whom the object belongs to. A new one without an entry fails.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.integration.security.rights.test_doors import FILES, OWN_ROUTES, Street, street
from tests.support.accounts.account_site import AccountSite
from tests.support.accounts.management_operations import management_operations
from tests.support.accounts.members import make_old, member
from tests.support.http_server import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["street"]

API = "/api/_payloom"
OWNERS = {
    "name": "of a session: its account; of a table and of a control: all staff",
    "passkey": "its account",
    "token": "who received the link",
    "account_id": "staff with the role of the account, or a higher one",
    "session": "the account in the address",
    "run_id": "all staff, as the role of the call says",
    "event_id": "all staff",
    "mail_id": "all staff",
    "job_id": "all staff whose role may do what the job does",
    "workflow_id": "all staff",
    "version": "all staff",
    "key": "all staff; changed by admins",
    "path": "editors",
    "any_id": "all staff",
}
RANKED = {
    "POST /accounts/{account_id}/reset-password",
    "GET /accounts/{account_id}/sessions",
    "DELETE /accounts/{account_id}/sessions",
    "DELETE /accounts/{account_id}/sessions/{session}",
}
"""What support may do with accounts up to its own role. Admins do the rest."""


def test_every_name_in_an_address_says_whose_the_object_is() -> None:
    addresses = [*(path for _, path in OWN_ROUTES), *management_operations()]
    assert {name for address in addresses for name in re.findall(r"\{(\w+)\}", address)} == set(OWNERS)
    by_account = {
        call
        for call, operation in management_operations().items()
        if "{account_id}" in call and operation["x-role"] == "support"
    }
    assert by_account - {"GET /accounts/{account_id}"} == RANKED


def sessions(browser: httpx.Client) -> list[dict[str, Any]]:
    """A person's own sessions."""
    return browser.get("/api/auth/sessions").json()["data"]


@pytest.mark.parametrize("stranger", ["customer", "clerk", "unverified", "support", "admin"])
def test_nobody_ends_the_session_or_removes_the_passkey_of_another(street: Street, stranger: str) -> None:
    owner = member(street.site)
    name = sessions(owner.browser)[0]["id"]
    browser = street.people[stranger]
    assert browser.delete(f"/api/auth/sessions/{name}").status_code == 404
    browser.get("/sessions")
    form = {"session": name, "csrf_token": browser.cookies["payloom_csrf"]}
    assert browser.post("/sessions", data=form).status_code == 404
    assert browser.delete("/api/auth/second-factor/passkeys/x").status_code in {403, 404}
    assert name in [session["id"] for session in sessions(owner.browser)]


@pytest.mark.parametrize("call", sorted(RANKED))
def test_support_does_nothing_to_an_account_with_a_higher_role(street: Street, call: str) -> None:
    boss = member(street.site, role="admin")
    name = sessions(boss.browser)[0]["id"]
    customer = member(street.site)
    method, _, path = call.partition(" ")
    support = street.people["support"]

    def ask(account: str, session: str) -> httpx.Response:
        address = API + path.replace("{account_id}", account).replace("{session}", session)
        return support.request(method, address, json={} if method == "POST" else None)

    for identity in (boss.id, boss.email):
        answer = ask(identity, name)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    if "{session}" in call:
        # The session of one account in the address of another.
        assert ask(customer.id, name).status_code == 404
    assert sessions(boss.browser)
    assert ask(customer.id, sessions(customer.browser)[0]["id"]).status_code == 200


@pytest.mark.parametrize("kind", ["rerun"])
def test_what_needs_a_proof_for_one_needs_it_for_many(strict_proof: AccountSite, kind: str) -> None:
    editor = member(strict_proof, role="editor")
    make_old(editor, strict_proof)
    body = {"kind": kind, "ids": ["run_none"]}
    for _ in range(2):
        answer = editor.browser.post(f"{API}/bulk", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "proof_needed")
    assert editor.browser.post("/api/auth/prove", json={"code": editor.code()}).status_code == 200
    assert editor.browser.post(f"{API}/bulk", json=body).status_code == 200


@pytest.fixture
def strict_proof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountSite]:
    """A project of its own, whose staff proves anew that it is there."""
    files = FILES | {"payloom.yaml": "name: Other Shop\nauth: {staff: {second_factor: required, proof_minutes: 15}}\n"}
    with contextlib.ExitStack() as stack:
        site = AccountSite(stack.enter_context(running_server(tmp_path_factory.mktemp("other"), files)))
        stack.callback(site.close)
        yield site


def test_a_session_of_another_project_opens_nothing(street: Street, strict_proof: AccountSite) -> None:
    elsewhere = member(strict_proof, role="admin").browser
    browser = street.site.client()
    browser.cookies.update(elsewhere.cookies)
    for path in (
        "/api/auth/me",
        "/api/auth/sessions",
        f"{API}/me",
        f"{API}/runs",
        f"{API}/live",
        f"{API}/audit/export",
    ):
        answer = browser.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in"), path
    assert browser.post("/api/member", json={}).status_code == 401
