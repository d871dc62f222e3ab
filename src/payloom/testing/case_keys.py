"""The keys that each part of a case file may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TOP_KEYS = ("workflow", "given", "cases")
GIVEN_KEYS = ("tables", "stripe", "now", "env", "user", "http", "python")
STRIPE_KEYS = ("objects", "answers")
CASE_KEYS = ("name", "given", "event", "events", "call", "schedule", "deliver", "expect", "order")
EVENT_KEYS = ("id", "type", "object", "previous", "created", "account")
CALL_KEYS = ("workflow", "inputs", "user")
EXPECT_KEYS = ("tables", "emails", "stripe", "runs", "status", "output", "error", "logs")
MAIL_KEYS = ("template", "to", "subject", "data", "text")
WRITE_KEYS = ("call", "with", "key")
ERROR_KEYS = ("code", "message", "hint", "where", "path", "kind")
LOG_KEYS = ("level", "text")
DECIDE_KEYS = ("approved", "by", "roles", "note")
SOMEBODY: Mapping[str, Any] = {
    "id": "user",
    "email": "user@example.com",
    "email_verified": True,
    "name": None,
    "roles": [],
}
"""The keys of `user`, with what they are unless the case says otherwise."""
