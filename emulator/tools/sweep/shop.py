"""A local Stripe with one of everything, on which calls can be tried and undone."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from emulator.tools.sweep.bases import BY_SEGMENT, CALLED, PATHS
from emulator.tools.sweep.objects import FIRST, FOUND, MADE

from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.protocol.param_types import anonymous
from payloom_emulator.runtime.emulator import Emulator
from payloom_emulator.runtime.requests.messages import Request

if TYPE_CHECKING:
    from collections.abc import Generator

NEWEST = "2026-10-28.endive"
_NAME = re.compile(r"(?<!\w)@([a-z_0-9]+)(?:([+-]\d+))?")
_PATHS = {f"{key.split(' ')[0]} {anonymous(key.split(' ')[1])}": path for key, path in PATHS.items()}
_CALLED = {f"{key.split(' ')[0]} {anonymous(key.split(' ')[1])}": params for key, params in CALLED.items()}


class NotInShop(Exception):
    """The shop has no object that an operation needs."""


class _Undo(Exception):
    """Rolls a trial back."""


class Shop:
    """Makes objects when they are first named, and undoes what a trial did."""

    def __init__(self) -> None:
        """Begin with an empty account."""
        self.emulator = Emulator(EmulatorConfig(seed=1))
        self.now = int(self.emulator.clock.now())
        self._ids: dict[str, str] = {"meter_event": ""}

    def call(self, method: str, path: str, params: dict[str, Any], version: str = NEWEST) -> tuple[int, dict[str, Any]]:
        """Answer one call."""
        return self.emulator.call(method, path, params, version=version)

    @contextmanager
    def trial(self) -> Generator[None]:
        """Undo afterwards whatever is done inside."""
        remaining = dict(self._ids)
        try:
            with self.emulator.store.transaction():
                yield
                _undo()
        except _Undo:
            pass
        finally:
            self._ids = remaining

    def id_of(self, name: str) -> str:
        """Return the id of an object of the shop, made now if it is not there."""
        if name not in self._ids:
            if name in FIRST:
                self.id_of(FIRST[name])
            if name == "file":
                self._ids[name] = self._upload()
            elif name == "file_link":
                self._ids[name] = self._make("POST", "/v1/file_links", {"file": "@file"})
            elif name == "meter_event":
                self._ids[name] = "none"
            elif name in FOUND:
                place, before = FOUND[name]
                self.id_of(before)
                method, path = self.filled(place).split(" ")
                rows = self._send(method, path, {})["data"]
                self._ids[name] = rows[0]["id"] if rows else ""
            elif name in MADE:
                self._ids[name] = self._make("POST", *MADE[name])
            else:
                raise NotInShop(name)
        return self._ids[name]

    def name(self, name: str, object_id: str) -> None:
        """Call an object by a name, until the trial ends."""
        self._ids[name] = object_id

    def _make(self, method: str, path: str, params: dict[str, Any]) -> str:
        return self._send(method, self.filled(path), self.filled(params))["id"]

    def _send(self, method: str, path: str, params: dict[str, Any]) -> dict[str, Any]:
        older = "payment_method_types" in params
        status, body = self.call(method, path, params, "2026-08-26.dahlia" if older else NEWEST)
        if status != 200:
            raise AssertionError(f"{method} {path}: {body}")
        return body

    def _upload(self) -> str:
        request = Request(
            "POST",
            "/v1/files",
            {"file": {"filename": "a.png", "content": b"\x89PNG"}, "purpose": "dispute_evidence"},
            "Bearer sk_test_sweep",
            NEWEST,
        )
        return str(self.emulator.answer(request).body["id"])

    def filled(self, value: Any) -> Any:
        """Return a value with the shop's ids and times in the place of their names."""
        if isinstance(value, dict):
            return {name: self.filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        return _NAME.sub(self._replaced, value) if isinstance(value, str) else value

    def _replaced(self, match: re.Match[str]) -> str:
        if match[1] in {"now", "minute"}:
            start = self.now - self.now % 60 if match[1] == "minute" else self.now
            return str(start + int(match[2] or 0))
        return self.id_of(match[1]) + (match[2] or "")

    def base(self, method: str, path: str, required: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the path and the parameters with which an operation works. required: what its type asks for."""
        key = f"{method} {anonymous(path)}"
        named = _PATHS.get(key) or _named(path)
        return self.filled(named), self.filled(_CALLED.get(key, required))


def _undo() -> None:
    raise _Undo


def _named(path: str) -> str:
    parts = path.split("/")
    for index, part in enumerate(parts):
        if part.startswith("{"):
            name = BY_SEGMENT.get(parts[index - 1])
            if name is None:
                raise NotInShop(path)
            parts[index] = f"@{name}"
    return "/".join(parts)
