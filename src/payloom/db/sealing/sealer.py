"""Seals the secrets within a text, and opens them again. The rest of the text stays as it is.

    {"client_secret":"pi_1_secret_x"}   ->   {"client_secret":"pi_1_secret_$sealed:1f2e3d4c:Zm9v…$"}

Texts are JSON, mails and pages: a sealed secret fits into all of them.
"""

from __future__ import annotations

import base64
import bisect
import itertools
import re
from collections.abc import Iterator, Sequence

from payloom.db.sealing.keyring import Keyring
from payloom.kit.secrets.cards import is_card_number
from payloom.kit.secrets.hints import (
    card_hints_in,
    hints_in,
    may_be_coded,
    no_hint_but_words_in,
    no_hint_in,
    shows_secret,
)
from payloom.kit.secrets.named import may_name_a_secret, named_secrets_in
from payloom.kit.secrets.redaction import (
    MASK,
    coded_secrets_in,
    is_clean,
    known_secrets,
    known_secrets_in,
    remember_clean,
    secret_places,
    worth_a_look,
)

MARK = "$sealed:"
_SEALED = re.compile(r"\"\$sealed:#([0-9a-f]{8}):([A-Za-z0-9_-]+)\$\"|\$sealed:([0-9a-f]{8}):([A-Za-z0-9_-]+)\$")
"""What is sealed within a string, or, with its quotes, what stands in JSON without quotes: a number."""
_MARK = re.compile(re.escape(MARK))
_BYTES_MARK = b"$sealed:"
_STRING_OR_NUMBER = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"|(?<![\d.])(\d{13,19})(?:\.0+)?(?![\d.eE])')
_NUMBER = 2
"""The group of a number in it."""
_LONG_NUMBER = re.compile(r"\d{13}")
_SHORTEST_CODED = 32
"""Of a word that may be base64 or hex: see `may_be_coded`."""
_FIELD_NAME = re.compile("[a-z_]{1,80}")
_SHORTEST = 6
_JSON_BEGINS = frozenset('{["-0123456789')
_ESCAPE_BEGUN = re.compile(r"(?:^|[^\\])(?:\\\\)*(?P<escape>\\(?:u[0-9a-fA-F]{0,3})?)$")
_LOST = "[lost]"


_numbers = itertools.count(1)


class Sealer:
    """Seals and opens the texts of one database."""

    def __init__(self, keyring: Keyring) -> None:
        """keyring: the keys of the database."""
        self.keyring = keyring
        self.number = next(_numbers)

    def seal(self, text: str) -> str:
        """Return the text with its secrets sealed."""
        look = known_secrets(), text
        if look in _clean:
            return text
        hints = _fresh_hints(text)
        spans = _spans(text, hints) if hints else []
        if not spans:
            if hints:
                _remember(look)
            return text
        strings = _strings(text)
        pieces: list[str] = []
        at = 0
        for start, end in spans:
            sealed = self._sealed(text[start:end], bare=not _is_within(start, strings))
            pieces += (text[at:start], sealed)
            at = end
        return "".join([*pieces, text[at:]])

    def _sealed(self, secret: str, *, bare: bool) -> str:
        name, content = self.keyring.seal(secret.encode("utf-8", "surrogatepass"))
        code = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
        return f'"{MARK}#{name}:{code}$"' if bare else f"{MARK}{name}:{code}$"

    def unseal(self, text: str) -> str:
        """Return the text as it was. Raises `SealedByUnknownKey`."""
        return text if MARK not in text else _SEALED.sub(self._opened, text)

    def _opened(self, match: re.Match[str]) -> str:
        code = match[2] or match[4]
        content = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
        return self.keyring.open(_key_of(match), content).decode("utf-8", "surrogatepass")

    def seal_bytes(self, value: bytes) -> bytes:
        """Return a value that is secret as a whole, sealed."""
        name, content = self.keyring.seal(value)
        return _BYTES_MARK + name.encode() + b":" + content

    def unseal_bytes(self, value: bytes) -> bytes:
        """Return the value as it was; one that was stored before there were keys is as it is."""
        if not value.startswith(_BYTES_MARK):
            return value
        name, _, content = value.removeprefix(_BYTES_MARK).partition(b":")
        return self.keyring.open(name.decode("latin-1"), content)

    def sealed_by(self, value: str | bytes) -> set[str]:
        """Return the IDs of the keys that a stored value needs."""
        if isinstance(value, bytes):
            return {value.removeprefix(_BYTES_MARK)[:8].decode("latin-1")} if value.startswith(_BYTES_MARK) else set()
        return {_key_of(match) for match in _SEALED.finditer(value)}

    def marks(self, text: str) -> int:
        """Return how many sealed secrets a stored text has."""
        return len(_SEALED.findall(text))

    def abandon(self, text: str) -> str:
        """Return a stored text with what no key here opens marked as lost."""

        def kept_or_lost(match: re.Match[str]) -> str:
            if _key_of(match) in self.keyring.ids:
                return match[0]
            return _LOST if match[1] is None else f'"{_LOST}"'

        return _SEALED.sub(kept_or_lost, text)


def _key_of(match: re.Match[str]) -> str:
    return match[1] or match[3]


_LONG, _LONG_PIECE, _MOST_PIECES = 1000, 16, 4096
_pieces: set[str] = set()
"""Pieces of long texts that hold no secret: the tags of a mail, which are the same in each."""


_LONGEST_CLEAN, _MOST_CLEAN = 1000, 512
_clean: set[tuple[int, str]] = set()
"""Texts that look as if they held a secret and hold none, such as the versions that a run is pinned to: they come again
and again. With how many values were known to be secret before the look: one that became known meanwhile counts anew."""


def _remember(look: tuple[int, str]) -> None:
    if len(look[1]) <= _LONGEST_CLEAN:
        if len(_clean) >= _MOST_CLEAN:
            _clean.clear()
        _clean.add(look)


def _fresh_hints(text: str) -> list[tuple[int, int]]:
    """Return where secrets may be. Pieces of a long text in which none was are not looked at again."""
    if len(text) < _LONG or "<" not in text:
        return _hints(text)
    # No hint has the sign that parts the pieces.
    pieces = [piece for piece in text.split("<") if len(piece) < _LONG_PIECE or piece not in _pieces]
    fresh = "<".join(pieces)
    if _hints(fresh) and (MARK in fresh or shows_secret(fresh) or secret_places(fresh)):
        return _hints(text)
    if len(_pieces) >= _MOST_PIECES:
        _pieces.clear()
    _pieces.update([piece for piece in pieces if len(piece) >= _LONG_PIECE])
    return known_secrets_in(text)


def _hints(text: str) -> list[tuple[int, int]]:
    look = known_secrets(), text
    known = known_secrets_in(text)
    if MARK not in text:
        if no_hint_in(text):
            return known
        if not known and _has_only_ids(text):
            _remember(look)
            return known
    marks = [match.span() for match in _MARK.finditer(text)] if MARK in text else []
    return sorted([*marks, *hints_in(text), *card_hints_in(text), *known])


def _has_only_ids(text: str) -> bool:
    """Whether the only hints in a JSON text are long words that hide nothing, and secret names with nothing under them.

    Such are most of Stripe's objects. What `_spans` would look through has been looked through then.
    """
    if text[:1] not in _JSON_BEGINS or not no_hint_but_words_in(text) or may_name_a_secret(text):
        return False
    # Nothing is escaped in it, so its strings are what stands between quotes.
    for string in text.split('"')[1::2]:
        if len(string) < _SHORTEST_CODED or is_clean(string) or not may_be_coded(string):
            continue
        if coded_secrets_in(string):
            return False
        remember_clean(string)
    return True


def _spans(text: str, hints: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what to seal, from left to right, without overlaps. hints: where it may be."""
    spans = _places(text) if text[:1] not in _JSON_BEGINS else [*_named(text), *_places_in_json(text, hints)]
    spans += [match.span() for match in _MARK.finditer(text)]
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        start, end = _whole(text, first, last)
        if start == end:
            continue
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _places(text: str) -> list[tuple[int, int]]:
    return [(start, end) for start, end, _ in secret_places(text, decoded=may_be_coded(text))]


def _named(text: str) -> list[tuple[int, int]]:
    return [(start, end) for start, end in named_secrets_in(text) if text[start:end] != MASK]


def _places_in_json(text: str, hints: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield what is secret by its form in each string of a JSON text that has a hint, and each number of a card."""
    ahead = iter(hints)
    hint = next(ahead, None)
    numbers = _LONG_NUMBER.search(text) is not None
    for token in _STRING_OR_NUMBER.finditer(text):
        start, end = token.span()
        while hint is not None and hint[1] <= start:
            hint = next(ahead, None)
        if hint is None and not numbers:
            return
        if token.lastindex == _NUMBER:
            if is_card_number(token[_NUMBER]):
                yield start, end
        elif hint is not None and hint[0] < end:
            string = token[1]
            if len(string) < _SHORTEST or not worth_a_look(string):
                continue
            # Names of fields and ids come again and again: they are looked at in full once.
            if (_FIELD_NAME.fullmatch(string) or may_be_coded(string)) and not secret_places(string):
                remember_clean(string)
                continue
            yield from ((start + 1 + first, start + 1 + last) for first, last in _places(string))


def _whole(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a place without half an escape at its ends: a text may be JSON, and a backslash stays with its letter."""
    before = text[max(0, start - 6) : start]
    if cut := _ESCAPE_BEGUN.search(before):
        start -= len(before) - cut.start("escape")
    return start, start + len(text[start:end].rstrip("\\"))


def _strings(text: str) -> Sequence[tuple[int, int]]:
    """Return where the strings of a JSON text are; of any other text, that it is all one."""
    if text[:1] not in _JSON_BEGINS:
        return [(0, len(text))]
    return [match.span() for match in _STRING_OR_NUMBER.finditer(text) if match[1] is not None]


def _is_within(start: int, strings: Sequence[tuple[int, int]]) -> bool:
    at = bisect.bisect_right(strings, start, key=lambda span: span[0]) - 1
    return at >= 0 and start < strings[at][1]


ATTRIBUTE = "payloom_sealer"
"""Of a dialect: the sealer of the database that it belongs to."""


def sealer_of(dialect: object) -> Sealer | None:
    """Return the sealer of the database of a dialect; None for one that holds nothing of anybody, such as a scratch."""
    return getattr(dialect, ATTRIBUTE, None)
