"""The inbox stores genuine events of its own mode once, and counts the rest without keeping anything of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from payloom.inbox.errors import BodyTooLarge, EventRefused, EventUnknown, NoWebhookSecret
from payloom.inbox.service import MAX_BODY, Inbox, set_aside, store, store_all, waiting_aside
from payloom.kit.clock import SystemClock, to_epoch

if TYPE_CHECKING:
    from collections.abc import Callable

    from payloom.db.database import Database
    from payloom.inbox.set_aside import SetAside

pytestmark = pytest.mark.anyio
SECRET = "whsec_test"
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "checkout.session.completed",
    "created": 1_760_000_000,
    "livemode": False,
    "api_version": "2026-01-01",
    "data": {"object": {"id": "cs_1", "object": "checkout.session"}},
}


@pytest.fixture
def inbox(database: Database) -> Inbox:
    """A test-mode inbox."""
    return Inbox(database, SystemClock(), [SECRET], livemode=False)


def signed(body: bytes, secret: str = SECRET) -> str:
    """A good header for now."""
    now = to_epoch(SystemClock().now())
    return f"t={now},v1={hmac.new(secret.encode(), f'{now}.'.encode() + body, hashlib.sha256).hexdigest()}"


def refused(inbox: Inbox, body: bytes) -> str:
    """The reason a well-signed body is turned away for."""
    with pytest.raises(EventRefused) as caught:
        inbox.verify(body, signed(body), "203.0.113.9")
    return caught.value.reason


async def test_a_genuine_event_is_read_and_stored_once(inbox: Inbox, database: Database) -> None:
    """The bytes are kept as they were signed."""
    body = json.dumps(EVENT, indent=1).encode()
    event = inbox.verify(body, signed(body))
    assert (event.id, event.object_id, event.livemode) == ("evt_1", "cs_1", False)
    assert [await database.write(lambda tx: store(tx, event)) for _ in range(3)] == [True, False, False]
    await database.write(lambda tx: store(tx, inbox.parse({**EVENT, "id": "evt_0", "account": "acct_1"})))
    await database.write(lambda tx: store(tx, event))
    stored_event = await inbox.get("evt_1")
    assert stored_event.raw == body.decode()
    assert stored_event.payload == EVENT
    deliveries = {row["id"]: row["deliveries"] for row in await inbox.list(type="checkout.session")}
    assert deliveries == {"evt_1": 4, "evt_0": 1}
    assert (stored_event.account, (await inbox.get("evt_0")).account) == (None, "acct_1")
    assert await inbox.list(type="charge") == []
    with pytest.raises(EventUnknown):
        await inbox.get("evt_2")


async def test_seeing_an_event_again_in_stripes_list_is_no_delivery(inbox: Inbox, database: Database) -> None:
    """Only webhooks are counted."""
    await database.write(lambda tx: store(tx, inbox.parse(EVENT)))
    assert await database.write(lambda tx: store(tx, inbox.parse(EVENT, source="catch_up"))) is False
    assert (await inbox.list())[0]["deliveries"] == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"livemode": True}, "wrong_mode"),
        ({"livemode": "false"}, "not_an_event"),
        ({"object": "charge"}, "not_an_event"),
        ({"id": None}, "not_an_event"),
        ({"id": "x" * 300}, "not_an_event"),
        ({"type": ""}, "not_an_event"),
        ({"created": 1.5}, "not_an_event"),
        ({"data": {}}, "not_an_event"),
        ({"data": {"object": []}}, "not_an_event"),
    ],
)
async def test_what_is_no_event_of_this_mode_is_refused(inbox: Inbox, change: dict[str, Any], reason: str) -> None:
    """Even when it is well signed."""
    assert refused(inbox, json.dumps({**EVENT, **change}).encode()) == reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"a":NaN}',
        b'{"a":1,"a":2}',
        b"[" * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\ud800"}',
        b'{"a":"\\u0000"}',
    ],
)
async def test_hostile_bodies_are_refused_cleanly(inbox: Inbox, body: bytes) -> None:
    """As bad input, not as a crash that Stripe would retry for days."""
    assert refused(inbox, body) in ("invalid_json", "not_an_event")


async def test_a_body_over_the_limit_is_refused_before_anything_else(inbox: Inbox) -> None:
    """Without hashing or parsing it."""
    with pytest.raises(BodyTooLarge):
        inbox.verify(b"x" * (MAX_BODY + 1), None)


async def test_a_body_of_512_kibibytes_is_read(inbox: Inbox) -> None:
    frame = json.dumps({**EVENT, "note": ""}).encode()
    body = frame.replace(b'"note": ""', b'"note": "' + b"x" * (524_288 - len(frame)) + b'"')
    assert len(body) == 524_288
    assert inbox.verify(body, signed(body)).id == "evt_1"
    longer = body.replace(b"xx", b"xxx", 1)
    with pytest.raises(BodyTooLarge):
        inbox.verify(longer, signed(longer))


async def test_without_a_secret_nothing_is_accepted(database: Database) -> None:
    """An empty secret is no secret."""
    inbox = Inbox(database, SystemClock(), ["", "  "], livemode=False)
    body = json.dumps(EVENT).encode()
    with pytest.raises(NoWebhookSecret):
        inbox.verify(body, signed(body, ""))


async def test_refusals_are_counted_and_nothing_of_them_is_kept(inbox: Inbox, database: Database) -> None:
    """A flood costs counters, not rows."""
    for number in range(50):
        with pytest.raises(EventRefused):
            inbox.verify(b'{"canary":"4242424242424242"}', f"t=1,v1={number:064x}", "203.0.113.9")
    [counted] = await inbox.rejected()
    assert (counted["reason"], counted["count"]) == ("wrong_signature", 50)
    assert counted["sample"]["remote"] == "203.0.113.9"
    dump = await database.read(lambda tx: str(tx.execute(sa.text("SELECT * FROM payloom_rejections")).all()))
    assert "4242" not in dump
    assert await inbox.list() == []


async def test_pages_of_events_meet_without_gap_or_overlap(inbox: Inbox, database: Database) -> None:
    """Also when they came in the same moment."""
    for number in range(25):
        event = inbox.parse({**EVENT, "id": f"evt_{number:02d}"})
        await database.write(lambda tx, event=event: store(tx, event))
    seen: list[str] = []
    last: str | None = None
    while page := await inbox.list(before=last, limit=7):
        seen += [row["id"] for row in page]
        last = seen[-1]
    assert sorted(seen) == [f"evt_{number:02d}" for number in range(25)]


THIN: dict[str, Any] = {
    "id": "evt_9",
    "object": "v2.core.event",
    "type": "v1.billing.meter.error_report_triggered",
    "related_object": {"id": "mtr_1"},
}
LONG = "x" * 255
READ: list[tuple[dict[str, Any], str, str, Any]] = [
    # what is changed, where it came from, the field that is looked at, what it holds or why it is refused
    ({**EVENT, "data": {"object": {"id": LONG}}}, "webhook", "object_id", LONG),
    ({**EVENT, "data": {"object": {"id": LONG + "x"}}}, "webhook", "object_id", None),
    ({**EVENT, "data": {"object": {"id": 5}}}, "webhook", "object_id", None),
    ({**EVENT, "account": 5}, "webhook", "account", None),
    ({**EVENT, "api_version": 5}, "webhook", "api_version", None),
    (EVENT, "webhook", "api_version", "2026-01-01"),
    (EVENT, "webhook", "set_aside", None),
    (EVENT, "catch_up", "source", "catch_up"),
    ({**EVENT, "livemode": True}, "webhook", "refused", "wrong_mode"),
    ({**EVENT, "livemode": True, "account": "acct_1"}, "webhook", "set_aside", "other_mode"),
    ({**EVENT, "livemode": True, "account": 5}, "webhook", "refused", "wrong_mode"),
    ({**EVENT, "livemode": True, "account": "acct_1"}, "catch_up", "refused", "wrong_mode"),
    (THIN, "webhook", "set_aside", "unknown_kind"),
    (THIN, "webhook", "object_id", "mtr_1"),
    (THIN, "webhook", "livemode", False),
    (THIN, "webhook", "account", None),
    (THIN, "catch_up", "refused", "not_an_event"),
    ({**THIN, "livemode": True}, "webhook", "livemode", True),
    ({**THIN, "account": "acct_1"}, "webhook", "account", "acct_1"),
    ({**THIN, "context": LONG + "x"}, "webhook", "account", LONG),
    ({**THIN, "account": 5}, "webhook", "account", None),
    ({**THIN, "related_object": {"id": LONG}}, "webhook", "object_id", LONG),
    ({**THIN, "related_object": {"id": LONG + "x"}}, "webhook", "object_id", None),
    ({**THIN, "related_object": {"id": 5}}, "webhook", "object_id", None),
    ({**THIN, "related_object": "mtr_1"}, "webhook", "object_id", None),
    ({**THIN, "id": LONG + "x"}, "webhook", "refused", "not_an_event"),
    ({**THIN, "id": ""}, "webhook", "refused", "not_an_event"),
    ({**THIN, "type": "x" * 128}, "webhook", "type", "x" * 128),
    ({**THIN, "type": "x" * 129}, "webhook", "refused", "not_an_event"),
    ({**THIN, "object": "customer"}, "webhook", "refused", "not_an_event"),
]


@pytest.mark.parametrize(("payload", "source", "field", "value"), READ)
async def test_what_an_event_says_of_itself(
    inbox: Inbox, payload: dict[str, Any], source: str, field: str, value: Any
) -> None:
    if field == "refused":
        with pytest.raises(EventRefused) as caught:
            inbox.parse(payload, source=source)
        assert caught.value.reason == value
    else:
        assert getattr(inbox.parse(payload, source=source), field) == value


async def test_events_that_come_twice_in_one_batch_are_new_once(inbox: Inbox, database: Database) -> None:
    first, other = inbox.parse(EVENT), inbox.parse({**EVENT, "id": "evt_0"})
    await database.write(lambda tx: store(tx, other))
    third = inbox.parse({**EVENT, "id": "evt_2"})
    batch = [first, third, first, other]
    assert await database.write(lambda tx: store_all(tx, batch)) == [True, True, False, False]
    deliveries = {row["id"]: row["deliveries"] for row in await inbox.list()}
    assert deliveries == {"evt_0": 2, "evt_1": 2, "evt_2": 1}


async def test_setting_one_event_aside_leaves_the_others(inbox: Inbox, database: Database) -> None:
    names = ["evt_1", "evt_2", "evt_3"]
    for name in names:
        event = inbox.parse({**EVENT, "id": name})
        await database.write(lambda tx, event=event: store(tx, event))

    def change(name: str, reason: SetAside | None) -> Callable[[sa.Connection], bool]:
        return lambda tx: set_aside(tx, name, reason)

    steps = [
        ("evt_1", "foreign_account", True),
        ("evt_1", "other_mode", False),
        ("evt_3", "other_mode", True),
        ("evt_2", None, False),
    ]
    for name, reason, changed in steps:
        assert await database.write(change(name, reason)) is changed
    assert [(await inbox.get(name)).set_aside for name in names] == ["foreign_account", None, "other_mode"]
    assert await database.read(lambda tx: waiting_aside(tx, ["evt_1", "evt_2"])) == {"evt_1"}
    assert await database.write(change("evt_1", None)) is True
    assert [(await inbox.get(name)).set_aside for name in names] == [None, None, "other_mode"]


async def test_a_flood_of_refusals_is_written_once_a_second(inbox: Inbox, database: Database) -> None:
    async def written() -> list[int]:
        query = sa.text("SELECT count FROM payloom_rejections")
        return list(await database.read(lambda tx: tx.execute(query).scalars().all()))

    for expected, force in [([1], True), ([1], False), ([1], False), ([4], True), ([5], True)]:
        with pytest.raises(EventRefused):
            inbox.verify(b"{}", "t=1,v1=0", "203.0.113.9")
        await inbox.flush_rejections(force=force)
        assert await written() == expected
    await inbox.flush_rejections(force=True)
    assert await written() == [5]


async def test_a_list_shows_the_events_of_one_object_and_of_one_family(inbox: Inbox, database: Database) -> None:
    for name, kind, of in [("evt_1", "a_b.c", "x_1"), ("evt_2", "aXb.c", "x_2"), ("evt_3", "a_b.d.e", "x_1")]:
        event = inbox.parse({**EVENT, "id": name, "type": kind, "data": {"object": {"id": of}}})
        await database.write(lambda tx, event=event: store(tx, event))
    assert {row["id"] for row in await inbox.list(object_id="x_1")} == {"evt_1", "evt_3"}
    assert {row["id"] for row in await inbox.list(type="a_b")} == {"evt_1", "evt_3"}
    assert {row["id"] for row in await inbox.list(type="a_b.c")} == {"evt_1"}
