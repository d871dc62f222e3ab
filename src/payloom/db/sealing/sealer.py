"""Seals the secrets within a text, and opens them again. The rest of the text stays as it is.

    {"client_secret":"pi_1_secret_x"}   ->   {"client_secret":"pi_1_secret_$sealed:1f2e3d4c:Zm9v…$"}

Texts are JSON, mails and pages: a sealed secret fits into all of them.
"""

from __future__ import annotations

import base64
import itertools
import re

from payloom.db.sealing.keyring import Keyring
from payloom.kit.secrets.patterns import STRIPE_KEYS, is_secret_name, secrets_in
from payloom.kit.secrets.redaction import MASK, known_secrets_in

MARK = "$sealed:"
_SEALED = re.compile(r"\$sealed:([0-9a-f]{8}):([A-Za-z0-9_-]+)\$")
_BYTES_MARK = b"$sealed:"
_HINTS = ("_secret_", "/approve/", "eyJ", MARK, *STRIPE_KEYS)
_GAPS = ("_", "-", " ", ".", "")
_HINTS_IN_LOWER_CASE = (
    *(
        "bearer",
        "basic ",
        "secret",
        "passw",
        "passphrase",
        "passcode",
        "token",
        "authorization",
        "cookie",
        "credential",
    ),
    *("api_key=", "apikey=", 'cvc"', 'cvv"', 'cvv2"', 'csc"', 'pwd"', 'pin"', 'otp"', "security", "recovery"),
    *("signing", "encryption", *(f"time{gap}code" for gap in _GAPS), *(f"card{gap}number" for gap in _GAPS)),
)
_KEY_ENDS = ('key"', 'keys"')
_KEYS = tuple(f"{word}{gap}key" for word in ("api", "access", "private") for gap in _GAPS)
"""A text without any of these holds no secret: looking for them takes a few microseconds."""
_ADDRESS_PASSWORD = re.compile(r"://[^\s/\"'<>]*:[^\s/\"'<>]+@")
_NAME = r'"([A-Za-z][A-Za-z0-9_.\- ]{1,79})"\s*:\s*'
_FIELD = re.compile(_NAME + r'"((?:[^"\\]|\\.)+)"')
_GROUP = re.compile(_NAME + r"(?=[\[{])")
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|[\[{\]}]')
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
        if not _may_hold_secrets(text):
            return text
        spans = _spans(text)
        if not spans:
            return text
        pieces: list[str] = []
        at = 0
        for start, end in spans:
            pieces += (text[at:start], self._sealed(text[start:end]))
            at = end
        return "".join([*pieces, text[at:]])

    def _sealed(self, secret: str) -> str:
        name, content = self.keyring.seal(secret.encode("utf-8", "surrogatepass"))
        return f"{MARK}{name}:{base64.urlsafe_b64encode(content).rstrip(b'=').decode()}$"

    def unseal(self, text: str) -> str:
        """Return the text as it was. Raises `SealedByUnknownKey`."""
        return text if MARK not in text else _SEALED.sub(self._opened, text)

    def _opened(self, match: re.Match[str]) -> str:
        content = base64.urlsafe_b64decode(match[2] + "=" * (-len(match[2]) % 4))
        return self.keyring.open(match[1], content).decode("utf-8", "surrogatepass")

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
        return {match[1] for match in _SEALED.finditer(value)}

    def marks(self, text: str) -> int:
        """Return how many sealed secrets a stored text has."""
        return len(_SEALED.findall(text))

    def abandon(self, text: str) -> str:
        """Return a stored text with what no key here opens marked as lost."""
        return _SEALED.sub(lambda match: match[0] if match[1] in self.keyring.ids else _LOST, text)


_LONG, _LONG_PIECE, _MOST_PIECES = 1000, 16, 4096
_pieces: set[str] = set()
"""Pieces of long texts that hold no secret: the tags of a mail, which are the same in each."""


def _may_hold_secrets(text: str) -> bool:
    """Whether a text is worth a look; of a long one, whether those of its pieces are that were not seen yet."""
    if len(text) < _LONG or "<" not in text:
        return _has_hint(text) or bool(known_secrets_in(text))
    # No hint has the sign that parts the pieces.
    fresh = [piece for piece in text.split("<") if len(piece) < _LONG_PIECE or piece not in _pieces]
    if _has_hint("<".join(fresh)):
        return True
    if len(_pieces) >= _MOST_PIECES:
        _pieces.clear()
    _pieces.update([piece for piece in fresh if len(piece) >= _LONG_PIECE])
    return bool(known_secrets_in(text))


def _has_hint(text: str) -> bool:
    lower = text.lower()
    return (
        any(hint in text for hint in _HINTS)
        or any(hint in lower for hint in _HINTS_IN_LOWER_CASE)
        or (any(end in lower for end in _KEY_ENDS) and any(key in lower for key in _KEYS))
        or _ADDRESS_PASSWORD.search(text) is not None
    )


def _spans(text: str) -> list[tuple[int, int]]:
    """Return what to seal, from left to right, without overlaps."""
    spans = secrets_in(text)
    spans += known_secrets_in(text)
    spans += [match.span() for match in re.finditer(re.escape(MARK), text)]
    spans += [match.span(2) for match in _FIELD.finditer(text) if match[2] != MASK and is_secret_name(match[1])]
    spans += _texts_of_groups(text)
    merged: list[tuple[int, int]] = []
    for start, last in sorted(spans):
        # A text may be JSON: a backslash stays with what it escapes.
        end = start + len(text[start:last].rstrip("\\"))
        if start == end:
            continue
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _texts_of_groups(text: str) -> list[tuple[int, int]]:
    """Return where the texts are in lists and maps of JSON under secret names; the names in a map are left out."""
    spans: list[tuple[int, int]] = []
    end = 0
    for match in _GROUP.finditer(text):
        if match.end() < end or not is_secret_name(match[1]):
            continue  # a group within another one is looked at once
        depth, end = 0, len(text)
        for token in _TOKEN.finditer(text, match.end()):
            if token[1] is None:
                depth += 1 if token[0] in "[{" else -1
                if depth == 0:
                    end = token.end()
                    break
            elif token[2] is None and token[1] not in ("", MASK):
                spans.append(token.span(1))
    return spans


ATTRIBUTE = "payloom_sealer"
"""Of a dialect: the sealer of the database that it belongs to."""


def sealer_of(dialect: object) -> Sealer | None:
    """Return the sealer of the database of a dialect; None for one that holds nothing of anybody, such as a scratch."""
    return getattr(dialect, ATTRIBUTE, None)
