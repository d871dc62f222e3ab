"""What SQLite and Postgres say about a refused row, in the words of tables.yaml."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError

from payloom.tables.definition.loader import read_tables
from payloom.tables.query.integrity import violation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from payloom.tables.definition.spec import TableSpec
    from payloom.tables.errors import VerbFailed

TABLES = """
tables:
  users: {columns: {id: uuid primary, mail: string unique was email, name: string}}
  orders:
    columns: {id: uuid primary, buyer: uuid -> users.id, twin?: uuid -> orders.id, sku: string, size: string}
    unique: [[sku, size]]
  notes: {columns: {id: uuid primary, order: uuid -> orders.id, author: uuid -> users.id, text: string}}
  words: {columns: {word: string primary}}
"""


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, TableSpec]:
    file: Path = tmp_path_factory.mktemp("tables") / "tables.yaml"
    file.write_text(TABLES)
    return read_tables(file)


def refused(specs: Mapping[str, TableSpec], table: str, verb: str, cause: BaseException) -> VerbFailed:
    return violation(specs, specs[table], IntegrityError("sql", {}, cause), verb)


class PostgresSays(Exception):
    """An error of psycopg with its diagnosis."""

    def __init__(self, sqlstate: str, constraint: str | None = None, column: str | None = None) -> None:
        super().__init__(sqlstate)
        self.diag = SimpleNamespace(
            sqlstate=sqlstate, constraint_name=constraint, column_name=column, message_primary="no"
        )


SQLITE = [
    ("users", "insert", "UNIQUE constraint failed: users.id", "unique_violation", "insert users: a row with the same id exists already"),
    ("users", "update", "UNIQUE constraint failed: users.mail", "unique_violation", "update users: a row with the same mail exists already"),
    ("orders", "insert", "UNIQUE constraint failed: orders.sku, orders.size", "unique_violation", "insert orders: a row with the same sku, size exists already"),
    ("users", "insert", "NOT NULL constraint failed: users.name", "missing_value", "insert users: name has no value"),
    ("users", "insert", "NOT NULL constraint failed", "missing_value", "insert users: ? has no value"),
    ("orders", "insert", "FOREIGN KEY constraint failed", "reference_violation", "insert orders: orders.buyer or orders.twin refers to a row that does not exist"),
    ("notes", "upsert", "FOREIGN KEY constraint failed", "reference_violation", "upsert notes: notes.order or notes.author refers to a row that does not exist"),
    ("notes", "update", "FOREIGN KEY constraint failed", "reference_violation", "update notes: notes.order or notes.author refers to a row that does not exist"),
    ("users", "update", "FOREIGN KEY constraint failed", "reference_violation", "update users: orders.buyer or notes.author still refers to this row"),
    ("users", "delete", "FOREIGN KEY constraint failed", "reference_violation", "delete users: orders.buyer or notes.author still refers to this row"),
    ("orders", "update", "FOREIGN KEY constraint failed", "reference_violation", "update orders: orders.twin or notes.order still refers to this row"),
]  # fmt: skip
POSTGRES = [
    ("users", "insert", PostgresSays("23502", column="name"), "missing_value", "insert users: name has no value"),
    ("users", "insert", PostgresSays("23502", column="gone"), "missing_value", "insert users: gone has no value"),
    ("users", "insert", PostgresSays("23505", "users_pkey"), "unique_violation", "insert users: a row with the same id exists already"),
    ("users", "insert", PostgresSays("23505"), "unique_violation", "insert users: a row with the same id exists already"),
    ("users", "update", PostgresSays("23505", "uq_users_mail"), "unique_violation", "update users: a row with the same mail exists already"),
    ("orders", "insert", PostgresSays("23505", "uq_orders_sku_size"), "unique_violation", "insert orders: a row with the same sku, size exists already"),
    ("orders", "insert", PostgresSays("23503", "fk_orders_buyer"), "reference_violation", "insert orders: orders.buyer refers to a row that does not exist"),
    ("orders", "delete", PostgresSays("23503", "fk_orders_twin"), "reference_violation", "delete orders: orders.twin still refers to this row"),
    ("orders", "update", PostgresSays("23503", "fk_notes_order"), "reference_violation", "update orders: notes.order still refers to this row"),
    ("users", "delete", PostgresSays("23503", "fk_notes_author"), "reference_violation", "delete users: notes.author still refers to this row"),
    ("users", "delete", PostgresSays("23503", "fk_of_somebody"), "reference_violation", "delete users: orders.buyer or notes.author still refers to this row"),
    ("users", "delete", PostgresSays("23503", "fk_users_name"), "reference_violation", "delete users: orders.buyer or notes.author still refers to this row"),
    ("users", "delete", PostgresSays("23503"), "reference_violation", "delete users: orders.buyer or notes.author still refers to this row"),
    ("users", "insert", PostgresSays("23514", "ck_x"), None, "insert users: the database refused the row (no)"),
]  # fmt: skip


@pytest.mark.parametrize("case", SQLITE, ids=str)
def test_what_sqlite_refuses_is_said_in_the_words_of_the_file(
    specs: Mapping[str, TableSpec], case: tuple[str, str, str, str, str]
) -> None:
    table, verb, text, code, message = case
    failed = refused(specs, table, verb, sqlite3.IntegrityError(text))
    assert (failed.code, failed.message) == (code, message)


@pytest.mark.parametrize("case", POSTGRES, ids=lambda case: f"{case[0]} {case[1]} {case[2].diag}")
def test_what_postgres_refuses_is_said_in_the_words_of_the_file(
    specs: Mapping[str, TableSpec], case: tuple[str, str, PostgresSays, str | None, str]
) -> None:
    table, verb, cause, code, message = case
    failed = refused(specs, table, verb, cause)
    assert failed.message == message
    assert code is None or failed.code == code
