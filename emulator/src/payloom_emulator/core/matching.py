"""Which objects of a kind match: selects of their positions that indexes alone answer, put together by SQLite.

A position is the `seq` of an object. Each select gives them in order, so SQLite merges several without reading objects
and stops as soon as a page is full.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from payloom_emulator.protocol.json_shapes import integer, is_array, is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_SYMBOLS = frozenset(COMPARE.values())


@dataclasses.dataclass(frozen=True, slots=True)
class Positions:
    """A select of positions, with its values. compound: several selects are joined in it."""

    sql: str
    values: tuple[str | int | float, ...]
    compound: bool = False

    def in_compound(self) -> str:
        """Return the SQL as it is written among others, which SQLite joins from left to right."""
        return f"SELECT seq FROM ({self.sql})" if self.compound else self.sql  # noqa: S608 - our own words


class Matching:
    """Makes the selects for one kind of object of an account."""

    def __init__(self, account: str, object_name: str, *, before: int | None = None, after: int | None = None) -> None:
        """Look among the objects of a kind. before, after: positions, exclusive."""
        self._scope = (object_name, account)
        edges = [(sign, edge) for sign, edge in (("<", before), (">", after)) if edge is not None]
        self._edges = "".join(f" AND seq {sign} ?" for sign, _ in edges)
        self._at = tuple(edge for _, edge in edges)

    def all(self, created: Mapping[str, float] | None = None) -> Positions:
        """Every object that is there, or those made within bounds: {gt | gte | lt | lte: Unix seconds}."""
        bounds = created or {}
        sql = "SELECT seq FROM objects INDEXED BY objects_of_kind WHERE object = ? AND account = ? AND deleted = 0"
        sql += self._edges + "".join(f" AND created {COMPARE[name]} ?" for name in bounds)
        return Positions(sql, (*self._scope, *self._at, *bounds.values()))

    def equal(self, name: str, value: str) -> Positions:
        """Those with this linked value."""
        return self._linked(" AND value = ?", name, value)

    def linked(self, name: str) -> Positions:
        """Those with any linked value of this name."""
        return self._linked("", name)

    def containing(self, name: str, part: str) -> Positions:
        """Those in whose linked value `part` occurs."""
        return self._linked(" AND instr(value, ?) > 0", name, part)

    def compared(self, name: str, symbol: str, number: float) -> Positions:
        """Those whose linked number is on one side of `number`."""
        assert symbol in _SYMBOLS
        return self._linked(f" AND value GLOB '[-0-9]*' AND CAST(value AS REAL) {symbol} ?", name, number)

    def _linked(self, condition: str, name: str, *values: str | float) -> Positions:
        scope = "object = ? AND account = ? AND name = ?"
        return Positions(
            f"SELECT seq FROM links WHERE {scope}{condition}{self._edges}",  # noqa: S608 - our own words
            (*self._scope, name, *values, *self._at),
        )

    def filtered(self, name: str, value: object) -> Positions:
        """Those that a list's filter lets through: one value, any of a list, or bounds."""
        if is_object(value):
            bounds = [self.compared(name, COMPARE[word], integer(bound) or 0) for word, bound in value.items()]
            return every(bounds or [self.linked(name)])
        return any_of([self.equal(name, option) for option in options_of(value)] or [none()])

    def among(self, rare: tuple[str, object], others: Mapping[str, object]) -> Positions:
        """Those that one filter lets through, which are few, and that the others let through too. None has bounds."""
        few = self.filtered(*rare)
        sql, values = f"SELECT seq FROM ({few.sql}) few WHERE 1", few.values  # noqa: S608 - our own words
        for name, value in others.items():
            options = options_of(value)
            marks = ", ".join("?" * len(options))
            sql += f" AND EXISTS (SELECT 1 FROM links WHERE object = ? AND account = ? AND name = ? AND value IN ({marks}) AND seq = few.seq)"  # noqa: S608 - marks are question marks; values are bound
            values = (*values, *self._scope, name, *options)
        return Positions(sql, values)


def options_of(value: object) -> list[str]:
    """Return the values that a filter takes, each once."""
    return list(dict.fromkeys(map(str, value if is_array(value) else [value])))


def none() -> Positions:
    """No object."""
    return Positions("SELECT seq FROM objects WHERE 0", ())


def every(selects: list[Positions], without: list[Positions] | None = None) -> Positions:
    """Those that all of the selects have, and none of `without`."""
    joined = _joined(" INTERSECT ", selects)
    if not without:
        return joined
    rest = _joined(" EXCEPT ", without)
    return Positions(f"{joined.sql} EXCEPT {rest.sql}", (*joined.values, *rest.values), compound=True)


def any_of(selects: list[Positions]) -> Positions:
    """Those that at least one of the selects has."""
    return _joined(" UNION ", selects)


def _joined(word: str, selects: list[Positions]) -> Positions:
    if len(selects) == 1:
        return selects[0]
    values = tuple(value for select in selects for value in select.values)
    return Positions(word.join(select.in_compound() for select in selects), values, compound=True)
