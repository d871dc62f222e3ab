"""Shows objects as older API versions did, and knows what requests took or refused in each version.

Objects are kept in the newest shape. The changes that the declarations carry go down from there: a caller of an older
version sees the object after every change that came later has been undone, newest first.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.api_changes import Accepted, Change
from payloom_emulator.protocol.api_versions import ENDIVE
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.protocol.param_types import Ref


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """A parameter refused since a version with an answer of its own."""

    since: str
    param: str
    paths: tuple[str, ...]
    code: str
    message: str


REFUSED: tuple[Refused, ...] = (
    Refused(
        ENDIVE,
        "payment_method_types",
        (
            "/v1/payment_intents",
            "/v1/payment_intents/{}",
            "/v1/payment_intents/{}/confirm",
            "/v1/setup_intents",
            "/v1/setup_intents/{}",
            "/v1/setup_intents/{}/confirm",
            "/v1/checkout/sessions",
        ),
        "payment_method_types_no_longer_supported",
        "The payment_method_types parameter is no longer supported as of API version 2026-09-30.endive. Use automatic payment methods, and allowed_payment_method_types or excluded_payment_method_types to narrow them.",
    ),
)


_METHOD_TYPES: dict[str, Ref] = {"payment_method_types": ["a", ["s"]]}


_ACCEPTED_EVERYWHERE = tuple(Accepted(ENDIVE, "POST", path, _METHOD_TYPES) for path in REFUSED[0].paths)


class VersionHistory:
    """The changes of all declared objects."""

    def __init__(self, declared: Iterable[tuple[str, Sequence[Change | Accepted]]]) -> None:
        """Collect what each declaration says of its past: (object name, its changes)."""
        self._changes: dict[str, list[Change]] = {}
        self._accepted = list(_ACCEPTED_EVERYWHERE)
        for object_name, rows in declared:
            self._changes[object_name] = [row for row in rows if isinstance(row, Change)]
            self._accepted += [row for row in rows if isinstance(row, Accepted)]
        self._since = functools.cache(self._changes_since)
        self.accepted = functools.cache(self._accepted_at)
        self.expandable = functools.cache(self._expandable_at)

    def _changes_since(self, object_name: str, date: str) -> tuple[Change, ...]:
        undone = [c for c in self._changes.get(object_name, ()) if c.since > date]
        return tuple(sorted(undone, key=lambda c: c.since, reverse=True))

    def down(self, unit: UnitOfWork, view: dict[str, object], stored: dict[str, object], version: str) -> None:
        """Turn `view` (a copy of the newest shape) into the shape of `version`, in place."""
        if view.get("deleted") is True:  # `{id, object, deleted}` looks the same in every version
            return
        for change in self._since(str(view.get("object", "")), version[:10]):
            change.down(unit, view, stored)

    def differs(self, object_name: str, version: str) -> bool:
        """Return whether an object looked different at `version`."""
        return bool(self._since(object_name, version[:10]))

    def _expandable_at(self, object_name: str, version: str) -> frozenset[str]:
        """Return fields only older versions could expand."""
        return frozenset(p for c in self._since(object_name, version[:10]) for p in c.expandable)

    def _accepted_at(self, operation: tuple[str, str], version: str) -> Mapping[str, Ref]:
        """Return the parameters an operation took at `version` beyond today's."""
        params: dict[str, Ref] = {}
        for row in self._accepted:
            if (row.method, row.path) == operation and version[:10] < row.until:
                params.update(row.params)
        return params


def refuse(operation: tuple[str, str], params: Mapping[str, object], version: str) -> None:
    """Raise for parameters that this version refuses with an answer of its own."""
    for row in REFUSED:
        if version[:10] >= row.since and operation[0] == "POST" and operation[1] in row.paths and row.param in params:
            raise invalid(row.message, row.param, row.code)
