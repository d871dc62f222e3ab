"""Values, expressions and calls of a workflow as Python text, on several lines where they are wide."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from typing import Any

from payloom.kit.json_types import is_list, is_map
from payloom.kit.yaml.masking import closing

PARAMETERS = ("inputs", "user", "event", "row", "old")
_ON_X = frozenset({"env", "object", "previous", "run", "vars", "error", "approval"})
_PATH = re.compile(r"[a-z_]\w*(?:\.[A-Za-z_]\w*)*")
_METHODS = frozenset({"maybe", "or_else", "is_in"})
WIDTH = 110
"""How wide a line may be."""


class Raw(str):
    """Python code, as it is."""

    __slots__ = ()


class PythonText:
    """Collects lines of Python. names: the variables that expressions may name as they are."""

    def __init__(self) -> None:
        """Begin inside a function."""
        self.names: set[str] = set()
        self.lines: list[str] = []
        self.depth: int = 1

    def line(self, text: str) -> None:
        """Add a line at the current depth of indentation."""
        self.lines.append("    " * self.depth + text)

    def conditions(self, fields: Mapping[str, Any], *keys: str) -> dict[str, Any]:
        """Return the arguments with those under `keys` written as Python conditions."""
        return {key: Raw(self.condition(value)) if key in keys else value for key, value in fields.items()}

    def condition(self, value: Any) -> str:
        """Return a bare expression as Python."""
        if isinstance(value, bool | int):
            return repr(value)
        text = str(value).strip()
        if text.startswith("${{") and closing(text, 0) == len(text):
            text = text[3:-2].strip()
        return self.expression(text)

    def expression(self, text: str) -> str:
        """Return the Python that makes this expression: a path of names, or `x.e(...)` around the text."""
        parts = text.split(".")
        clean = _PATH.fullmatch(text) and not any(keyword.iskeyword(part) or part.startswith("__") for part in parts)
        if clean and not _METHODS & set(parts[1:]):
            if parts[0] in self.names:
                return text
            if parts[0] in _ON_X or parts[0] in PARAMETERS:
                return f"x.{text}"
        if text in ("now()", "today()", "uuid()"):
            return f"x.{text}"
        return f"x.e({quoted(text)})"

    def value(self, value: Any, *, room: int = WIDTH, depth: int | None = None) -> str:
        """Return a value of the file as Python, on several lines when it is wide."""
        depth = self.depth if depth is None else depth
        if isinstance(value, Raw):
            return str(value)
        if is_map(value):
            items = [f"{quoted(str(key))}: " for key in value], list(value.values()), "{}"
        elif is_list(value):
            items = ["" for _ in value], value, "[]"
        else:
            return self.text(value) if isinstance(value, str) else repr(value)
        labels, inner, (opening, end) = items
        flat = ", ".join(label + self.value(value) for label, value in zip(labels, inner, strict=True))
        if len(flat) + 2 <= room and "\n" not in flat:
            return f"{opening}{flat}{end}"
        pad = "    " * (depth + 1)
        lines = [
            f"{pad}{label}{self.value(value, room=WIDTH - len(pad) - len(label), depth=depth + 1)},"
            for label, value in zip(labels, inner, strict=True)
        ]
        return "\n".join([opening, *lines, "    " * depth + end])

    def text(self, text: str) -> str:
        """Return the Python of a text, which may hold expressions in `${{ … }}`."""
        if "${{" not in text:
            return quoted(text)
        if text.startswith("${{ ") and closing(text, 0) == len(text):
            inner = text[3:-2].strip()
            if text == f"${{{{ {inner} }}}}":
                return self.expression(inner)
        return self.filled(text) or quoted(text)

    def filled(self, text: str) -> str | None:
        """Return `x.f("text {}", value)`, if that prints the same text."""
        if "{}" in text or "$${{" in text:
            return None
        values: list[str] = []
        pattern, at = "", 0
        while (start := text.find("${{", at)) >= 0:
            end = closing(text, start)
            inner = text[start + 3 : end - 2].strip() if end else ""
            if not end or text[start:end] != f"${{{{ {inner} }}}}":
                return None
            pattern += text[at:start] + "{}"
            values.append(self.expression(inner))
            at = end
        return f"x.f({quoted(pattern + text[at:])}, {', '.join(values)})"

    def called(self, name: str, positional: list[Any], keywords: Mapping[str, Any], depth: int) -> str:
        """Return a call; keywords that are no names of Python must not be among them."""
        parts = [
            *[("", argument) for argument in positional],
            *[(f"{key}=", argument) for key, argument in keywords.items()],
        ]
        flat = f"{name}({', '.join(label + self.value(part, room=10_000) for label, part in parts)})"
        if len(flat) + 4 * depth <= WIDTH and "\n" not in flat:
            return flat
        pad = "    " * (depth + 1)
        lines = [
            f"{pad}{label}{self.value(part, room=WIDTH - len(pad) - len(label), depth=depth + 1)},"
            for label, part in parts
        ]
        return "\n".join([f"{name}(", *lines, "    " * depth + ")"])


def quoted(text: str) -> str:
    """Return a Python string literal, in double quotes where that needs no escapes."""
    if '"' not in text and "\\" not in text and text.isprintable():
        return f'"{text}"'
    return repr(text)


def listed_lines(items: Iterable[str]) -> str:
    """Return a list with an item on each line, as an argument of a decorator."""
    return "[\n" + "".join(f"        {item},\n" for item in items) + "    ]"
