"""Why an event started what it started, and nothing else: what the triggers say, and what the runs show."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import sqlalchemy as sa

from payloom.inbox.service import InboxEvent
from payloom.inbox.set_aside import CAN_BE_HANDLED, why
from payloom.runs.coordination.dedupe import once_key
from payloom.runs.models import runs
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.publishing.trigger_reasons import Explanation

_STARTED = "it started a run"
_DEDUPED = "another run has its `once` key, so it started none"


def explain_event(tx: sa.Connection, workflows: PublishedWorkflows, event: InboxEvent) -> Sequence[Explanation]:
    """Return what came of an event in each published workflow: first those that it started, then the nearest."""
    if event.set_aside is not None and event.set_aside not in CAN_BE_HANDLED:
        return [Explanation(name, "type", why(event.set_aside)["message"]) for name in sorted(workflows.names())]
    query = sa.select(runs.c.workflow_id, runs.c.id).where(runs.c.event_id == event.id).order_by(runs.c.created_at)
    started = {row.workflow_id: row.id for row in tx.execute(query)}
    explanations: list[Explanation] = []
    for explanation in workflows.explain(event):
        if explanation.workflow in started:
            run = started[explanation.workflow]
            explanations.append(dataclasses.replace(explanation, reason="started", message=_STARTED, run=run))
        elif explanation.start is not None and explanation.start.once is not None:
            key = once_key(explanation.workflow, explanation.start.once)
            holder = tx.execute(sa.select(runs.c.id).where(runs.c.dedupe_key == key)).scalar()
            explanations.append(
                explanation
                if holder is None
                else dataclasses.replace(explanation, reason="deduped", message=_DEDUPED, run=holder)
            )
        else:
            explanations.append(explanation)
    return sorted(explanations, key=lambda explanation: (explanation.run is None, explanation.workflow))
