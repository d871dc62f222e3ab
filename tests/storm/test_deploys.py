"""Real `payloom worker` processes on one Postgres: one dies, one is asked to stop, two versions work side by side."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.storm.support.effect_ledger import STORM, Tally
from tests.support.http_server import write_project
from tests.support.processes import payloom_process
from tests.support.processes.payloom_process import PayloomProcess
from tests.support.processes.rehearsal import SEALING_KEY

from payloom.app.composition import Services
from payloom.app.lifespan import lifespan
from payloom.db.database import open_database
from payloom.engine.leases import HEARTBEAT, LEASE_TIMEOUT
from payloom.kit.clock import SystemClock
from payloom.project.loader import load_project
from payloom.sandbox.scenario.invariants import Counted, Observations, check_invariants
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
TABLES = """\
tables:
  parcels:
    columns:
      id: string primary
      packed: int = 0
      by?: string
"""
SLOW = '''\
"""Steps that take their time."""
import asyncio

from payloom import step


@step
async def pack(seconds: float) -> float:
    """Pack a parcel."""
    await asyncio.sleep(seconds)
    return seconds
'''
SHIP = """\
name: Ship
description: Packs a parcel and says which version did.
on: {{stripe: payment_intent, actions: [succeeded], fresh: false}}
steps:
  - insert: parcels
    values: {{id: "${{{{ object.id }}}}"}}
  - {slow}
  - id: parcel
    select: parcels
    where: {{id: "${{{{ object.id }}}}"}}
    one: required
  - update: parcels
    where: {{id: "${{{{ object.id }}}}"}}
    set: {{packed: "${{{{ parcel.packed + 1 }}}}", by: {name}}}
"""
WAIT = "wait: 4s"
PACK = "python: slow:pack\n    with: {seconds: 2}\n    timeout: 60s"


class Warehouse:
    """A project's folder in one version, and its database."""

    def __init__(self, root: Path, url: str, name: str, slow: str) -> None:
        self.root, self.url, self.name = root, url, name
        files = {
            "tables.yaml": TABLES,
            "actions/slow.py": SLOW,
            "workflows/ship.yaml": SHIP.format(slow=slow, name=name),
        }
        write_project(root, files)

    def ingest(self, *names: str) -> None:
        """Take events in as this version's server, which leaves the work to the workers."""
        settings = load_settings(self.root, database_url=self.url, environ={"PAYLOOM_SEALING_KEY": SEALING_KEY})

        async def deliver() -> None:
            services = Services(load_project(self.root, settings), settings, SystemClock())
            async with lifespan(services, work=False):
                for name in names:
                    intent = {"object": "payment_intent", "id": name}
                    payload = {"id": f"evt_{name}", "object": "event", "type": "payment_intent.succeeded"}
                    payload |= {"created": int(time.time()), "livemode": False, "data": {"object": intent}}
                    await services.runs.ingest(services.inbox.parse(payload))
            await services.engine.stop(0)  # it has put entries on the queue, and keeps connections for that

        asyncio.run(deliver())

    @contextlib.contextmanager
    def worker(self) -> Iterator[PayloomProcess]:
        """A worker of this version; killed at the end if it still lives."""
        with (self.root / "worker.log").open("wb") as log:
            process = payloom_process.start(
                *("worker", "-C", self.root),
                environment={**os.environ, "PAYLOOM_DATABASE_URL": self.url, "PAYLOOM_SEALING_KEY": SEALING_KEY},
                stdout=log,
                stderr=log,
            )
        try:
            self.until("the worker works", lambda: "Worker started" in self.log(), process=process)
            yield process
        finally:
            process.kill()
            process.wait(10)

    def log(self) -> str:
        """What the worker said."""
        return (self.root / "worker.log").read_text()

    def ask(self, query: str) -> list[Any]:
        """Rows of a query."""
        database = open_database(self.url)
        try:
            with database.engine.connect() as conn:
                return list(conn.execute(sa.text(query)).all())
        finally:
            database.engine.dispose()

    def until(
        self, condition: str, look: Callable[[], Any], seconds: float = 40, process: PayloomProcess | None = None
    ) -> float:
        """Wait until something is so; returns how long that took."""
        began = time.monotonic()
        while not look():
            assert process is None or process.poll() is None, self.log()
            assert time.monotonic() - began < seconds, f"{condition}: not within {seconds} s\n{self.log()}"
            threading.Event().wait(0.1)
        return time.monotonic() - began

    def over(self, many: int) -> bool:
        """Whether so many runs have succeeded."""
        return self.ask("SELECT count(*) FROM payloom_runs WHERE status = 'succeeded'")[0][0] >= many

    def broken(self, *names: str) -> list[str]:
        """Every invariant that does not hold."""
        packed = {row[0]: row[1] for row in self.ask("SELECT id, packed FROM parcels")}
        seen = Observations(
            acknowledged={f"evt_{name}" for name in names},
            sent={f"evt_{name}" for name in names},
            starts={"payment_intent.succeeded": 1},
            counted=[Counted(f"times {name} was packed", packed.get(name), 1) for name in names],
            all_succeed=True,
        )
        database = open_database(self.url)
        with database.engine.connect() as tx:
            wrong = [str(violation) for violation in check_invariants(tx, seen)]
        database.engine.dispose()
        return wrong


NAMES = [f"p{number}" for number in range(5)]


def test_a_dead_worker_is_noticed_in_time_for_thirty_seconds() -> None:
    """The product's own figures: not heard of for so long, looked at so often."""
    assert LEASE_TIMEOUT + 3 * HEARTBEAT < 30


@pytest.mark.skipif(not STORM, reason="waits half a minute; make storm")
def test_a3_runs_of_a_worker_that_was_killed_end_on_another_within_thirty_seconds(
    tmp_path: Path, postgres_url: str, tally: Tally
) -> None:
    """With the figures that everybody gets."""
    shop = Warehouse(tmp_path / "one", postgres_url, "v1", PACK)
    other = Warehouse(tmp_path / "two", postgres_url, "v1", PACK)
    with shop.worker() as dying:
        shop.ingest(*NAMES)
        running = "SELECT count(*) FROM payloom_steps WHERE verb = 'python' AND status = 'started'"
        shop.until("it works on them", lambda: shop.ask(running)[0][0] == len(NAMES))
        dying.kill()
        dying.wait()
        began = time.monotonic()
        with other.worker():
            other.until("they end", lambda: other.over(len(NAMES)), 40)
        duration = time.monotonic() - began
    assert duration < 30 + 2, f"it took {duration:.0f} s, two of which are the work itself"
    tally.judge("A3", "postgresql", other.broken(*NAMES), runs=5, kills=1, detail="a worker process was killed")


def test_a3_a_worker_that_is_told_to_stop_finishes_its_steps_and_leaves_nothing(
    tmp_path: Path, postgres_url: str, tally: Tally
) -> None:
    """SIGTERM: what runs is finished, what waits is the next one's, no step is done twice."""
    shop = Warehouse(tmp_path / "one", postgres_url, "v1", PACK)
    with shop.worker() as stopping:
        shop.ingest(*NAMES)
        running = "SELECT count(*) FROM payloom_steps WHERE verb = 'python' AND status = 'started'"
        shop.until("it works on them", lambda: shop.ask(running)[0][0] == len(NAMES))
        began = time.monotonic()
        stopping.send_signal(signal.SIGTERM)
        assert stopping.wait(15) == 0, shop.log()
        assert time.monotonic() - began < 12
        assert shop.ask("SELECT id FROM payloom_runs WHERE owner IS NOT NULL") == []
        assert shop.ask("SELECT id FROM payloom_workers") == []
    if not shop.over(len(NAMES)):
        with shop.worker():
            shop.until("the rest ends", lambda: shop.over(len(NAMES)))
    assert {row[0] for row in shop.ask("SELECT attempts FROM payloom_steps WHERE verb = 'python'")} == {1}
    tally.judge("A3", "postgresql", shop.broken(*NAMES), runs=5, detail="a worker process was told to stop")


def test_a3_during_a_rolling_deploy_every_run_ends_on_the_version_it_began_with(
    tmp_path: Path, postgres_url: str, tally: Tally
) -> None:
    """An old and a new version work side by side, then the old one goes; each takes what the other began."""
    old = Warehouse(tmp_path / "old", postgres_url, "v1", WAIT)
    new = Warehouse(tmp_path / "new", postgres_url, "v2", WAIT)
    before, after = [f"before{n}" for n in range(4)], [f"after{n}" for n in range(4)]
    with old.worker() as leaving:
        old.ingest(*before)
        with new.worker():
            new.ingest(*after)
            leaving.send_signal(signal.SIGTERM)
            assert leaving.wait(15) == 0, old.log()
            new.until("all end", lambda: new.over(8))
    by = {row[0]: row[1] for row in new.ask("SELECT id, by FROM parcels")}
    assert by == dict.fromkeys(before, "v1") | dict.fromkeys(after, "v2")
    tally.judge("A3", "postgresql", new.broken(*before, *after), runs=8, detail="two versions side by side")
