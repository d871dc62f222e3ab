"""Everything that the audit trail records. An action that is not here cannot be recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Outcome = Literal["done", "refused", "failed"]
"""refused: the person lacked the right. failed: the server could not do it."""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
ActorKind = Literal["person", "token", "operator", "guest", "server"]
"""person: an account. token: the bearer of the admin token. operator: a user of the machine's shell.

guest: an unauthenticated caller. server: Payloom itself.
"""
ACTOR_KINDS: tuple[ActorKind, ...] = get_args(ActorKind)

ACTIONS: Mapping[str, str] = {
    "session.started": "Signed in",
    "session.failed": "Failed to sign in",
    "session.ended": "Signed out, or ended sessions",
    "token.refused": "Sent a wrong admin token",
    "account.created": "Made an account",
    "account.changed": "Changed an account",
    "account.role": "Changed a role",
    "account.link": "Made a one-time link for an account",
    "account.password": "Set a password",
    "account.disabled": "Disabled or enabled an account",
    "account.deleted": "Deleted an account",
    "account.factor": "Changed a second factor",
    "workflow.saved": "Saved a workflow file",
    "workflow.created": "Created a workflow file",
    "workflow.deleted": "Deleted a workflow file",
    "file.created": "Created a template",
    "file.saved": "Saved tables.yaml or a template",
    "workflow.published": "Published workflows",
    "workflow.discarded": "Discarded a draft",
    "workflow.rolled_back": "Went back to an earlier version",
    "workflow.started": "Started a workflow",
    "workflow.tested": "Tested a workflow in the sandbox",
    "run.retried": "Retried a run",
    "run.canceled": "Canceled a run",
    "run.forked": "Reran a run",
    "run.decided": "Decided on an approval",
    "runs.retried": "Retried several runs",
    "run.resolved": "Marked a failed run as resolved",
    "run.reopened": "Took the mark of a resolved run away",
    "bulk.started": "Started a bulk action",
    "bulk.stopped": "Stopped a bulk action",
    "bulk.resumed": "Resumed a bulk action",
    "event.replayed": "Replayed an event",
    "events.replayed": "Replayed several events",
    "events.fetched": "Backfilled events from Stripe",
    "mail.resent": "Sent an email again",
    "row.inserted": "Inserted a row",
    "row.updated": "Changed a row",
    "row.deleted": "Deleted a row",
    "data.exported": "Exported data",
    "settings.changed": "Started the server with other settings",
    "keys.rotated": "Rotated a key",
    "alerts.tested": "Sent a test alert",
    "local_stripe.changed": "Changed the local Stripe",
    "other": "Something else",
}
"""What is recorded, in words that a reader understands."""
