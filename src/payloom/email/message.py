"""A mail as a value, its addresses checked, and the bytes that go over the wire."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime as dt
import functools
import hashlib
import mimetypes
import re
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Literal, get_args

from payloom.email.errors import BadMail
from payloom.kit.addresses.email_address import NotAnAddress, parse_address
from payloom.kit.json_types import is_map, is_sequence
from payloom.kit.secrets.redaction import redact_text
from payloom.kit.visible_text import has_unseen

Status = Literal["queued", "sending", "sent", "failed", "unknown"]
STATUSES: tuple[Status, ...] = get_args(Status)
MAX_RECIPIENTS = 50
MAX_ATTACHMENTS = 10_000_000
"""Bytes of all attachments together."""
_NAMED = re.compile(r"([^<>]*)<([^<>\s]+)>")
_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


@dataclasses.dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail."""

    name: str
    type: str
    content: bytes

    def masked(self) -> Attachment:
        """Return the file with secrets masked, if it is text; any other is left out."""
        try:
            text = redact_text(self.content.decode("utf-8"))
        except UnicodeDecodeError:
            text = f"[{len(self.content)} bytes are not shown]"
        return Attachment(redact_text(self.name), self.type, text.encode())


@dataclasses.dataclass(frozen=True, slots=True)
class Mail:
    """One mail, as in the outbox. `key`: what it is sent once for. `repeated`: it may have arrived twice."""

    id: str
    key: str
    template: str
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    html: str
    text: str
    created_at: dt.datetime
    attachments: tuple[Attachment, ...] = ()
    reply_to: str | None = None
    run_id: str | None = None
    status: Status = "queued"
    attempts: int = 0
    repeated: bool = False
    error: str | None = None
    sent_at: dt.datetime | None = None

    def masked(self) -> Mail:
        """Return the mail as people may see it. What is made of it, in whatever encoding, holds no secret."""
        return dataclasses.replace(
            self,
            subject=redact_text(self.subject),
            html=redact_text(self.html),
            text=redact_text(self.text),
            attachments=tuple(attachment.masked() for attachment in self.attachments),
            error=redact_text(self.error) if self.error else self.error,
        )

    def mime(self) -> bytes:
        """Return the mail as sent: the same bytes each time, but for the mark on a repeat."""
        message = EmailMessage(policy=SMTP)
        message["Subject"] = self.subject
        message["From"] = address(self.sender)
        message["To"] = [address(recipient) for recipient in self.recipients]
        if self.reply_to:
            message["Reply-To"] = address(self.reply_to)
        message["Date"] = format_datetime(self.created_at)
        message["Message-ID"] = self.message_id
        message["Auto-Submitted"] = "auto-generated"
        if self.repeated:
            message["X-Payloom-Repeat"] = "1"
        message.set_content(self.text, cte="quoted-printable")
        message.add_alternative(self.html, subtype="html", cte="quoted-printable")
        boundary = hashlib.sha256(self.message_id.encode()).hexdigest()[:32]
        message.set_boundary(f"=_{boundary}")
        for attachment in self.attachments:
            main, _, sub = attachment.type.partition("/")
            message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=attachment.name)
        if self.attachments:
            message.set_boundary(f"=_{boundary}.mixed")
        return message.as_bytes()


def address(text: Any) -> Address:
    """Return the address in `ada@example.com` or `Ada <ada@example.com>`; raises `BadMail`."""
    if not isinstance(text, str) or not text.strip():
        raise BadMail("there is no address to send to", hint="check the value of `to`")
    return _address(text)


@functools.lru_cache(64)  # the sender of a mail is read twice, and is the same in all of them
def _address(text: str) -> Address:
    if has_unseen(text) or len(text) > 320:
        raise BadMail("an address holds a line break or a control character, or is too long")
    named = _NAMED.fullmatch(text.strip())
    name, spec = (named[1].strip().strip('"'), named[2]) if named else ("", text.strip())
    try:
        parsed = parse_address(spec)
    except NotAnAddress:
        hint = "write name@example.com"
        raise BadMail("this is not an email address", hint=hint, address=_hidden(text)) from None
    return Address(display_name=name, username=parsed.local, domain=parsed.domain)


def _hidden(text: str) -> str:
    return f"{text[:1]}…@{text.rpartition('@')[2][:60]}" if "@" in text else f"{text[:1]}…"


def recipients(to: Any) -> tuple[str, ...]:
    """Return the addresses in `to` (one, or a list), each once; raises `BadMail`."""
    listed: object = [to] if isinstance(to, str) or to is None else to
    if not is_sequence(listed) or not listed:
        raise BadMail("there is no address to send to", hint="check the value of `to`")
    if len(listed) > MAX_RECIPIENTS:
        raise BadMail(f"{len(listed)} recipients in one mail, {MAX_RECIPIENTS} are allowed")
    return tuple(dict.fromkeys(str(address(item)) for item in listed))


def message_id(key: str, sender: str) -> str:
    """Return the Message-ID: the same for the same key, so that mail servers can tell a repeat."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{address(sender).domain}>"


def attachments(items: Any) -> tuple[Attachment, ...]:
    """Return the files of `[{name, content, type?, encoding?: base64}]`; raises `BadMail`."""
    if items is None:
        return ()
    if not is_sequence(items) or not all(is_map(item) for item in items):
        raise BadMail("attachments is a list of {name, content}")
    attached = tuple(_attachment(item) for item in items)
    if sum(len(attachment.content) for attachment in attached) > MAX_ATTACHMENTS:
        raise BadMail(f"the attachments are larger than {MAX_ATTACHMENTS // 1_000_000} MB")
    return attached


def _attachment(item: Mapping[str, Any]) -> Attachment:
    name, content = item.get("name"), item.get("content")
    if unknown := set(item) - {"name", "content", "type", "encoding"}:
        raise BadMail(f"an attachment has no {min(unknown)!r}", hint="known are name, content, type, encoding")
    if (
        not isinstance(name, str)
        or not name
        or has_unseen(name)
        or re.search(r"[/\\]", name)
        or not isinstance(content, str)
    ):
        raise BadMail("an attachment needs a file name and content as a string")
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = item.get("type") or guessed
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise BadMail(f"{kind!r} is not a content type", hint="write application/pdf")
    if item.get("encoding") not in (None, "base64"):
        raise BadMail("an attachment's encoding is base64 or left out (text)")
    try:
        data = base64.b64decode(content, validate=True) if item.get("encoding") else content.encode()
    except binascii.Error:
        raise BadMail(f"the content of {name} is not base64") from None
    return Attachment(name, kind, data)
