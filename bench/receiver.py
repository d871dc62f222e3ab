"""The floor of acknowledgements: a bare Starlette application that verifies, inserts with group commit, and answers.

`python bench/receiver.py URL PORT SECRET` serves it. One writer thread takes whatever waits in one transaction.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Row = tuple[str, str]
TABLE = "CREATE TABLE IF NOT EXISTS floor_events(id TEXT PRIMARY KEY, payload TEXT)"


class SqliteFile:
    """One connection to an SQLite file."""

    def __init__(self, url: str) -> None:
        self.conn = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=20000"):
            self.conn.execute(f"PRAGMA {pragma}").fetchall()
        self.conn.execute(TABLE)

    def insert(self, rows: list[Row]) -> None:
        """Insert the rows and commit; a row whose id is there is left out."""
        self.conn.execute("BEGIN IMMEDIATE")
        self.conn.executemany("INSERT INTO floor_events VALUES (?, ?) ON CONFLICT DO NOTHING", rows)
        self.conn.execute("COMMIT")


class PostgresDatabase:
    """One connection to a Postgres database."""

    def __init__(self, url: str) -> None:
        self.conn = psycopg.connect(url)
        self.conn.execute(TABLE)
        self.conn.commit()

    def insert(self, rows: list[Row]) -> None:
        """Insert the rows and commit; a row whose id is there is left out."""
        with self.conn.cursor() as cursor:
            cursor.executemany("INSERT INTO floor_events VALUES (%s, %s) ON CONFLICT DO NOTHING", rows)
        self.conn.commit()


class Store:
    """Inserts, many in one commit."""

    def __init__(self, url: str) -> None:
        self.thread = ThreadPoolExecutor(1)
        self.waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self.busy: asyncio.Task[None] | None = None
        database = SqliteFile if url.startswith("sqlite") else PostgresDatabase
        self.database = self.thread.submit(database, url).result()

    async def add(self, row: Row) -> None:
        """Return once the row is committed, together with the others that wait."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((row, future))
        if self.busy is None or self.busy.done():
            self.busy = asyncio.create_task(self.work())
        await future

    async def work(self) -> None:
        """Commit what waits, batch by batch, until nothing is left."""
        while self.waiting:
            batch, self.waiting = self.waiting, []
            await asyncio.get_running_loop().run_in_executor(
                self.thread, self.database.insert, [row for row, _ in batch]
            )
            for _, future in batch:
                future.set_result(None)


def app(url: str, secret: str) -> Starlette:
    """Return the receiver of signed deliveries. url: the database; secret: of the signatures."""
    store = Store(url)

    async def receive(request: Request) -> JSONResponse:
        raw = await request.body()
        parts = dict(part.split("=", 1) for part in request.headers["stripe-signature"].split(","))
        expected = hmac.new(secret.encode(), parts["t"].encode() + b"." + raw, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, parts["v1"]) or abs(time.time() - int(parts["t"])) > 300:
            return JSONResponse({"error": "signature"}, 400)
        await store.add((json.loads(raw)["id"], raw.decode()))
        return JSONResponse({"received": True})

    return Starlette(routes=[Route("/api/stripe/webhook", receive, methods=["POST"])])


if __name__ == "__main__":
    uvicorn.run(app(sys.argv[1], sys.argv[3]), port=int(sys.argv[2]), log_level="error", access_log=False)
