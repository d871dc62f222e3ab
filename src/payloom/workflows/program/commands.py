"""What the pure interpreter and its driver exchange: commands out, history entries in.

An `Execution` is given a workflow, a scope and the history recorded so far; it answers with the commands that must be
done next. The driver does them and records one `Entry` per command. The same document and the same history
always give the same commands: that is what makes a run survive a crash.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from typing_extensions import override

from payloom.workflows.catalog.catalog import STRIPE_TABLES

TABLE_VERBS = frozenset({"select", "insert", "update", "upsert", "delete"})
"""Verbs done inside a database transaction together with their history entry."""


@dataclasses.dataclass(frozen=True, slots=True)
class Retry:
    """How a step is tried again. Seconds. `attempts` counts the first try."""

    attempts: int = 5
    first: float = 1.0
    factor: float = 2.0
    most: float = 60.0


@dataclasses.dataclass(frozen=True, slots=True)
class Do:
    """Do one step: a table verb, `stripe`, `email`, `http`, `python`.

    path: the step's place and identity in the journal, e.g. `3.cases.succeeded.0`; loop rounds as `4.do[2].0`;
        called workflows that run inline as `1.call.0`.
    action: what the verb names: the table, the Stripe operation, the template, the URL, the function.
    args: evaluated arguments. Table verbs: their keys as in the file (`where, set, values, one, rows, key_by, …`).
        stripe: `{"with": {...}, "account": …}`. email: `{"to", "data", "from"?, "attachments"?}`.
        http: `{"method", "url", "headers", "body", "secrets"}`. python: `{"with": {...}}`.
    key: the idempotency key, fixed before the call: `<root run id>:<path>` unless the file says otherwise.
    """

    path: str
    verb: str
    action: str
    args: Mapping[str, Any]
    key: str
    step_id: str | None = None
    name: str | None = None
    retry: Retry | None = None
    timeout: float | None = None
    line: int = 0

    @property
    def in_database(self) -> bool:
        """Whether it is done inside a database transaction: a table verb on a table that is ours."""
        return self.verb in TABLE_VERBS and not self.action.startswith(STRIPE_TABLES)


@dataclasses.dataclass(frozen=True, slots=True)
class Sleep:
    """Wait until a timestamp; a waiting run holds no worker."""

    path: str
    until: dt.datetime
    step_id: str | None = None
    line: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Wait:
    """Wait for an inbox event of a family that matches, or until the time-out; recorded as the event, or null."""

    path: str
    family: str
    match: str | None
    scope: Mapping[str, Any]
    until: dt.datetime | None = None
    step_id: str | None = None
    line: int = 0
    account: Any = None
    """The accounts whose events count, as `account_counts` takes them: None is the key's own."""


@dataclasses.dataclass(frozen=True, slots=True)
class Approve:
    """Wait until a user with one of the roles approves or rejects; recorded as `{approved, by, at, note}`."""

    path: str
    roles: Sequence[str]
    title: str
    data: Mapping[str, Any]
    until: dt.datetime | None = None
    step_id: str | None = None
    line: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class CallOnce:
    """Have a workflow with `once` run for these inputs, or take what its run with the same key gives.

    The answer is recorded as the run's output.

    inputs: checked, defaults filled in. once: the key. user: the caller's, as the language sees it.
    depth: how deep in calls the called workflow is.
    """

    path: str
    workflow: str
    inputs: Mapping[str, Any]
    once: str
    user: Mapping[str, Any] | None = None
    depth: int = 1
    step_id: str | None = None
    line: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Log:
    """Write a line to the run's log; recorded so that a replay does not write it twice."""

    path: str
    level: Literal["debug", "info", "warning", "error"]
    text: str
    line: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Respond:
    """Answer the waiting caller now and go on."""

    path: str
    body: Any
    status: int = 200
    line: int = 0


Command = Do | Sleep | Wait | Approve | CallOnce | Log | Respond


FailureOrigin = Literal["author", "inputs"]


@dataclasses.dataclass(frozen=True, slots=True)
class StepFailure:
    """Why a step failed, as `error` in `catch` sees it and as the run page shows it.

    kind: a stable word, e.g. `row_not_found`, `card_declined`, `timeout`, `expression`.
    status: the HTTP status of the response to a waiting caller if no step catches it.
    data: facts for `catch` (Stripe's type, code, decline_code, param, request_id; …). Never secrets.
    retryable: whether trying again may help.
    """

    kind: str
    message: str
    status: int = 500
    hint: str | None = None
    where: str | None = None
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    retryable: bool = False
    origin: ClassVar[FailureOrigin | None] = None
    """Whose words or fault it is; None: Payloom's, or another system's. No part of the value: histories have none."""

    @property
    def rate_limited(self) -> bool:
        """Whether nothing happened because the other system had too many requests: it will be served later."""
        return self.kind == "rate_limit" or self.data.get("rate_limited") is True

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StepFailure):
            return NotImplemented
        return all(getattr(self, field.name) == getattr(other, field.name) for field in dataclasses.fields(StepFailure))

    @override
    def __hash__(self) -> int:
        return hash((self.kind, self.message, self.status))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class AuthorsFailure(StepFailure):
    """A failure whose message the workflow's author wrote for the caller."""

    origin: ClassVar[FailureOrigin | None] = "author"


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class InputsFailure(StepFailure):
    """A failure of an expression over what the caller sent."""

    origin: ClassVar[FailureOrigin | None] = "inputs"


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One line of a run's history: the result of the command at `path`."""

    path: str
    value: Any = None
    failure: StepFailure | None = None
    at: dt.datetime | None = None
    """When it was recorded. `now()` in the steps after it returns this moment, so a replay reads the same time."""


@dataclasses.dataclass(frozen=True, slots=True)
class Finished:
    """The run is over.

    status: succeeded (with `output`), filtered (a filter said no), failed (with `failure`).
    http_status: what a waiting caller gets. path: the step that failed.
    """

    status: Literal["succeeded", "filtered", "failed"]
    output: Any = None
    failure: StepFailure | None = None
    http_status: int = 200
    path: str | None = None
