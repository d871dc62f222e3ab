"""Finds `${{ … }}` in raw text and hides it from YAML.

As many private-use characters stand in its place, so that positions stay true.
"""

from __future__ import annotations

import json

MASK = "\ue000"


def closing(text: str, start: int) -> int:
    """Return the offset after the `}}` that closes the `${{` at `start`; -1 if there is none.

    A `}}` inside a string or an open brace does not close.
    """
    at, depth, quote = start + 3, 0, ""
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char in {quote, "\n"}:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char == "{":
            depth += 1
        elif char == "}":
            if depth == 0:
                return at + 2 if text.startswith("}}", at) else -1
            depth -= 1
        at += 1
    return -1


def mask(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the text of the same length with every `${{ … }}` hidden, and where they were."""
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    at = 0
    while (start := text.find("${{", at)) >= 0:
        end = closing(text, start)
        line_end = text.find("\n", start)
        if end < 0 or (0 <= line_end < end):
            pieces.append(text[at : start + 3])
            at = start + 3
            continue
        pieces.append(text[at:start])
        pieces.append(MASK * (end - start))
        spans.append((start, end))
        at = end
    pieces.append(text[at:])
    return "".join(pieces), spans


def without_expressions(text: str, instead: str = "") -> str:
    """Return a value's text with `instead` in place of each `${{ … }}`, however many lines or braces that has."""
    pieces: list[str] = []
    at = 0
    while (start := text.find("${{", at)) >= 0 and (end := closing(text, start)) >= 0:
        pieces += [text[at:start], instead]
        at = end
    return "".join([*pieces, text[at:]])


def needs_quotes(raw: str, *, in_flow: bool) -> bool:
    """Whether a plain scalar holding expressions cannot stand without quotes."""
    return in_flow or ": " in raw or " #" in raw or raw.endswith(":")


def quoted(raw: str) -> str:
    """Return `raw` as a YAML scalar in quotes, double ones if nothing in it needs escaping."""
    if '"' not in raw and "\\" not in raw:
        return f'"{raw}"'
    if "'" not in raw:
        return f"'{raw}'"
    return json.dumps(raw, ensure_ascii=False)


def corrected(text: str, start: int, end: int) -> str:
    """Return the line(s) of `text[start:end]`, stripped, with that stretch put in quotes."""
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop
    return (text[begin:start] + quoted(text[start:end]) + text[end:stop]).strip()


def unquote(raw: str, style: str | None) -> str:
    """Return the value of a scalar as it stands in the text; block scalars keep their indentation."""
    if style == "'":
        return raw[1:-1].replace("''", "'")
    if style == '"':
        try:
            return str(json.loads(raw))
        except ValueError:
            return raw[1:-1]
    return raw.strip()
