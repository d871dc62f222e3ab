"""The outbox: emails and their delivery status."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request

from payloom.api.http.serialization import to_plain
from payloom.api.management.access.audit import audited
from payloom.api.management.access.limits import StaffLimits
from payloom.api.management.access.repeats import begins_anew
from payloom.api.management.access.roles import support
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.data import MailDetail, MailList, MailSummary
from payloom.email.errors import MailNotFound
from payloom.email.message import Status
from payloom.email.outbox import summary
from payloom.kit.secrets.redaction import redact

router = APIRouter(prefix="/mails", tags=["mails"])


@router.get("", response_model=MailList)
async def list_mails(  # noqa: PLR0917 - FastAPI fills them in by name
    deps: Dependencies,
    to: str | None = None,
    template: str | None = None,
    status: Status | None = None,
    run: str | None = None,
    before: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    """List emails, newest first, without their bodies."""
    mails = await deps.outbox.list(to=to, template=template, status=status, run_id=run, before=before, limit=limit)
    return {"data": to_plain(mails), "next": mails[-1]["id"] if len(mails) == limit else None}


@router.get("/{mail_id}", response_model=MailDetail)
async def get_mail(deps: Dependencies, mail_id: str) -> Any:
    """Return one email with its text, HTML, headers, and source. Its links work: show it only to permitted users."""
    mail = await deps.outbox.get(mail_id)
    if mail is None:
        raise MailNotFound(f"there is no mail {mail_id[:100]!r}", hint="List them with `payloom mails`.")
    return redact(to_plain(mail))


@router.post(
    "/{mail_id}/resend", response_model=MailSummary, openapi_extra=support() | audited("mail.resent") | begins_anew()
)
async def resend_mail(deps: Dependencies, mail_id: str, request: Request) -> Any:
    """Resend an email: an undelivered one unchanged, any other as a copy. An address gets few of them in an hour."""
    limits: StaffLimits = request.app.state.limits
    await limits.check_mail(await deps.outbox.get(mail_id))
    return to_plain(summary(await deps.outbox.resend(mail_id)))
