"""What the routes of the audit trail answer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from payloom.audit.actions import ActorKind, Outcome


class AuditEntry(BaseModel):
    """Who did what, on what, from where and when."""

    id: str
    at: str
    action: str
    title: str = Field(description="The action in words.")
    outcome: Outcome = Field(
        description="`refused`: the person lacked the right. `failed`: the server could not do it."
    )
    actor_kind: ActorKind
    actor: str | None = Field(description="The address of the account, or who else it was.")
    account_id: str | None
    address: str | None = Field(description="The network address.")
    request_id: str | None
    target: str | None = Field(description="The ID of what it was done to.")
    before: Any = Field(description="What changed, as it was, without secrets.")
    after: Any = Field(description="What changed, as it became, without secrets.")
    details: dict[str, Any] | None


class AuditList(BaseModel):
    """A page of entries."""

    data: list[AuditEntry]
    next: str | None = Field(description="Pass this as `before` for the next page.")
    actions: dict[str, str] = Field(description="Every action that can be recorded, in words.")
