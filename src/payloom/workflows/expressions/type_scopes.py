"""The types of the names that an expression can use, read as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from payloom.workflows.expressions.types import Schema, Type, type_of_schema


class TypeScope(Mapping[str, Type]):
    """The types of a scope's roots. Each is computed when it is read."""

    def __init__(self, types: Mapping[str, Schema | None]) -> None:
        self._types = types

    def __getitem__(self, name: str) -> Type:
        return type_of_schema(self._types[name])

    def __contains__(self, name: object) -> bool:
        return name in self._types

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)


class BoundScope(TypeScope):
    """A scope with the variable of a macro."""

    def __init__(self, around: Mapping[str, Type], name: str, shape: Type) -> None:
        self._around, self._name, self._shape = around, name, shape

    def __getitem__(self, name: str) -> Type:
        return self._shape if name == self._name else self._around[name]

    def __contains__(self, name: object) -> bool:
        return name == self._name or name in self._around

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._around, self._name)))

    def __len__(self) -> int:
        return sum(1 for _ in self)
