"""Table and mail steps as the driver calls them, with the shop's own tables and templates."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.present import present

from payloom.connectors.email.host import EmailHost
from payloom.connectors.port import Attempt, StepFailed
from payloom.connectors.tables.host import TablesHost
from payloom.connectors.tables.shapes import shapes
from payloom.email.errors import DeliveryUnknown
from payloom.email.outbox import Outbox
from payloom.email.templates import Templates
from payloom.email.transport import OutboxTransport
from payloom.kit.clock import ManualClock
from payloom.tables.definition.loader import read_tables
from payloom.tables.migration.migrate import migrate
from payloom.tables.query.sql import Tables
from payloom.workflows.program.commands import Do

if TYPE_CHECKING:
    from payloom.db.database import Database
    from payloom.email.message import Mail

pytestmark = pytest.mark.anyio
SHOP = Path(__file__).parents[3] / "templates" / "shop"
CLOCK = ManualClock()
ATTEMPT = Attempt("run_1", 1, CLOCK.now())
ORDER = {"id": "0b8e4f1e-1", "currency": "usd", "items": [{"quantity": 1, "name": "Mug", "amount": 1400}]}


def step(**args: Any) -> Do:
    return Do(
        "5", "email", "receipt", {"to": "ada@x.test", "data": {"order": ORDER, "total": "$14.00"}, **args}, "run_1:5"
    )


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database, OutboxTransport(), CLOCK)


@pytest.fixture
def host(outbox: Outbox) -> EmailHost:
    return EmailHost(Templates(SHOP / "emails"), outbox, CLOCK, sender="Corner Shop <shop@corner.test>")


async def test_a_table_step_gives_its_value_or_fails_in_the_words_of_catch(database: Database) -> None:
    tables = Tables(read_tables(SHOP / "tables.yaml"), CLOCK)
    await migrate(database, tables, CLOCK)
    steps = TablesHost(tables)
    products = await database.write(
        lambda tx: steps.perform(
            tx, "select", "products", {"where": {"sku": ["mug"]}, "key_by": "sku", "require": "all"}
        )
    )
    assert products["mug"]["amount"] == 1400
    with pytest.raises(StepFailed) as caught:
        await database.write(
            lambda tx: steps.perform(tx, "update", "orders", {"where": {"charge": "ch_1"}, "set": {"status": "paid"}})
        )
    failure = caught.value.failure
    assert (failure.kind, failure.status, failure.retryable) == ("row_not_found", 404, False)
    assert failure.data["table"] == "orders"


def test_the_checker_sees_the_tables_with_types_and_references() -> None:
    table_types = shapes(read_tables(SHOP / "tables.yaml"))
    assert table_types["orders"].columns["user_id"].references == "users.id"
    assert present(table_types["orders"].columns["status"].enum)[0] == "pending"
    assert table_types["products"].columns["sku"].primary
    assert table_types["orders"].columns["id"].has_default


async def performed(database: Database, host: EmailHost, do: Do, attempt: Attempt = ATTEMPT) -> Any:
    """Do a step and record it, as a turn does."""
    return await database.write((await host.perform(do, attempt)).record)


async def test_a_mail_step_sends_once_and_the_outbox_shows_it(
    database: Database, host: EmailHost, outbox: Outbox
) -> None:
    await host.perform(step(), ATTEMPT)
    assert await outbox.list() == [], "the local mail comes with the step's record"
    value = await performed(database, host, step())
    assert value["status"] == "sent"
    assert value["to"] == ["ada@x.test"]
    again = await performed(database, host, step(), dataclasses.replace(ATTEMPT, number=2, in_doubt=True))
    assert again == value
    [listed] = await outbox.list(to="ADA@x.test", template="receipt")
    assert (listed["id"], listed["run_id"], listed["subject"]) == (
        value["id"],
        "run_1",
        "Your receipt for order 0b8e4f1e",
    )
    assert await outbox.list(to="a%@x.test") == []
    details = await outbox.get(value["id"])
    assert "Mug" in present(details)["html"]
    assert "$14.00" in present(details)["text"]
    assert "Message-ID:" in present(details)["source"]
    assert await outbox.get("mail_none") is None


async def test_sender_reply_to_and_attachments_may_be_given(
    database: Database, host: EmailHost, outbox: Outbox
) -> None:
    value = await performed(
        database,
        host,
        step(
            **{"from": "Ada <a@y.test>", "reply_to": "help@y.test", "attachments": [{"name": "a.txt", "content": "hi"}]}
        ),
    )
    details = await outbox.get(value["id"])
    assert present(details)["sender"] == "Ada <a@y.test>"
    assert "Reply-To: help@y.test" in present(details)["source"]
    assert present(details)["attachments"] == [{"name": "a.txt", "type": "text/plain", "size": 2}]


@pytest.mark.parametrize(
    ("args", "kind"),
    [
        ({"to": None}, "bad_mail"),
        ({"to": "a@x.test\r\nBcc: b@x.test"}, "bad_mail"),
        ({"from": "nobody"}, "bad_mail"),
        ({"data": {}}, "email_template"),
        ({"data": "x"}, "bad_mail"),
        ({"subject": "x"}, "bad_mail"),
    ],
)
async def test_a_mail_that_cannot_be_sent_fails_and_leaves_nothing(
    host: EmailHost, outbox: Outbox, args: dict[str, Any], kind: str
) -> None:
    with pytest.raises(StepFailed) as caught:
        await host.perform(step(**args), ATTEMPT)
    assert (caught.value.failure.kind, caught.value.failure.retryable) == (kind, False)
    assert await outbox.list() == []


async def test_a_mail_that_may_have_left_is_in_doubt(database: Database) -> None:
    class Silent:
        async def send(self, mail: Mail) -> None:
            raise DeliveryUnknown("silence")

    host = EmailHost(Templates(SHOP / "emails"), Outbox(database, Silent(), CLOCK), CLOCK, sender="s@corner.test")
    with pytest.raises(StepFailed) as caught:
        await host.perform(step(), Attempt("run_1", 1, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    failure = caught.value.failure
    assert (failure.kind, failure.retryable, failure.data) == ("mail_unknown", True, {"in_doubt": True})
