"""Text of a stranger's where people read it: terminals, logs, mail headers, lists.

A terminal obeys control characters, a mail program breaks a header at them, and a bidirectional override makes a name
read otherwise than it is written. So whoever shows such a text shows these characters as what they are.
"""

from __future__ import annotations

import re

_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]|\r(?!\n)")

_FORMULA = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u202e\u2066-\u2069\ufeff'\"]*[=+\-@|%＝＋－＠]|[\t\r\n]")


def has_unseen(text: str) -> bool:
    """Tell whether a text holds a line break, or a character that a terminal obeys or that nobody sees."""
    return "\n" in text or "\t" in text or _UNSEEN.search(text) is not None


def visible(text: str) -> str:
    r"""Return a text with each such character written out, as in JSON: `\u001b`. Lines and tabs stay."""
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def visible_line(text: str) -> str:
    """Return the same in one line, for a log."""
    return visible(text).replace("\r", "\\r").replace("\n", "\\n")


def one_line(text: str, longest: int) -> str:
    """Return a name as it is stored: one line without unseen characters, cut at `longest` characters."""
    return " ".join(_UNSEEN.sub(" ", text).split())[:longest]


def count(number: int, singular: str) -> str:
    """Return a number with what it counts: `1 event`, `2 events`. singular: a noun whose plural ends in s."""
    return f"{number:,} {singular}{'' if number == 1 else 's'}"


def spreadsheet_cell(text: str) -> str:
    """Return a text as a cell of a CSV file. One that a spreadsheet takes for a formula begins with an apostrophe.

    A spreadsheet may leave out what stands before the sign: blanks, a quote, characters that nobody sees.
    """
    return f"'{visible(text)}" if _FORMULA.match(text) else visible(text)
