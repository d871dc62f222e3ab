"""Every name of DBOS that is not part of its public interface, in one place.

DBOS is pinned below its next minor version; a contract test compares this list with the installed package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dbos import DBOS, DBOSClient
from dbos._dbos import _get_dbos_instance  # pyright: ignore[reportPrivateUsage] - the only way to the instance
from dbos._queue import Queue, queue_worker_thread
from dbos._serialization import Serializer

__all__ = [
    "Queue",
    "Serializer",
    "delete_entries",
    "end_background_threads",
    "enqueue_due_entries",
    "migrate",
    "recover_entries",
    "run_queue",
    "use_own_settings",
]

PRIVATE_NAMES = (
    "dbos._dbos._get_dbos_instance",
    "dbos._dbos.DBOS._recover_pending_workflows",
    "dbos._queue.Queue",
    "dbos._queue.queue_worker_thread",
    "dbos._serialization.Serializer",
    "dbos._sys_db.SystemDatabase.delete_workflows",
    "dbos._sys_db.SystemDatabase.run_migrations",
    "dbos._sys_db.SystemDatabase.transition_delayed_workflows",
)
"""The functions and classes; what instances have besides is read in this file alone."""


def migrate(client: DBOSClient) -> None:
    """Create or migrate DBOS's tables with the client's own engine; DBOS itself offers it by URL only."""
    _system_database(client).run_migrations()


def recover_entries(workers: Sequence[str]) -> None:
    """Put on the queue what these workers had taken from it but not finished."""
    DBOS._recover_pending_workflows(list(workers))  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - no public way


def delete_entries(ids: Sequence[str]) -> None:
    """Delete finished entries."""
    _system_database(_instance()).delete_workflows(list(ids))


def enqueue_due_entries() -> None:
    """Put delayed entries on the queue whose time has come."""
    _system_database(_instance()).transition_delayed_workflows()


def run_queue(stop: Any, queue: Queue) -> None:
    """Take from the queue until `stop` is set. stop: a threading.Event; the loop sleeps in its `wait`."""
    queue_worker_thread(stop, _instance(), queue)


def use_own_settings(queue: Queue) -> None:
    """Keep the queue's settings in this process, so that DBOS does not read them again at every poll."""
    queue.database_backed_queue = False


def end_background_threads() -> None:
    """End the threads with which DBOS polls the database every second, as its own shutdown ends them.

    They serve queues, schedules, messages and time-outs, which Payloom does not use, and delayed entries, which the
    queue probe sees sooner.
    """
    dbos = _instance()
    for stop in dbos.background_thread_stop_events:
        stop.set()
    dbos._background_jobs_stop_event.set()  # noqa: SLF001 - no public way
    _system_database(dbos)._run_background_processes = False  # noqa: SLF001 - no public way


def _instance() -> Any:
    """Return the process's DBOS instance; it exists once DBOS(...) was called."""
    return _get_dbos_instance()


def _system_database(owner: Any) -> Any:
    return owner._sys_db  # noqa: SLF001 - no public way
