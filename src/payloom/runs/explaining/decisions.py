"""What the conditions of a run decided, and which one ended it.

Nothing of it is stored: a run is a function of what started it and of its journal, so it is replayed in memory when
somebody asks. That costs a run nothing, and explains runs of earlier versions of Payloom, too. What cannot be
replayed any more says so.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

import sqlalchemy as sa

from payloom.inbox.service import load
from payloom.kit.errors import PayloomError
from payloom.runs.advance.replay import context_of
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.registry import REFETCH
from payloom.runs.run_rows import Run, load_journal
from payloom.workflows.interpreter.decisions import Decision

log = logging.getLogger("payloom.runs")
_MOST_SHOWN = 200
_LONGEST_JOURNAL = 1000
"""Entries of a run that is replayed to be looked at."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunDecisions:
    """What a run's conditions decided, in order.

    ended_at: the step whose condition ended it as filtered. unknown: why nothing can be said.
    """

    decisions: Sequence[Decision] = ()
    ended_at: str | None = None
    unknown: str | None = None


def decisions_of(tx: sa.Connection, workflows: PublishedWorkflows, run: Run) -> RunDecisions:
    """Replay a run in memory, and return what its conditions decided: the last ones of a long run."""
    journal = load_journal(tx, run.id)
    if len(journal.entries) > _LONGEST_JOURNAL:
        return RunDecisions(unknown=f"the run has more than {_LONGEST_JOURNAL:,} steps")
    event = load(tx, run.event_id) if run.event_id else None
    if run.event_id and event is None:
        return RunDecisions(unknown="the event that started it is no longer stored")
    fetched = next((entry for entry in journal.entries if entry.path == REFETCH), None)
    if run.start().fresh and event is not None and (fetched is None or fetched.failure is not None):
        return RunDecisions()  # no condition was asked yet
    own = [entry for entry in journal.entries if entry.path != REFETCH]
    watched: list[Decision] = []
    try:
        workflows.ensure(tx, run.start())
        context = context_of(run, event, fetched.value if fetched is not None else None)
        execution = workflows.execution(run.start(), context, own, watched.append)
    except PayloomError as error:
        return RunDecisions(unknown=error.message)
    except Exception:
        log.exception("run %s cannot be replayed", run.id)
        return RunDecisions(unknown="it cannot be replayed")
    ended_at = execution.stopped_at
    if (run.outcome == "filtered") is not (ended_at is not None) and run.finished:
        return RunDecisions(unknown="with today's settings, it would end in another way")
    return RunDecisions(watched[-_MOST_SHOWN:], ended_at)
