"""Where the cursor is in a text that need not parse: the path by indentation, and what is being typed there.

Reads lines the way people do, by their indentation, so that a half-typed line does not matter.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Literal

from payloom.kit.diagnostics import Path
from payloom.kit.yaml.masking import closing
from payloom.workflows.syntax.filemodel.step_keys import BARE_KEYS

_KEY = re.compile(r"""("[^"\n]*"|'[^'\n]*'|[^\s#"'{}\[\],][^:#\n]*?)\s*:(?=\s|$)""")
_BLOCK = re.compile(r"[|>][+-]?\d?[+-]?\s*(#.*)?$")
_MOST = 4000


@dataclasses.dataclass(frozen=True, slots=True)
class Cursor:
    """What stands at an offset.

    kind: `expression`, `key` or `value` (of YAML), `none` (a comment, a block of text). path: of the value the cursor
    is in; for a key: of the map it will stand in. start, end: what is being typed, from and to. text: it, up to the
    cursor. bare: an expression without `${{ }}`. quote: the quote the value began with, or nothing.
    """

    kind: Literal["expression", "key", "value", "none"]
    path: Path
    start: int
    end: int
    text: str
    bare: bool = False
    quote: str = ""
    in_flow: bool = False


@dataclasses.dataclass(slots=True)
class _Level:
    column: int
    part: str | int
    block: bool = False


def cursor_at(text: str, offset: int) -> Cursor:
    """Return what stands at `offset`."""
    offset = max(0, min(offset, len(text)))
    line_start = text.rfind("\n", 0, offset) + 1
    line_end = text.find("\n", offset)
    line_end = len(text) if line_end < 0 else line_end
    levels = _levels(text[:line_start])
    line = text[line_start:line_end].rstrip("\r")
    indent = len(line) - len(line.lstrip(" "))
    holder = levels[-1] if levels and levels[-1].block else None
    inside_block = holder is not None and (not line.strip() or indent > holder.column)
    if inside_block:
        path = _path(levels)
        return _expression(text, offset, path, line_end, several=True) or Cursor("none", path, offset, offset, "")
    return _in_line(text, offset, (line_start, line_end), levels)


def _in_line(text: str, offset: int, bounds: tuple[int, int], levels: list[_Level]) -> Cursor:
    line_end = bounds[1]
    column, at = _dashes(text, bounds, offset, levels)
    rest = text[at:line_end]
    key = _KEY.match(rest)
    if key is None or at + key.end() > offset:
        _leave(levels, column, key=True)
        path = _path(levels)
        cursor = _expression(text, offset, path, line_end)
        if cursor is not None:
            return cursor
        if rest.lstrip().startswith("#") and at + len(rest) - len(rest.lstrip()) < offset:
            return Cursor("none", path, offset, offset, "")
        if rest[:1] in "{[" and rest[:1] and offset > at:
            return _flow(text, at, offset, path)
        # A scalar in a list, or a key that is being typed: what may stand here tells.
        end = at + (key.end(1) if key else len(rest.split(" #")[0].rstrip()))
        at = min(at, offset)
        return Cursor("key", path, at, max(end, offset), text[at:offset])
    _leave(levels, column, key=True)
    levels.append(_Level(column, _name(key[1])))
    path = _path(levels)
    value_at = at + key.end()
    while value_at < offset and text[value_at] in " \t":
        value_at += 1
    return _value(text, offset, value_at, line_end, path)


def _value(text: str, offset: int, value_at: int, line_end: int, path: Path) -> Cursor:
    typed = text[value_at:offset]
    cursor = _expression(text, offset, path, line_end)
    if cursor is not None:
        if typed[:1] in {"{", "["} and cursor.start - 3 > value_at:
            inner = _flow(text, value_at, cursor.start - 3, path)
            return dataclasses.replace(cursor, path=inner.path)
        return cursor
    if re.search(r"(^|\s)#", _unquoted(typed)):
        return Cursor("none", path, offset, offset, "")
    if typed[:1] in {"{", "["}:
        return _flow(text, value_at, offset, path)
    quote = typed[:1] if typed[:1] in {'"', "'"} else ""
    start = value_at + len(quote)
    end = _end_of_value(text, max(start, offset), line_end, quote)
    bare = bool(path) and path[-1] in BARE_KEYS
    return Cursor("expression" if bare else "value", path, start, end, text[start:offset], bare=bare, quote=quote)


def _unquoted(text: str) -> str:
    return re.sub(r""""[^"]*"|'[^']*'""", "", text)


def _end_of_value(text: str, offset: int, line_end: int, quote: str) -> int:
    rest = text[offset:line_end]
    if quote and quote in rest:
        return offset + rest.index(quote)
    comment = re.search(r"\s+#", rest)
    return offset + (comment.start() if comment else len(rest.rstrip()))


def _expression(text: str, offset: int, path: Path, line_end: int, *, several: bool = False) -> Cursor | None:
    """Return the `${{ … }}` around the cursor. several: it may have begun on an earlier line."""
    opening = text.rfind("${{", max(0, offset - _MOST), offset)
    if opening < 0 or offset < opening + 3 or text[max(0, opening - 1) : opening] == "$":
        return None
    if closing(text[:offset], opening) >= 0 or ("\n" in text[opening:offset] and not several):
        return None
    start = opening + 3
    end = closing(text[:line_end], opening)
    stop = end - 2 if end >= 0 else _guess_end(text, offset, line_end)
    return Cursor("expression", path, start, max(stop, offset), text[start:offset])


def _guess_end(text: str, offset: int, line_end: int) -> int:
    for mark in ("}}", '"', "\n"):
        position = text.find(mark, offset, line_end)
        if position >= 0:
            return position
    return line_end


# ------------------------------------------------------------------ lines


def _levels(text: str) -> list[_Level]:
    """Return the open levels at the end of whole lines."""
    levels: list[_Level] = []
    at = 0
    for line in text.split("\n")[:-1]:
        size = len(line) + 1
        stripped = line.rstrip("\r")
        indent = len(stripped) - len(stripped.lstrip(" "))
        if not stripped.strip():
            at += size
            continue
        if levels and levels[-1].block:
            if indent > levels[-1].column:
                at += size
                continue
            levels[-1].block = False
        if not stripped.lstrip().startswith("#"):
            _take(stripped, levels)
        at += size
    return levels


def _take(line: str, levels: list[_Level]) -> None:
    column, at = _dashes(line, (0, len(line)), len(line), levels)
    key = _KEY.match(line[at:])
    if key is None:
        return
    _leave(levels, column, key=True)
    rest = line[at + key.end() :].strip()
    levels.append(_Level(column, _name(key[1]), block=bool(_BLOCK.match(rest))))


def _dashes(text: str, bounds: tuple[int, int], offset: int, levels: list[_Level]) -> tuple[int, int]:
    """Enter the list items that begin on a line; return the column and offset of what follows the dashes."""
    start, end = bounds
    at = start
    while at < end and text[at] == " ":
        at += 1
    while at < end and text[at] == "-" and (at + 1 == end or text[at + 1] in " \r") and at < offset:
        column = at - start
        _leave(levels, column, key=False)
        last = levels[-1] if levels else None
        if last is not None and isinstance(last.part, int) and last.column == column:
            last.part += 1
        else:
            levels.append(_Level(column, 0))
        at += 1
        while at < end and text[at] == " ":
            at += 1
    if at >= end and at < offset:
        at = offset
    # Blanks after the cursor do not count: what is typed goes where the cursor is.
    at = min(at, offset) if offset < at and not text[start:offset].strip() else at
    return at - start, at


def _leave(levels: list[_Level], column: int, *, key: bool) -> None:
    """Close the levels that a key or a dash at `column` ends."""
    while levels:
        last = levels[-1]
        is_key = isinstance(last.part, str)
        deeper = last.column > column
        # A list may stand at the column of its key.
        same = last.column == column and (is_key if key else False)
        item = last.column == column and key and not is_key
        if not (deeper or same or item):
            return
        levels.pop()


def _name(raw: str) -> str:
    return raw[1:-1] if raw[:1] in {'"', "'"} and raw[-1:] == raw[:1] and len(raw) > 1 else raw.strip()


def _path(levels: list[_Level]) -> Path:
    return tuple(level.part for level in levels)


# ------------------------------------------------------------------ flow


class _Flow:
    """Follows `{…}` and `[…]` up to the cursor."""

    def __init__(self, path: Path, start: int) -> None:
        self.stack: list[tuple[str, Path, int]] = []
        self.here = path
        self.token = start
        self.key: str | None = None

    def open(self, char: str, at: int) -> None:
        self.here = (*self.here, self.key) if self.key is not None else self.here
        self.stack.append((char, self.here, 0))
        self.here = self.here if char == "{" else (*self.here, 0)
        self.key, self.token = None, at + 1

    def close(self, at: int) -> None:
        _, self.here, _ = self.stack.pop()
        self.key, self.token = None, at + 1
        if self.stack:
            kind, outer, index = self.stack[-1]
            self.here = outer if kind == "{" else (*outer, index)

    def comma(self, at: int) -> None:
        kind, outer, index = self.stack[-1]
        self.key, self.token = None, at + 1
        if kind == "[":
            self.stack[-1] = (kind, outer, index + 1)
        self.here = outer if kind == "{" else (*outer, index + 1)

    def step(self, text: str, at: int) -> None:
        char = text[at]
        if char in "{[":
            self.open(char, at)
        elif char in "}]" and self.stack:
            self.close(at)
        elif char == "," and self.stack:
            self.comma(at)
        elif char == ":" and self.stack and self.stack[-1][0] == "{" and text[at + 1 : at + 2] in {" ", ""}:
            self.key, self.token = _name(text[self.token : at].strip()), at + 1


def _skipped(text: str, at: int, offset: int) -> int:
    """Return where a string or an expression at `at` ends, `at` if there is none, -1 if it is open at the cursor."""
    if text[at] in "'\"":
        end = text.find(text[at], at + 1, offset)
        return end + 1 if end >= 0 else -1
    if text.startswith("${{", at):
        return closing(text[:offset], at)
    return at


def _flow(text: str, start: int, offset: int, path: Path) -> Cursor:
    """Return what stands in `{…}` or `[…]`, which began at `start` and is open at the cursor."""
    flow = _Flow(path, start)
    at = start
    while at < offset:
        after = _skipped(text, at, offset)
        if after < 0:
            break
        if after == at:
            flow.step(text, at)
            after = at + 1
        at = after
    if not flow.stack:
        return Cursor("none", path, offset, offset, "")
    token = flow.token
    while token < offset and text[token] == " ":
        token += 1
    quote = text[token] if token < offset and text[token] in {'"', "'"} else ""
    token += len(quote)
    typed = text[token:offset]
    if flow.key is not None:
        return Cursor("value", (*flow.here, flow.key), token, offset, typed, quote=quote, in_flow=True)
    if flow.stack[-1][0] == "{":
        return Cursor("key", flow.stack[-1][1], token, offset, typed, quote=quote, in_flow=True)
    return Cursor("value", flow.here, token, offset, typed, quote=quote, in_flow=True)
