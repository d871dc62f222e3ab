"""No list, search, filter, page or number of the studio reads or sorts a whole table, however many rows are kept.

Every SELECT of every question is run again on a filled database, before and after ANALYZE, and what it touches is
counted: rows on Postgres, instructions of the virtual machine on SQLite. Nothing is timed.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event as sa_event

from payloom.db import compiled_statements
from payloom.email.models import mails
from payloom.email.outbox import list_mails
from payloom.inbox.models import events
from payloom.kit.clock import SystemClock
from payloom.runs.models import runs, steps
from payloom.runs.scheduling.retention import Retention, prune
from payloom.tables.definition.loader import load_tables
from payloom.tables.migration.migrate import migrate
from payloom.tables.query.sql import Tables
from payloom.views.change_feed import changes_since
from payloom.views.dashboard import dashboard
from payloom.views.event_list import list_events
from payloom.views.health import count_unsent_mails, read_health
from payloom.views.payment_timeline import payment_timeline
from payloom.views.references.models import refs
from payloom.views.references.search import suggest
from payloom.views.run_queries import RunQueries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    import sqlalchemy as sa

    from payloom.db.database import Database

    Question = Callable[[Database], Awaitable[Any]]

pytestmark = pytest.mark.anyio
MANY = 10_000
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
BEGAN = NOW - dt.timedelta(days=20)
TABLES = Tables(load_tables("tables:\n  orders:\n    columns:\n      id: string primary\n"), SystemClock())
TOUCHED = {"sqlite": 20_000, "postgresql": 2_600}
"""A page of 50 or 200 rows, with what is looked up for each, stays far below. A pass through a table does not."""
OPEN = {1: "queued", 2: "running", 3: "waiting", 4: "waiting"}


def moment(number: int) -> dt.datetime:
    return BEGAN + dt.timedelta(seconds=number * 60)


def run_row(number: int) -> dict[str, Any]:
    place = MANY - number
    status = OPEN.get(place, "failed" if number % 200 == 0 else "succeeded")
    row = dict.fromkeys(column.name for column in runs.columns)
    return row | {
        "id": f"run_{number:06}",
        "root_id": f"run_{number:06}",
        "workflow_id": f"flow-{number % 3}",
        "version": "v",
        "trigger": "event",
        "trigger_index": 0,
        "event_id": f"evt_{number:06}",
        "status": status,
        "outcome": "filtered" if number % 3 == 0 and status == "succeeded" else None,
        "epoch": 1,
        "segment": 0,
        "blocked": place == 1,
        "lane": "x" if place == 1 else None,
        "parked_on": "orders" if place == 3 else None,
        "parked_times": 0,
        "cancel_requested": False,
        "retries": 0,
        "created_at": moment(number),
        "started_at": moment(number),
        "updated_at": moment(number),
        "finished_at": None if place in OPEN else moment(number),
    }


def step_row(number: int) -> dict[str, Any]:
    row = dict.fromkeys(column.name for column in steps.columns)
    failed = number % 200 == 0
    return row | {
        "run_id": f"run_{number:06}",
        "path": "1",
        "seq": 1,
        "verb": "email",
        "action": "receipt",
        "line": 5,
        "status": "failed" if failed else "succeeded",
        "key": f"run_{number:06}:1",
        "attempts": 1,
        "in_doubt": number == 400,
        "at": moment(number),
    }


def event_row(number: int) -> dict[str, Any]:
    row = dict.fromkeys(column.name for column in events.columns)
    stripe_object = {"id": f"pi_{number}", "object": "payment_intent", "amount": 5, "currency": "usd"}
    return row | {
        "id": f"evt_{number:06}",
        "type": "payment_intent.succeeded" if number % 2 else "charge.succeeded",
        "object_id": f"pi_{number}",
        "created": int(moment(number).timestamp()),
        "received_at": moment(number),
        "livemode": False,
        "payload": json.dumps({"data": {"object": stripe_object}}),
        "source": "webhook",
        "deliveries": 1,
    }


def mail_row(number: int) -> dict[str, Any]:
    row = dict.fromkeys(column.name for column in mails.columns)
    others = ["bob@x.test"] if number % 4_000 == 0 else []
    return row | {
        "id": f"mail_{number:06}",
        "key": f"run_{number:06}:1",
        "run_id": f"run_{number:06}",
        "template": "receipt",
        "message_id": "<x@x.test>",
        "sender": "shop@x.test",
        "recipients": [f"Ada{number % 900}@x.test", *others],
        "subject": "x",
        "html": "x",
        "text": "x",
        "attachments": [],
        "status": "sent",
        "attempts": 1,
        "repeated": False,
        "created_at": moment(number),
        "changed_at": moment(number),
        "sent_at": moment(number),
    }


def reference_rows(number: int) -> Iterator[dict[str, Any]]:
    for kind, owner in (("run", f"run_{number:06}"), ("event", f"evt_{number:06}")):
        for name in (owner, f"pi_{number}"):
            yield {"ref": name, "kind": kind, "id": owner, "at": moment(number)}


def fill(tx: sa.Connection) -> None:
    for start in range(0, MANY, 1000):
        numbers = range(start, start + 1000)
        for table, row in ((events, event_row), (runs, run_row), (steps, step_row), (mails, mail_row)):
            compiled_statements.insert(tx, table, [row(number) for number in numbers])
        compiled_statements.insert(tx, refs, [row for number in numbers for row in reference_rows(number)])


def reading(work: Callable[[sa.Connection], Any]) -> Question:
    return lambda database: database.read(work)


def of_runs(**filters: Any) -> Question:
    return lambda database: RunQueries(database).list(**filters)


def of_events(**filters: Any) -> Question:
    return reading(lambda tx: list_events(tx, **filters))


def of_mails(**filters: Any) -> Question:
    return reading(lambda tx: list_mails(tx, **filters))


RUN, EVENT, MIDDLE = "run_005001", "evt_005001", "run_005000"
STATUSES = [
    "queued",
    "running",
    "waiting",
    "succeeded",
    "failed",
    "refused",
    "canceled",
    "filtered",
    "parked",
    "blocked",
]
QUESTIONS: dict[str, Question] = {
    "overview": reading(lambda tx: dashboard(tx, NOW)),
    "metrics": reading(lambda tx: (read_health(tx, NOW), count_unsent_mails(tx))),
    "changes": reading(lambda tx: changes_since(tx, moment(MANY - 20))),
    "run": lambda database: RunQueries(database).timeline(RUN),
    "latest of workflows": lambda database: RunQueries(database).latest(["flow-1", "flow-2", "none"]),
    "approvals": lambda database: RunQueries(database).approvals(),
    "payment": reading(lambda tx: payment_timeline(tx, "pi_5001", TABLES)),
    "suggestions": reading(lambda tx: suggest(tx, "run_00500", TABLES, {}, with_accounts=True)),
    "nothing to prune": reading(lambda tx: prune(tx, now=NOW, keep=Retention())),
    "runs": of_runs(),
    "runs, page": of_runs(before=MIDDLE),
    "runs of a workflow": of_runs(workflow_id="flow-1"),
    "runs of a workflow, page": of_runs(workflow_id="flow-1", before=MIDDLE),
    "runs of no workflow": of_runs(workflow_id="none"),
    "runs of an event": of_runs(event_id=EVENT),
    "runs about an id": of_runs(search="pi_5001"),
    "runs about nothing": of_runs(search="pi_none"),
    **{f"runs {status}": of_runs(status=status) for status in STATUSES},
    **{f"runs {status}, page": of_runs(status=status, before=MIDDLE) for status in STATUSES},
    "events": of_events(),
    "events, page": of_events(before=EVENT),
    "events of a type": of_events(type="charge.succeeded"),
    "events of a family": of_events(family="charge"),
    "events of no family": of_events(family="invoice"),
    "events of a family, page": of_events(family="charge", before=EVENT),
    "events about an object": of_events(object_id="pi_5001"),
    "events about an id": of_events(search="pi_5001"),
    "events fetched": of_events(source="catch_up"),
    "events failed": of_events(state="failed"),
    "events running": of_events(state="running"),
    "events set aside": of_events(state="set_aside"),
    "events handled": of_events(state="handled"),
    "mails": of_mails(),
    "mails, page": of_mails(before=(moment(5_000), "mail_005000")),
    "mails of a run": of_mails(run_id=RUN),
    "mails to somebody": of_mails(to="ada7@x.test"),
    "mails to somebody among others": of_mails(to="BOB@x.test"),
    "mails to nobody": of_mails(to="nobody@x.test"),
    "mails to somebody, page": of_mails(to="ada7@x.test", before=(moment(5_000), "mail_005000")),
    "mails of a template": of_mails(template="receipt"),
    "mails of no template": of_mails(template="none"),
    **{f"mails {status}": of_mails(status=status) for status in ("queued", "sending", "sent", "failed", "unknown")},
}


async def statements(database: Database, question: Question) -> list[tuple[str, Any]]:
    """Return the SELECTs that a question asks, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def listen(_conn: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.lstrip()[:6].upper() in ("SELECT", "WITH R"):
            seen.append((statement, values))

    sa_event.listen(database.engine, "before_cursor_execute", listen)
    try:
        await question(database)
    finally:
        sa_event.remove(database.engine, "before_cursor_execute", listen)
    return seen


def touched(tx: sa.Connection, statement: str, values: Any) -> int:
    """Return how much a statement has to do."""
    if tx.dialect.name == "sqlite":
        steps_made = 0

        def count() -> int:
            nonlocal steps_made
            steps_made += 100
            return 0

        driver: Any = tx.connection.dbapi_connection
        driver.set_progress_handler(count, 100)
        try:
            driver.execute(statement, values).fetchall()
        finally:
            driver.set_progress_handler(None, 0)
        return steps_made
    plan = tx.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, FORMAT JSON) {statement}", values).scalar()
    assert plan is not None
    return rows_of(plan[0]["Plan"])


def rows_of(node: dict[str, Any]) -> int:
    """Return the rows that a plan's nodes read, thrown away ones too."""
    names = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter")
    own = sum(node.get(name, 0) for name in names) if "Scan" in node["Node Type"] else 0
    return int(own * node.get("Actual Loops", 1)) + sum(rows_of(inner) for inner in node.get("Plans", []))


async def test_no_question_reads_a_whole_table(database: Database) -> None:
    await migrate(database, TABLES, SystemClock())
    await database.write(fill)
    most, dialect = TOUCHED[database.dialect], database.dialect
    by_question = {name: await statements(database, question) for name, question in QUESTIONS.items()}
    assert all(by_question.values()), "every question is one for the database"
    costs: dict[str, int] = {}
    # Postgres analyzes by itself soon after rows came; SQLite does when somebody says so, or never.
    for analyzed in (False, True) if dialect == "sqlite" else (True,):
        if analyzed:
            await database.write(lambda tx: tx.exec_driver_sql("ANALYZE"))
        for name, selects in by_question.items():
            for statement, values in selects:
                cost = await database.read(lambda tx, s=statement, v=values: touched(tx, s, v))
                costs[f"{name}{' after ANALYZE' if analyzed else ''}: {' '.join(statement.split())}"] = cost
    assert {question: cost for question, cost in costs.items() if cost > most} == {}
    assert max(costs.values()) > 0, "something was counted"
