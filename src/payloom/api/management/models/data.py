"""Tables, rows and mails as the API shows them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from payloom.api.management.models.answers import Body, Moment, Shape


class Column(Shape):
    """A column of a user's table."""

    name: str
    type: str
    nullable: bool
    primary: bool
    unique: bool = False
    choices: list[str] | None = Field(None, description="The only values it takes.")
    references: str | None = Field(None, description="`table.column` it points to.")
    has_default: bool = Field(False, description="Whether an insert may leave it out.")


class Filter(Shape):
    """What a table of Stripe's can be asked by."""

    name: str
    type: str
    range: bool = Field(description="Whether `name.gte`, `.gt`, `.lte`, `.lt` may be given.")
    choices: list[str] | None = None


class Table(Shape):
    """A user's table, or a resource of Stripe's that can be read like one."""

    name: str
    columns: list[Column]
    source: str = Field("project", description="project | stripe")
    read_only: bool = False
    resource: str | None = Field(None, description="Of Stripe's tables: e.g. `invoices`.")
    view: str | None = Field(None, description="Of Stripe's tables: list | search")
    filters: list[Filter] | None = Field(None, description="What rows can be asked by; null: every column.")
    sorted: bool = Field(True, description="Whether `select` may order them.")
    mirrored: bool = False


class TableList(Shape):
    """The tables."""

    data: list[Table]


class RowList(Shape):
    """A page of rows."""

    data: list[dict[str, Any]]
    next: str | None = Field(None, description="The `cursor` of the next page.")
    total: int | None = Field(None, description="How many rows match; null for Stripe's tables.")


class RowView(Shape):
    """One row."""

    row: dict[str, Any]


class NewRow(Body):
    """The values of a new row, by column."""

    values: dict[str, Any]


class RowGuard(Body):
    """The row as it was seen (or the columns of it that matter): nothing is done if one differs now."""

    was: dict[str, Any] = Field(min_length=1)


class RowChanges(RowGuard):
    """New values, by column."""

    set: dict[str, Any] = Field(min_length=1)


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
    repeated: bool = Field(description="It was sent twice, because the first delivery was unknown.")
    error: str | None
    run_id: str | None
    message_id: str
    created_at: Moment
    sent_at: Moment | None
    attachments: list[Attachment]


class MailList(Shape):
    """A page of mails, newest first."""

    data: list[MailSummary]
    next: str | None = Field(description="Give it as `before` for the next page.")


class MailDetail(MailSummary):
    """One mail."""

    text: str
    html: str
    headers: list[tuple[str, str]] = Field(description="Names and values, in the order of the mail.")
    source: str = Field(description="The mail as it was sent.")
