"""Requests in the same moment: one effect, and a clear answer to the others."""

from __future__ import annotations

import functools
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.accounts.account_site import NEW
from tests.support.accounts.busy_shop import PASSWORD, BusyShop, at_once
from tests.support.accounts.management_operations import management_operations
from tests.support.http_server import event

from payloom.api.management.access import repeats
from payloom.auth.accounts import find_account, set_roles

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

API = "/api/_payloom"
ROUNDS = range(3)
FEW = range(2)
"""Where an address has only so many tries a minute."""


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    """How often each status came."""
    assert not [answer.text for answer in answers if answer.status_code >= 500]
    return Counter(answer.status_code for answer in answers)


def code(answer: httpx.Response) -> str:
    """The code of an error."""
    return answer.json()["error"]["code"]


def post(shop: BusyShop, at: int, path: str, **body: Any) -> httpx.Response:
    """Call an endpoint as a guest."""
    with shop.browser(at) as browser:
        return browser.post(f"/api{path}", json=body)


@pytest.mark.parametrize("number", ROUNDS)
def test_a_coupon_with_two_uses_is_used_twice(shop: BusyShop, number: int) -> None:
    name = f"coupon-{number}"
    row = {"values": {"code": name, "uses_left": 2}}
    assert shop.server.http.post(f"{API}/tables/coupons/rows", json=row, headers=shop.server.admin).status_code == 201
    answers = at_once(*(functools.partial(post, shop, at, "/redeem", code=name, by=str(at)) for at in range(8)))
    assert statuses(answers) == {200: 2, 409: 6}
    assert {code(answer) for answer in answers if answer.status_code == 409} == {"used_up"}
    assert (
        shop.server.rows("coupons", code=name)[0]["uses_left"],
        len(shop.server.rows("redemptions", code=name)),
    ) == (0, 2)


@pytest.mark.parametrize("number", ROUNDS)
def test_a_seat_has_one_guest(shop: BusyShop, number: int) -> None:
    answers = at_once(*(functools.partial(post, shop, at, "/book", seat=f"s{number}", by=str(at)) for at in range(6)))
    assert statuses(answers) == {200: 1, 409: 5}
    assert len(shop.server.rows("seats", seat=f"s{number}")) == 1


@pytest.mark.parametrize("number", ROUNDS)
def test_a_key_of_the_file_and_one_of_the_caller_start_one_run(shop: BusyShop, number: int) -> None:
    once = at_once(*(functools.partial(post, shop, at, "/once", key=f"k{number}", by="all") for at in range(6)))
    assert statuses(once) == {200: 6}
    assert shop.notes(f"k{number}") == 1

    def keyed(at: int) -> httpx.Response:
        with shop.browser(at, **{"idempotency-key": f"request-{number}"}) as browser:
            return browser.post("/api/keyed", json={"text": f"keyed {number}"})

    answers = at_once(*(functools.partial(keyed, at) for at in range(6)))
    assert statuses(answers) == {200: 6}
    assert len({answer.json()["run"] for answer in answers}) == 1
    assert shop.notes(f"keyed {number}") == 1


def test_a_limit_counts_those_who_come_together(shop: BusyShop) -> None:
    answers = at_once(*(functools.partial(post, shop, at, "/limited", text="limited") for at in range(16)))
    assert statuses(answers) == {200: 5, 429: 11}
    assert shop.notes("limited") == 5


def asked(shop: BusyShop, text: str) -> tuple[str, str, str]:
    """Start a run that waits for an answer; its ID, the step's path, and the link's path."""
    answer = post(shop, 0, "/ask", text=text)
    run = answer.headers["payloom-run-id"]
    waits = shop.server.wait(lambda: shop.server.manage(f"/runs/{run}")["waits"])
    mail = next(mail for mail in shop.server.manage("/mails", run=run)["data"])
    match = re.search(r"(/approve/[\w.~-]+)", shop.server.sent_mails()[mail["id"]])
    assert match is not None
    return run, waits[0]["path"], match[1]


def decide(shop: BusyShop, browser: httpx.Client, run: str, path: str, approved: bool) -> httpx.Response:
    """Decide in the studio."""
    return browser.post(f"{API}/runs/{run}/decide", json={"path": path, "approved": approved})


@pytest.mark.parametrize("number", ROUNDS)
def test_an_approval_is_decided_once(shop: BusyShop, number: int) -> None:
    text = f"decided {number}"
    run, path, link = asked(shop, text)
    boss, second = shop.signed_in("boss"), shop.signed_in("second", 1)
    guest = shop.browser(1)

    def by_link() -> httpx.Response:
        return guest.post(link, data={"answer": "no"})

    *answers, page = at_once(
        lambda: decide(shop, boss, run, path, True),
        lambda: decide(shop, second, run, path, False),
        lambda: decide(shop, boss, run, path, True),
        by_link,
    )
    shop.server.wait(lambda: shop.server.manage(f"/runs/{run}")["status"] == "succeeded")
    assert shop.notes(f"yes {text}") + shop.notes(f"no {text}") == 1
    assert page.status_code == 303
    assert set(statuses(answers)) <= {200, 409}
    assert statuses(answers)[200] <= 1
    assert {code(answer) for answer in answers if answer.status_code == 409} <= {"wrong_state"}
    trail = shop.server.manage("/audit", target=run)["data"]
    assert (
        len([entry for entry in trail if entry["action"] == "run.decided" and entry.get("outcome", "done") == "done"])
        == 1
    )
    assert re.search(r"(Approved|Refused) by \w+@shop.test", guest.get(link).text)


@pytest.mark.parametrize("number", ROUNDS)
def test_an_approval_is_decided_or_its_run_is_canceled(shop: BusyShop, number: int) -> None:
    text = f"canceled {number}"
    run, path, _ = asked(shop, text)
    boss, second = shop.signed_in("boss"), shop.signed_in("second", 1)
    decided, canceled = at_once(
        lambda: decide(shop, boss, run, path, True), lambda: second.post(f"{API}/runs/{run}/cancel", json={})
    )
    assert statuses([decided, canceled]).keys() <= {200, 409}
    end = shop.server.wait(lambda: (now := shop.server.manage(f"/runs/{run}"))["finished_at"] and now)
    if end["status"] == "canceled":
        assert canceled.status_code == 200
        assert shop.notes(f"yes {text}") == 0
    else:
        assert (end["status"], decided.status_code, shop.notes(f"yes {text}")) == ("succeeded", 200, 1)


@pytest.mark.parametrize("number", ROUNDS)
def test_a_failed_run_is_retried_once(shop: BusyShop, number: int) -> None:
    name = f"retry-{number}"
    run = post(shop, 0, "/fails", text=name).headers["payloom-run-id"]
    shop.server.wait(lambda: shop.server.manage(f"/runs/{run}")["status"] in {"failed", "refused"})
    row = {"values": {"code": name, "uses_left": 1}}
    assert shop.server.http.post(f"{API}/tables/coupons/rows", json=row, headers=shop.server.admin).status_code == 201
    browsers = [shop.signed_in("boss", at) for at in range(4)]
    answers = at_once(*(functools.partial(browser.post, f"{API}/runs/{run}/retry", json={}) for browser in browsers))
    assert statuses(answers).keys() <= {200, 409}
    shop.server.wait(lambda: shop.server.manage(f"/runs/{run}")["status"] == "failed")
    assert shop.notes(name) == 1


@pytest.mark.parametrize("number", ROUNDS)
def test_an_event_that_is_replayed_by_two_starts_what_it_starts_once(shop: BusyShop, number: int) -> None:
    name = f"cus_replayed{number}"
    bodies = event("customer.created", f"evt_replayed{number}", id=name)
    deliveries = at_once(*[lambda: shop.server.deliver(bodies)] * 4)
    assert statuses(deliveries) == {200: 4}
    shop.server.wait(lambda: shop.notes(name))
    browsers = [shop.signed_in("boss", at) for at in range(4)]
    answers = at_once(
        *(functools.partial(browser.post, f"{API}/events/evt_replayed{number}/replay", json={}) for browser in browsers)
    )
    assert statuses(answers) == {200: 1, 409: 3}
    assert {code(answer) for answer in answers if answer.status_code == 409} == {"repeated_request"}
    shop.server.wait(lambda: shop.notes(name) == 2)


@pytest.mark.parametrize("number", FEW)
def test_a_reset_link_sets_one_password(shop: BusyShop, number: int) -> None:
    site = shop.site
    email = site.account("verified")
    assert site.client().post("/api/auth/forgot", json={"email": email}).status_code == 202
    token = site.mail_to(email, "account-reset")
    passwords = [f"{NEW}-{at}" for at in range(3)]

    def reset(at: int) -> httpx.Response:
        with shop.browser(at) as browser:
            return browser.post("/api/auth/reset", json={"token": token, "password": passwords[at]})

    answers = at_once(*(functools.partial(reset, at) for at in range(3)))
    assert statuses(answers)[200] == 1
    assert {code(answer) for answer in answers if answer.status_code != 200} <= {"link_not_valid", "too_many_requests"}
    assert [site.opens(email, password) for password in passwords] == [answer.status_code == 200 for answer in answers]


@pytest.mark.parametrize("number", FEW)
def test_two_reset_links_of_an_account_set_one_password(shop: BusyShop, number: int) -> None:
    site = shop.site
    email = site.account("verified")
    tokens = []
    for at in (1, 2):
        assert site.client().post("/api/auth/forgot", json={"email": email}).status_code == 202
        tokens.append(site.mail_to(email, "account-reset", at))

    def reset(at: int) -> httpx.Response:
        with shop.browser(at) as browser:
            return browser.post("/api/auth/reset", json={"token": tokens[at], "password": f"{NEW}-{at}"})

    answers = at_once(*(functools.partial(reset, at) for at in range(2)))
    assert statuses(answers)[200] == 1


@pytest.mark.parametrize("number", FEW)
def test_a_verification_link_proves_once(shop: BusyShop, number: int) -> None:
    site = shop.site
    email = f"new-{number}@people.example.com"
    assert site.client().post(
        "/api/auth/sign-up", json={"email": email, "password": PASSWORD, "name": "Ada"}
    ).status_code in {201, 202}
    token = site.mail_to(email)

    def verify(at: int) -> httpx.Response:
        with shop.browser(at) as browser:
            return browser.post("/api/auth/verify", json={"token": token, "password": PASSWORD})

    answers = at_once(*(functools.partial(verify, at) for at in range(3)))
    assert statuses(answers)[200] == 1
    assert {code(answer) for answer in answers if answer.status_code != 200} <= {"link_not_valid"}


@pytest.mark.parametrize("number", FEW)
def test_an_account_is_made_once(shop: BusyShop, number: int) -> None:
    email = f"twice-{number}@people.example.com"

    def sign_up(at: int) -> httpx.Response:
        with shop.browser(at) as browser:
            return browser.post("/api/auth/sign-up", json={"email": email, "password": PASSWORD, "name": "Ada"})

    answers = at_once(*(functools.partial(sign_up, at) for at in range(4)))
    assert statuses(answers).keys() <= {201, 202, 409}
    accounts = shop.server.manage("/accounts", search=email)["data"]
    assert len(accounts) == 1


@pytest.mark.parametrize("number", ROUNDS)
def test_a_role_that_is_taken_away_does_not_hold_for_what_begins_after_it(shop: BusyShop, number: int) -> None:
    identity = shop.site.database(lambda tx: find_account(tx, email="colleague@shop.test")).id
    shop.site.database(lambda tx: set_roles(tx, identity, ["clerk"]))
    colleague, text = shop.signed_in("colleague", 1), f"role {number}"
    take = functools.partial(
        shop.server.http.put, f"{API}/accounts/{identity}/roles", json={"roles": []}, headers=shop.server.admin
    )
    removal, *answers = at_once(take, *[lambda: colleague.post("/api/clerks", json={"text": text})] * 4)
    assert removal.status_code == 200, removal.text
    assert statuses(answers).keys() <= {200, 403}
    assert shop.notes(text) == statuses(answers)[200]
    assert colleague.post("/api/clerks", json={"text": text}).status_code == 403


@pytest.mark.parametrize("number", ROUNDS)
def test_a_file_is_saved_by_one_and_published_whole(shop: BusyShop, number: int) -> None:
    source = shop.server.manage("/workflows/hello/source")
    people = [shop.signed_in("editor"), shop.signed_in("other", 1)]
    answers = {f"{name}{number}" for name in "ab"}
    texts = [re.sub(r"text: \w+", f"text: {name}", source["text"]) for name in sorted(answers)]

    def save(at: int) -> httpx.Response:
        return people[at].put(f"{API}/workflows/hello/source", json={"text": texts[at], "etag": source["etag"]})

    saved = at_once(*(functools.partial(save, at) for at in range(2)))
    assert statuses(saved) == {200: 1, 409: 1}
    version = source["published_version"]
    published = at_once(
        lambda: people[0].post(f"{API}/workflows/hello/publish", json={}),
        lambda: people[1].post(f"{API}/workflows/hello/publish", json={}),
        lambda: people[0].request("DELETE", f"{API}/workflows/hello", params={"etag": "of-another-text"}),
        lambda: people[1].post(f"{API}/workflows/hello/rollback", json={"version": version, "etag": source["etag"]}),
    )
    assert statuses(published).keys() <= {200, 409}
    assert [answer.status_code for answer in published[2:]] == [409, 409]
    assert post(shop, 0, "/hello").json()["text"] in answers


def rerun(shop: BusyShop) -> str:
    """The address at which a run is begun again."""
    run = post(shop, 0, "/hello").headers["payloom-run-id"]
    return f"/runs/{run}/fork"


def resend(shop: BusyShop) -> str:
    """The address at which a mail is sent again."""
    run, *_ = asked(shop, "resend")
    return f"/mails/{shop.server.manage('/mails', run=run)['data'][0]['id']}/resend"


def replay(shop: BusyShop) -> str:
    """The address at which an event is handled again."""
    assert shop.server.deliver(event("customer.created", "evt_again", id="cus_again")).status_code == 200
    return "/events/evt_again/replay"


ANEW: dict[str, tuple[Callable[[BusyShop], str], dict[str, Any]]] = {
    "POST /events/{event_id}/replay": (replay, {}),
    "POST /events/replay": (lambda shop: replay(shop) and "/events/replay", {"ids": ["evt_again"]}),
    "POST /runs/{run_id}/fork": (rerun, {}),
    "POST /workflows/{workflow_id}/run": (lambda _: "/workflows/hello/run", {"inputs": {}}),
    "POST /mails/{mail_id}/resend": (resend, {}),
    "POST /accounts/{account_id}/reset-password": (lambda _: "/accounts/clerk@shop.test/reset-password", {}),
    "POST /tables/{name}/rows": (lambda _: "/tables/notes/rows", {"values": {"text": "one click"}}),
    "POST /alerts/test": (lambda _: "/alerts/test", {}),
    "POST /bulk": (lambda shop: replay(shop) and "/bulk", {"kind": "replay", "ids": ["evt_again"]}),
}
"""What begins anew each time it is asked for: where, and with which body."""
ONE_EFFECT = {
    "a file with its etag, or by its name": [
        "/workflows", "/files", "/files/{path}", "/rollback", "/publish", "/source", "DELETE /workflows/{workflow_id}",
        "/editor/pins/{workflow_id}",
    ],
    "a state that is then reached": [
        "/retry", "/resolve", "/reopen", "/cancel", "/decide", "/stop", "/resume", "/disable", "/enable", "/verify",
        "/role", "/roles", "/second-factor", "/sessions", "/sessions/{session}", "DELETE /accounts/{account_id}",
        "/rows/{key}", "/session",
    ],
    "nothing that stays": ["/plan", "/check", "/complete", "/edit", "/hover", "/dry-run", "/test-run", "/preview"],
    "what Stripe has that is not here yet": ["/catch-up"],
    "a link more, which is used once": ["/link"],
    "as often as the button is pressed, in development": ["/local-stripe/control/{name}"],
}  # fmt: skip
"""Why the others may come twice: the end of the call, by the reason."""


def test_every_call_that_changes_something_is_begun_once_or_has_one_effect() -> None:
    changing = {call for call in management_operations() if not call.startswith("GET ")}
    harmless = {call for call in changing for ends in ONE_EFFECT.values() if call.endswith(tuple(ends))}
    assert changing - harmless - set(ANEW) == set()
    marked = {call for call, operation in management_operations().items() if operation.get(repeats.KEY)}
    assert set(ANEW) == marked


@pytest.mark.parametrize("call", ANEW)
def test_a_click_that_comes_twice_begins_one(shop: BusyShop, call: str) -> None:
    find, body = ANEW[call]
    path = find(shop)
    people = [shop.signed_in("boss", at) for at in range(3)]
    answers = at_once(*(functools.partial(person.post, f"{API}{path}", json=body) for person in people))
    refused = [answer for answer in answers if answer.status_code == 409 and code(answer) == "repeated_request"]
    assert len(refused) == 2, [answer.text for answer in answers]
    assert [answer.text for answer in answers if answer not in refused and answer.is_error] == []
    assert {answer.headers["retry-after"] for answer in refused} <= {"1", "2"}
    program = functools.partial(shop.server.http.post, f"{API}{path}", json=body, headers=shop.server.admin)
    assert "repeated_request" not in [code(answer) for answer in (program(), program()) if answer.is_error]
