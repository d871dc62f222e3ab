"""Who may not use a call of the management API learns nothing by it: the answer is the same whatever there is.

Each call that takes an ID is asked twice by everybody who may not make it: with an ID of something that exists, and
with one of nothing. A new call with a new kind of ID fails until the shop of this test has one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.integration.security.rights.test_doors import API, PEOPLE, Street, expected_code, street
from tests.support.accounts.management_operations import management_operations
from tests.support.accounts.members import Member, member

from payloom.settings.studio_roles import STUDIO_ROLES
from payloom.views.references.models import refs

if TYPE_CHECKING:
    import httpx

__all__ = ["street"]

NOTHING = "4f7c1a2e-0000-4000-8000-00000000dead"
VOLATILE = re.compile(r'"request_id":\s*"[^"]*"')


class Existing:
    """Something of each kind that an address can name."""

    def __init__(self, street: Street) -> None:
        self.owner: Member = member(street.site)
        street.people["admin"].post("/api/open", json={})
        run = street.site.server.manage("/runs")["data"][0]
        session = self.owner.browser.get("/api/auth/sessions").json()["data"][0]["id"]
        mails = street.site.server.manage("/mails")["data"]
        self.by_name: dict[str, str] = {
            "account_id": self.owner.id, "session": session, "run_id": run["id"], "any_id": run["id"],
            "mail_id": mails[0]["id"], "workflow_id": "open", "version": "1", "name": "users", "key": self.owner.id,
            "path": "tables.yaml", "event_id": "evt_none", "job_id": "bulk_none",
        }  # fmt: skip


@pytest.fixture(scope="module")
def existing(street: Street) -> Existing:
    """The shop with everything in it."""
    return Existing(street)


def ask(browser: httpx.Client, call: str, ids: dict[str, str]) -> tuple[int, str, dict[str, Any]]:
    """Make a call; the answer without what differs between any two."""
    method, _, path = call.partition(" ")
    address = API + re.sub(r"\{(\w+)\}", lambda part: ids[part[1]], path)
    answer = browser.request(method, address, json=None if method == "GET" else {})
    headers = {
        name: value for name, value in answer.headers.items() if name in {"content-type", "cache-control", "allow"}
    }
    return answer.status_code, VOLATILE.sub("", answer.text), headers


def test_every_kind_of_id_is_there(existing: Existing) -> None:
    names = {name for call in management_operations() for name in re.findall(r"\{(\w+)\}", call)}
    assert names == set(existing.by_name)


@pytest.mark.parametrize("person", PEOPLE)
def test_a_call_that_somebody_may_not_make_answers_the_same_whatever_there_is(
    street: Street, existing: Existing, person: str
) -> None:
    browser = street.people[person]
    differing: dict[str, Any] = {}
    calls = 0
    for call, operation in management_operations().items():
        names = re.findall(r"\{(\w+)\}", call)
        if not names or not expected_code(person, operation["x-role"]):
            continue
        calls += 1
        there = ask(browser, call, existing.by_name)
        nothing = ask(browser, call, dict.fromkeys(names, NOTHING))
        if there != nothing or there[0] not in {401, 403}:
            differing[call] = (there[:2], nothing[:2])
    assert differing == {}
    assert calls or person == "admin"


@pytest.mark.parametrize("person", STUDIO_ROLES)
def test_the_search_names_accounts_only_to_those_who_may_see_them(
    street: Street, existing: Existing, person: str
) -> None:
    address = existing.owner.email
    # The address of an account to which no email went.
    street.site.database(lambda tx: tx.execute(sa.delete(refs).where(refs.c.ref == address)))
    browser = street.people[person]
    may_see = browser.get(f"{API}/accounts").status_code == 200
    text = browser.get(f"{API}/search", params={"q": address}).text
    assert (address in text) == may_see
    nobody = browser.get(f"{API}/search", params={"q": "nobody-at-all@people.example.com"}).json()
    assert nobody["data"] == []
