"""Keeps objects as JSON rows in SQLite, with a link row for each field a list can be filtered by.

Without a file the database is SQLite's private temporary one: it lives in memory and spills to disk when it grows.
"""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from payloom_emulator.core.errors import StoreInUse
from payloom_emulator.core.matching import Matching, every
from payloom_emulator.protocol.json_shapes import is_object

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from payloom_emulator.core.matching import Positions

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, account TEXT NOT NULL, object TEXT NOT NULL,
  created INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS objects_by_id ON objects (id, account);
CREATE INDEX IF NOT EXISTS objects_of_kind ON objects (object, account, deleted, seq, created);
DROP INDEX IF EXISTS objects_by_kind;
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
CREATE TABLE IF NOT EXISTS sums (
  account TEXT NOT NULL, name TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (account, name)) WITHOUT ROWID;
"""
TABLES = ("objects", "links", "timers", "idempotency", "deliveries", "meta", "sums")


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
        self._settings: dict[str, str | None] = {}
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
                    self._settings.clear()
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

    def position(self, account: str, object_name: str, object_id: str) -> int | None:
        """Return where an object of a kind stands in the order of making, or None."""
        row = self._db.execute(
            "SELECT seq FROM objects WHERE id = ? AND account = ? AND object = ?", (object_id, account, object_name)
        ).fetchone()
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
        matching = Matching(account, object_name, before=before, after=after)
        selects = [matching.filtered(name, value) for name, value in filters.items()]
        if created or not selects:
            selects.append(matching.all(created))
        positions = self._among_few(matching, filters) if len(filters) > 1 and not created else None
        return list(itertools.islice(self.bodies(positions or every(selects), oldest_first=oldest_first), limit))

    def _among_few(self, matching: Matching, filters: Mapping[str, object]) -> Positions | None:
        """Return how to start from the filter that lets few objects through, or None when there is no such one."""
        if any(is_object(value) for value in filters.values()):
            return None
        for name, value in filters.items():
            few = matching.filtered(name, value)
            counted = f"SELECT count(*) FROM ({few.sql} LIMIT {_FEW})"  # noqa: S608 - our own words
            if self._db.execute(counted, few.values).fetchone()[0] < _FEW:
                return matching.among((name, value), {n: v for n, v in filters.items() if n != name})
        return None

    def bodies(self, positions: Positions, *, oldest_first: bool = False) -> Iterator[dict[str, object]]:
        """Yield the objects at these positions, newest first, without holding them all."""
        order = "ASC" if oldest_first else "DESC"
        for (seq,) in self._db.execute(f"{positions.sql} ORDER BY 1 {order}", positions.values):
            row = self._db.execute("SELECT body FROM objects WHERE seq = ? AND deleted = 0", (seq,)).fetchone()
            if row is not None:
                yield json.loads(row[0])

    def relink(self, links_of: Callable[[dict[str, object]], Mapping[str, str | None]]) -> None:
        """Link what an older version stored without the links of searches."""
        with self.transaction():
            for seq, account, body in self._db.execute("SELECT seq, account, body FROM objects"):
                stored = json.loads(body)
                self._link(account, stored["object"], seq, links_of(stored))
            self.set_meta(SEARCHED, True)

    def meta(self, name: str, default: object = None) -> Any:
        """Return a remembered setting."""
        if name not in self._settings:
            row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
            self._settings[name] = None if row is None else row[0]
        text = self._settings[name]
        return default if text is None else json.loads(text)

    def set_meta(self, name: str, value: object) -> None:
        """Remember a setting."""
        self._settings.pop(name, None)
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def add_to_sum(self, account: str, name: str, amount: int) -> None:
        """Add an amount to a running sum of an account, which begins at 0."""
        self._db.execute(
            "INSERT INTO sums VALUES (?, ?, ?) ON CONFLICT (account, name) DO UPDATE SET amount = amount + excluded.amount",
            (account, name, amount),
        )

    def sums(self, account: str) -> dict[str, int]:
        """Return the running sums of an account, by name."""
        return dict(self._db.execute("SELECT name, amount FROM sums WHERE account = ?", (account,)).fetchall())

    def query(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Run a statement of the rooms that own a table of their own (timers, deliveries, idempotency)."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def clear(self) -> None:
        """Forget everything."""
        with self.transaction() as db:
            for table in TABLES:
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own table names
            self._settings.clear()
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
                source.executescript(_SCHEMA)
                with self.transaction() as db:
                    for table in TABLES:
                        rows = source.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - tables come from the schema
                        db.execute(f"DELETE FROM {table}")  # noqa: S608 - tables come from the schema
                        if rows:
                            marks = ", ".join("?" * len(rows[0]))
                            db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - tables come from the schema
            finally:
                source.close()
            self._settings.clear()
            self._seq = max(self._seq, self._db.execute("SELECT coalesce(max(seq), 0) FROM objects").fetchone()[0])

    def close(self) -> None:
        """Close the database."""
        self._db.close()


_FEW = 200
"""So many objects are read faster than two long lists of positions are compared."""


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False)


def dump(value: object) -> str:
    """Return compact JSON."""
    return _ENCODER.encode(value)
