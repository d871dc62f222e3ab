"""Joins accounts to the project's `users` table: who signs up gets a row there, under the same id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from payloom.tables.errors import TableError
from payloom.tables.query.sql import Tables

Profile = Callable[[sa.Connection, str, str, str | None], None]
"""Called with the sign-up's transaction, the account's id, address and name."""


def profile(tables: Tables) -> Profile | None:
    """Return what inserts a new account's row into `users`, or None when the project declares no such table.

    Raises `TableError` when `users` has no `id: uuid primary` and `email`, or has further columns that an account
    cannot fill. The function it returns raises `UniqueViolation` when `users` holds the address under another id.
    """
    spec = tables.specs.get("users")
    if spec is None:
        return None
    columns = spec.columns
    if spec.primary != "id" or columns["id"].type != "uuid" or "email" not in columns:
        raise TableError(
            "the table users holds the accounts' rows", hint="give it `id: uuid primary` and `email: string`"
        )
    present = {"id", "email"} | ({"name"} & columns.keys())
    for name, column in columns.items():
        if name not in present and not column.nullable and not column.has_default:
            hint = f"write `{name}?`, or give it a default"
            raise TableError(f"an account cannot fill users.{name}", hint=hint)

    def insert(tx: sa.Connection, account_id: str, email: str, name: str | None) -> None:
        values = {"id": account_id, "email": email, "name": name if "name" in present else None}
        if "name" in present and name is None and not columns["name"].nullable and not columns["name"].has_default:
            values["name"] = email.partition("@")[0]
        tables.insert(tx, "users", values={key: values[key] for key in present})

    return insert


def erase_profile(tables: Tables, tx: sa.Connection, account_id: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Take the address and the name out of an account's row; return it as it became and as it was, or None.

    The row stays, because orders point to it.
    """
    spec = tables.specs.get("users")
    if spec is None:
        return None
    rows = tables.select(tx, "users", where={"id": account_id})
    if not rows:
        return None
    erased: dict[str, Any] = {"email": f"deleted-{account_id}@deleted.invalid"}
    if "name" in spec.columns:
        erased["name"] = None if spec.columns["name"].nullable else "deleted"
    return tables.update(tx, "users", where={"id": account_id}, set=erased), rows[0]
