"""The outbox: one row per mail, written before it is sent. With the local transport the row is the mail."""

from __future__ import annotations

import sqlalchemy as sa

from payloom.db.database import metadata
from payloom.db.types import Json, SealedText, UtcDateTime

mails = sa.Table(
    "payloom_mails",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("key", sa.String(512), nullable=False, unique=True),
    sa.Column("run_id", sa.String(255), nullable=True),
    sa.Column("template", sa.String(128), nullable=False),
    sa.Column("message_id", sa.String(255), nullable=False),
    sa.Column("sender", sa.String(512), nullable=False),
    sa.Column("recipients", Json, nullable=False),
    sa.Column("reply_to", sa.String(512), nullable=True),
    sa.Column("subject", SealedText, nullable=False),
    sa.Column("html", SealedText(packed="mail"), nullable=False),
    sa.Column("text", SealedText(packed="mail"), nullable=False),
    sa.Column("attachments", Json, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("repeated", sa.Boolean, nullable=False),
    sa.Column("error", SealedText, nullable=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("sent_at", UtcDateTime, nullable=True),
    sa.Index("payloom_mails_created", "created_at", "id"),
    sa.Index("payloom_mails_run", "run_id"),
    sa.Index("payloom_mails_of_template", "template", "created_at", "id"),
)
UNSENT = mails.c.status != sa.literal_column("'sent'")
"""Whether a mail is not sent for certain. Written out, as the index is: a parameter could be anything."""
sa.Index(
    "payloom_mails_unsent",
    mails.c.created_at,
    mails.c.id,
    sqlite_where=sa.text("status != 'sent'"),
    postgresql_where=sa.text("status != 'sent'"),
)
TO: sa.ColumnElement[str] = sa.func.lower(sa.type_coerce(mails.c.recipients, sa.Text))
"""The recipients as they are compared: upper and lower case alike."""
_SEVERAL = """recipients LIKE '%","%'"""
SEVERAL = sa.text(_SEVERAL)
"""Whether a mail has more than one recipient."""
sa.Index("payloom_mails_to", TO, mails.c.created_at, mails.c.id)
sa.Index(
    "payloom_mails_several",
    mails.c.created_at,
    mails.c.id,
    sqlite_where=sa.text(_SEVERAL),
    postgresql_where=sa.text(_SEVERAL),
)
