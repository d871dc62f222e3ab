"""What support does: find a payment by any id, look at everything around it, do it again. On both databases."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.http_server import RunningServer, event, running_server
from tests.support.postgres import fresh_database

from payloom.db.database import open_database
from payloom.inbox.service import Inbox
from payloom.kit.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = {
    "tables.yaml": """
tables:
  people:
    columns: {id: string primary, email: string, customer?: string}
    seed: [{id: ada, email: ada@shop.test, customer: cus_ada0001}]
  orders:
    columns:
      id: string primary
      email: string
      person?: string -> people.id
      status: pending | paid | refunded = pending
      amount: int = 0
      currency: string = usd
      payment_intent?: string
      created_at: datetime = now()
  notes:
    columns: {id: uuid primary, order_id: string, text: string}
""",
    "workflows/buy.yaml": """
name: Buy
on: {api: POST /buy, auth: none}
input: {order: string, email: string}
steps:
  - insert: orders
    values: {id: "${{ inputs.order }}", email: "${{ inputs.email }}", person: ada, amount: 1900}
  - update: people
    where: {id: ada}
    set: {email: ada@shop.test}
  - return: {ok: true}
""",
    "workflows/mine.yaml": """
name: Mine
on: {api: POST /mine, auth: user}
steps:
  - return: {who: "${{ user.id }}"}
""",
    "workflows/fulfil.yaml": """
name: Fulfil
on: {stripe: checkout.session, actions: [completed]}
steps:
  - filter: object.payment_status != 'unpaid'
  - id: order
    update: orders
    where: {id: "${{ object.client_reference_id }}"}
    set: {status: paid, payment_intent: "${{ object.payment_intent }}"}
  - email: receipt
    to: ${{ order.email }}
    data: {order: "${{ order.id }}"}
""",
    "workflows/broken.yaml": """
name: Broken
on: {stripe: invoice, actions: [payment_failed], fresh: false}
steps:
  - raise: {status: 409, code: no_way, message: "This cannot be."}
""",
    "workflows/ask.yaml": """
name: Ask
on: {manual: true}
steps:
  - id: decision
    approve: Refund?
    roles: [admin]
    data: {amount: 1900}
  - return: {yes: "${{ decision.approved }}"}
""",
    "workflows/note.yaml": """
name: Note a change by hand
on: {table: orders, on: [update], match: "row.status == 'refunded'"}
steps:
  - insert: notes
    values: {order_id: "${{ row.id }}", text: refunded by hand}
""",
    "emails/receipt.mjml.j2": """---
subject: Receipt for {{ order }}
---
<mjml><mj-body><mj-section><mj-column><mj-text>Order {{ order }}</mj-text></mj-column></mj-section></mj-body></mjml>
""",
}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A served shop in which two orders were made and paid, and something went wrong."""
    with contextlib.ExitStack() as stack:
        url = None
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server")))
        server = stack.enter_context(running_server(tmp_path_factory.mktemp("shop"), FILES, database_url=url))
        for number in (1, 2):
            buy(server, number)
        server.deliver(event("invoice.payment_failed", "evt_bad1", id="in_bad00001", customer="cus_ada0001"))
        server.wait(lambda: len(server.manage("/mails")["data"]) == 2)
        yield server


def buy(shop: RunningServer, number: int) -> None:
    """Make an order and deliver the event of its payment as Stripe does."""
    order = f"order-{number}"
    assert shop.http.post("/api/buy", json={"order": order, "email": f"p{number}@shop.test"}).status_code == 200
    intent, charge, session = f"pi_paid000{number}", f"ch_paid000{number}", f"cs_test_paid000{number}"
    common: dict[str, Any] = {"amount": 1900, "currency": "usd", "customer": "cus_ada0001", "created": 1_790_000_000}
    paid = {"id": intent, "status": "succeeded", "client_secret": f"{intent}_secret_abcdef"}
    shop.deliver(event("payment_intent.succeeded", f"evt_pi{number}", **paid, **common))
    shop.deliver(event("charge.succeeded", f"evt_ch{number}", id=charge, payment_intent=intent, **common))
    done = {"id": session, "status": "complete", "payment_status": "paid", "amount_total": 1900}
    about = {"client_reference_id": order, "payment_intent": intent}
    shop.deliver(event("checkout.session.completed", f"evt_cs{number}", **done, **about, **common))
    refund = {"id": f"re_paid000{number}", "charge": charge, "payment_intent": intent}
    shop.deliver(event("refund.created", f"evt_re{number}", status="succeeded", **refund, **common))


def ids(journey: dict[str, Any]) -> dict[str, str]:
    """The kinds of the entries by their ids."""
    return {entry["id"]: entry["kind"] for entry in journey["entries"]}


STARTS = ["order-1", "orders/order-1", "pi_paid0001", "cs_test_paid0001", "ch_paid0001", "re_paid0001", "evt_ch1"]


@pytest.mark.parametrize("start", [*STARTS, "the run", "the mail"])
def test_the_whole_journey_is_found_from_any_of_its_ids(shop: RunningServer, start: str) -> None:
    if start == "the run":
        start = shop.manage("/runs", event="evt_cs1")["data"][0]["id"]
    elif start == "the mail":
        start = shop.manage("/mails", to="p1@shop.test")["data"][0]["id"]
    journey = shop.manage(f"/journey/{start}")
    kinds = ids(journey)
    assert journey["complete"] is True
    expected = {
        "orders/order-1": "order",
        "pi_paid0001": "intent",
        "cs_test_paid0001": "session",
        "ch_paid0001": "charge",
        "re_paid0001": "refund",
        "evt_pi1": "event",
        "evt_re1": "event",
    }
    assert expected.items() <= kinds.items()
    assert sorted(kinds.values()).count("run") == 2, "the run that made the order and the one that fulfilled it"
    assert sorted(kinds.values()).count("mail") == 1
    others = {"orders/order-2", "pi_paid0002", "cs_test_paid0002", "ch_paid0002", "evt_cs2", "evt_pi2", "in_bad00001"}
    assert not others & kinds.keys(), "what else the same customer paid is not part of it"


def test_an_entry_says_what_it_is_and_leads_on(shop: RunningServer) -> None:
    entries = {entry["id"]: entry for entry in shop.manage("/journey/order-1")["entries"]}
    intent, order = entries["pi_paid0001"], entries["orders/order-1"]
    assert (intent["amount"], intent["currency"], intent["status"]) == (1900, "usd", "refunded")
    assert (order["title"], order["status"], order["amount"]) == ("Order order-1", "paid", 1900)
    assert entries["cs_test_paid0001"]["status"] == "paid"
    assert entries["evt_pi1"]["href"] == "/studio/events/evt_pi1"
    for entry in entries.values():
        assert "abcdef" not in json.dumps(entry), "a client secret"


def test_a_customer_and_an_address_show_what_is_theirs(shop: RunningServer) -> None:
    customer = ids(shop.manage("/journey/cus_ada0001"))
    assert {"pi_paid0001", "pi_paid0002", "in_bad00001"} <= customer.keys()
    by_mail = ids(shop.manage("/journey/P1@shop.test"))
    assert "mail" in by_mail.values()
    assert by_mail["orders/order-1"] == "order"
    assert "orders/order-2" not in by_mail


def test_an_address_shows_what_its_account_did(shop: RunningServer) -> None:
    with httpx.Client(base_url=shop.url) as browser:
        browser.post("/api/auth/sign-up", json={"email": "Mia@shop.test", "password": "correct-horse-battery"})
        assert browser.post("/api/mine", json={}).status_code == 200
    runs = [entry["title"] for entry in shop.manage("/journey/mia@shop.test")["entries"] if entry["kind"] == "run"]
    assert runs == ["mine"]


def test_a_journey_of_nothing_is_empty(shop: RunningServer) -> None:
    journey = shop.manage("/journey/pi_unheardof")
    assert journey["entries"] == []
    assert journey["subject"] == {"id": "pi_unheardof", "kind": "intent"}


@pytest.mark.parametrize(
    ("text", "kind", "key", "page"),
    [
        ("order-1", "row", "orders/order-1", "journey"),
        ("pi_paid0001", "intent", "pi_paid0001", "journey"),
        ("cs_test_pa", "session", "cs_test_paid0001", "journey"),
        ("evt_ch1", "event", "evt_ch1", "events"),
        ("p1@shop.test", "email", "p1@shop.test", "journey"),
        ("p1@", "email", "p1@shop.test", "journey"),
        ("fulf", "workflow", "fulfil", "workflows"),
        ("order", "table", "orders", "tables"),
        ("in_bad00001", "invoice", "in_bad00001", "journey"),
    ],
)
def test_a_search_says_what_the_text_may_be(shop: RunningServer, text: str, kind: str, key: str, page: str) -> None:
    hits = shop.manage("/search", q=text)["data"]
    hit = next(hit for hit in hits if (hit["kind"], hit["id"]) == (kind, key))
    assert hit["href"].startswith(f"/studio/{page}/")


@pytest.mark.parametrize("text", ["%", "_", "' OR 1=1", "\\", "ö", "pi_%", "a" * 200, "-1", "99999999999999999999"])
def test_a_search_for_anything_is_answered(shop: RunningServer, text: str) -> None:
    assert shop.manage("/search", q=text)["complete"] is True
    answer = shop.http.get(f"/api/_payloom/journey/{text}", headers=shop.admin)
    assert answer.status_code == 200


def test_runs_and_events_are_found_by_what_they_name(shop: RunningServer) -> None:
    assert {run["workflow"] for run in shop.manage("/runs", search="order-1")["data"]} == {"buy", "fulfil"}
    named = {event["id"] for event in shop.manage("/events", search="pi_paid0001")["data"]}
    assert named == {"evt_pi1", "evt_ch1", "evt_cs1", "evt_re1"}


def test_events_are_filtered_by_family_and_by_what_came_of_them(shop: RunningServer) -> None:
    def event_ids(**query: Any) -> set[str]:
        return {event["id"] for event in shop.manage("/events", **query)["data"]}

    assert {"evt_cs1", "evt_cs2"} <= event_ids(family="checkout.session") == event_ids(type="checkout.session")
    assert event_ids(type="charge.succeeded") == {"evt_ch1", "evt_ch2"}
    assert event_ids(family="charge") == {"evt_ch1", "evt_ch2"}
    assert event_ids(family="cha") == set()
    assert "evt_bad1" in event_ids(state="failed")
    assert {"evt_cs1"} <= event_ids(state="handled")
    assert {"evt_pi1", "evt_re2"} <= event_ids(state="unhandled")
    states = [event_ids(state=name) for name in ("handled", "unhandled", "failed", "running")]
    assert sum(map(len, states)) == len(set.union(*states)) == len(event_ids())
    first = shop.manage("/events", family="refund", limit=1)
    second = shop.manage("/events", family="refund", limit=1, before=first["next"])
    assert [first["data"][0]["id"], second["data"][0]["id"]] == ["evt_re2", "evt_re1"]


def test_one_event_shows_its_payload_without_secrets(shop: RunningServer) -> None:
    details = shop.manage("/events/evt_pi1")
    assert (details["state"], details["signature"], details["deliveries"]) == ("unhandled", "verified", 1)
    assert details["payload"]["data"]["object"]["id"] == "pi_paid0001"
    assert "abcdef" not in json.dumps(details)


def test_the_overview_tells_what_needs_somebody(shop: RunningServer) -> None:
    response = shop.http.post("/api/_payloom/workflows/ask/run", json={}, headers=shop.admin, timeout=20)
    run = response.json()["run_id"]
    assert response.json()["running"], "an approval may take days: nobody is kept waiting for it"
    shop.deliver(b"{}", header="t=1,v1=bad")
    overview = shop.manage("/overview")
    assert overview["failed_runs"]["count"] >= 1
    assert overview["failed_runs"]["latest"][0]["failure"]["kind"] == "no_way"
    assert overview["payments"][0]["amount"] == 1900
    assert overview["last_24h"]["payments"] == 2
    assert overview["rejected"]
    waiting = next(approval for approval in shop.manage("/approvals")["data"] if approval["run_id"] == run)
    assert (waiting["workflow"], waiting["title"], waiting["data"]) == ("ask", "Refund?", {"amount": 1900})
    body = {"path": waiting["path"], "approved": True}
    assert shop.http.post(f"/api/_payloom/runs/{run}/decide", json=body, headers=shop.admin).status_code == 200
    shop.wait(lambda: shop.manage(f"/runs/{run}")["status"] == "succeeded")
    assert shop.manage("/approvals")["data"] == []


def test_a_payment_under_way_is_listed_with_who_pays_and_a_filtered_run_is_nowhere_called_succeeded(
    shop: RunningServer,
) -> None:
    about: dict[str, Any] = {"amount": 700, "currency": "eur"}
    intents: dict[str, dict[str, Any]] = {
        "requires_action": {"status": "requires_action"},
        "processing": {"status": "processing"},
        "amount_capturable_updated": {"status": "requires_capture"},
        "canceled": {"status": "canceled"},
        "payment_failed": {"status": "requires_payment_method", "last_payment_error": {"message": "no"}},
    }
    ids_of = {name: f"pi_open{name.replace('_', '')}" for name in intents}
    for name, intent in intents.items():
        shop.deliver(event(f"payment_intent.{name}", f"evt_open_{name}", id=ids_of[name], **intent, **about))
    late = {
        "id": "cs_test_late1",
        "status": "complete",
        "payment_status": "unpaid",
        "customer_details": {"email": "l@x.test"},
    }
    shop.deliver(event("checkout.session.completed", "evt_late1", payment_intent="pi_openprocessing", **late, **about))
    run = shop.wait(lambda: shop.manage("/runs", event="evt_late1", status="filtered")["data"])[0]
    overview = shop.manage("/overview")
    payments = {payment["id"]: payment for payment in overview["payments"]}
    for name, intent in intents.items():
        expected = "failed" if name == "payment_failed" else intent["status"]
        assert payments[ids_of[name]]["status"] == expected
    assert payments["pi_openprocessing"]["email"] == "l@x.test"
    assert payments["pi_opencanceled"]["email"] is None
    # The bars of the hours are what the day's numbers count.
    hours, day = overview["hours"], overview["last_24h"]
    assert len(hours) == 24
    for name in ("runs", "failed", "payments"):
        assert sum(hour[name] for hour in hours) == day[name] > 0
    assert sum(hour["declined"] for hour in hours) == hours[-1]["declined"] == 1
    assert overview["health"]["last_event_at"] is not None
    entries = {entry["id"]: entry["status"] for entry in shop.manage("/journey/cs_test_late1")["entries"]}
    assert entries[run["id"]] == "filtered"
    assert run["id"] not in {listed["id"] for listed in shop.manage("/runs", status="succeeded", limit=200)["data"]}


def test_many_runs_are_retried_and_many_events_replayed_each_by_itself(shop: RunningServer) -> None:
    failed = shop.manage("/runs", status="failed")["data"][0]["id"]
    good = shop.manage("/runs", event="evt_cs1", workflow="fulfil")["data"][-1]["id"]
    body = {"ids": [failed, good, "run_none"]}
    answer = shop.http.post("/api/_payloom/runs/retry", json=body, headers=shop.admin).json()
    assert (answer["done"], answer["failed"]) == (1, 2)
    assert [item["error"] and item["error"]["code"] for item in answer["data"]] == [None, "wrong_state", "run_unknown"]
    shop.wait(lambda: shop.manage(f"/runs/{failed}")["status"] == "failed")
    by_filter = {"workflow": "broken", "kind": "no_way"}
    again = shop.http.post("/api/_payloom/runs/retry", json=by_filter, headers=shop.admin).json()
    assert [item["id"] for item in again["data"]] == [failed]
    shop.wait(lambda: shop.manage(f"/runs/{failed}")["status"] == "failed")
    events = {"ids": ["evt_bad1", "evt_none"]}
    replayed = shop.http.post("/api/_payloom/events/replay", json=events, headers=shop.admin).json()
    assert (replayed["done"], replayed["failed"]) == (1, 1)
    assert len(replayed["data"][0]["runs"]) == 1


def test_a_mail_is_shown_as_it_was_sent_and_sent_again_as_a_copy(shop: RunningServer) -> None:
    mail = shop.manage("/mails", to="p2@shop.test")["data"][0]
    assert mail["to"] == ["p2@shop.test"]
    details = shop.manage(f"/mails/{mail['id']}")
    headers = dict(map(tuple, details["headers"]))
    assert (headers["Subject"], headers["To"]) == ("Receipt for order-2", "p2@shop.test")
    assert headers["Message-ID"] == mail["message_id"]
    assert "Order order-2" in details["text"]
    assert "Message-ID" in details["source"]
    copy = shop.http.post(f"/api/_payloom/mails/{mail['id']}/resend", headers=shop.admin).json()
    assert copy["id"] != mail["id"]
    assert copy["message_id"] != mail["message_id"]
    assert (copy["status"], copy["subject"], copy["run_id"]) == ("sent", mail["subject"], mail["run_id"])
    page = shop.manage("/mails", limit=1)
    assert page["data"][0]["id"] == copy["id"]
    assert shop.manage("/mails", limit=1, before=page["next"])["data"][0]["id"] != copy["id"]


def test_a_row_changed_by_hand_starts_what_a_changed_row_starts(shop: RunningServer) -> None:
    row = shop.manage("/tables/orders/rows/order-2")["row"]
    body = {"was": row, "set": {"status": "refunded"}}
    changed = shop.http.patch("/api/_payloom/tables/orders/rows/order-2", json=body, headers=shop.admin)
    assert changed.json()["row"]["status"] == "refunded"
    shop.wait(lambda: shop.rows("notes", order_id="order-2"))
    stale = shop.http.patch("/api/_payloom/tables/orders/rows/order-2", json=body, headers=shop.admin)
    error = stale.json()["error"]
    assert (stale.status_code, error["code"], error["data"]["columns"]) == (409, "row_changed", ["status"])
    assert error["data"]["row"]["status"] == "refunded"
    writers = shop.manage("/tables/orders/rows/order-2/history")["data"]
    assert {writer["workflow"] for writer in writers} == {"buy", "fulfil"}


def test_a_row_is_made_and_deleted_by_hand_and_is_found_at_once(shop: RunningServer) -> None:
    def post(values: dict[str, Any]) -> httpx.Response:
        return shop.http.post("/api/_payloom/tables/orders/rows", json={"values": values}, headers=shop.admin)

    assert post({"id": "by-hand", "email": "hand@shop.test"}).status_code == 201
    assert post({"id": "by-hand", "email": "hand@shop.test"}).json()["error"]["code"] == "unique_violation"
    assert post({"id": "x", "email": "x", "status": "lost"}).json()["error"]["code"] == "type_mismatch"
    assert "orders/by-hand" in ids(shop.manage("/journey/hand@shop.test"))
    path = "/api/_payloom/tables/orders/rows/by-hand"
    was = shop.http.request("DELETE", path, json={"was": {"status": "paid"}}, headers=shop.admin)
    assert was.status_code == 409
    deletion = shop.http.request("DELETE", path, json={"was": {"status": "pending"}}, headers=shop.admin)
    assert deletion.status_code == 200
    assert shop.http.get(path, headers=shop.admin).status_code == 404


def test_rows_come_in_pages_filtered_and_sorted(shop: RunningServer) -> None:
    first = shop.manage("/tables/orders/rows", order_by="id desc", limit=1)
    assert (first["total"], first["data"][0]["id"]) == (2, "order-2")
    second = shop.manage("/tables/orders/rows", order_by="id desc", limit=1, cursor=first["next"])
    assert (second["next"], second["data"][0]["id"]) == (None, "order-1")
    filtered = shop.manage("/tables/orders/rows", filter=json.dumps({"amount": {"gte": 1000}, "id": ["order-1", "x"]}))
    assert [row["id"] for row in filtered["data"]] == ["order-1"]
    for bad in ("{", "[]", '{"nothing": 1}', '{"amount": {"like": 1}}'):
        answer = shop.http.get("/api/_payloom/tables/orders/rows", params={"filter": bad}, headers=shop.admin)
        assert 400 <= answer.status_code < 500, answer.text


def test_who_listens_hears_of_every_change(shop: RunningServer) -> None:
    heard: list[dict[str, Any]] = []
    ready = threading.Event()

    def listen() -> None:
        with httpx.stream("GET", f"{shop.url}/api/_payloom/live", headers=shop.admin, timeout=10) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    heard.append(json.loads(line[6:]))
                    ready.set()
                kinds = {(message["kind"], message.get("workflow") or message.get("type")) for message in heard}
                if {("mail", None), ("run", "fulfil"), ("event", "refund.created")} <= kinds:
                    return

    listener = threading.Thread(target=listen)
    listener.start()
    assert ready.wait(5)
    buy(shop, 3)
    listener.join(10)
    assert not listener.is_alive()
    assert heard[0] == {"kind": "hello", "refetch": False}
    assert all(message.get("id") for message in heard[1:])


def test_what_another_process_takes_in_is_heard_of_too(shop: RunningServer) -> None:
    async def elsewhere() -> None:
        database = open_database(shop.settings.database_url)
        inbox = Inbox(database, SystemClock(), [], livemode=False)
        parsed = inbox.parse(json.loads(event("customer.created", "evt_elsewhere", id="cus_elsewhere")))
        await database.write(lambda tx: inbox.store(tx, parsed))
        await database.close()

    with httpx.stream("GET", f"{shop.url}/api/_payloom/live", headers=shop.admin, timeout=10) as answer:
        lines = answer.iter_lines()
        assert '"hello"' in next(line for line in lines if line.startswith("data: "))
        asyncio.run(elsewhere())
        assert "customer.created" in next(line for line in lines if "evt_elsewhere" in line)


def test_one_row_changed_by_hand_is_heard_of_too(shop: RunningServer) -> None:
    with httpx.stream("GET", f"{shop.url}/api/_payloom/live", headers=shop.admin, timeout=10) as answer:
        lines = answer.iter_lines()
        assert '"hello"' in next(line for line in lines if line.startswith("data: "))
        body = {"values": {"id": "live", "email": "live@shop.test"}}
        shop.http.post("/api/_payloom/tables/orders/rows", json=body, headers=shop.admin)
        line = next(line for line in lines if '"row"' in line)
        assert json.loads(line[6:])["table"] == "orders"
    was = {"was": {"id": "live"}}
    shop.http.request("DELETE", "/api/_payloom/tables/orders/rows/live", json=was, headers=shop.admin)


def test_nobody_listens_without_being_allowed_to(shop: RunningServer) -> None:
    assert httpx.get(f"{shop.url}/api/_payloom/live").status_code == 401
