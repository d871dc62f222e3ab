"""The engine on DBOS Transact: its queue, delays and recovery, on the same database as everything else.

The only file that imports dbos. One DBOS workflow, `payloom_advance(run_id)`, stands for one segment of a run. DBOS's
own
journal stays empty: what a run did is in `payloom_steps`, written together with the effects.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import datetime as dt
import fcntl
import json
import logging
import os
import secrets
import threading
from pathlib import Path
from typing import IO, Any, cast

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig
from sqlalchemy import event

from payloom.db.closing import close_engine
from payloom.db.database import Database
from payloom.db.errors import DatabaseError
from payloom.db.sqlite import SqliteDatabase
from payloom.db.sqlite_clock import add_clock
from payloom.db.transactions import after_commit
from payloom.engine import _dbos_private as private
from payloom.engine.errors import AnotherWorkerRuns, EngineError
from payloom.engine.leases import HEARTBEAT, LEASE_TIMEOUT, Leases
from payloom.engine.port import Advance, Takeover
from payloom.engine.queue_probe import QueueProbe, WakeEvent
from payloom.engine.segment_runner import SegmentRunner
from payloom.kit.clock import Clock
from payloom.settings.private_files import private_file

log = logging.getLogger("payloom.engine")

JOURNAL_FORMAT = "payloom-1"
"""DBOS's application version. Ours names the format of the journal, not the code: a deploy must not strand runs."""
APPLICATION = "payloom"
QUEUE = "payloom"
WORKFLOW = "payloom_advance"
_KEEP = dt.timedelta(minutes=10)
_PURGE = 300.0
_PURGE_BATCH = 500
_FINISHED = """
SELECT workflow_uuid FROM {table}
WHERE status IN ('SUCCESS', 'ERROR', 'CANCELLED') AND name = :name AND completed_at < :before LIMIT :many"""

os.environ.setdefault("DBOS_DISABLE_OTLP", "1")


class JsonSerializer(private.Serializer):
    """Serialize DBOS's rows as JSON instead of pickle: people can read them, and loading them cannot run code."""

    def serialize(self, data: Any) -> str:
        """Write; exceptions (DBOS stores a failed segment's) become their text."""
        return json.dumps(data, default=repr)

    def deserialize(self, serialized_data: str) -> Any:
        """Read."""
        data: Any = json.loads(serialized_data)
        if isinstance(data, dict) and data.keys() == {"args", "kwargs"}:
            stored = cast("dict[str, Any]", data)
            return {**stored, "args": tuple(stored["args"])}
        return cast("Any", data)

    def name(self) -> str:
        """Name the format in DBOS's rows."""
        return "payloom_json"


class DbosEngine:
    """An Engine whose queue survives the process. One per process: DBOS is a singleton."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        concurrency: int = 64,
        poll: float = 0.25,
        beat: float = HEARTBEAT,
        dead: float = LEASE_TIMEOUT,
    ) -> None:
        """Prepare the engine; nothing runs before `start`.

        concurrency: segments at once in this process.
        poll: seconds between looks at the queue when nothing wakes it (other processes' entries).
        beat, dead: see Leases.
        """
        self._database = database
        self._clock = clock
        self._concurrency = concurrency
        self._worker_id = f"worker_{secrets.token_hex(6)}"
        self._leases = Leases(database, clock, self._worker_id, beat=beat, dead=dead)
        self._engine = open_system_engine(database)
        self._client: DBOSClient | None = None
        self._segments: SegmentRunner | None = None
        self._takeover: Takeover | None = None
        self._purger: asyncio.Task[None] | None = None
        self._lock: IO[str] | None = None
        due = private.enqueue_due_entries
        self._probe = QueueProbe(self._engine, due, queue=QUEUE, version=JOURNAL_FORMAT, poll=poll)
        self._wake_event = WakeEvent(self._probe)
        self._queue_thread: threading.Thread | None = None
        self._stack = contextlib.AsyncExitStack()
        """Undoes what `start` has done."""
        self._grace = 0.0

    @property
    def worker_id(self) -> str:
        """Names this process."""
        return self._worker_id

    @property
    def is_leader(self) -> bool:
        """Whether no worker that lives has begun to work before this one: who does what one is enough for."""
        return self._lock is not None or self._leases.is_leader

    async def prepare(self) -> None:
        """Make DBOS's tables, so that `enqueue` works."""
        if self._client is None:
            await asyncio.to_thread(self._prepare)

    def _prepare(self) -> None:
        logging.getLogger("dbos").setLevel(logging.ERROR)
        client = DBOSClient(
            system_database_engine=self._engine, serializer=JsonSerializer(), lazy=True, application_name=APPLICATION
        )
        private.migrate(client)
        self._client = client

    async def start(self, advance: Advance, takeover: Takeover) -> None:
        """Begin to work. Raises `AnotherWorkerRuns` when another process works on this SQLite file."""
        self._take_file_lock()
        await self.prepare()
        self._segments = segments = SegmentRunner(advance)
        self._takeover = takeover
        others = await self._leases.register()
        self._stack.push_async_callback(self._forget_worker)
        self._stack.push_async_callback(self._destroy)
        # Launched on this loop's thread: DBOS then runs segments as tasks of this loop. It blocks for a few
        # milliseconds.
        _launch(self._config(), segments, self._wake_event)
        queue = await DBOS.register_queue_async(QUEUE, worker_concurrency=self._concurrency)
        private.use_own_settings(queue)
        self._queue_thread = threading.Thread(target=self._run_queue, args=(queue,), name="payloom-queue", daemon=True)
        self._queue_thread.start()
        self._stack.push_async_callback(self._leases.stop)
        self._stack.push_async_callback(self._drain)
        if self._lock is not None:
            # One process per file: every other worker in the table is gone.
            for worker in others:
                await self._take_over(worker)
                await self._leases.forget(worker)
        else:
            self._leases.watch(self._take_over)
        self._purger = asyncio.create_task(self._purge(), name="payloom-engine-purge")
        self._stack.push_async_callback(_cancel, self._purger)

    def _run_queue(self, queue: private.Queue) -> None:
        try:
            private.run_queue(self._wake_event, queue)
        finally:
            self._probe.close()

    def _config(self) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "system_database_engine": self._engine,
            "serializer": JsonSerializer(),
            "application_version": JOURNAL_FORMAT,
            "executor_id": self._worker_id,
            "log_level": "ERROR",
            "enable_otlp": False,
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": 0.5,
            "scheduler_polling_interval_sec": 3600.0,
            "run_migrations": False,
            "max_executor_threads": 32,
        }

    def _take_file_lock(self) -> None:
        if not isinstance(self._database, SqliteDatabase):
            return
        path = Path(f"{self._database.path}.worker")
        private_file(path)
        lock = path.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise AnotherWorkerRuns(
                where=str(self._database.path),
                hint="Stop it first. SQLite takes one worker; several need Postgres (database: postgresql://…).",
            ) from None
        self._lock = lock

    async def _take_over(self, worker: str) -> None:
        assert self._takeover is not None
        await self._takeover(worker)
        # What it had taken from the queue but not begun.
        await asyncio.to_thread(private.recover_entries, [worker])

    async def _purge(self) -> None:
        """Delete entries that are done: DBOS never deletes them."""
        while True:
            await asyncio.sleep(_PURGE)
            try:
                while await self._purge_some() == _PURGE_BATCH:  # noqa: ASYNC110 - pauses between batches
                    await asyncio.sleep(0.05)
            except Exception:
                log.exception("old queue entries could not be deleted")

    async def _purge_some(self) -> int:
        status = "workflow_status" if self._database.dialect == "sqlite" else "dbos.workflow_status"
        query = sa.text(_FINISHED.format(table=status))
        before = int((self._clock.now() - _KEEP).timestamp() * 1000)
        values = {"name": WORKFLOW, "before": before, "many": _PURGE_BATCH}
        done = await self._database.read(lambda tx: list(tx.execute(query, values).scalars()))
        if done:
            await asyncio.to_thread(private.delete_entries, done)
        return len(done)

    async def stop(self, grace: float = 10.0) -> None:
        """Drain and leave: undo what `start` has done, in the opposite order, then close the connections."""
        started, self._stack = self._stack, contextlib.AsyncExitStack()
        self._grace = grace
        with contextlib.ExitStack() as connections:
            connections.callback(self._release_file_lock)
            connections.callback(close_engine, self._engine)
            connections.callback(self._close_client)
            await started.aclose()
            self._segments = None

    def _close_client(self) -> None:
        if self._client is not None:
            self._client.destroy()
            self._client = None

    async def _drain(self) -> None:
        """Finish what runs, and give the rest back."""
        assert self._segments is not None
        assert self._takeover is not None
        self._wake_event.set()
        await self._segments.drain(self._grace)
        await self._takeover(self._worker_id)
        await asyncio.to_thread(private.recover_entries, [self._worker_id])

    async def _destroy(self) -> None:
        await asyncio.to_thread(self._join_queue_thread)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        # DBOS had made its threads the loop's own and has just shut them down.
        asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor())

    async def _forget_worker(self) -> None:
        try:
            await self._leases.forget(self._worker_id)
        except DatabaseError as error:
            # Nothing of ours is left, and a row that no longer beats is removed by the others.
            log.warning("this worker's row stays until another worker removes it: %s", error)

    def _release_file_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _join_queue_thread(self) -> None:
        if self._queue_thread is not None:
            self._queue_thread.join(5.0)

    def enqueue(self, tx: sa.Connection, run_id: str, segment: int, *, at: dt.datetime | None = None) -> None:
        """Put a segment on the queue with `tx`."""
        if self._client is None:
            raise EngineError("The engine has not been prepared.", hint="Call prepare() before the first enqueue.")
        delay = (at - self._clock.now()).total_seconds() if at is not None else 0.0
        options: dict[str, Any] = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": f"{run_id}:{segment}",
            "app_version": JOURNAL_FORMAT,
        }
        if delay > 0:
            options["delay_seconds"] = delay
        self._client.enqueue_in_transaction(tx, options, run_id)  # type: ignore[arg-type]
        after_commit(tx, self.wake)

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake_event.wake()


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def open_system_engine(database: Database) -> sa.Engine:
    """Return the engine that DBOS works with: same database, own connections."""
    if not isinstance(database, SqliteDatabase):
        connect_args = getattr(database, "connect_args", {})  # of Postgres, whose driver is not loaded for SQLite
        return sa.create_engine(
            database.engine.url, pool_size=5, max_overflow=5, pool_pre_ping=True, connect_args=connect_args
        )
    engine = sa.create_engine(database.engine.url, pool_size=5, max_overflow=10)

    @event.listens_for(engine, "connect")
    def _connected(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = "IMMEDIATE"
        add_clock(dbapi)
        # NORMAL: after a power cut DBOS may forget that it took or finished an entry, and the run is advanced once
        # more, which
        # is harmless. What was put on the queue was committed by our own connection, with FULL.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
            dbapi.execute(f"PRAGMA {pragma}").fetchall()

    database.lock.attach(engine)
    return engine


def _launch(config: DBOSConfig, segments: SegmentRunner, wake_event: WakeEvent) -> None:
    DBOS(config=config)

    async def payloom_advance(run_id: str) -> None:
        await segments.run(run_id)
        wake_event.wake()

    DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(payloom_advance)
    DBOS.listen_queues([])  # our own thread takes from our queue; see Bell
    DBOS.launch()
    private.end_background_threads()
