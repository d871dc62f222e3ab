"""Secrets that show by the name they stand under, within a text: JSON, what programs print, forms, pairs, and tags."""

from __future__ import annotations

import re
from collections.abc import Iterator

from payloom.kit.linear_regex import compile_pattern
from payloom.kit.secrets.hints import SECRET_END
from payloom.kit.secrets.patterns import SECRET_WORDS, is_secret_name

_ESCAPED = r"\\u[0-9a-fA-F]{4}"
_WORD = rf"(?:{_ESCAPED}|[\w$@\[-])(?:{_ESCAPED}|[^\"'\\\n]){{0,199}}"
_NAMES = (
    rf"(?P<quote>[\"'])(?P<key>{_WORD})(?P=quote)\s*:\s*",
    rf"\"(?:name|key|field|header)\"\s*:\s*\"(?P<pair>{_WORD})\"\s*,\s*\"(?:value|val|content|text)\"\s*:\s*",
    rf"\[\s*\"(?P<first>{_WORD})\"\s*,\s*(?=(?:\"(?:[^\"\\]|\\.)*\"|-?\d[\d.eE+-]*)\s*\])",
)
_KEY = re.compile("|".join((_NAMES[1], _NAMES[0], _NAMES[2])))
"""A pair goes first: its own names, `name` and `value`, are no secret ones."""
_VALUE = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|(-?\d[\d.eE+-]*)|[\[{]")
_TOKEN = re.compile(r"(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')(\s*:)?|(-?\d[\d.eE+-]*)|[\[{\]}]")
_FORM = re.compile(r"(?:(?<=[?&;\"'\s])|^)([A-Za-z][\w.\-\[\]]{1,79})=([^\s&\"'<>;\\]+)")
_TAG = re.compile(r"<(?:[\w-]+:)?([A-Za-z][\w.-]{1,79})>([^<]+)</")

_MARKS = ('"', "'", "=", "</")
"""What stands beside a name in every form above."""
_SECRET_END = compile_pattern(SECRET_END)
_EMPTY_ENDS = "|".join(word.replace("_?", "[_. -]?") for word in SECRET_WORDS)
_NOTHING_SECRET = compile_pattern(rf'(?i)(?:{_EMPTY_ENDS})"\s*:\s*(?:null|true|false)')
"""A secret name with nothing under it, such as the `client_secret` of many objects of Stripe's."""


def may_name_a_secret(text: str) -> bool:
    """Whether a secret name may be in a text, with something under it. Escaped and wide letters are not looked at."""
    if "\\u" in text or not text.isascii():
        return True
    ends = len(_SECRET_END.findall(text))
    return ends > 0 and ends > len(_NOTHING_SECRET.findall(text))


def named_secrets_in(text: str) -> list[tuple[int, int]]:
    """Return where the values are that stand under secret names: texts without their quotes, and numbers.

    In a list or a map under such a name, each text and each number is one; the names in it are none.
    """
    spans: list[tuple[int, int]] = []
    if not any(mark in text for mark in _MARKS) or not may_name_a_secret(text):
        return spans
    if "=" in text:
        spans += [match.span(2) for match in _FORM.finditer(text) if is_secret_name(match[1])]
    if "</" in text:
        spans += [match.span(2) for match in _TAG.finditer(text) if is_secret_name(match[1])]
    end = 0
    for match in _KEY.finditer(text) if '"' in text or "'" in text else ():
        if match.end() < end or not _is_secret(match[match.lastgroup or 0]):
            continue  # a group within another one is read once
        value = _VALUE.match(text, match.end())
        if value is None:
            continue
        if value.lastindex is None:
            end = _end_of_group(text, value.start())
            spans += _values_of_group(text, value.start(), end)
        else:
            spans.append(value.span(value.lastindex))
    return [(start, last) for start, last in spans if start < last]


def _is_secret(name: str) -> bool:
    return is_secret_name(
        re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], base=16)), name) if "\\" in name else name
    )


def _end_of_group(text: str, start: int) -> int:
    """Return where the list or map ends that begins at a place; the end of the text if it does not."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        if token.lastindex is None:
            depth += 1 if token[0] in "[{" else -1
            if depth == 0:
                return token.end()
    return len(text)


def _values_of_group(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for token in _TOKEN.finditer(text, start, end):
        if token[3] is not None:
            yield token.span(3)
        elif token[1] is not None and token[2] is None:
            yield token.start(1) + 1, token.end(1) - 1
