"""What the management API works with."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from payloom.db import Database
from payloom.inbox.service import Inbox
from payloom.runs.service import RunService
from payloom.settings import Settings
from payloom.tables.sql import Tables
from payloom.workflows.diagnostics import Diagnostic
from payloom.workflows.document import Workflow


class Mails(Protocol):
    """The outbox, for reading."""

    async def list(
        self, *, to: str | None = None, template: str | None = None, limit: int = 50
    ) -> Sequence[Mapping[str, Any]]:
        """Return mails, newest first, without their bodies."""
        ...

    async def get(self, mail_id: str) -> Mapping[str, Any] | None:
        """Return one mail with its text and HTML, or None."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Parts:
    """The collaborators. catch_up: asks Stripe for missed events, returns `{seen, stored}`."""

    settings: Settings
    database: Database
    runs: RunService
    inbox: Inbox
    tables: Tables
    mails: Mails
    workflows: Mapping[str, Workflow]
    diagnostics: Sequence[Diagnostic]
    catch_up: Callable[[], Awaitable[Mapping[str, Any]]]
    find_user: Callable[[str], Awaitable[Mapping[str, Any] | None]]
