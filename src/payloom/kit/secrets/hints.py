"""Where in a text a secret may be: a quick look, which most texts end with.

RE2 reads a text once for all of it, thirty times as fast as the patterns that find the secrets themselves.
"""

from __future__ import annotations

import re

from payloom.kit.linear_regex import LinearPattern, compile_pattern
from payloom.kit.secrets.cards import card_numbers
from payloom.kit.secrets.patterns import SECRET_WORDS, STRIPE_KEYS

_BETWEEN_WORDS = "[^A-Za-z0-9]*"
_ENDS = "|".join(word.replace("_?", _BETWEEN_WORDS) for word in SECRET_WORDS)
SECRET_END = rf"(?i:(?:{_ENDS})(?:[^A-Za-z0-9]|$))"
"""Where a secret name may end."""
_FORMS = (
    *("|".join(STRIPE_KEYS), "/approve/", "eyJ", "(?i:basic)[^A-Za-z0-9]"),
    r"://[^\s/\"'<>]*:[^\s/\"'<>]+@",
)
_PLAIN = (SECRET_END, *_FORMS)
"""What stands in a text with a secret that shows by its form or by a name. `_secret_` of client secrets ends a name."""
_CODED = "[A-Za-z0-9+/]{32}"
"""Letters and digits without a break: longer than an ID, so perhaps base64 or hex."""
_ENCODED = (
    *(r"%[0-9A-Fa-f]{2}", r"\\[ux]", "&(?:#|[a-z]{2,6};)", r"=(?:[0-9A-F]{2}|\s|\\[rn])"),
    "[\uff01-\uff5e\xad\u200b-\u200d\u2060\ufeff]",
    f"{_CODED}[A-Za-z0-9+/]*",
)
"""What stands in a text that may hide one."""
_MAY_BE_CODED = re.compile(_CODED)
_PLAIN_HINT = compile_pattern("|".join(_PLAIN))
_HINT = compile_pattern("|".join((*_PLAIN, *_ENCODED)))

_TIME = r"T\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|\+00:00)"
_TIMES = re.compile(_TIME)
_UUID = r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![0-9A-Fa-f])"
_NO_CARD = re.compile(rf"\d{{4}}-\d\d-\d\d{_TIME}|{_UUID}")
"""What most texts have that has as many digits as a card number: moments and UUIDs."""
_DIGITS = r"\d(?:(?:[\W_][nrt]?){0,8}\d){12}"
"""As many digits as a card number has, with blanks that may be escaped."""
_SLOW_DIGITS = re.compile(_DIGITS)
_QUICK_DIGITS = compile_pattern(_DIGITS)
"""The same, of ASCII digits only."""
_ANY_HINT = compile_pattern("|".join((*_PLAIN, *_ENCODED, _DIGITS)))
"""What a text has that has a hint of any kind."""
_DECODED = (r"\\", "%[0-9A-Fa-f]{2}", "&(?:#|[A-Za-z]{2,8};)", r"=(?:[0-9A-Fa-f]{2}|\s)")
"""What `encodings.views` decodes, and what a backslash escapes."""
_HINT_BESIDE_WORDS = compile_pattern("|".join((*_FORMS, *_DECODED, _DIGITS)))
_STORED_TIME = re.compile(rf'\{{"\$timestamp":"\d{{4}}-\d\d-\d\d{_TIME}"\}}')
"""A moment as `payloom.db.types` writes it: digits enough for a card number, between signs that no hint goes across."""
_ESCAPED_BLANK = re.compile(r"\\[nrt]")


def no_hint_in(text: str) -> bool:
    """Whether there is no hint in a text at all: one look, where `hints_in` and `card_hints_in` take two or three."""
    return _is_without(_ANY_HINT, text)


def no_hint_but_words_in(text: str) -> bool:
    """Whether a text has no hint but secret names and long words, and nothing in it is escaped or decoded."""
    return _is_without(_HINT_BESIDE_WORDS, text)


def _is_without(pattern: LinearPattern, text: str) -> bool:
    if not text.isascii():
        return False
    return pattern.search(_STORED_TIME.sub("{}", text) if '"$timestamp"' in text else text) is None


def hints_in(text: str) -> list[tuple[int, int]]:
    """Return where a secret or an encoding that may hide one begins and ends, roughly; nothing for most texts."""
    return _places(_HINT, text)


def may_be_coded(text: str) -> bool:
    """Whether base64 or hex may be in a text."""
    return _MAY_BE_CODED.search(text) is not None


def shows_secret(text: str) -> bool:
    """Whether a secret may be in a text as it stands: by its form or by a name."""
    return bool(_places(_PLAIN_HINT, text))


def _places(pattern: LinearPattern, text: str) -> list[tuple[int, int]]:
    try:
        return [match.span() for match in pattern.finditer(text)]
    except UnicodeEncodeError:  # half a character is no UTF-8, which RE2 reads
        return [(0, len(text))]


def card_hints_in(text: str) -> list[tuple[int, int]]:
    """Return where digits are that may be of a card number; nothing if there is none in the text."""
    if text.isascii() and (_QUICK_DIGITS.search(text) is None or _QUICK_DIGITS.search(_TIMES.sub("x", text)) is None):
        return []
    if not any(card_numbers(_ESCAPED_BLANK.sub(" ", _NO_CARD.sub("x", text)))):
        return []
    return [match.span() for match in _SLOW_DIGITS.finditer(text)]
