"""The outbox: mails as they were written and what became of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from payloom.api.errors import NoSuchRoute
from payloom.api.jsonable import to_plain
from payloom.api.management.models.data import MailDetail, MailList
from payloom.api.management.parts import Parts


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/mails", tags=["mails"])

    @routes.get("", response_model=MailList)
    async def list_mails(
        to: str | None = None, template: str | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> Any:
        """Mails, newest first."""
        return {"data": to_plain(await parts.mails.list(to=to, template=template, limit=limit))}

    @routes.get("/{mail_id}", response_model=MailDetail)
    async def get_mail(mail_id: str) -> Any:
        """One mail with its text, HTML and source."""
        found = await parts.mails.get(mail_id)
        if found is None:
            raise NoSuchRoute(f"there is no mail {mail_id[:100]!r}", hint="List them with `payloom mails`.")
        return to_plain(found)

    return routes
