"""Keeps objects as JSON rows in SQLite, with a link row for each field a list can be filtered by.

Without a file the database is SQLite's private temporary one: it lives in memory and spills to disk when it grows.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from payloom_emulator.core.errors import StoreInUse
from payloom_emulator.protocol.json_shapes import integer, is_array, is_object

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, account TEXT NOT NULL, object TEXT NOT NULL,
  created INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS objects_by_id ON objects (id, account);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (object, account, deleted, seq);
CREATE TABLE IF NOT EXISTS links (
  object TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (object, account, name, value, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS timers (
  seq INTEGER PRIMARY KEY, account TEXT NOT NULL, object TEXT NOT NULL, object_id TEXT NOT NULL, name TEXT NOT NULL,
  clock TEXT NOT NULL DEFAULT '', due INTEGER NOT NULL, UNIQUE (object_id, name));
CREATE INDEX IF NOT EXISTS timers_by_due ON timers (clock, due, seq);
CREATE TABLE IF NOT EXISTS idempotency (
  account TEXT NOT NULL, key TEXT NOT NULL, operation TEXT NOT NULL, fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL, body TEXT NOT NULL, request_id TEXT NOT NULL, created INTEGER NOT NULL,
  PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL, account TEXT NOT NULL,
  attempt INTEGER NOT NULL, due REAL NOT NULL, state TEXT NOT NULL, sent_at REAL, status INTEGER, reply TEXT,
  error TEXT, type TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state, endpoint, due, seq);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TABLES = ("objects", "links", "timers", "idempotency", "deliveries", "meta")


SEARCHED = "searched_by_links"
"""Whether all objects have the links that searches go by: a file of an older version has not."""


class Store:
    """One SQLite database; one unit of work at a time."""

    def __init__(self, path: str | None = None) -> None:
        """Open (or make) the store at `path`; None or ":memory:" keep it until the process ends."""
        self.path = None if path in {None, ":memory:"} else path
        if self.path and not os.path.exists(self.path):  # noqa: PTH110 - the path is a text here
            # Customers are in it: only its owner may read it, and SQLite's side files take its mode.
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(self.path or "", check_same_thread=False, isolation_level=None)
        self._lock = threading.RLock()
        self._depth = 0
        try:
            if self.path:
                self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")
            else:
                self._db.execute("PRAGMA journal_mode=MEMORY")
                self._db.execute("PRAGMA synchronous=OFF")
                self._db.execute("PRAGMA cache_size=-32000")
            self._db.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            raise StoreInUse(
                f"The store {self.path} is open in another local Stripe.", hint="Stop it, or give another --store."
            ) from error
        self._seq = self._db.execute("SELECT coalesce(max(seq), 0) FROM objects").fetchone()[0]
        if not self._seq:
            self.set_meta(SEARCHED, True)

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """Run everything inside as one unit: all of it is kept, or nothing. Nested ones join the outer."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._db
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def insert(self, account: str, body: dict[str, object], links: Mapping[str, str | None]) -> None:
        """Add an object; it becomes the newest of its kind."""
        self._seq += 1
        self._db.execute(
            "INSERT INTO objects (seq, id, account, object, created, body) VALUES (?, ?, ?, ?, ?, ?)",
            (self._seq, body["id"], account, body["object"], body.get("created") or 0, dump(body)),
        )
        self._link(account, str(body["object"]), self._seq, links)

    def write(
        self, account: str, body: dict[str, object], moved: list[tuple[str, str | None, str | None]], *, deleted: bool
    ) -> None:
        """Replace an object; `moved`: its filterable fields that changed, as (name, old, new)."""
        (seq,) = self._db.execute(
            "UPDATE objects SET body = ?, deleted = ? WHERE id = ? AND account = ? RETURNING seq",
            (dump(body), int(deleted), body["id"], account),
        ).fetchone()
        for name, old, new in moved:
            if old is not None:
                self._db.execute(
                    "DELETE FROM links WHERE object = ? AND account = ? AND name = ? AND value = ? AND seq = ?",
                    (body["object"], account, name, str(old), seq),
                )
            self._link(account, str(body["object"]), seq, {name: new})

    def _link(self, account: str, object_name: str, seq: int, links: Mapping[str, str | None]) -> None:
        rows = [(object_name, account, n, str(v), seq) for n, v in links.items() if v is not None]
        if rows:
            self._db.executemany("INSERT OR IGNORE INTO links VALUES (?, ?, ?, ?, ?)", rows)

    def remove(self, account: str, object_id: str, object_name: str, links: Mapping[str, str | None]) -> None:
        """Forget an object and its links for good."""
        row = self._db.execute("SELECT seq FROM objects WHERE id = ? AND account = ?", (object_id, account)).fetchone()
        if row is None:
            return
        for name, value in links.items():
            self._db.execute(
                "DELETE FROM links WHERE object = ? AND account = ? AND name = ? AND value = ? AND seq = ?",
                (object_name, account, name, str(value), row[0]),
            )
        self._db.execute("DELETE FROM objects WHERE seq = ?", row)

    def read(self, account: str, object_id: str) -> tuple[dict[str, object], bool] | None:
        """Return (object, deleted) or None."""
        row = self._db.execute(
            "SELECT body, deleted FROM objects WHERE id = ? AND account = ?", (object_id, account)
        ).fetchone()
        return None if row is None else (json.loads(row[0]), bool(row[1]))

    def position(self, account: str, object_id: str) -> int | None:
        """Return where an object stands in the order of making, or None."""
        row = self._db.execute("SELECT seq FROM objects WHERE id = ? AND account = ?", (object_id, account)).fetchone()
        return None if row is None else row[0]

    def select(
        self,
        account: str,
        object_name: str,
        filters: Mapping[str, object],
        *,
        created: dict[str, int] | None = None,
        before: int | None = None,
        after: int | None = None,
        limit: int | None = None,
        oldest_first: bool = False,
    ) -> list[dict[str, object]]:
        """Return objects, newest first, that have all the linked values in `filters`.

        A filter value may be a list (any of them) or bounds: {gt | gte | lt | lte: number}. created: such bounds.
        before, after: positions, exclusive.
        """
        where = ["o.object = ?", "o.account = ?", "o.deleted = 0"]
        values: list[str | int] = [object_name, account]
        source = "objects o"
        for number, (name, value) in enumerate(filters.items()):
            bounds = value if is_object(value) else None
            options = [str(v) for v in (value if is_array(value) else [value])]
            marks = ", ".join("?" * len(options))
            link = f"l{number}"
            if number == 0:
                # CROSS JOIN keeps SQLite from walking all objects: the link rows of one value are few, and in order.
                source = "links l0 CROSS JOIN objects o ON o.seq = l0.seq"
                where += ["l0.object = ?", "l0.account = ?"]
                values += [object_name, account]
            else:
                source += f" JOIN links {link} ON {link}.seq = o.seq"
                where.append(f"{link}.object = o.object AND {link}.account = o.account")
            if bounds is not None:
                where.append(f"{link}.name = ?")
                where += [f"CAST({link}.value AS INTEGER) {_COMPARE[o]} ?" for o in bounds]
                values += [name, *(integer(bound) or 0 for bound in bounds.values())]
                continue
            where.append(f"{link}.name = ? AND {link}.value IN ({marks})")
            values += [name, *options]
        # Only for one value are the link rows in the order of making.
        order_by = "l0.seq" if filters and not isinstance(next(iter(filters.values())), dict) else "o.seq"
        for operator, moment in (created or {}).items():
            where.append(f"o.created {_COMPARE[operator]} ?")
            values.append(moment)
        for sign, position in (("<", before), (">", after)):
            if position is not None:
                where.append(f"o.seq {sign} ?")
                values.append(position)
        order = "ASC" if oldest_first else "DESC"
        query = f"SELECT o.body FROM {source} WHERE {' AND '.join(where)} ORDER BY {order_by} {order}"  # noqa: S608
        if limit is not None:
            query += f" LIMIT {int(limit)}"
        return [json.loads(body) for (body,) in self._db.execute(query, values)]

    def scan(self, account: str, object_name: str) -> Iterator[dict[str, object]]:
        """Yield every object of a kind, newest first, without holding them all."""
        cursor = self._db.execute(
            "SELECT body FROM objects WHERE object = ? AND account = ? AND deleted = 0 ORDER BY seq DESC",
            (object_name, account),
        )
        for (body,) in cursor:
            yield json.loads(body)

    def scan_linked(self, account: str, object_name: str, name: str, value: str) -> Iterator[dict[str, object]]:
        """Yield the objects of a kind that have a linked value, newest first."""
        cursor = self._db.execute(
            "SELECT o.body FROM links l CROSS JOIN objects o ON o.seq = l.seq WHERE l.object = ? AND l.account = ? AND l.name = ? AND l.value = ? AND o.deleted = 0 ORDER BY l.seq DESC",
            (object_name, account, name, value),
        )
        for (body,) in cursor:
            yield json.loads(body)

    def scan_text(self, account: str, object_name: str, part: str) -> Iterator[dict[str, object]]:
        """Yield the objects of a kind in whose text `part` occurs anywhere, newest first."""
        pattern = "%" + re.sub(r"([%_\\])", r"\\\1", part) + "%"
        cursor = self._db.execute(
            "SELECT body FROM objects WHERE object = ? AND account = ? AND deleted = 0 AND body LIKE ? ESCAPE '\\' ORDER BY seq DESC",
            (object_name, account, pattern),
        )
        for (body,) in cursor:
            yield json.loads(body)

    def meta(self, name: str, default: object = None) -> Any:
        """Return a remembered setting."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set_meta(self, name: str, value: object) -> None:
        """Remember a setting."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def query(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Run a statement of the rooms that own a table of their own (timers, deliveries, idempotency)."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def clear(self) -> None:
        """Forget everything."""
        with self.transaction() as db:
            for table in TABLES:
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own table names
            self.set_meta(SEARCHED, True)

    def snapshot(self) -> bytes:
        """Return the whole database as bytes."""
        with self._lock:
            copy = sqlite3.connect(":memory:")
            try:
                self._db.backup(copy)
                return copy.serialize()
            finally:
                copy.close()

    def restore(self, data: bytes) -> None:
        """Replace everything by what `snapshot` returned."""
        with self._lock:
            source = sqlite3.connect(":memory:")
            try:
                source.deserialize(data)
                with self.transaction() as db:
                    for table in TABLES:
                        rows = source.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
                        db.execute(f"DELETE FROM {table}")  # noqa: S608
                        if rows:
                            marks = ", ".join("?" * len(rows[0]))
                            db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
            finally:
                source.close()
            self._seq = max(self._seq, self._db.execute("SELECT coalesce(max(seq), 0) FROM objects").fetchone()[0])

    def close(self) -> None:
        """Close the database."""
        self._db.close()


_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def dump(value: object) -> str:
    """Return compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
