"""The outbox: a row before the mail, one Message-ID per key, and at most one repeat if its delivery is unknown.

queued ──▶ sending ──▶ sent
   ▲          ├──────▶ failed      the server refused; a deliberate retry may send again
   └──────────┤                    the server was busy
              └──────▶ unknown ──▶ sending, once, marked as a repeat
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Mapping, Sequence
from email import policy
from email.parser import BytesHeaderParser
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from payloom.db import compiled_statements
from payloom.db.database import Database
from payloom.db.types import dump_json
from payloom.email.errors import BadMail, DeliveryUnknown, EmailError, MailDelayed, MailNotFound, MailRefused
from payloom.email.message import Attachment, Mail, Status, message_id
from payloom.email.models import SEVERAL, TO, UNSENT, mails
from payloom.email.transport import OutboxTransport, Transport
from payloom.kit.clock import Clock
from payloom.kit.ids import new_id

ALLOWED: Mapping[Status, frozenset[Status]] = {
    "queued": frozenset({"sending"}),
    "sending": frozenset({"sending", "sent", "failed", "queued", "unknown"}),
    "sent": frozenset(),
    "failed": frozenset({"sending"}),
    "unknown": frozenset({"sending"}),
}
_AFTER: Mapping[type[EmailError], Status] = {MailRefused: "failed", MailDelayed: "queued", DeliveryUnknown: "unknown"}
ACCOUNT_MAILS = "account-"
"""How the templates of mails about accounts begin."""
ALERT_MAIL = "payloom-alert"
"""The template of mails about alerts."""
KEEP_ACCOUNT_MAILS = dt.timedelta(days=30)
_STALE = dt.timedelta(minutes=10)
"""Seconds after which a worker that began to send a mail is taken for dead."""
_LOST = "the process died while it sent the mail, twice"
_SHOWN = (
    "id",
    "template",
    "subject",
    "sender",
    "reply_to",
    "status",
    "attempts",
    "repeated",
    "error",
    "run_id",
    "message_id",
    "created_at",
    "sent_at",
)
Summary = Mapping[str, Any]
Decision = Literal["send", "sent", "busy", "unknown"]
Record = Callable[[sa.Connection], Mail]
"""Notes within a transaction that a mail is sent, and returns it as stored."""
_BY_KEY = sa.select(mails).where(mails.c.key == sa.bindparam("mail_key")).with_for_update()
_MOVED = ("status", "attempts", "repeated", "error", "sent_at")


@functools.cache
def _insert(dialect: str) -> sa.Insert:
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(mails).on_conflict_do_nothing(
        index_elements=["key"]
    )


_MOVE = (
    sa.update(mails)
    .where(mails.c.id == sa.bindparam("mail_id"))
    .values({name: sa.bindparam(f"new_{name}", type_=mails.c[name].type) for name in (*_MOVED, "changed_at")})
)


class Outbox:
    """Sends mails through a transport and keeps every one of them."""

    def __init__(self, database: Database, transport: Transport, clock: Clock) -> None:
        """Nothing happens before the first mail."""
        self._database = database
        self._transport = transport
        self._clock = clock

    @property
    def is_local(self) -> bool:
        """Whether nothing leaves: the row is the mail, so that there is never a doubt about it."""
        return isinstance(self._transport, OutboxTransport)

    async def send(self, mail: Mail, *, in_doubt: bool = False) -> Mail:
        """`transmit` in a transaction of its own; return the mail as stored."""
        return await self._database.write(await self.transmit(mail, in_doubt=in_doubt))

    async def transmit(self, mail: Mail, *, in_doubt: bool = False) -> Record:
        """Send `mail` once for its key; return what notes that, in the transaction of whoever asked for it.

        in_doubt: an earlier try may have sent it. Then it is sent a second time at most, under the same Message-ID and
        marked. A mail whose key was sent before is returned as it was; nothing leaves. So it is when the note is lost.
        With the local transport the note is the mail: it is there once, with the transaction, or not at all.
        Raises `MailRefused`, `MailDelayed` (nothing left, try later), `DeliveryUnknown` (perhaps sent).
        """
        if self.is_local:
            return lambda tx: self._store_sent(tx, mail)
        decision, stored = await self._database.write(lambda tx: self._begin(tx, mail, in_doubt=in_doubt))
        if decision == "sent":
            return lambda _tx: stored
        if decision == "busy":
            raise MailDelayed("the same mail is being sent right now")
        if decision == "unknown":
            hint = "ask the recipient or the mail server's log, and send it by hand if it is missing"
            raise DeliveryUnknown(
                "it is not known whether the mail arrived, and it was repeated once already", hint=hint
            )
        try:
            await self._transport.send(stored)
        except EmailError as error:
            status = _AFTER.get(type(error), "failed")
            message = str(error)
            await self._database.write(lambda tx: self._move(tx, stored, status, error=message))
            raise
        return lambda tx: self._move(tx, stored, "sent")

    async def resend(self, mail_id: str, *, once: str | None = None) -> Mail:
        """Send a mail by hand and return it as stored: one that did not leave again, of any other a copy.

        once: makes two calls with the same word one, also after a crash between them.
        Raises `MailNotFound`, and as `send` does.
        """
        stored = await self._database.read(lambda tx: get_mail(tx, mail_id))
        if stored is None:
            raise MailNotFound(f"there is no mail {mail_id[:100]!r}", hint="List them with `payloom mails`.")
        if stored.status in ("failed", "queued"):
            return await self.send(stored)
        key = f"resend:{once or new_id('mail')}"
        copy = dataclasses.replace(
            stored,
            id=new_id("mail"),
            key=key,
            message_id=message_id(key, stored.sender),
            created_at=self._clock.now(),
            status="queued",
            attempts=0,
            repeated=False,
            error=None,
            sent_at=None,
        )
        return await self.send(copy)

    async def list(
        self,
        *,
        to: str | None = None,
        template: str | None = None,
        status: Status | None = None,
        run_id: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> Sequence[Summary]:
        """Return mails for people, newest first, without their bodies. before: id of the previous page's last one."""

        def work(tx: sa.Connection) -> list[Mail]:
            query = sa.select(mails.c.created_at, mails.c.id).where(mails.c.id == before)
            last = tx.execute(query).one_or_none() if before else None
            if before and last is None:
                return []
            start = (last[0], last[1]) if last else None
            return list_mails(tx, to=to, template=template, status=status, run_id=run_id, before=start, limit=limit)

        return [summary(mail) for mail in await self._database.read(work)]

    async def get(self, mail_id: str) -> Summary | None:
        """Return one mail for people, masked first: with `text`, `html`, `headers` and `source` (the mail as sent)."""
        stored = await self._database.read(lambda tx: get_mail(tx, mail_id))
        if stored is None:
            return None
        mail = stored.masked()
        sent = mail.mime()
        headers = [[name, str(value)] for name, value in BytesHeaderParser(policy=policy.SMTP).parsebytes(sent).items()]
        source = sent.decode("utf-8", "replace")
        return {**summary(mail), "text": mail.text, "html": mail.html, "headers": headers, "source": source}

    def _insert_new(self, tx: sa.Connection, mail: Mail) -> bool:
        """Insert a mail under its key; return whether the key was new."""
        values = {**_row(mail), "changed_at": self._clock.now()}
        return compiled_statements.count(tx, _insert(tx.dialect.name), values) > 0

    def _store_sent(self, tx: sa.Connection, mail: Mail) -> Mail:
        """Insert a mail as sent. What an earlier try has left under its key becomes sent."""
        new = dataclasses.replace(mail, status="sent", attempts=1, sent_at=self._clock.now())
        if self._insert_new(tx, new):
            return new
        stored = _mail(tx.execute(_BY_KEY, {"mail_key": mail.key}).one())
        return stored if stored.status == "sent" else self._move(tx, self._move(tx, stored, "sending"), "sent")

    def _begin(self, tx: sa.Connection, mail: Mail, *, in_doubt: bool) -> tuple[Decision, Mail]:
        new = dataclasses.replace(mail, status="sending", attempts=1)
        if self._insert_new(tx, new):
            return "send", new
        row = tx.execute(_BY_KEY, {"mail_key": mail.key}).one()
        stored, now = _mail(row), self._clock.now()
        if stored.status == "sent":
            return "sent", stored
        doubtful = stored.status in ("sending", "unknown")
        if stored.status == "sending" and not in_doubt and now - row.changed_at < _STALE:
            return "busy", stored
        if doubtful and stored.repeated:
            return "unknown", stored if stored.status == "unknown" else self._move(tx, stored, "unknown", error=_LOST)
        return "send", self._move(tx, stored, "sending", repeated=stored.repeated or doubtful)

    def _move(
        self, tx: sa.Connection, mail: Mail, status: Status, *, repeated: bool | None = None, error: str | None = None
    ) -> Mail:
        if status not in ALLOWED[mail.status]:
            raise BadMail(f"a mail that is {mail.status} cannot become {status}")
        moved = dataclasses.replace(
            mail,
            status=status,
            attempts=mail.attempts + (status == "sending"),
            repeated=mail.repeated if repeated is None else repeated,
            error=error,
            sent_at=self._clock.now() if status == "sent" else None,
        )
        changed = {f"new_{name}": getattr(moved, name) for name in _MOVED}
        values = {"mail_id": mail.id, "new_changed_at": self._clock.now(), **changed}
        compiled_statements.rows(tx, _MOVE, values)
        return moved


def summary(mail: Mail) -> Summary:
    """Return what a list of mails shows of one."""
    fields = {name: getattr(mail, name) for name in _SHOWN}
    attached = [{"name": file.name, "type": file.type, "size": len(file.content)} for file in mail.attachments]
    return {**fields, "to": list(mail.recipients), "attachments": attached}


def list_mails(
    tx: sa.Connection,
    *,
    limit: int = 50,
    before: tuple[dt.datetime, str] | None = None,
    to: str | None = None,
    run_id: str | None = None,
    template: str | None = None,
    status: Status | None = None,
) -> list[Mail]:
    """Return mails, newest first.

    before: `(created_at, id)` of the last one seen, for the next page. to: an address, upper and lower case alike.
    """
    conditions: list[sa.ColumnElement[bool]] = []
    if before:
        conditions.append(sa.tuple_(mails.c.created_at, mails.c.id) < sa.tuple_(*map(sa.literal, before)))
    for column, value in ((mails.c.run_id, run_id), (mails.c.template, template), (mails.c.status, status)):
        if value is not None:
            conditions.append(column == value)
    if status not in (None, "sent"):
        conditions.append(UNSENT)
    if to is None:
        return [_mail(row) for row in tx.execute(_page(sa.select(mails).where(*conditions), limit))]
    ids = sa.union_all(
        *(
            sa.select(_page(sa.select(mails.c.id).where(of_address, *conditions), limit).subquery())
            for of_address in to_address(to)
        )
    )
    return [_mail(row) for row in tx.execute(_page(sa.select(mails).where(mails.c.id.in_(ids)), limit))]


def to_address(address: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Return the conditions for mails to an address alone, and to others as well: each has its own index."""
    quoted = dump_json(address.lower())  # the whole address
    return sa.literal(f"[{quoted}]") == TO, sa.and_(SEVERAL, TO.contains(quoted, autoescape=True))


def _page(query: sa.Select[Any], limit: int) -> sa.Select[Any]:
    return query.order_by(mails.c.created_at.desc(), mails.c.id.desc()).limit(limit)


def sweep_account_mails(tx: sa.Connection, now: dt.datetime) -> int:
    """Delete old mails about accounts, whose links open nothing any more, and about alerts; return how many."""
    own = mails.c.template.startswith(ACCOUNT_MAILS) | (mails.c.template == ALERT_MAIL)
    over = own & mails.c.run_id.is_(None)
    return tx.execute(sa.delete(mails).where(over, mails.c.created_at <= now - KEEP_ACCOUNT_MAILS)).rowcount


def erase_recipient(tx: sa.Connection, address: str) -> int:
    """Take an address and what was written to it out of its mails; return how many. Their status and times stay."""
    erased: dict[str, Any] = {
        "recipients": [],
        "subject": "[deleted]",
        "html": "",
        "text": "[deleted]",
        "attachments": [],
    }
    only = sa.update(mails).where(sa.literal(f"[{dump_json(address.lower())}]") == TO).values(**erased)
    return tx.execute(only).rowcount


def get_mail(tx: sa.Connection, mail_id: str) -> Mail | None:
    """Return one mail: `html`, `text`, and `mime()` for its source."""
    row = tx.execute(sa.select(mails).where(mails.c.id == mail_id)).one_or_none()
    return _mail(row) if row is not None else None


def _row(mail: Mail) -> dict[str, Any]:
    row = {field.name: getattr(mail, field.name) for field in dataclasses.fields(mail)}
    row["recipients"] = list(mail.recipients)
    row["attachments"] = [
        {"name": file.name, "type": file.type, "content": base64.b64encode(file.content).decode()}
        for file in mail.attachments
    ]
    return row


def _mail(row: Any) -> Mail:
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(Mail)}
    values["recipients"] = tuple(row.recipients)
    values["attachments"] = tuple(
        Attachment(item["name"], item["type"], base64.b64decode(item["content"])) for item in row.attachments
    )
    return Mail(**values)
