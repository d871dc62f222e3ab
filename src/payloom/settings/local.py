"""What a project in development keeps in `data/local.json`: made-up secrets, the running servers' addresses.

The secrets here open nothing outside this machine: the local Stripe's keys and webhook secret, and a token for the
command line.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from payloom.kit.json_types import is_dict, is_list
from payloom.settings.private_files import private_folder

LOCAL_FILE = "local.json"


class LocalState:
    """The file `data/local.json`, readable by its owner only. Written whole, by rename."""

    def __init__(self, data_dir: Path, *, keep: bool = True) -> None:
        """Open the file in `data_dir`; it is made when first needed. keep: False changes nothing on disk."""
        self.path = data_dir / LOCAL_FILE
        self._keep = keep

    def read(self) -> dict[str, Any]:
        """Return what is kept; an unreadable or broken file counts as empty."""
        try:
            state = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return state if is_dict(state) else {}

    def server(self) -> dict[str, Any] | None:
        """Return `{pid, host, url, stripe_url}` of the server that started last and still runs; None if none does.

        Entries of servers that died are deleted. Of one on another host, as in a container that shares the folder, only
        its address can tell.
        """
        listed = _servers(self.read())
        running = [entry for entry in listed if _may_run(entry)]
        if len(running) < len(listed):
            with contextlib.suppress(OSError):
                self._write_servers(lambda entries: [entry for entry in entries if _may_run(entry)])
        return running[-1] if running else None

    def announce(self, url: str, stripe_url: str | None) -> None:
        """Note that this process serves at `url`. Several processes on one database each have an entry."""
        own = {"pid": os.getpid(), "host": socket.gethostname(), "url": url, "stripe_url": stripe_url}
        self._write_servers(lambda entries: [*(entry for entry in entries if _may_run(entry)), own])

    def withdraw(self) -> None:
        """Note that this process serves no longer. The entries of others stay."""
        own = (os.getpid(), socket.gethostname())
        self._write_servers(lambda entries: [e for e in entries if (e.get("pid"), e.get("host")) != own])

    def _write_servers(self, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
        if not self._keep:
            return
        private_folder(self.path.parent)
        with _alone(self.path.parent):
            self._write(self._merged({"servers": change(_servers(self.read())) or None, "server": None}))

    def update(self, **values: Any) -> dict[str, Any]:
        """Lay `values` over what is kept (None removes a key) and return the whole."""
        if not self._keep:
            return self._merged(values)
        private_folder(self.path.parent)
        with _alone(self.path.parent):
            return self._write(self._merged(values))

    def _merged(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in {**self.read(), **values}.items() if value is not None}

    def _write(self, merged: dict[str, Any]) -> dict[str, Any]:
        draft = self.path.with_suffix(f".{os.getpid()}.tmp")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(merged, file, indent=2)
        draft.replace(self.path)
        return merged

    def secret(self, name: str, prefix: str = "") -> str:
        """Return the secret kept under `name`, making it first if there is none."""
        value = self.read().get(name)
        if isinstance(value, str) and value:
            return value
        return str(self.update(**{name: prefix + secrets.token_hex(24)})[name])


def _servers(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = state.get("servers")
    return [entry for entry in listed if is_dict(entry)] if is_list(listed) else []


def _may_run(entry: Mapping[str, Any]) -> bool:
    """Return False if the entry's process was on this host and is gone."""
    pid = entry.get("pid")
    if entry.get("host") != socket.gethostname() or not isinstance(pid, int):
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is there, and another user's
    return True


@contextlib.contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Keep other processes from changing the state while the block runs, where the system has such locks."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
