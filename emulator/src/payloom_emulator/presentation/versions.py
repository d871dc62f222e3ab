"""API versions: which exist, how an object looked before each change, and what requests were taken or refused then.

Objects are kept in the newest shape. `CHANGES` goes down from there: a caller of an older version sees the object after
every change that came later has been undone, newest first.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import TYPE_CHECKING, Any

from payloom_emulator.protocol.errors import StripeError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from payloom_emulator.core.unit_of_work import Unit

Body = dict[str, Any]

NEWEST = "2026-10-28.endive"
DEFAULT = "2026-08-26.dahlia"
ENDIVE, DAHLIA, CLOVER, BASIL, ACACIA = "2026-09-30", "2026-03-25", "2025-09-30", "2025-03-31", "2024-09-30"
_NAME = re.compile(r"^\d{4}-\d{2}-\d{2}(\.[a-z_]+)?$")
_NAMED_FROM = {ACACIA: "acacia", BASIL: "basil", CLOVER: "clover", DAHLIA: "dahlia", ENDIVE: "endive"}
_OLDEST = "2011-01-01"


def known(version: str) -> str:
    """Return the version, or raise Stripe's 400 when there is none of that name."""
    plain = version.split(";", maxsplit=1)[0].strip()
    date, _, name = plain.partition(".")
    expected = next((n for since, n in reversed(_NAMED_FROM.items()) if date >= since), "")
    if not _NAME.match(plain) or not _OLDEST <= date <= NEWEST[:10] or name not in {expected, "preview"}:
        raise StripeError(
            f"Invalid Stripe API version: {version}. You do not have permission to pass this "
            "Stripe-Version header, or "
            f"it does not exist. The newest version the local Stripe knows is {NEWEST}."
        )
    return plain


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One change of an object's shape. `down(unit, shown, stored)` turns `shown` into what it was before `since`.

    expandable: fields that could be expanded before `since`, and not after.
    """

    since: str
    object: str
    down: Callable[[Unit, Body, Body], None]
    expandable: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Accepted:
    """Parameters a request took before `until` and does not take any more: name → type node (see generate_params)."""

    until: str
    method: str
    path: str
    params: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """A parameter refused since a version with an answer of its own."""

    since: str
    param: str
    paths: tuple[str, ...]
    code: str
    message: str


CHANGES: list[Change] = []
ACCEPTED: list[Accepted] = []
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
        "The payment_method_types parameter is no longer supported as of API version 2026-09-30.endive. "
        "Use automatic "
        "payment methods, and allowed_payment_method_types or excluded_payment_method_types to narrow them.",
    ),
)


def register(*rows: Change | Accepted) -> None:
    """Add rows to the tables; resource files call this with the history of their own objects."""
    for row in rows:
        if isinstance(row, Change):
            CHANGES.append(row)
        else:
            ACCEPTED.append(row)
    _changes_for.cache_clear()
    accepted.cache_clear()
    expandable.cache_clear()


@functools.cache
def _changes_for(object_name: str, date: str) -> tuple[Change, ...]:
    later = [c for c in CHANGES if c.object == object_name and c.since > date]
    return tuple(sorted(later, key=lambda c: c.since, reverse=True))


def down(unit: Unit, shown: Body, stored: Body, version: str) -> None:
    """Turn `shown` (a copy of the newest shape) into the shape of `version`, in place."""
    if shown.get("deleted") is True:  # `{id, object, deleted}` looks the same in every version
        return
    for change in _changes_for(shown.get("object", ""), version[:10]):
        change.down(unit, shown, stored)


def differs(object_name: str, version: str) -> bool:
    """Return whether an object looked different at `version`."""
    return bool(_changes_for(object_name, version[:10]))


@functools.cache
def expandable(object_name: str, version: str) -> frozenset[str]:
    """Return fields only older versions could expand."""
    return frozenset(p for c in _changes_for(object_name, version[:10]) for p in c.expandable)


@functools.cache
def accepted(operation: tuple[str, str], version: str) -> Mapping[str, Any]:
    """Return the parameters an operation took at `version` beyond today's."""
    found: dict[str, Any] = {}
    for row in ACCEPTED:
        if (row.method, row.path) == operation and version[:10] < row.until:
            found.update(row.params)
    return found


def refuse(operation: tuple[str, str], params: Mapping[str, Any], version: str) -> None:
    """Raise for parameters that this version refuses with an answer of its own."""
    for row in REFUSED:
        if version[:10] >= row.since and operation[0] == "POST" and operation[1] in row.paths and row.param in params:
            raise invalid(row.message, row.param, row.code)


_METHOD_TYPES = {"payment_method_types": ["a", ["s"]]}
register(*(Accepted(ENDIVE, "POST", path, _METHOD_TYPES) for path in REFUSED[0].paths))
