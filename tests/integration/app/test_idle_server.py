"""A server with nothing to do leaves its database nearly alone, and is awake all the same. On both databases."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import event
from tests.support.http_server import running_server

from payloom.views.references import indexer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

FILES = {
    "tables.yaml": "tables: {notes: {columns: {id: string primary}}}\n",
    "workflows/note.yaml": """\
name: Note
on: {api: POST /notes, auth: none}
input: {id: string}
steps:
  - wait: 1ms
  - insert: notes
    values: {id: "${{ inputs.id }}"}
""",
}
SECONDS = 4.0
MOST = 16
"""Statements in that time: news of other workers (one in 2 s) and of things to index (one in 3 s), a heartbeat on
Postgres (two in 3 s), the queue's safety look (two in 10 s), the sweep (three in 30 s), each perhaps once more.
"""


@contextmanager
def asked() -> Iterator[Counter[str]]:
    """Every statement of this process, by thread."""
    statements: Counter[str] = Counter()

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "COMMIT")):
            statements[f"{threading.current_thread().name}: {statement}"] += 1

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)


def test_an_idle_server_asks_little_and_answers_at_once(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "SETTLED", 0.0)
    with running_server(tmp_path, FILES, database_url=database_url) as server:
        time.sleep(2)  # until the index has found that there is no news
        with asked() as statements:
            time.sleep(SECONDS)
        assert sum(statements.values()) <= MOST, statements.most_common(8)
        assert server.http.post("/api/notes", json={"id": "n1"}).status_code == 200
        assert server.rows("notes") == [{"id": "n1"}]
