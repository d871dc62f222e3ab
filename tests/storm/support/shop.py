"""The storm's shop: orders, charges, receipts, refunds, stock and a counter, and what an observer sees of them.

It is small, and has one of everything that money depends on: a row and a charge in one run, a mail, a sleep, a read
that decides a write, runs about one object in a queue, an amount that must be the server's own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from tests.support.runs_fixture import RunsFixture, catalog

from payloom.connectors.tables.shapes import shapes
from payloom.db.packing import unpack
from payloom.db.types import Json
from payloom.kit.clock import SystemClock
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.publishing.versions import Versions
from payloom.sandbox.scenario.invariants import Counted, Effect, Limit, Observations, Order, Payment, SentMail
from payloom.sandbox.scenario.replays import replay_all
from payloom.tables.definition.loader import load_tables
from payloom.tables.query.sql import Tables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from payloom.db.database import Database

STOCK = 1000
BACK = 200
PRICE = 1990
CANARY = "sk_live_storm4canary8never1kept"
"""A secret that a workflow hands to an outside step: no row, log or failure may show it."""

TABLES = f"""\
tables:
  orders:
    columns:
      id: string primary
      status: string = pending
      amount: int = 0
      currency: string = usd
      paid: int = 0
      refunded: int = 0
      access: bool = false
  stock:
    columns:
      id: string primary
      left: int = {STOCK}
  counters:
    columns:
      id: string primary
      value: int = 0
"""
FULFIL = """\
name: Fulfil
on: {stripe: thing, actions: [created]}
steps:
  - insert: orders
    values: {id: "${{ object.id }}", amount: "${{ object.amount }}", currency: "${{ object.currency }}"}
  - stripe: things.create
    with: {order: "${{ object.id }}", note: "${{ env.SECRET }}"}
  - id: charged
    stripe: things.charge
    with: {order: "${{ object.id }}", amount: "${{ object.amount }}", currency: "${{ object.currency }}"}
  - update: orders
    where: {id: "${{ object.id }}", status: pending}
    set: {status: paid, access: true, paid: "${{ charged.args.amount }}"}
  - id: shelf
    select: stock
    where: {id: mug}
    one: required
  - update: stock
    where: {id: mug}
    set: {left: "${{ shelf.left - 1 }}"}
  - email: receipt
    to: a@example.com
    data: {order: "${{ object.id }}"}
  - wait: 30ms
  - id: back
    stripe: things.refund
    with: {order: "${{ object.id }}", amount: 200, currency: "${{ object.currency }}"}
  - update: orders
    where: {id: "${{ object.id }}"}
    set: {refunded: "${{ back.args.amount }}"}
"""
COUNT = """\
name: Count
on: {stripe: thing, actions: [updated], queue: "${{ object.id }}"}
steps:
  - id: seen
    select: counters
    where: {id: all}
    one: required
  - update: counters
    where: {id: all}
    set: {value: "${{ seen.value + 1 }}"}
"""
PAY = """\
name: Pay
on: {stripe: thing, actions: [paid]}
steps:
  - id: order
    update: orders
    where:
      id: "${{ object.order }}"
      status: pending
      amount: "${{ object.amount }}"
      currency: "${{ object.currency }}"
    set: {status: paid, access: true, paid: "${{ object.amount }}"}
    rows: 0..1
  - filter: order != null
  - email: receipt
    to: a@example.com
    data: {order: "${{ order.id }}"}
"""
REFUND = """\
name: Refund
on: {manual: true}
input: {order: string, amount: int, click: string}
once: ${{ inputs.click }}
steps:
  - id: order
    select: orders
    where: {id: "${{ inputs.order }}"}
    one: required
  - when: order.refunded + inputs.amount > order.paid
    raise: {status: 409, code: too_much, message: not so much is left}
  - update: orders
    where: {id: "${{ order.id }}"}
    set:
      refunded: "${{ order.refunded + inputs.amount }}"
      access: "${{ order.refunded + inputs.amount < order.paid }}"
  - stripe: things.refund
    with: {order: "${{ order.id }}", amount: "${{ inputs.amount }}", currency: "${{ order.currency }}"}
"""
DELIVER = """\
name: Deliver
on: {called: true}
input: {order: string, amount: int, currency: string}
once: ${{ inputs.order }}
steps:
  - insert: orders
    values: {id: "${{ inputs.order }}", amount: "${{ inputs.amount }}", currency: "${{ inputs.currency }}"}
  - id: charged
    stripe: things.charge
    with: {order: "${{ inputs.order }}", amount: "${{ inputs.amount }}", currency: "${{ inputs.currency }}"}
  - update: orders
    where: {id: "${{ inputs.order }}", status: pending}
    set: {status: paid, access: true, paid: "${{ charged.args.amount }}"}
  - email: receipt
    to: a@example.com
    data: {order: "${{ inputs.order }}"}
  - return: {paid: "${{ charged.args.amount }}"}
"""
ASK = f"""\
name: Ask
on: {{stripe: thing, actions: [deleted]}}
steps:
  - id: delivered
    call: deliver
    with: {{order: "${{{{ object.order }}}}", amount: {PRICE}, currency: usd}}
  - return: ${{{{ delivered.paid }}}}
"""
"""Several events ask for one delivery: its run is shared by those who call."""
STARTS = {"thing.created": 1, "thing.updated": 1, "thing.paid": 1, "thing.deleted": 1}
_TRIGGERS = {
    "sqlite": [
        "CREATE TABLE IF NOT EXISTS storm_opened (id TEXT)",
        (
            "CREATE TRIGGER IF NOT EXISTS storm_open AFTER UPDATE ON orders WHEN NEW.access AND NEW.paid < NEW.amount BEGIN INSERT INTO storm_opened VALUES (NEW.id); END"
        ),
    ],
    "postgresql": [
        "CREATE TABLE IF NOT EXISTS storm_opened (id TEXT)",
        (
            "CREATE OR REPLACE FUNCTION storm_open() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.access AND NEW.paid < NEW.amount THEN INSERT INTO storm_opened VALUES (NEW.id); END IF; RETURN NEW; END $$"
        ),
        "CREATE OR REPLACE TRIGGER storm_open AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION storm_open()",
    ],
}


def furnish(fixture: RunsFixture) -> None:
    """Let the catalog know the shop's tables."""
    fixture.catalog.tables.update(shapes(fixture.tables.tables.specs))
    fixture.catalog.env |= {"SECRET"}


async def open_shop(fixture: RunsFixture, **changed: str) -> None:
    """Publish the workflows (`changed`: other texts for some), fill the shelf and watch who is let in early."""
    furnish(fixture)
    files = {"fulfil": FULFIL, "count": COUNT, "pay": PAY, "refund": REFUND, "deliver": DELIVER, "ask": ASK, **changed}
    await fixture.publish(**files)

    def fill(tx: sa.Connection) -> None:
        fixture.database.write_lock(tx, "storm:fill")
        for table, values in (("counters", {"id": "all"}), ("stock", {"id": "mug"})):
            if not tx.execute(sa.text(f"SELECT 1 FROM {table} WHERE id = '{values['id']}'")).first():
                fixture.tables.perform(tx, "insert", table, {"values": values})
        for statement in _TRIGGERS[fixture.database.dialect]:
            tx.exec_driver_sql(statement)

    await fixture.database.write(fill)


def env() -> dict[str, str]:
    """What expressions see as `env`."""
    return {"SITE": "x", "SECRET": CANARY}


def created(fixture: RunsFixture, name: str, amount: int = PRICE) -> Any:
    """The event that begins an order."""
    return fixture.event("thing.created", f"evt_{name}", id=f"order_{name}", amount=amount, currency="usd")


def asked(fixture: RunsFixture, name: str) -> Any:
    """The event that asks for a delivery: of the order before the dot."""
    return fixture.event("thing.deleted", f"evt_{name}", id=f"thing_{name}", order=f"order_{name.partition('.')[0]}")


def observe(
    tx: sa.Connection,
    database: Database,
    folder: Path,
    acked: Collection[str],
    *,
    excluded: Collection[str] = (),
    **more: Any,
) -> Observations:
    """Look at the shop's rows behind `tx` and at what happened outside, as its ledger has it.

    given: effects that were there at the beginning.
    """
    lines = [json.loads(line) for line in _text(folder / "ledger.jsonl").splitlines()]
    effects = [line for line in lines if "effect" in line]
    updated = tx.execute(sa.text("SELECT count(*) FROM payloom_events WHERE type = 'thing.updated'")).scalar() or 0
    counted = tx.execute(sa.text("SELECT value FROM counters WHERE id = 'all'")).scalar()
    left = tx.execute(sa.text("SELECT left_ FROM (SELECT \"left\" AS left_ FROM stock WHERE id = 'mug') one")).scalar()
    orders = tx.execute(sa.text("SELECT id, currency, amount, paid, refunded, access FROM orders")).all()
    fulfilled = tx.execute(
        sa.text("SELECT count(*) FROM payloom_runs WHERE workflow_id = 'fulfil' AND status = 'succeeded'")
    ).scalar()
    delivered = tx.execute(
        sa.text("SELECT inputs, count(*) AS many FROM payloom_runs WHERE workflow_id = 'deliver' GROUP BY inputs")
    ).all()
    answers = tx.execute(
        sa.text("SELECT output FROM payloom_runs WHERE workflow_id = 'ask' AND status = 'succeeded'").columns(
            output=Json
        )
    ).all()
    tries = {line["attempt"] for line in lines if "attempt" in line}
    known = set(tx.execute(sa.text("SELECT key FROM payloom_steps WHERE key IS NOT NULL")).scalars())
    defaults: dict[str, Any] = {
        "acknowledged": acked,
        "starts": STARTS,
        "effects": [Effect(line["effect"], line["action"]) for line in effects if line["effect"] not in excluded],
        "counted": [
            Counted("events counted in the row `all`", counted, updated),
            Counted("mugs taken from the shelf", STOCK - (left if left is not None else STOCK), fulfilled or 0),
            *[Counted(f"deliveries of {row.inputs}", row.many, 1) for row in delivered],
            *[Counted(f"what those who asked for {row.output} got", row.output, PRICE) for row in answers],
            *[Counted(f"a try under the unknown key {key}", 1, 0) for key in tries - known],
        ],
        "payments": list(_payments(effects, lines)),
        "orders": [Order(row.id, row.currency, row.amount, row.paid, row.refunded, bool(row.access)) for row in orders],
        "opened_early": list(tx.execute(sa.text("SELECT id FROM storm_opened")).scalars()),
        "mails": [
            SentMail(line.get("message_id", line["effect"]), line["args"]["data"]["order"])
            for line in effects
            if line["action"] == "receipt"
        ],
        "limits": [Limit("mugs", STOCK - (left if left is not None else STOCK), STOCK)],
        "replay": _replayed(tx, database),
        "stores": list(_stores(tx)),
        "canaries": [CANARY],
        "all_succeed": True,
    }
    return Observations(**{**defaults, **more})


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _payments(effects: list[dict[str, Any]], lines: list[dict[str, Any]]) -> Iterator[Payment]:
    """Each charge is a payment; a `payment` line is one that somebody made without us (a hosted page)."""
    refunds: dict[str, list[int]] = {}
    for line in effects:
        if line["action"] == "things.refund":
            refunds.setdefault(line["args"]["with"]["order"], []).append(line["args"]["with"]["amount"])
    charges = [(line["effect"], line["args"]["with"]) for line in effects if line["action"] == "things.charge"]
    charges += [(line["payment"], line) for line in lines if "payment" in line]
    for key, args in charges:
        # A refund is of the order's first charge.
        yield Payment(key, args["order"], args["currency"], args["amount"], refunds.pop(args["order"], ()))


def _replayed(tx: sa.Connection, database: Database) -> list[str]:
    clock = SystemClock()
    tables = Tables(load_tables(TABLES), clock)
    known = catalog(tables)
    known.tables.update(shapes(tables.specs))
    library = PublishedWorkflows(Versions(database, clock), known, env())

    def build(start: Any, cause: Any) -> Any:
        library.ensure(tx, start)
        return library.execution(start, cause, [])

    return replay_all(tx, build)


def _stores(tx: sa.Connection) -> Iterator[tuple[str, str]]:
    for row in tx.execute(sa.text("SELECT path, args, failure FROM payloom_steps")):
        yield f"step {row.path}", f"{row.args and unpack(row.args)}{row.failure}"
    for row in tx.execute(sa.text("SELECT id, failure, output, response FROM payloom_runs")):
        yield f"run {row.id}", f"{row.failure}{row.output}{row.response}"
    for row in tx.execute(sa.text("SELECT text FROM payloom_logs")):
        yield "the log", row.text
    for row in tx.execute(sa.text("SELECT payload FROM payloom_events")):
        yield "an event", unpack(row.payload)
