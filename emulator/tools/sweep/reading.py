"""Notes which parameters a handler reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, KeysView, ValuesView


class Noted(dict[str, Any]):
    """Parameters that know which of them were asked for by name, and whether all were copied."""

    def __init__(self, members: dict[str, Any]) -> None:
        """Note what is read below, too."""
        super().__init__({name: noted(value) for name, value in members.items()})
        self.asked: set[str] = set()
        self.copied = False

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a member, which counts as asked for."""
        self.asked.add(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        """Take a member out, which counts as asked for."""
        self.asked.add(name)
        return super().pop(name, *default)

    def __iter__(self) -> Iterator[str]:
        self.copied = True
        return super().__iter__()

    def keys(self) -> KeysView[str]:  # type: ignore[override] - a dict gives views of its own kind
        """Return the names; whoever takes them all copies."""
        self.copied = True
        return super().keys()

    def values(self) -> ValuesView[Any]:  # type: ignore[override] - a dict gives views of its own kind
        """Return the members; whoever takes them all copies."""
        self.copied = True
        return super().values()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override] - a dict gives views of its own kind
        """Return names and members; whoever takes them all copies."""
        self.copied = True
        return super().items()

    def forget(self) -> None:
        """Begin anew, inside too."""
        self.asked, self.copied = set(), False
        for value in super().values():
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, Noted):
                    inner.forget()

    def plain(self, name: str) -> Any:
        """Return a member without noting it."""
        return super().get(name)


def noted(value: Any) -> Any:
    """Return a value whose reading is noted."""
    if isinstance(value, dict):
        return Noted(value)
    return [noted(inner) for inner in value] if isinstance(value, list) else value


def how(value: Any, path: tuple[str, ...]) -> str:
    """Return how the parameter at a path was read: "read", "copied" with its whole, or "unread". `[]`: any item."""
    if not path:
        return "read"
    if path[0] == "[]":
        ways = {how(item, path[1:]) for item in value} if isinstance(value, list) and value else {"read"}
        return next(way for way in ("unread", "copied", "read") if way in ways)
    if not isinstance(value, Noted):
        return "copied"
    if path[0] not in value.asked:
        return "copied" if value.copied else "unread"
    rest = path[1:]
    inner = value.plain(path[0])
    if inner is None or not rest:
        return "read"
    return how(inner, rest)
