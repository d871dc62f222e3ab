"""Schedules and table triggers on whole servers: in processes of their own, on the durable engine, and killed."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from tests.support.http_server import RunningServer, event, running_server, write_project
from tests.support.ports import free_port
from tests.support.processes import payloom_process
from tests.support.processes.payloom_process import PayloomProcess
from tests.support.processes.rehearsal import SEALING_KEY

from payloom.db.database import open_database
from payloom.runs.models import cursors
from payloom.settings.model import SealingSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.timeout(180)

# Servers in folders of their own share a database, and so the key that seals in it.
SHARED = {"sealing": SealingSettings(keys=SecretStr(SEALING_KEY))}
_SERVE = """
import functools, sys
from pathlib import Path
import uvicorn
import payloom.app.composition
from payloom.app.asgi import create_app
from payloom.engine.durable import DurableEngine
from payloom.project.loader import load_project
from payloom.settings.load import load_settings
# A dead process is noticed after a second, not after fifteen.
payloom.app.composition.DurableEngine = functools.partial(DurableEngine, poll=0.05, beat=0.2, dead=1.0)
folder, port, url = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
settings = load_settings(folder, port=port, database_url=url, environ={"PAYLOOM_SEALING_KEY": "SEALING_KEY"})
app = create_app(load_project(folder, settings), settings)
uvicorn.run(app, port=port, log_level="error", access_log=False)
""".replace('"SEALING_KEY"', f'"{SEALING_KEY}"')
TABLES = """\
tables:
  orders:
    columns:
      id: string primary
      n: int = 0
    seed:
      - {id: a}
      - {id: b}
      - {id: c}
  trace:
    columns:
      id: string primary
      row: string
      n: int
      old?: int
"""
SLOW = '''\
"""A step that takes its time."""
import asyncio

from payloom import step


@step
async def think(seconds: float) -> float:
    """Wait."""
    await asyncio.sleep(seconds)
    return seconds
'''
TOUCH = """\
name: Touch
description: Adds one to an order.
on: {api: POST /touch, auth: none}
input: {id: string}
steps:
  - id: order
    select: orders
    where: {id: "${{ inputs.id }}"}
    one: required
  - update: orders
    where: {id: "${{ order.id }}"}
    set: {n: "${{ order.n + 1 }}"}
  - return: {n: "${{ order.n + 1 }}"}
"""
PAID = """\
name: Paid
description: Adds ten to an order.
on: {stripe: payment_intent, actions: [succeeded], fresh: false}
steps:
  - id: order
    select: orders
    where: {id: "${{ object.metadata.order }}"}
    one: required
  - update: orders
    where: {id: "${{ order.id }}"}
    set: {n: "${{ order.n + 10 }}"}
"""
FOLLOW = """\
name: Follow
description: Notes every change of an order.
on: {table: orders, on: [insert, update, delete]}
steps:
  - insert: trace
    values: {id: "${{ run.id }}", row: "${{ row.id }}", n: "${{ row.n }}", old: "${{ old == null ? null : old.n }}"}
  - python: slow:think
    with: {seconds: 0.05}
    timeout: 20s
  - log: Order ${{ row.id }} is at ${{ row.n }}
"""
ROWS = {
    "tables.yaml": TABLES,
    "actions/slow.py": SLOW,
    "workflows/touch.yaml": TOUCH,
    "workflows/paid.yaml": PAID,
    "workflows/follow.yaml": FOLLOW,
}


class Server:
    """A server process that may be killed, and what its database says."""

    def __init__(self, root: Path, url: str) -> None:
        """root: the project's folder."""
        self.root, self.database_url = root, url
        self.process: PayloomProcess | None = None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it is ready."""
        with (self.root / "server.log").open("ab") as log:
            self.process = payloom_process.start(
                *(self.root, str(self.port), self.database_url), stdout=log, stderr=log, cwd=self.root, program=_SERVE
            )
        self.until("it is ready", self._ready)

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.root / "server.log").read_text()
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        assert self.process.wait(10) == -signal.SIGKILL

    def stop(self) -> None:
        """Let it go in peace."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)

    def touch(self, order: str) -> int | None:
        """Change an order through the API; returns its new number, None if the answer was lost."""
        try:
            answer = httpx.post(f"{self.url}/api/touch", json={"id": order}, timeout=30)
        except httpx.TransportError:
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()["n"]

    def ask(self, query: str) -> list[Any]:
        """Rows of a query."""
        return ask(self.database_url, query)

    def until(self, condition: str, look: Callable[[], Any], seconds: float = 40) -> None:
        """Wait until something is so."""
        until(condition, look, (self.root / "server.log").read_text, seconds)


def ask(url: str, query: str) -> list[Any]:
    """Rows of a query."""
    database = open_database(url)
    try:
        with database.engine.connect() as conn:
            return list(conn.execute(sa.text(query)).all())
    finally:
        database.engine.dispose()


def until(condition: str, look: Callable[[], Any], why: Callable[[], object] = str, seconds: float = 40) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, f"{condition}: not within {seconds} s\n{why()}"
        threading.Event().wait(0.05)


@contextlib.contextmanager
def servers(folder: Path, files: Mapping[str, str], url: str, count: int) -> Iterator[list[Server]]:
    """Servers of one project on one database, running."""
    with contextlib.ExitStack() as stack:
        running = []
        for number in range(count):
            server = Server(write_project(folder / f"server{number}", files), url)
            stack.callback(server.stop)
            server.start()
            running.append(server)
        yield running


# ------------------------------------------------------------------ schedules

_YEARLY = """\
name: Yearly {number}
description: Notes that a year is over.
on: {{schedule: "{number} 3 1 1 *"}}
steps:
  - insert: fired
    values: {{id: "${{{{ run.id }}}}", number: {number}}}
"""


def test_a_schedule_fires_once_however_many_servers_wait_for_it(tmp_path: Path, database_url: str) -> None:
    """Six moments half a second apart, on two servers that share a Postgres, and on one with SQLite."""
    numbers = range(6)
    files = {
        "tables.yaml": "tables: {fired: {columns: {id: string primary, number: int}}}\n",
        **{f"workflows/yearly{number}.yaml": _YEARLY.format(number=number) for number in numbers},
    }
    count = 1 if database_url.startswith("sqlite") else 2
    with running_server(tmp_path / "first", files, database_url=database_url, changes=SHARED):
        pass  # arranges the timetable
    coming = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3 + 3 * count)
    database = open_database(database_url)
    with database.engine.begin() as tx:
        rows = tx.execute(sa.select(cursors).where(cursors.c.name.startswith("schedule:"))).all()
        assert len(rows) == 6
        for number, row in enumerate(rows):
            at = coming + dt.timedelta(seconds=number / 2)
            tx.execute(sa.update(cursors).where(cursors.c.name == row.name).values(at=at))
    database.engine.dispose()
    with servers(tmp_path, files, database_url, count) as (server, *_):
        done = "SELECT count(*) FROM payloom_runs WHERE status = 'succeeded'"
        server.until("all have fired", lambda: server.ask(done)[0][0] >= 6)
        threading.Event().wait(1.5)
        assert sorted(row[0] for row in server.ask("SELECT number FROM fired")) == list(numbers)
        assert server.ask("SELECT status, count(*) FROM payloom_runs GROUP BY status") == [("succeeded", 6)]
        workers = server.ask("SELECT count(*) FROM payloom_cursors WHERE name LIKE 'asks for%'")
        assert workers[0][0] == count, "all of them waited for it"


# ------------------------------------------------------------------ rows


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Iterator[RunningServer]:
    """A running shop whose orders are followed."""
    with running_server(tmp_path / "shop", ROWS, database_url=database_url, changes=SHARED) as server:
        yield server


def seen(shop: RunningServer, count: int) -> list[tuple[str, int, int | None]]:
    """What was noted, once that many runs are over, in order."""
    over = "SELECT count(*) FROM payloom_runs WHERE trigger = 'table' AND status = 'succeeded'"
    url = shop.settings.database_url
    until(f"{count} runs are over", lambda: ask(url, over)[0][0] >= count)
    query = "SELECT trace.row, trace.n, trace.old FROM trace JOIN payloom_runs ON payloom_runs.id = trace.id"
    return [tuple(row) for row in ask(url, query + " ORDER BY payloom_runs.finished_at")]


def test_a_row_that_a_call_the_studio_or_an_event_changes_starts_its_run(shop: RunningServer) -> None:
    """One after the other, on the engine that `payloom serve` has; and the next one when it changes again."""
    assert shop.http.post("/api/touch", json={"id": "a"}).json() == {"n": 1}
    patched = shop.http.patch(
        "/api/_payloom/tables/orders/rows/a", json={"was": {"id": "a", "n": 1}, "set": {"n": 5}}, headers=shop.admin
    )
    assert patched.status_code == 200, patched.text
    paid = event("payment_intent.succeeded", "evt_1", id="pi_1", metadata={"order": "a"})
    for _ in range(2):
        assert shop.deliver(paid).status_code == 200
    created = shop.http.post("/api/_payloom/tables/orders/rows", json={"values": {"id": "d"}}, headers=shop.admin)
    assert created.status_code == 201, created.text
    deletion = shop.http.request(
        "DELETE", "/api/_payloom/tables/orders/rows/a", json={"was": {"id": "a"}}, headers=shop.admin
    )
    assert deletion.status_code == 200, deletion.text
    rows = seen(shop, 5)
    assert [row for row in rows if row[0] == "a"] == [("a", 1, 0), ("a", 5, 1), ("a", 15, 5), ("a", 15, 15)]
    assert [row for row in rows if row[0] == "d"] == [("d", 0, None)]


def test_a_change_that_is_refused_starts_nothing(shop: RunningServer) -> None:
    """The studio's edit of a row that is different by now, and an insert of one that is there."""
    stale = shop.http.patch(
        "/api/_payloom/tables/orders/rows/a", json={"was": {"id": "a", "n": 9}, "set": {"n": 5}}, headers=shop.admin
    )
    assert stale.status_code == 409
    twice = shop.http.post("/api/_payloom/tables/orders/rows", json={"values": {"id": "a"}}, headers=shop.admin)
    assert twice.status_code == 409
    assert shop.http.post("/api/touch", json={"id": "b"}).json() == {"n": 1}
    assert seen(shop, 1) == [("b", 1, 0)]


def test_a_kill_between_a_change_and_the_end_of_its_run_loses_nothing(tmp_path: Path, database_url: str) -> None:
    """Writers go on while servers die and come back: one run for each change, one after another per row."""
    count = 1 if database_url.startswith("sqlite") else 2
    known: dict[str, int] = dict.fromkeys("abc", 0)
    stop = threading.Event()

    def write(server: Server, order: str) -> None:
        while not stop.is_set():
            known[order] = max(known[order], server.touch(order) or 0)
            stop.wait(0.1)

    with servers(tmp_path, ROWS, database_url, count) as running:
        writers = [
            threading.Thread(target=write, args=(server, order)) for server, order in itertools.product(running, "abc")
        ]
        for writer in writers:
            writer.start()
        try:
            for life in range(3):
                dying = running[life % count]
                before = sum(known.values())
                dying.until("changes go on", lambda before=before: sum(known.values()) > before + 6)
                dying.kill()
                dying.start()
        finally:
            stop.set()
            for writer in writers:
                writer.join(40)
        open_runs = "SELECT count(*) FROM payloom_runs WHERE finished_at IS NULL"
        running[0].until("every run is over", lambda: running[0].ask(open_runs)[0][0] == 0, 90)
        orders = {row[0]: row[1] for row in running[0].ask("SELECT id, n FROM orders")}
        noted = running[0].ask("SELECT trace.row, trace.n, trace.id FROM trace ORDER BY trace.row, trace.n")
        times = running[0].ask(
            "SELECT r.id, r.status, r.finished_at, min(s.at) FROM payloom_runs r JOIN payloom_steps s ON s.run_id = r.id WHERE r.trigger = 'table' GROUP BY r.id, r.status, r.finished_at"
        )
    assert all(orders[name] >= last > 0 for name, last in known.items()), "what was answered is there"
    for name, last in orders.items():
        assert [row[1] for row in noted if row[0] == name] == list(range(1, last + 1))
    assert {row[1] for row in times} == {"succeeded"}
    spans = {row[0]: (row[3], row[2]) for row in times}
    for first, second in itertools.pairwise(noted):
        if first[0] == second[0]:
            assert spans[first[2]][1] <= spans[second[2]][0], f"{first[0]}: {first[1]} and {second[1]} overlap"
