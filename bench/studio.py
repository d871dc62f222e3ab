"""The studio's questions over much data: 10,000 runs and 100,000 events, asked of the management API, both databases.

`python bench/studio.py [--only sqlite] [--runs N] [--events N]`. Every question has to be answered within 200 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support import postgres
from tests.support.http_server import write_project

from payloom.app.asgi import create_app
from payloom.db.database import open_database
from payloom.db.migrate import migrate
from payloom.email.models import mails
from payloom.inbox.models import events
from payloom.kit.clock import SystemClock
from payloom.project.loader import Project, load_project
from payloom.runs.models import runs, steps
from payloom.settings.load import load_settings
from payloom.settings.model import Settings
from payloom.tables.migration.migrate import migrate as migrate_tables
from payloom.tables.query.sql import Tables
from payloom.views.references.indexer import Indexer
from payloom.views.references.models import refs

AIM = 0.2
PER_PAYMENT = 8
START = dt.datetime.now(dt.UTC) - dt.timedelta(days=20)
FILES = {
    "tables.yaml": """
tables:
  orders:
    columns:
      id: int primary
      email: string
      status: pending | paid = pending
      amount: int = 0
      currency: string = usd
      checkout_session?: string
      created_at: datetime = now()
""",
    "workflows/fulfil.yaml": """
name: Fulfil
on: {stripe: checkout.session, actions: [completed]}
steps:
  - update: orders
    where: {id: "${{ int(object.metadata.order_id) }}"}
    set: {status: paid, amount: "${{ object.amount_total }}"}
""",
}
TYPES = (
    ("payment_intent.created", "pi"),
    ("payment_intent.processing", "pi"),
    ("charge.succeeded", "ch"),
    ("payment_intent.succeeded", "pi"),
    ("checkout.session.completed", "cs"),
    ("charge.updated", "ch"),
    ("customer.updated", "cus"),
    ("charge.refunded", "ch"),
)


def stripe_object(prefix: str, number: int) -> dict[str, Any]:
    """The object of an event, with what Stripe's have in them."""
    kinds = {"pi": "payment_intent", "ch": "charge", "cs": "checkout.session", "cus": "customer"}
    figures: dict[str, Any] = {
        "id": f"{prefix}_{number:024d}" if prefix != "cus" else f"cus_{number % 3000:014d}",
        "object": kinds[prefix],
        "amount": 1900,
        "amount_total": 1900,
        "currency": "usd",
        "created": int(START.timestamp()) + number,
        "customer": f"cus_{number % 3000:014d}",
        "status": "succeeded",
        "metadata": {"order_id": str(number), "plan": "pro"},
        "receipt_email": f"person{number % 3000}@shop.test",
        "payment_method_details": {"card": {"brand": "visa", "last4": "4242", "padding": "x" * 900}},
    }
    if prefix != "cus":
        figures["payment_intent"] = f"pi_{number:024d}"
    return figures


def event_rows(count: int) -> Iterator[dict[str, Any]]:
    """Rows of the inbox: eight events per payment."""
    for place in range(count):
        number, nth = divmod(place, PER_PAYMENT)
        kind, prefix = TYPES[nth]
        at = START + dt.timedelta(seconds=place * 17)
        subject = stripe_object(prefix, number)
        payload = {
            "id": f"evt_{place:024d}",
            "object": "event",
            "type": kind,
            "created": int(at.timestamp()),
            "livemode": False,
            "data": {"object": subject},
        }
        yield {
            "id": payload["id"],
            "type": kind,
            "object_id": subject["id"],
            "created": payload["created"],
            "received_at": at,
            "account": None,
            "livemode": False,
            "api_version": None,
            "payload": json.dumps(payload),
            "source": "webhook",
            "deliveries": 1,
        }


def run_row(number: int) -> dict[str, Any]:
    """The run that fulfilled an order; one in fifty failed."""
    at = START + dt.timedelta(seconds=(number * PER_PAYMENT + 4) * 17, milliseconds=20)
    failed = number % 50 == 0
    failure: dict[str, object] = {"kind": "timeout", "message": "no answer", "status": 504, "data": {}, "path": "1"}
    row: dict[str, Any] = dict.fromkeys(column.name for column in runs.c)
    return row | {
        "id": f"run_{number:026d}",
        "root_id": f"run_{number:026d}",
        "workflow_id": "fulfil" if number % 3 else "fulfil-later",
        "version": "0" * 64,
        "trigger": "event",
        "trigger_index": 0,
        "event_id": f"evt_{number * PER_PAYMENT + 4:024d}",
        "object_id": f"cs_{number:024d}",
        "status": "failed" if failed else "succeeded",
        "epoch": 1,
        "segment": 1,
        "blocked": False,
        "parked_times": 0,
        "cancel_requested": False,
        "retries": 0,
        "failure": failure if failed else None,
        "created_at": at,
        "started_at": at,
        "updated_at": at,
        "finished_at": at,
    }


def step_rows(number: int, at: dt.datetime) -> Iterator[dict[str, Any]]:
    """Four steps of a run."""
    order = {"id": number, "status": "paid", "amount": 1900, "checkout_session": f"cs_{number:024d}"}
    for seq, (verb, action, value) in enumerate(
        (
            ("select", "orders", order),
            ("update", "orders", order),
            ("stripe", "payment_intents.retrieve", stripe_object("pi", number)),
            ("email", "receipt", {"id": f"mail_{number:026d}"}),
        )
    ):
        row: dict[str, Any] = dict.fromkeys(column.name for column in steps.c)
        yield row | {
            "run_id": f"run_{number:026d}",
            "path": str(seq),
            "seq": seq + 1,
            "verb": verb,
            "action": action,
            "line": seq + 3,
            "status": "succeeded",
            "args": {"id": number},
            "key": f"key-{number}-{seq}",
            "attempts": 1,
            "in_doubt": False,
            "value": value,
            "at": at,
        }


def mail_row(number: int, at: dt.datetime) -> dict[str, Any]:
    """A receipt."""
    return {
        "id": f"mail_{number:026d}",
        "key": f"mail-{number}",
        "run_id": f"run_{number:026d}",
        "template": "receipt",
        "message_id": f"<{number}@shop.test>",
        "sender": "no-reply@shop.test",
        "recipients": [f"person{number % 3000}@shop.test"],
        "reply_to": None,
        "subject": "Your receipt",
        "html": "<p>Thank you</p>" * 40,
        "text": "Thank you",
        "attachments": [],
        "status": "failed" if number % 500 == 0 else "sent",
        "attempts": 1,
        "repeated": False,
        "error": None,
        "created_at": at,
        "changed_at": at,
        "sent_at": at,
    }


async def fill(url: str, tables: Tables, *, many_runs: int, many_events: int) -> None:
    """Write everything."""
    database = open_database(url)
    await migrate(database)
    await migrate_tables(database, tables, SystemClock())

    def put(tx: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
        tx.execute(sa.insert(table), rows)

    async def put_all(table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
        batch: list[dict[str, Any]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == 2000:
                await database.write(lambda tx, batch=batch: put(tx, table, batch))
                batch = []
        if batch:
            await database.write(lambda tx: put(tx, table, batch))

    await put_all(events, event_rows(many_events))
    rows_of_runs = [run_row(number) for number in range(many_runs)]
    await put_all(runs, iter(rows_of_runs))
    await put_all(steps, (row for n, run in enumerate(rows_of_runs) for row in step_rows(n, run["created_at"])))
    await put_all(mails, (mail_row(n, run["created_at"]) for n, run in enumerate(rows_of_runs)))
    orders = tables.metadata.tables["orders"]
    values = (
        {
            "id": n,
            "email": f"person{n % 3000}@shop.test",
            "status": "paid",
            "amount": 1900,
            "currency": "usd",
            "checkout_session": f"cs_{n:024d}",
            "created_at": START + dt.timedelta(seconds=n * 136),
        }
        for n in range(many_events // PER_PAYMENT)
    )
    await put_all(orders, values)
    if database.dialect == "postgresql":
        await database.write(lambda tx: tx.exec_driver_sql("ANALYZE"))
    await database.close()


def questions(many_runs: int) -> dict[str, str]:
    """What is asked: the newest, the rare, the middle."""
    number = many_runs // 2
    return {
        "overview": "/overview",
        "runs, newest": "/runs",
        "runs, failed": "/runs?status=failed",
        "runs, of a workflow": "/runs?workflow=fulfil",
        "runs, deep page": f"/runs?before=run_{number // 10:026d}",
        "runs, searched by order": f"/runs?search={number}",
        "runs, counts": "/runs/counts",
        "one run": f"/runs/run_{number:026d}",
        "events, newest": "/events",
        "events, of a family": "/events?family=charge",
        "events, of a rare type": "/events?type=invoice.paid",
        "events, of a rare family": "/events?family=invoice",
        "events, failed": "/events?state=failed",
        "events, unhandled": "/events?state=unhandled",
        "events, handled": "/events?state=handled",
        "events, deep page": f"/events?before=evt_{number:024d}",
        "events, searched by address": "/events?search=person7@shop.test",
        "one event": f"/events/evt_{number * PER_PAYMENT:024d}",
        "mails, newest": "/mails",
        "mails, to somebody": "/mails?to=person7@shop.test",
        "rows, newest": "/tables/orders/rows?order_by=created_at desc",
        "search, order": f"/search?q={number}",
        "search, intent": f"/search?q=pi_{number:024d}",
        "search, beginning": "/search?q=pi_0000",
        "search, address": "/search?q=person7@shop.test",
        "search, event": f"/search?q=evt_{number:024d}",
        "search, nothing": "/search?q=no-such-thing",
        "search, shared value": "/search?q=pro",
        "journey, order": f"/journey/orders/{number}",
        "journey, intent": f"/journey/pi_{number:024d}",
        "journey, charge": f"/journey/ch_{number:024d}",
        "journey, run": f"/journey/run_{number:026d}",
        "journey, event": f"/journey/evt_{number * PER_PAYMENT + 3:024d}",
        "journey, customer": "/journey/cus_00000000000007",
        "journey, address": "/journey/person7@shop.test",
        "journey, mail": f"/journey/mail_{number:026d}",
        "journey, shared value": "/journey/pro",
    }


async def measure(url: str, folder: Path, *, many_runs: int, many_events: int) -> dict[str, float]:
    """Return the median seconds of every answer, and how long indexing took."""
    root = write_project(folder / "shop", FILES)
    settings = load_settings(root, port=8000, database_url=url, environ={})
    project = load_project(root, settings)
    tables = Tables(project.tables, SystemClock())
    await fill(url, tables, many_runs=many_runs, many_events=many_events)
    figures: dict[str, float] = {"indexing everything": await _index(url, tables)}
    async with _client(settings, project) as http:
        for name, path in questions(many_runs).items():
            times: list[float] = []
            for _ in range(7):
                began = time.perf_counter()
                answer = await http.get(f"/api/_payloom{path}")
                times.append(time.perf_counter() - began)
                assert answer.status_code == 200, (path, answer.text)
            figures[name] = statistics.median(times)
    return figures


@contextlib.asynccontextmanager
async def _client(settings: Settings, project: Project) -> AsyncGenerator[httpx.AsyncClient]:
    app = create_app(project, settings, work=False)
    assert settings.admin_token is not None
    headers = {"authorization": f"Bearer {settings.admin_token.get_secret_value()}", "host": "127.0.0.1"}
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as http:
            yield http


async def _index(url: str, tables: Tables) -> float:
    database = open_database(url)
    began = time.perf_counter()
    await Indexer(database, SystemClock(), tables.specs).catch_up()
    seconds = time.perf_counter() - began
    lines = await database.read(lambda tx: tx.execute(sa.select(sa.func.count()).select_from(refs)).scalar())
    print(f"  indexed {lines:,} references in {seconds:.1f} s")
    await database.close()
    return seconds


def main() -> int:
    """Measure, print, compare with the aim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=100_000)
    options = parser.parse_args()
    sizes = {"many_runs": options.runs, "many_events": options.events}
    met = True
    for kind in ("sqlite", "postgresql"):
        if options.only not in (None, kind):
            continue
        print(f"\nstudio, {kind}: {options.runs:,} runs, {options.events:,} events")
        with tempfile.TemporaryDirectory(prefix="payloom-bench-") as name, _database(kind, Path(name)) as url:
            figures = asyncio.run(measure(url, Path(name), **sizes))
        figures.pop("indexing everything")
        for question, seconds in figures.items():
            met = met and seconds <= AIM
            print(f"  {question:32} {seconds * 1000:8.1f} ms   {'ok' if seconds <= AIM else 'MISSED'}")
    return 0 if met else 1


@contextlib.contextmanager
def _database(kind: str, folder: Path) -> Generator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/bench.db"
        return
    with postgres.server(folder / "pg") as address, postgres.fresh_database(address) as url:
        yield url


if __name__ == "__main__":
    sys.exit(main())
