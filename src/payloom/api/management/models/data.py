"""Tables, rows and mails as the API shows them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from payloom.api.management.models.answers import Moment, Shape


class Column(Shape):
    """A column of a user's table."""

    name: str
    type: str
    nullable: bool
    primary: bool


class Table(Shape):
    """A user's table."""

    name: str
    columns: list[Column]


class TableList(Shape):
    """The user's tables."""

    data: list[Table]


class RowList(Shape):
    """A page of rows."""

    data: list[dict[str, Any]]


class Attachment(Shape):
    """A file with a mail."""

    name: str
    type: str
    size: int = Field(description="Bytes.")


class MailSummary(Shape):
    """One line of the outbox."""

    id: str
    template: str
    sender: str
    reply_to: str | None
    to: list[str]
    subject: str
    status: str = Field(description="queued | sending | sent | failed | unknown")
    attempts: int
    repeated: bool = Field(description="It was sent twice, because nobody knew whether the first one left.")
    error: str | None
    run_id: str | None
    message_id: str
    created_at: Moment
    sent_at: Moment | None
    attachments: list[Attachment]


class MailList(Shape):
    """A page of mails, newest first."""

    data: list[MailSummary]


class MailDetail(MailSummary):
    """One mail."""

    text: str
    html: str
    source: str = Field(description="The mail as it was sent.")
