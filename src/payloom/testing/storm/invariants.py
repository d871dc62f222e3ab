"""What must hold after every story, whatever went wrong in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from payloom.connectors.stripe.perform import resolve, shortened
from payloom.inbox.models import events
from payloom.runs.models import runs, steps, waits
from payloom.testing.outcome import Outcome
from payloom.testing.replays import replay_problems
from payloom.testing.story import Story

_OVER = ("succeeded", "failed", "canceled")


def broken(story: Story, found: Outcome) -> list[str]:
    """Return every invariant that does not hold, in words."""
    return [*story.stage.scratch.look(lambda tx: list(_rows(tx, story))), *_effects(found), *replay_problems(story)]


def _rows(tx: sa.Connection, story: Story) -> Iterator[str]:
    stored = set(tx.execute(sa.select(events.c.id)).scalars())
    for event in dict.fromkeys(story.acknowledged):
        if event not in stored:
            yield f"event {event} was acknowledged and is not stored"
    listening = set(tx.execute(sa.select(waits.c.run_id)).scalars())
    for run in tx.execute(sa.select(runs)).all():
        if run.status in _OVER or (run.status == "waiting" and run.id in listening):
            if run.owner is not None:
                yield f"the run of {run.workflow_id} is {run.status} and still owned by {run.owner}"
            continue
        yield f"the run of {run.workflow_id} for {run.event_id or 'a caller'} is {run.status} for ever"
    yield from _not_done(tx, story)
    keyed = tx.execute(sa.select(steps.c.key, steps.c.path, steps.c.status, runs.c.status, runs.c.workflow_id).join(
        runs, runs.c.id == steps.c.run_id
    ).where(steps.c.key.is_not(None))).all()  # fmt: skip
    known = {row[0] for row in keyed}
    for key in {_plain(one.key) for one in story.stripe.writes if one.key} - {shortened(one) for one in known}:
        yield f"Stripe did something under the key {key}, and no journal knows it"
    for row in keyed:
        if row[2] == "started" and row[3] == "succeeded":
            yield f"step {row[1]} of {row[4]} is still open, and its run has succeeded"


def _not_done(tx: sa.Connection, story: Story) -> Iterator[str]:
    """What the journal says happened must have happened."""
    mailed = {mail.key for mail in story.sent}
    written = {_plain(one.key) for one in story.stripe.writes if one.key}
    query = sa.select(steps.c.verb, steps.c.action, steps.c.key).where(steps.c.status == "succeeded")
    for step in tx.execute(query.where(steps.c.verb.in_(("email", "stripe")))):
        if step.verb == "email" and step.key not in mailed:
            yield f"the journal has the mail {step.action}, and it never left"
        if step.verb == "stripe" and resolve(step.action)[0].method != "get" and shortened(step.key) not in written:
            yield f"the journal has {step.action} under the key {step.key}, and Stripe never did it"


def exhausted_steps(tx: sa.Connection) -> list[str]:
    """Return the steps that failed for good after several tries, each of which might have worked."""
    query = sa.select(steps.c.path, steps.c.attempts, steps.c.failure).where(
        steps.c.status == "failed", steps.c.attempts > 1
    )
    return [
        f"step {row.path} had no tries left after {row.attempts}"
        for row in tx.execute(query)
        if (row.failure or {}).get("retryable")
    ]


def _effects(found: Outcome) -> Iterator[str]:
    keys = Counter(one["key"] for one in found.stripe if one["key"])
    for key, count in keys.items():
        if count > 1:
            yield f"Stripe did {count} times what goes by the key {key}"
    for one in found.stripe:
        if not one["key"]:
            yield f"{one['call']} went out without a key"
    for one in found.twice:
        if not one.endswith("(marked)"):
            yield f"a mail left twice and nothing says so: {one}"


def _plain(key: str) -> str:
    head, _, number = key.rpartition("~")
    return head if head and number.isdigit() else key
