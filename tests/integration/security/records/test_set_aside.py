"""Events that nobody asked for are acknowledged, set aside, counted apart, and explained; they start nothing.

The table goes over what is sent (snapshot events of known and unknown types, thin events, notifications), over whose it
is, over the mode, and so over both kinds of endpoint: a Connect endpoint gets events of connected accounts, and of both
modes.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.http_server import RunningServer, event, running_server
from tests.support.postgres import fresh_database
from tests.support.processes import payloom_process

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED, STRANGER = "acct_named", "acct_stranger"
FILES = {
    "payloom.yaml": "name: Test Shop\n",
    "tables.yaml": "tables: {seen: {columns: {id: string primary}}}\n",
    "workflows/paid.yaml": """
name: Paid
on: {stripe: payment_intent, actions: [succeeded]}
steps:
  - insert: seen
    values: {id: "${{ event.id }}"}
""",
    "workflows/of-the-named.yaml": f"""
name: Of the named account
on: {{stripe: payment_intent, actions: [succeeded], account: {NAMED}}}
steps:
  - insert: seen
    values: {{id: "${{{{ event.id }}}}"}}
""",
}
STARTS = {("payment_intent.succeeded", None, False), ("payment_intent.succeeded", NAMED, False)}
TYPES = {
    "a type that a workflow handles": "payment_intent.succeeded",
    "a type that Payloom knows": "charge.captured",
    "a new action of a known family": "charge.frobnicated",
    "a type of a new family": "frobnication.settled",
    "a type of one word": "frobnicated",
}
ACCOUNTS = {"our own": None, "one that a workflow names": NAMED, "a stranger's": STRANGER}
_number = itertools.count()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The project, served in test mode."""
    folder = tmp_path_factory.mktemp("shop")
    if request.param == "sqlite":
        with running_server(folder, FILES) as running:
            yield running
        return
    with (
        fresh_database(request.getfixturevalue("postgres_server")) as url,
        running_server(folder, FILES, database_url=url) as running,
    ):
        yield running


def snapshot(kind: str, account: str | None = None, *, livemode: bool = False) -> dict[str, Any]:
    """A snapshot event, as v1 of the API sends it."""
    body: dict[str, Any] = json.loads(event(kind, f"evt_{uuid.uuid4().hex}", id=f"ob_{next(_number)}", amount=100))
    return body | {"livemode": livemode} | ({"account": account} if account else {})


def thin(account: str | None = None, *, livemode: bool = False, **more: Any) -> dict[str, Any]:
    """A thin event, as v2 of the API sends it."""
    return {
        "id": f"evt_{uuid.uuid4().hex}",
        "object": "v2.core.event",
        "type": "v1.billing.meter.error_report_triggered",
        "livemode": livemode,
        "created": "2026-11-30T09:30:00.000Z",
        "related_object": {"id": "mtr_123", "type": "billing.meter", "url": "/v1/billing/meters/mtr_123"},
        **({"context": account} if account else {}),
        **more,
    }


def expected(kind: str, account: str | None, *, livemode: bool) -> str | None:
    """What becomes of a snapshot event: `refused`, `started`, `unhandled`, or why it is set aside."""
    if livemode:
        # Only a Connect endpoint gets both modes; at any other the secret belongs to the wrong environment.
        return "refused" if account is None else "other_mode"
    if (kind, account, livemode) in STARTS:
        return "started"
    if account is not None:
        return "foreign_account"
    return "unhandled" if kind in {"payment_intent.succeeded", "charge.captured"} else "unknown_type"


def counted(server: RunningServer) -> dict[str, float]:
    """The counters of /metrics that tell of webhooks and of what is set aside."""
    lines = server.metrics().splitlines()
    names = ("payloom_webhooks_total{", "payloom_events_set_aside_total{")
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith(names))
    return {name: float(value) for name, value in pairs}


def grown(server: RunningServer, before: dict[str, float]) -> dict[str, float]:
    """What was counted since."""
    return {name: value - before.get(name, 0) for name, value in counted(server).items() if value > before.get(name, 0)}


def deliver(server: RunningServer, body: Any) -> httpx.Response:
    return server.deliver(json.dumps(body).encode())


def runs_of(server: RunningServer, event_id: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = server.manage("/runs", event=event_id)["data"]
    return runs


@pytest.mark.parametrize("livemode", [False, True], ids=["our mode", "the other mode"])
@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("kind", TYPES)
def test_every_verified_event_is_answered_and_kept_as_what_it_is(
    server: RunningServer, kind: str, account: str, livemode: bool
) -> None:
    body = snapshot(TYPES[kind], ACCOUNTS[account], livemode=livemode)
    fate = expected(TYPES[kind], ACCOUNTS[account], livemode=livemode)
    before = counted(server)
    answer = deliver(server, body)
    if fate == "refused":
        assert answer.status_code == 400
        assert grown(server, before) == {'payloom_webhooks_total{outcome="wrong_mode"}': 1}
        return
    assert answer.status_code == 200, answer.text
    details = server.manage(f"/events/{body['id']}")
    listed = {event["id"]: event for event in server.manage("/events", limit=200)["data"]}[body["id"]]
    if fate in {"started", "unhandled"}:
        assert "set_aside" not in answer.json()
        assert (details["set_aside"], listed["set_aside"]) == (None, None)
        assert listed["state"] == "unhandled" if fate == "unhandled" else listed["runs"] == 1
        assert grown(server, before) == {'payloom_webhooks_total{outcome="stored"}': 1}
        return
    assert answer.json()["set_aside"] == fate
    assert (listed["state"], listed["set_aside"], listed["runs"]) == ("set_aside", fate, 0)
    assert details["set_aside"]["reason"] == fate
    assert details["set_aside"]["hint"]
    assert runs_of(server, body["id"]) == []
    assert grown(server, before) == {
        'payloom_webhooks_total{outcome="set_aside"}': 1,
        f'payloom_events_set_aside_total{{reason="{fate}"}}': 1,
    }


@dataclasses.dataclass(frozen=True)
class Unknown:
    """Something that is no snapshot event, and whether it names itself well enough to be kept."""

    body: Any
    kept: bool = True


UNKNOWN = {
    "a thin event": Unknown(thin()),
    "a thin event of a connected account": Unknown(thin(STRANGER)),
    "a thin event of the other mode": Unknown(thin(livemode=True)),
    "a thin event whose mode and moment are left out": Unknown(
        {key: value for key, value in thin().items() if key not in {"livemode", "created"}}
    ),
    "a notification with its data in it": Unknown(thin(data={"developer_message_summary": "There were errors."})),
    "a notification of a kind to come": Unknown(thin(object="v3.core.notification", related_object=None, data=[1])),
    "an event whose data is not there": Unknown(
        {key: value for key, value in snapshot("charge.captured").items() if key != "data"}, kept=False
    ),
    "an event whose object is a list": Unknown(snapshot("charge.captured") | {"data": {"object": []}}, kept=False),
    "an event without an id": Unknown({"object": "event", "type": "charge.captured"}, kept=False),
    "an event with an id that is too long": Unknown(thin(id="evt_" + "x" * 300), kept=False),
    "an event with a number as its id": Unknown(thin(id=7), kept=False),
    "an object that is no event": Unknown(snapshot("charge.captured") | {"object": "charge"}, kept=False),
    "an object without a type": Unknown({"object": "charge", "id": "ch_1"}, kept=False),
    "a list": Unknown([], kept=False),
    "a text": Unknown("event", kept=False),
    "nothing": Unknown(None, kept=False),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_payloom_does_not_understand_is_kept_if_it_names_itself(server: RunningServer, name: str) -> None:
    body = UNKNOWN[name].body
    before = counted(server)
    answer = deliver(server, body)
    if not UNKNOWN[name].kept:
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "event_refused"
        return
    assert answer.status_code == 200, answer.text
    if answer.json()["duplicate"]:
        pytest.fail("the other database's test sent it here")
    assert grown(server, before)['payloom_events_set_aside_total{reason="unknown_kind"}'] == 1
    details = server.manage(f"/events/{body['id']}")
    assert (details["state"], details["set_aside"]["reason"], details["type"]) == (
        "set_aside",
        "unknown_kind",
        body["type"],
    )
    assert details["payload"]["id"] == body["id"]
    assert deliver(server, body).json() == {
        "received": True,
        "event": body["id"],
        "duplicate": True,
        "set_aside": "unknown_kind",
    }
    assert server.manage(f"/events/{body['id']}")["deliveries"] == 2


def test_a_thin_event_says_of_what_and_of_whom_it_is(server: RunningServer) -> None:
    body = thin(STRANGER)
    deliver(server, body)
    details = server.manage(f"/events/{body['id']}")
    assert (details["object_id"], details["account"], details["created"]) == ("mtr_123", STRANGER, 1_796_031_000)


def test_a_forged_event_is_refused_whatever_it_is(server: RunningServer) -> None:
    for body in (snapshot("charge.captured", STRANGER), thin()):
        assert server.deliver(json.dumps(body).encode(), "t=1,v1=00").status_code == 400
        assert server.http.get(f"/api/_payloom/events/{body['id']}", headers=server.admin).status_code == 404


def test_the_overview_and_the_lists_show_them_apart_with_what_to_do(server: RunningServer) -> None:
    before = server.manage("/overview")
    foreign = snapshot("payment_intent.succeeded", STRANGER)
    deliver(server, foreign)
    overview = server.manage("/overview")
    of_strangers = next(entry for entry in overview["set_aside"]["reasons"] if entry["reason"] == "foreign_account")
    assert overview["set_aside"]["count"] == before["set_aside"]["count"] + 1
    assert "account:" in of_strangers["hint"]
    assert overview["unhandled"]["count"] == before["unhandled"]["count"]
    assert overview["last_24h"]["payments"] == before["last_24h"]["payments"]
    assert foreign["id"] not in {payment["event_id"] for payment in overview["payments"]}
    assert foreign["id"] in {event["id"] for event in server.manage("/events", state="set_aside", limit=200)["data"]}
    assert foreign["id"] not in {
        event["id"] for event in server.manage("/events", state="unhandled", limit=200)["data"]
    }


def test_no_set_aside_event_is_a_sample_to_try_a_workflow_with(server: RunningServer) -> None:
    other, foreign = (snapshot("payment_intent.succeeded", STRANGER, livemode=mode) for mode in (True, False))
    own = snapshot("payment_intent.succeeded")
    for body in (other, foreign, own):
        deliver(server, body)
    samples = json.dumps(server.manage("/editor/samples", id="paid"))
    assert own["id"] in samples
    assert other["id"] not in samples
    assert foreign["id"] not in samples


def publish(server: RunningServer, name: str, text: str) -> None:
    """Write a workflow and publish it."""
    response = server.http.post("/api/_payloom/workflows", json={"id": name, "text": text}, headers=server.admin)
    assert response.status_code == 201, response.text
    assert response.json()["published"], response.text


TAKES = """
name: Takes NAME
on: {stripe: TRIGGER}
steps:
  - insert: seen
    values: {id: "NAME-${{ event.id }}"}
"""


@pytest.mark.parametrize("how", ["sent again by Stripe", "replayed"])
@pytest.mark.parametrize("reason", ["foreign_account", "unknown_type"])
def test_it_is_handled_once_there_is_a_trigger(server: RunningServer, how: str, reason: str) -> None:
    number = next(_number)
    if reason == "foreign_account":
        body = snapshot("charge.captured", f"{STRANGER}{number}")
        trigger = f"charge, actions: [captured], account: {STRANGER}{number}"
    else:
        family = "topup" if how == "replayed" else "payout"
        body = snapshot(f"{family}.frobnicated{number}")
        trigger = f"{family}, match: event.action == 'frobnicated{number}'"
    assert deliver(server, body).json()["set_aside"] == reason
    publish(server, f"takes-{number}", TAKES.replace("NAME", f"case{number}").replace("TRIGGER", trigger))
    if how == "replayed":
        address = f"/api/_payloom/events/{body['id']}/replay"
        answer = server.http.post(address, json={}, headers=server.admin)
        assert len(answer.json()["runs"]) == 1, answer.text
    else:
        assert "set_aside" not in deliver(server, body).json()
        # Only the first of them takes it up.
        assert deliver(server, body).json()["duplicate"]
    details = server.wait(lambda: (event := server.manage(f"/events/{body['id']}"))["state"] == "handled" and event)
    assert details["set_aside"] is None
    assert len(details["runs"]) == 1


@pytest.mark.parametrize(
    "body", [snapshot("payment_intent.succeeded", NAMED, livemode=True), thin(NAMED)], ids=["other mode", "thin"]
)
def test_what_no_workflow_can_handle_is_not_replayed_and_says_why(server: RunningServer, body: dict[str, Any]) -> None:
    body = body | {"id": f"evt_{uuid.uuid4().hex}"}
    deliver(server, body)
    answer = server.http.post(f"/api/_payloom/events/{body['id']}/replay", json={}, headers=server.admin)
    assert answer.status_code == 409
    assert "set aside" in answer.json()["error"]["message"]
    assert answer.json()["error"]["hint"]
    assert runs_of(server, body["id"]) == []


def test_the_command_line_shows_the_state_and_what_to_do(server: RunningServer) -> None:
    if not server.settings.database_url.startswith("sqlite"):
        pytest.skip("the command reads the project's own settings, and those name SQLite")
    body = snapshot("payment_intent.succeeded", STRANGER)
    deliver(server, body)
    root = server.settings.root
    listed = payloom_process.run("events", "list", "--state", "set_aside", "--json", cwd=root)
    assert body["id"] in {load["id"] for load in json.loads(listed.stdout)["data"]}, listed.stderr
    completed = payloom_process.run("events", "show", body["id"], "--json", cwd=root)
    assert json.loads(completed.stdout)["set_aside"]["reason"] == "foreign_account"
    text = payloom_process.run("events", "show", body["id"], cwd=root).stdout
    assert text.startswith(f"{body['id']}  payment_intent.succeeded  set_aside")
    assert "set aside (foreign_account): " in text
    assert "what to do: " in text
    table = payloom_process.run("events", "list", cwd=root)
    assert "set_aside" in table.stdout
