"""Bulk actions as the API shows them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from payloom.api.management.models.answers import Body, Moment, Problem, Shape
from payloom.runs.bulk.jobs import MOST_ITEMS, BulkKind
from payloom.runs.statuses import RunStatus


class BulkStart(Body):
    """An action on many things.

    only_failed: of `replay`, start only the workflows whose run of the event failed. from_start: of `rerun`, begin at
    the first step instead of the failed one. note: of `resolve`.
    """

    kind: BulkKind
    ids: list[str] = Field(min_length=1, max_length=MOST_ITEMS)
    only_failed: bool = False
    from_start: bool = False
    note: str | None = Field(None, max_length=500)


class BulkGroup(Shape):
    """What starts of one workflow, or of one template of emails."""

    name: str
    runs: int
    current: str | None = Field(description="The published version.")
    outdated: int = Field(description="Runs that are on another version.")
    succeeded_before: int = Field(description="Of replays: runs that had succeeded already and happen again.")
    money: list[str] = Field(description="Stripe actions that move money and are still to be done.")


class BulkSkipped(Shape):
    """An item that is left out, and why."""

    id: str
    reason: str


class BulkAmount(Shape):
    """An amount in minor units."""

    currency: str
    amount: int


class BulkRecipient(Shape):
    """An address, and how many emails it gets."""

    address: str
    emails: int


class BulkPlan(Shape):
    """What a bulk action would do. Nothing is done yet."""

    items: list[str] = Field(description="The IDs that are acted on.")
    skipped: list[BulkSkipped]
    groups: list[BulkGroup]
    money_runs: int = Field(description="Runs that can move money.")
    unknown_amounts: int = Field(description="Runs among them whose amount is not known before.")
    amounts: list[BulkAmount] = Field(description="What the other ones are about.")
    recipients: list[BulkRecipient] = Field(description="Of emails: who gets them, those with the most first.")


class BulkResult(Shape):
    """A run that was started, as it is now. Of emails the status is null."""

    id: str
    workflow: str | None
    status: RunStatus | None
    message: str | None = Field(description="Why it failed.")


class BulkItemView(Shape):
    """One item and what came of it."""

    id: str
    state: Literal["pending", "done", "failed"]
    error: Problem | None = Field(description="Why it was not done.")
    results: list[BulkResult]


class BulkSummary(Shape):
    """A bulk action and how far it is."""

    id: str
    kind: BulkKind
    by: str
    status: Literal["running", "stalled", "done", "stopped"] = Field(
        description="stalled: its server was stopped; `resume` sets it going again."
    )
    total: int
    done: int
    failed: int
    pending: int
    created_at: Moment
    updated_at: Moment


class BulkView(BulkSummary):
    """A bulk action with the result of each item."""

    items: list[BulkItemView]


class BulkList(Shape):
    """The newest bulk actions."""

    data: list[BulkSummary]
