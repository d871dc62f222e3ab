"""Sends the messages about alerts: each is a row before it leaves, so that it leaves once, whoever restarts.

A crash between sending and noting it repeats a message: the email has the key of its row and goes out once; the POST
has the row's id as `webhook-id`, by which receivers know a repeat.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Literal

import httpx
import sqlalchemy as sa
import structlog

from payloom.alerts.models import messages
from payloom.alerts.wording import mail_values
from payloom.connectors.http.signing import signature_headers
from payloom.db.database import Database
from payloom.email.builtin import BUILTIN_TEMPLATES
from payloom.email.errors import EmailError, MailDelayed
from payloom.email.message import Mail, message_id, recipients
from payloom.email.outbox import ALERT_MAIL, Outbox
from payloom.kit.clock import Clock, to_epoch
from payloom.kit.ids import new_id
from payloom.kit.secrets.redaction import redact_text
from payloom.settings.model import Settings

log = structlog.get_logger("payloom.alerts")

Channel = Literal["email", "url"]
TIMEOUT = 5.0
LEASE = dt.timedelta(minutes=2)
"""How long a message belongs to the process that began to send it."""
TRIES = 12
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 3600.0
AT_ONCE = 20
KEEP = dt.timedelta(days=30)


class NotSent(Exception):
    """A message could not be sent. final: another try would not help."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = redact_text(reason)[:500]
        self.final = final


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """A message that this process sends now."""

    id: str
    channel: Channel
    body: Mapping[str, Any]
    attempts: int


def queue(tx: sa.Connection, settings: Settings, body: Mapping[str, Any], now: dt.datetime) -> list[str]:
    """Write a message for each receiver, in the transaction that changes the alert; return their ids."""
    channels: list[Channel] = [
        *(["email"] if settings.alerts.emails else []),
        *(["url"] if settings.alerts.url else []),
    ]
    ids: list[str] = []
    for channel in channels:
        ids.append(new_id("alert"))
        tx.execute(
            sa.insert(messages).values(
                id=ids[-1], channel=channel, body=dict(body), state="queued", attempts=0, next_at=now, created_at=now
            )
        )
    return ids


class AlertSender:
    """Sends what is queued."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, outbox: Outbox) -> None:
        """Nothing happens before the first message."""
        self._database = database
        self._clock = clock
        self._settings = settings
        self._outbox = outbox

    async def send_due(self, only: list[str] | None = None) -> list[dict[str, Any]]:
        """Send what is due, and return `{channel, to, sent, error}` of each. only: ids of messages to send."""
        due = await self._database.write(lambda tx: self._claim(tx, only))
        return [await self._send(message) for message in due]

    def _claim(self, tx: sa.Connection, only: list[str] | None) -> list[Message]:
        self._database.write_lock(tx, "payloom alert messages")
        now = self._clock.now()
        tx.execute(sa.delete(messages).where(messages.c.created_at < now - KEEP))
        query = sa.select(messages).where(messages.c.state == "queued", messages.c.next_at <= now)
        if only is not None:
            query = query.where(messages.c.id.in_(only))
        rows = tx.execute(query.order_by(messages.c.next_at, messages.c.id).limit(AT_ONCE)).all()
        changed = {"next_at": now + LEASE, "attempts": messages.c.attempts + 1}
        tx.execute(sa.update(messages).where(messages.c.id.in_([row.id for row in rows])).values(changed))
        return [Message(row.id, row.channel, row.body, row.attempts + 1) for row in rows]

    async def _send(self, message: Message) -> dict[str, Any]:
        receiver = (
            ", ".join(self._settings.alerts.emails) if message.channel == "email" else self._settings.alerts.origin
        )
        try:
            await (self._mail(message) if message.channel == "email" else self._post(message))
        except NotSent as error:
            await self._note_failure(message, error)
            return {"channel": message.channel, "to": receiver, "sent": False, "error": error.reason}
        sent = sa.update(messages).where(messages.c.id == message.id).values(state="sent", error=None)
        await self._database.write(lambda tx: tx.execute(sent))
        return {"channel": message.channel, "to": receiver, "sent": True, "error": None}

    async def _note_failure(self, message: Message, error: NotSent) -> None:
        over = error.final or message.attempts >= TRIES
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (message.attempts - 1))
        values = {
            "error": error.reason,
            "state": "failed" if over else "queued",
            "next_at": self._clock.now() + dt.timedelta(seconds=pause),
        }
        log.warning("alert_not_sent", channel=message.channel, reason=error.reason, again_in=None if over else pause)
        await self._database.write(
            lambda tx: tx.execute(sa.update(messages).where(messages.c.id == message.id).values(values))
        )

    async def _mail(self, message: Message) -> None:
        addresses = self._settings.alerts.emails
        if not addresses:
            raise NotSent("`alerts.email` names nobody any more", final=True)
        rendered = await asyncio.to_thread(BUILTIN_TEMPLATES.render, ALERT_MAIL, mail_values(message.body))
        key = f"alert:{message.id}"
        sender = recipients(self._settings.email.sender)[0]
        mail = Mail(
            id=new_id("mail"),
            key=key,
            template=ALERT_MAIL,
            message_id=message_id(key, sender),
            sender=sender,
            recipients=recipients(list(addresses)),
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            created_at=self._clock.now(),
        )
        try:
            await self._outbox.send(mail, in_doubt=message.attempts > 1)
        except MailDelayed as error:
            raise NotSent(error.message) from error
        except EmailError as error:
            raise NotSent(error.message, final=True) from error

    async def _post(self, message: Message) -> None:
        alerts = self._settings.alerts
        if alerts.url is None:
            raise NotSent("`alerts.url` is not set any more", final=True)
        body = json.dumps(message.body, ensure_ascii=False, sort_keys=True).encode()
        headers = {"content-type": "application/json", "user-agent": "Payloom", "webhook-id": message.id}
        if alerts.signing_key is not None:
            key = alerts.signing_key.get_secret_value()
            headers |= signature_headers(key, message.id, to_epoch(self._clock.now()), body)
        try:
            trusted = httpx.create_ssl_context()  # of SSL_CERT_FILE, if it is set
            async with httpx.AsyncClient(
                follow_redirects=False, trust_env=False, timeout=TIMEOUT, verify=trusted
            ) as client:
                answer = await client.post(alerts.url.get_secret_value(), content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise NotSent(f"{alerts.origin} cannot be reached: {type(error).__name__}") from error
        if not answer.is_success:
            raise NotSent(f"{alerts.origin} responded with {answer.status_code}", final=answer.status_code == 410)
