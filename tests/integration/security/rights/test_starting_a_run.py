"""Every way to start a run or to get an answer, for every role, with own, foreign and invalid inputs.

`ROUTES` names each call of the management API that changes something, `KINDS` each kind of trigger, and `MATRIX` each
way of `start_rights.WAYS`. A new one without an entry fails.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import httpx
import pytest
from tests.support.http_server import NO_TLS, RunningServer, event, running_server
from tests.support.postgres import fresh_database

from payloom.runs.registry import TriggerKind
from payloom.runs.start_rights import WAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

API = "/api/_payloom"
PASSWORD = "violet-ladder-917"
ROLES: dict[str, tuple[list[str], str]] = {
    "customer": ([], "null"),
    "other": ([], "null"),
    "clerk": (["admin", "editor", "support"], "null"),
    "viewer": ([], "viewer"),
    "support": ([], "support"),
    "helper": (["admin"], "support"),
    "editor": ([], "editor"),
    "boss": (["admin"], "admin"),
}
"""Accounts: their roles in the project, and the one in the studio. A clerk's are only named alike."""
NOBODY = "nobody"
PEOPLE = (NOBODY, "customer", "clerk", "viewer", "support", "helper", "editor", "boss", "token")
INVALID = {"order": {"ne": "x"}, "nonsense": [1]}
FILES = {
    "payloom.yaml": "name: Test Shop\naccounts:\n"
    + "".join(
        f"  - {{email: {name}@shop.test, password: {PASSWORD}, roles: {roles}, studio: {studio}}}\n"
        for name, (roles, studio) in ROLES.items()
    ),
    "tables.yaml": """
tables:
  users: {columns: {id: uuid primary, email: string unique, name?: string}}
  refunds: {columns: {id: uuid primary, order: string, by?: string}}
""",
    "workflows/refund.yaml": """
name: Refund
on: {api: POST /refund, auth: [admin]}
input: {order: string, fail: bool = false}
steps:
  - insert: refunds
    values: {order: "${{ inputs.order }}", by: "${{ user?.email }}"}
  - if: inputs.fail
    then: [{raise: {status: 409, code: no, message: "no"}}]
  - return: {order: "${{ inputs.order }}", by: "${{ user?.email }}"}
""",
    "workflows/note.yaml": """
name: Note
on: {api: POST /note, auth: user}
input: {order: string}
steps:
  - insert: refunds
    values: {order: "${{ inputs.order }}", by: "${{ user.email }}"}
  - log: noted
  - return: {order: "${{ inputs.order }}", by: "${{ user.email }}"}
""",
    "workflows/once.yaml": """
name: Pay once
on: {api: POST /pay-once, auth: user}
once: ${{ inputs.order }}  # payloom: ignore[F120] what happens then is what the test asks
input: {order: string}
steps:
  - return: {secret: "of ${{ user.email }}"}
""",
    "workflows/cart.yaml": """
name: Cart
on: {api: POST /cart, auth: optional, dedupe: "${{ inputs.cart }}"}
input: {cart: string, items: [string]}
steps:
  - return: {checkout: "${{ run.id }}"}
""",
    "workflows/share.yaml": """
name: Share
on: {called: true}
once: ${{ inputs.order }}
input: {order: string}
steps:
  - return: {secret: "of ${{ user?.email ?? 'nobody' }}"}
""",
    "workflows/ask.yaml": """
name: Ask
on: {api: POST /ask, auth: optional}
input: {order: string}
steps:
  - id: shared
    call: share
    with: {order: "${{ inputs.order }}"}
  - return: "${{ shared }}"
""",
    "workflows/relay.yaml": """
name: Relay
on: {called: true}
once: ${{ inputs.order }}-${{ inputs.by }}
input: {order: string, by: string}
steps:
  - id: shared
    call: share
    with: {order: "${{ inputs.order }}"}
  - return: "${{ shared }}"
""",
    "workflows/ask-relay.yaml": """
name: Ask the relay
on: {api: POST /ask-relay, auth: optional}
input: {order: string, by: string}
steps:
  - id: shared
    call: relay
    with: {order: "${{ inputs.order }}", by: "${{ inputs.by }}"}
  - return: "${{ shared }}"
""",
    "workflows/seen.yaml": """
name: Seen
on: {stripe: charge, actions: [captured]}
steps:
  - log: seen
""",
}

ROUTES: dict[str, str] = {
    "POST /workflows/{workflow_id}/run": "by_hand",
    "POST /runs/{run_id}/fork": "fork, fork_with_inputs",
    "POST /runs/{run_id}/retry": "retry",
    "POST /runs/retry": "retry",
    "POST /runs/{run_id}/resolve": "no: a mark on a run",
    "POST /runs/{run_id}/reopen": "no: a mark on a run",
    "POST /bulk": "retry, fork, replay",
    "POST /bulk/plan": "no: says what would start",
    "POST /bulk/{job_id}/stop": "no: ends a bulk action",
    "POST /bulk/{job_id}/resume": "retry, fork, replay",
    "POST /events/{event_id}/replay": "replay",
    "POST /events/replay": "replay",
    "POST /events/catch-up": "no: Stripe's own events, once each",
    "POST /local-stripe/control/{name}": "no: in development, and the events are the local Stripe's own",
    "POST /tables/{name}/rows": "no: an admin changes a row, and its triggers follow",
    "PATCH /tables/{name}/rows/{key}": "no: an admin changes a row, and its triggers follow",
    "DELETE /tables/{name}/rows/{key}": "no: an admin changes a row, and its triggers follow",
    "POST /runs/{run_id}/decide": "no: goes on with a run, for the roles of its approval",
    "POST /runs/{run_id}/cancel": "no: ends a run",
    "POST /editor/test-run": "no: on a copy of the rows that is thrown away",
    "POST /editor/dry-run": "no: in a transaction that is rolled back",
    "POST /editor/check": "no: reads a text",
    "POST /editor/complete": "no: reads a text",
    "POST /editor/edit": "no: reads a text",
    "POST /editor/hover": "no: reads a text",
    "PUT /editor/pins/{workflow_id}": "no: answers for test runs",
    "PUT /workflows/{workflow_id}/source": "publish",
    "POST /workflows": "publish",
    "DELETE /workflows/{workflow_id}": "publish",
    "POST /files": "no: in development, where files are published as they change",
    "POST /files/preview": "no: it fills in a template, and starts nothing",
    "PUT /files/{path}": "no: in development, where files are published as they change",
    "POST /workflows/{workflow_id}/publish": "publish",
    "POST /workflows/{workflow_id}/rollback": "publish",
    "POST /mails/{mail_id}/resend": "no: a mail",
    "POST /alerts/test": "no: a message to the operators",
    "POST /accounts/{account_id}/link": "no: an account",
    "PUT /accounts/{account_id}/role": "no: an account",
    "PUT /accounts/{account_id}/roles": "no: an account",
    "POST /accounts/{account_id}/verify": "no: an account",
    "POST /accounts/{account_id}/disable": "no: an account",
    "POST /accounts/{account_id}/enable": "no: an account",
    "DELETE /accounts/{account_id}": "no: an account; a trigger on `users` runs as nobody",
    "POST /accounts/{account_id}/reset-password": "no: an account",
    "DELETE /accounts/{account_id}/second-factor": "no: a second factor",
    "DELETE /accounts/{account_id}/sessions": "no: sessions",
    "DELETE /accounts/{account_id}/sessions/{session}": "no: sessions",
    "POST /session": "no: a session",
    "DELETE /session": "no: a session",
}
"""What each call that changes something has to do with starting runs: ways, `publish`, or `no` with the reason."""
KINDS: dict[str, str] = {
    "event": "replay",
    "api": "endpoint",
    "manual": "by_hand",
    "start": "no: the server's start, without a person and without inputs",
    "schedule": "no: the clock, without a person and without inputs",
    "called": "no: case tests call it so, nothing served does",
    "call": "no: the calling run's user and inputs",
    "table": "no: a row changed, whoever may change rows",
}

ALLOWED, REFUSED, UNKNOWN, WRONG, GONE = 200, 403, 401, 422, 409


@dataclasses.dataclass
class Site:
    """A server, and a client of each person."""

    server: RunningServer
    clients: dict[str, httpx.Client]
    numbers: Iterator[int] = dataclasses.field(default_factory=lambda: itertools.count(1))

    def post(self, person: str, path: str, body: dict[str, Any]) -> httpx.Response:
        """Ask as a person."""
        return self.clients[person].post(path, json=body)

    def run(self, person: str, path: str, **inputs: Any) -> str:
        """Start a run through an endpoint; returns its id."""
        answer = self.post(person, path, inputs)
        assert answer.status_code in {200, 409}, answer.text
        return answer.headers["payloom-run-id"]

    def of(self, run_id: str) -> dict[str, Any]:
        """A run, once it is over."""
        return self.server.wait(lambda: (run := self.server.manage(f"/runs/{run_id}"))["finished_at"] and run)

    def name(self, word: str) -> str:
        """A new name."""
        return f"{word}-{next(self.numbers)}"


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The project, served, with everybody signed in."""
    with contextlib.ExitStack() as stack:
        url = None
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server")))
        server = stack.enter_context(running_server(tmp_path_factory.mktemp("shop"), FILES, database_url=url))
        own = {"origin": server.url, "sec-fetch-site": "same-origin"}
        clients = {
            person: stack.enter_context(httpx.Client(base_url=server.url, headers=own, verify=NO_TLS, timeout=20))
            for person in (NOBODY, *ROLES)
        }
        clients["token"] = stack.enter_context(
            httpx.Client(base_url=server.url, headers=server.admin, verify=NO_TLS, timeout=20)
        )
        for person in ROLES:
            body = {"email": f"{person}@shop.test", "password": PASSWORD}
            assert clients[person].post("/api/auth/sign-in", json=body).status_code == 200
        server.deliver(event("charge.captured", "evt_seen", id="ch_seen0001"))
        yield Site(server, clients)


def valid(site: Site) -> dict[str, Any]:
    """Inputs that fit."""
    return {"order": site.name("order")}


def endpoint(site: Site, person: str, inputs: dict[str, Any]) -> httpx.Response:
    """Call the staff's endpoint. The token is nobody there."""
    return site.post(person, "/api/refund", inputs)


def by_hand(site: Site, person: str, inputs: dict[str, Any]) -> httpx.Response:
    """Start the staff's workflow by hand."""
    return site.post(person, f"{API}/workflows/refund/run", {"inputs": inputs})


def by_hand_without_auth(site: Site, person: str, inputs: dict[str, Any]) -> httpx.Response:
    """Start a workflow by hand that no `auth` opens to anybody."""
    return site.post(person, f"{API}/workflows/share/run", {"inputs": inputs})


def fork_of_staff(site: Site, person: str, inputs: dict[str, Any]) -> httpx.Response:
    """Fork an admin's run with other inputs."""
    return site.post(person, f"{API}/runs/{site.run('boss', '/api/refund', **valid(site))}/fork", {"inputs": inputs})


def fork_of_customer(site: Site, person: str, inputs: dict[str, Any]) -> httpx.Response:
    """Fork a customer's run with other inputs, of a workflow for everybody who is signed in."""
    return site.post(person, f"{API}/runs/{site.run('customer', '/api/note', **valid(site))}/fork", {"inputs": inputs})


def fork_midway(site: Site, person: str, inputs: dict[str, Any]) -> httpx.Response:
    """Fork a customer's run with other inputs, from a step after what was allowed to the customer."""
    run = site.run("customer", "/api/note", **valid(site))
    return site.post(person, f"{API}/runs/{run}/fork", {"inputs": inputs, "path": "1"})


def fork_own_midway(site: Site, person: str, inputs: dict[str, Any]) -> httpx.Response:
    """Fork one's own run with other inputs, from a step on."""
    run = site.run("customer" if person in {NOBODY, "token"} else person, "/api/note", **valid(site))
    return site.post(person, f"{API}/runs/{run}/fork", {"inputs": inputs, "path": "1"})


def fork_of_event(site: Site, person: str, inputs: dict[str, Any]) -> httpx.Response:
    """Fork an event's run with inputs: it takes none."""
    run = site.server.manage("/runs", event="evt_seen")["data"][0]["id"]
    return site.post(person, f"{API}/runs/{run}/fork", {"inputs": inputs})


def fork_as(site: Site, person: str, inputs: dict[str, Any]) -> httpx.Response:
    """Fork a customer's run as somebody else."""
    run = site.run("customer", "/api/note", **valid(site))
    return site.post(person, f"{API}/runs/{run}/fork", {"inputs": inputs, "user": "other@shop.test"})


def fork(site: Site, person: str, _inputs: dict[str, Any]) -> httpx.Response:
    """Fork an admin's run as it is."""
    return site.post(person, f"{API}/runs/{site.run('boss', '/api/refund', **valid(site))}/fork", {})


def retry(site: Site, person: str, _inputs: dict[str, Any]) -> httpx.Response:
    """Retry an admin's failed run."""
    return site.post(person, f"{API}/runs/{site.run('boss', '/api/refund', fail=True, **valid(site))}/retry", {})


def retry_many(site: Site, person: str, _inputs: dict[str, Any]) -> httpx.Response:
    """Retry failed runs by a list."""
    run = site.run("boss", "/api/refund", fail=True, **valid(site))
    return site.post(person, f"{API}/runs/retry", {"ids": [run]})


def replay(site: Site, person: str, _inputs: dict[str, Any]) -> httpx.Response:
    """Replay an event."""
    return site.post(person, f"{API}/events/evt_seen/replay", {})


def replay_many(site: Site, person: str, _inputs: dict[str, Any]) -> httpx.Response:
    """Replay events by a list."""
    return site.post(person, f"{API}/events/replay", {"ids": ["evt_seen"]})


@dataclasses.dataclass(frozen=True)
class Door:
    """A way in: who gets what with inputs that fit, in the order of `PEOPLE`, and who gets 422 with others."""

    way: str
    ask: Callable[[Site, str, dict[str, Any]], httpx.Response]
    statuses: tuple[int, ...]
    chosen: bool = True


NOT_THERE = (UNKNOWN, REFUSED, REFUSED)
"""Nobody, a customer, and who has only roles of the project: the studio is closed to them."""
ADMINS = (*NOT_THERE, REFUSED, REFUSED, REFUSED, REFUSED, ALLOWED, ALLOWED)
EDITORS = (*NOT_THERE, REFUSED, REFUSED, REFUSED, ALLOWED, ALLOWED, ALLOWED)
SUPPORT = (*NOT_THERE, REFUSED, ALLOWED, ALLOWED, ALLOWED, ALLOWED, ALLOWED)
ALLOWED_BY_THE_WORKFLOW = (*NOT_THERE, REFUSED, REFUSED, ALLOWED, REFUSED, ALLOWED, ALLOWED)
MATRIX = (
    Door(
        "endpoint",
        endpoint,
        (UNKNOWN, REFUSED, ALLOWED, REFUSED, REFUSED, ALLOWED, REFUSED, ALLOWED, UNKNOWN),
    ),
    Door("by_hand", by_hand, ALLOWED_BY_THE_WORKFLOW),
    Door("by_hand", by_hand_without_auth, ADMINS),
    Door("fork_with_inputs", fork_of_staff, ADMINS),
    Door("fork_with_inputs", fork_of_customer, EDITORS),
    # The token is no user, and what the steps before were allowed to was one: without `user` the history does not fit.
    Door("fork_with_inputs", fork_midway, (*ADMINS[:-1], GONE)),
    Door("fork_with_inputs", fork_own_midway, (*EDITORS[:-1], GONE)),
    Door("fork_with_inputs", fork_of_event, (*ADMINS[:-2], WRONG, WRONG)),
    Door("fork_with_inputs", fork_as, ADMINS),
    Door("fork", fork, ADMINS, chosen=False),
    Door("retry", retry, SUPPORT, chosen=False),
    Door("retry", retry_many, SUPPORT, chosen=False),
    Door("replay", replay, SUPPORT, chosen=False),
    Door("replay", replay_many, SUPPORT, chosen=False),
)


@pytest.mark.parametrize("door", MATRIX, ids=lambda door: door.ask.__name__)
def test_each_way_is_open_to_those_who_may_start_the_workflow(site: Site, door: Door) -> None:
    for person, status in zip(PEOPLE, door.statuses, strict=True):
        inputs = valid(site)
        answer = door.ask(site, person, inputs)
        assert answer.status_code == status, (person, answer.text)
        if status in {UNKNOWN, REFUSED}:
            assert inputs["order"] not in {row["order"] for row in site.server.rows("refunds", limit=500)}
    if not door.chosen:
        return
    for person, status in zip(PEOPLE, door.statuses, strict=True):
        answer = door.ask(site, person, dict(INVALID))
        assert answer.status_code == (status if status in {UNKNOWN, REFUSED} else WRONG), (person, answer.text)


def test_every_way_and_every_kind_of_trigger_is_in_the_matrix() -> None:
    ways = {door.way for door in MATRIX}
    assert ways == set(WAYS)
    assert set(KINDS) == set(get_args(TriggerKind))
    document = json.loads((Path(__file__).parents[4] / "studio/openapi.json").read_text("utf-8"))
    changing = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
        if method in {"post", "put", "patch", "delete"}
    }
    assert changing == set(ROUTES)
    named = {way for entry in (*ROUTES.values(), *KINDS.values()) if entry[:3] != "no:" for way in entry.split(", ")}
    assert named - {"publish"} == ways


# ---------------------------------------------------------------------------------------------------- who it was


def test_a_fork_with_inputs_acts_as_the_forker_and_says_on_whose_behalf(site: Site) -> None:
    first = site.run("customer", "/api/note", **valid(site))
    forked = site.of(site.post("boss", f"{API}/runs/{first}/fork", {"inputs": valid(site)}).json()["id"])
    assert forked["output"]["by"] == "boss@shop.test"
    assert forked["user_id"] != site.of(first)["user_id"]
    started = {"way": "fork_with_inputs", "by": "boss@shop.test", "on_behalf_of": "customer@shop.test"}
    assert forked["request"]["started_by"] == started


def test_an_admin_may_choose_whom_a_fork_acts_as(site: Site) -> None:
    first = site.run("customer", "/api/note", **valid(site))
    body = {"inputs": valid(site), "user": "customer@shop.test"}
    forked = site.of(site.post("token", f"{API}/runs/{first}/fork", body).json()["id"])
    assert (forked["output"]["by"], forked["user_id"]) == ("customer@shop.test", site.of(first)["user_id"])
    assert forked["request"]["started_by"]["by"] == "token"


def test_a_fork_as_it_is_keeps_the_user_and_says_who_did_it(site: Site) -> None:
    first = site.run("customer", "/api/note", **valid(site))
    forked = site.of(site.post("editor", f"{API}/runs/{first}/fork", {}).json()["id"])
    assert (forked["output"], forked["inputs"]) == (site.of(first)["output"], site.of(first)["inputs"])
    started = {"way": "fork", "by": "editor@shop.test", "on_behalf_of": "customer@shop.test"}
    assert forked["request"]["started_by"] == started


def test_starting_by_hand_retrying_and_replaying_say_who_did_it(site: Site) -> None:
    body = {"inputs": valid(site), "user": "customer@shop.test"}
    by_hand = site.of(site.post("boss", f"{API}/workflows/note/run", body).json()["run_id"])
    started = {"way": "by_hand", "by": "boss@shop.test", "on_behalf_of": "customer@shop.test"}
    assert (by_hand["request"]["started_by"], by_hand["output"]["by"]) == (started, "customer@shop.test")
    as_helper = site.of(site.post("helper", f"{API}/workflows/refund/run", {"inputs": valid(site)}).json()["run_id"])
    assert (as_helper["output"]["by"], as_helper["request"]["started_by"]["by"]) == ("helper@shop.test",) * 2
    failed = site.run("boss", "/api/refund", fail=True, **valid(site))
    site.post("editor", f"{API}/runs/{failed}/retry", {})
    assert site.of(failed)["request"]["retried_by"] == ["editor@shop.test"]
    (replayed,) = site.post("editor", f"{API}/events/evt_seen/replay?workflow=seen", {}).json()["runs"]
    assert site.of(replayed)["request"]["started_by"] == {"way": "replay", "by": "editor@shop.test"}


# ---------------------------------------------------------------------------------------- who gets whose answer


def answers(*responses: httpx.Response) -> list[tuple[int, str | None]]:
    """The status and the secret of each answer; a refusal names no run and nobody."""
    for response in responses:
        if response.status_code == GONE:
            assert (response.json()["error"]["code"], "payloom-run-id" in response.headers) == ("key_taken", False)
            assert "customer" not in response.text
            assert "run_" not in response.text
    return [(response.status_code, response.json().get("secret")) for response in responses]


def test_once_answers_the_same_person_only(site: Site) -> None:
    order = {"order": site.name("once")}
    people = ("customer", "other", "customer", "boss")
    own_answer = (200, "of customer@shop.test")
    assert answers(*(site.post(person, "/api/pay-once", order) for person in people)) == [
        own_answer,
        (409, None),
        own_answer,
        (409, None),
    ]


def test_a_shared_call_hands_nobody_the_output_of_another_person(site: Site) -> None:
    order = {"order": site.name("shared")}
    people = ("customer", "other", "customer")
    seen = [site.post(person, "/api/ask", order) for person in (*people, NOBODY)]
    assert [answer.status_code for answer in seen] == [200, 409, 200, 409]
    assert "customer@" not in seen[1].text + seen[3].text
    assert seen[2].json() == {"secret": "of customer@shop.test"}


def test_a_call_through_another_hands_a_guest_nothing_either(site: Site) -> None:
    order = site.name("relayed")
    assert site.post("customer", "/api/ask", {"order": order}).json() == {"secret": "of customer@shop.test"}
    for person in ("customer", "other", NOBODY):
        answer = site.post(person, "/api/ask-relay", {"order": order, "by": person})
        assert answer.status_code == (200 if person == "customer" else 409), person
        assert ("customer@" in answer.text) is (person == "customer")


def test_dedupe_tells_people_apart_and_its_answer_belongs_to_its_inputs(site: Site) -> None:
    cart = {"cart": site.name("cart"), "items": ["mug"]}
    other = {**cart, "items": ["premium"]}
    first = site.post(NOBODY, "/api/cart", cart)
    assert site.post(NOBODY, "/api/cart", cart).json() == first.json()
    assert answers(site.post(NOBODY, "/api/cart", other)) == [(409, None)]
    own = site.post("customer", "/api/cart", cart)
    assert own.json() != first.json()
    assert site.post("customer", "/api/cart", cart).json() == own.json()
    refused = site.post("customer", "/api/cart", other)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "key_taken")
    assert site.post("other", "/api/cart", cart).json() not in (own.json(), first.json())


def test_a_key_of_the_callers_own_binds_the_inputs_and_the_person(site: Site) -> None:
    key = {"idempotency-key": site.name("a-long-key")}
    body = valid(site)

    def note(person: str, inputs: dict[str, Any]) -> str:
        return site.clients[person].post("/api/note", json=inputs, headers=key).headers["payloom-run-id"]

    first = note("customer", body)
    assert note("customer", body) == first
    assert len({first, note("customer", valid(site)), note("other", body)}) == 3
