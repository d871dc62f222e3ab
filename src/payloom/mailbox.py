"""The outbox for reading: what the management API and `payloom mails` show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from payloom.db import Database
from payloom.email.message import Mail
from payloom.email.outbox import get_mail, list_mails


class Mailbox:
    """Lists and shows mails."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database

    async def list(
        self, *, to: str | None = None, template: str | None = None, limit: int = 50
    ) -> Sequence[Mapping[str, Any]]:
        """Return mails, newest first, without bodies. to: one recipient, upper and lower case alike."""
        found = await self._database.read(lambda tx: list_mails(tx, limit=limit, to=to, template=template))
        return [_short(mail) for mail in found]

    async def get(self, mail_id: str) -> Mapping[str, Any] | None:
        """Return one mail with its text and HTML, or None."""
        mail = await self._database.read(lambda tx: get_mail(tx, mail_id))
        if mail is None:
            return None
        files = [{"name": one.name, "type": one.type, "bytes": len(one.content)} for one in mail.attachments]
        return {**_short(mail), "html": mail.html, "text": mail.text, "attachments": files}


def _short(mail: Mail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "template": mail.template,
        "from": mail.sender,
        "to": ", ".join(mail.recipients),
        "subject": mail.subject,
        "status": mail.status,
        "attempts": mail.attempts,
        "repeated": mail.repeated,
        "error": mail.error,
        "run_id": mail.run_id,
        "created_at": mail.created_at,
        "sent_at": mail.sent_at,
    }
