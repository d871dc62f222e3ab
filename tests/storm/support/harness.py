"""Lets processes die and looks at what they leave: the invariants of RunService under `kill -9`."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg
from sqlalchemy import exc as sa_exc
from tests.storm.support import shop

from payloom.db.database import open_database
from payloom.sandbox.scenario.invariants import check_invariants, journal_of

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

DIED = -9


class Zygote:
    """The process that forks the children."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "worker_process.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def run(self, *commands: dict[str, Any]) -> list[int]:
        """Let children live (side by side) and return their exit codes."""
        self.begin(*commands)
        return self.end()

    def begin(self, *commands: dict[str, Any]) -> None:
        """Let children live; `end` waits for them."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(commands) + "\n")
        self._process.stdin.flush()

    def end(self) -> list[int]:
        """Wait until all children are gone and return their exit codes."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


class Databases:
    """Makes fresh databases with the shop's tables in them."""

    def __init__(
        self,
        folder: Path,
        copy: Callable[[Path], Any] | None,
        *,
        server: str = "",
        base: str = "",
        stack: contextlib.ExitStack | None = None,
    ) -> None:
        """copy: fills a SQLite file. server, base: where Postgres is, and the database to copy."""
        self.folder = folder
        self._copy = copy
        self._server, self._base = server, base
        self._stack = stack
        self._number = 0
        self._last: str | None = None

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`."""
        return "sqlite" if self._copy else "postgresql"

    def new_scenario(self, zygote: Zygote, events: list[str], direct: int = 48, **more: Any) -> WorkerScenario:
        """A folder and a database of its own."""
        self._number += 1
        folder = self.folder / f"story{self._number}"
        folder.mkdir()
        return WorkerScenario(zygote, folder, self.url(folder), events, direct, **more)

    def url(self, folder: Path) -> str:
        """Make a database and return its address. On Postgres the one before goes."""
        if self._copy is not None:
            self._copy(folder / "shop.db")
            return f"sqlite:///{folder}/shop.db"
        name = f"{self._base}_{self._number}"
        with psycopg.connect(self._server, autocommit=True) as conn:
            if self._last is not None:
                conn.execute(f"DROP DATABASE IF EXISTS {self._last} WITH (FORCE)")  # type: ignore[call-overload] - psycopg wants a literal; the name is the test's own
            conn.execute(f"CREATE DATABASE {name} TEMPLATE {self._base} STRATEGY file_copy")  # type: ignore[call-overload] - psycopg wants a literal; the name is the test's own
        self._last = name
        if self._stack is not None and self._number == 1:
            self._stack.callback(self._drop)
        return self._server.replace("/postgres?", f"/{name}?")

    def _drop(self) -> None:
        with psycopg.connect(self._server, autocommit=True) as conn:
            conn.execute(f"DROP DATABASE IF EXISTS {self._last} WITH (FORCE)")  # type: ignore[call-overload] - psycopg wants a literal; the name is the test's own


@dataclasses.dataclass
class WorkerScenario:
    """One folder and one database through several lives."""

    zygote: Zygote
    folder: Path
    url: str
    events: list[str]
    direct: int = 48
    more: dict[str, Any] = dataclasses.field(default_factory=dict)
    earlier: dict[tuple[str, str], Any] = dataclasses.field(default_factory=dict)

    def command(self, **more: Any) -> dict[str, Any]:
        """The command of one life. Events already acknowledged are not sent again, as Stripe would do."""
        acked = self.acked()
        left = [name for name in self.events if f"evt_{name}" not in acked]
        command = {"folder": str(self.folder), "url": self.url, "events": left, "direct": self.direct}
        return {**command, **self.more, **more}

    def life(self, **more: Any) -> int:
        """One life; returns its exit code."""
        code = self.zygote.run(self.command(**more))[0]
        self.earlier |= journal(self.url)
        return code

    def acked(self) -> set[str]:
        """Ids of the events that were answered with 200."""
        file = self.folder / "acks"
        return set(file.read_text().split()) if file.exists() else set()

    def answers(self) -> list[tuple[int, bool]]:
        """What Stripe was answered, and whether the database was there."""
        file = self.folder / "answers"
        pairs = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        return [(int(status), up == "1") for status, up in pairs]

    def points(self) -> int:
        """How many points the last whole life had."""
        return int((self.folder / "points").read_text())

    def why(self) -> str:
        """What a child that ended with 1 said."""
        file = self.folder / "error"
        return file.read_text() if file.exists() else ""

    def broken(self, **more: Any) -> list[str]:
        """Every invariant that does not hold, in words."""
        seen = {"sent": {f"evt_{name}" for name in self.events}, "earlier": self.earlier}
        seen |= {"answers": self.answers(), **more}
        return check(self.url, self.folder, self.acked(), **seen)


def check(url: str, folder: Path, acked: set[str], **more: Any) -> list[str]:
    """Look at everything once all is quiet; returns every invariant that does not hold."""
    database = open_database(url)
    with database.engine.connect() as tx:
        seen = shop.observe(tx, database, folder, acked, **more)
        wrong = [str(violation) for violation in check_invariants(tx, seen)]
    database.engine.dispose()
    return wrong


def journal(url: str) -> dict[tuple[str, str], Any]:
    """What the journal says is done by now; `check(earlier=…)` holds it to that."""
    database = open_database(url)
    try:
        with database.engine.connect() as tx:
            return journal_of(tx)
    except sa_exc.DBAPIError:
        return {}  # the process died before there were tables
    finally:
        database.engine.dispose()
