"""Every SQLite knows the time with fractions, however old the library is."""

from __future__ import annotations

import sqlite3

from payloom.db.sqlite_clock import add_clock
from payloom.kit.clock import SystemClock


def test_a_default_with_fractions_of_a_second_is_filled_in() -> None:
    connection = sqlite3.connect(":memory:")
    add_clock(connection)
    connection.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))"
    )
    connection.execute("INSERT INTO t (id) VALUES (1)")
    (at,) = connection.execute("SELECT at FROM t").fetchone()
    connection.close()
    assert abs(at / 1000 - SystemClock().now().timestamp()) < 5
