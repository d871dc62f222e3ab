"""How many mails one email address gets: beyond it the answer is the same, and nothing is sent."""

from __future__ import annotations

import dataclasses

from payloom.api.limits.rate_limit import Counters

PER_ADDRESS = (3, 3600.0)
"""Mails of one purpose to one email address, per seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class MailLimit:
    """The limit of one purpose. counters: for every process."""

    counters: Counters
    purpose: str

    async def allows(self, key: str) -> bool:
        """Count a mail to an address, given by its `email_key`; return whether it may be sent."""
        return not await self.counters.take(f"account-mail-to\n{self.purpose}\n{key}", *PER_ADDRESS)
