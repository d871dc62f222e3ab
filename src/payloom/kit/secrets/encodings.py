"""A text as others will read it: decoded, with places kept.

From percent, quoted-printable, JSON and JavaScript, HTML, base64, base32 and hex; without the letters that nobody sees,
and with wide letters as ordinary ones.
"""

from __future__ import annotations

import base64
import dataclasses
import html
import re
from collections.abc import Callable, Iterator, Sequence

_DEEPEST = 3
_MOST_VIEWS = 24
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_QUOTED = re.compile(r"=[ \t]*\r?\n|=[ \t]+|(?:=[0-9A-Fa-f]{2})+")
_JSON = re.compile(r"\\u[0-9A-Fa-f]{4}|\\u\{[0-9A-Fa-f]{1,5}\}|\\x[0-9A-Fa-f]{2}|\\[/\"\\nrt]")
_BLANKS = {"n": "\n", "r": "\r", "t": "\t"}
_HTML = re.compile(r"&(?:#\d{1,6}|#[xX][0-9A-Fa-f]{1,5}|[A-Za-z]{2,8});")
_ODD = re.compile(r"[\xad\u200b-\u200d\u2060\ufeff]+|[\uff01-\uff5e]+")
"""Letters that nobody sees, and wide forms of ASCII."""
_BLANK = re.compile(r"\s")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){12,}")
_BASE32 = re.compile(r"[A-Z2-7]{24,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,}(?:\r?\n[A-Za-z0-9+/]+)*={0,2}")
"""A long word, perhaps in several lines."""
_BASE64_LINES = re.compile(r"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{56,}\s{1,4})+[A-Za-z0-9+/_-]+={0,2}")
"""Lines that a mail program has put blanks between."""


def _bytes_text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _quoted(piece: str) -> str:
    return "" if piece[-1] in "\n \t" else _bytes_text(bytes.fromhex(piece.replace("=", "")))


def _json(piece: str) -> str:
    return chr(int(piece[2:].strip("{}"), base=16)) if piece[1] in "ux" else _BLANKS.get(piece[1], piece[1])


def _ordinary(piece: str) -> str:
    return "".join(chr(ord(letter) - 0xFEE0) for letter in piece) if piece[0] >= "\uff01" else ""


_DECODERS: Sequence[tuple[str, re.Pattern[str], Callable[[str], str]]] = (
    ("%", _PERCENT, lambda piece: _bytes_text(bytes.fromhex(piece.replace("%", "")))),
    ("=", _QUOTED, _quoted),
    ("\\", _JSON, _json),
    ("&", _HTML, html.unescape),
    ("", _ODD, _ordinary),
)


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """A text decoded. `starts`: for each of its characters, and for its end, the place in the original; None: equal."""

    text: str
    starts: Sequence[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place in the original of a place in this text."""
        return (start, end) if self.starts is None else (self.starts[start], self.starts[end])


def views(text: str) -> Iterator[View]:
    """Yield a text as it stands and as each chain of up to three decodings shows it."""
    queue = [(View(text), 0)]
    forms = {text}
    for view, depth in queue:
        yield view
        if depth == _DEEPEST:
            continue
        for mark, pattern, decode in _DECODERS:
            if mark not in view.text or len(queue) >= _MOST_VIEWS or (not mark and view.text.isascii()):
                continue
            decoded = _decoded(view, pattern, decode)
            if decoded is not None and decoded.text not in forms:
                forms.add(decoded.text)
                queue.append((decoded, depth + 1))


def _decoded(view: View, pattern: re.Pattern[str], decode: Callable[[str], str]) -> View | None:
    pieces: list[str] = []
    starts: list[int] = []
    at = 0
    for match in pattern.finditer(view.text):
        pieces.append(view.text[at : match.start()])
        starts.extend(range(at, match.start()))
        piece = decode(match[0])
        pieces.append(piece)
        # Inside one coded piece each character takes its share of the code.
        width = match.end() - match.start()
        starts.extend(match.start() + width * index // len(piece) for index in range(len(piece)))
        at = match.end()
    if not pieces:
        return None
    pieces.append(view.text[at:])
    starts.extend(range(at, len(view.text) + 1))
    return View("".join(pieces), starts if view.starts is None else [view.starts[start] for start in starts])


def coded_texts(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the end and the content of each piece of a text that is text in base64, base32 or hex."""
    for pattern in (_BASE64, _BASE64_LINES) if _BLANK.search(text) else (_BASE64,):
        for match in pattern.finditer(text):
            word = "".join(match[0].split()).rstrip("=").replace("-", "+").replace("_", "/")
            whole = word[: len(word) - (len(word) % 4 == 1)]
            yield from _content(match, base64.b64decode(whole + "=" * (-len(whole) % 4)))
    for match in _HEX.finditer(text):
        yield from _content(match, bytes.fromhex(match[0]))
    for match in _BASE32.finditer(text):
        whole = match[0][: len(match[0]) // 8 * 8 + {0: 0, 2: 2, 4: 4, 5: 5, 7: 7}.get(len(match[0]) % 8, 0)]
        yield from _content(match, base64.b32decode(whole + "=" * (-len(whole) % 8)))


def _content(match: re.Match[str], raw: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield the place and the content, unless it is nonsense: an ID, a hash, an ordinary word."""
    content = raw.decode(_wide_encoding(raw) or "utf-8", "replace")
    # An ordinary word behind the lines decodes to a few bytes of nonsense, an ID to nothing else.
    if content.count("\ufffd") <= 4 + len(content) // 16:
        yield match.start(), match.end(), content


def _wide_encoding(raw: bytes) -> str | None:
    """Return which UTF-16 it is, by its mark or by the NUL beside most letters; None for anything else."""
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "utf-16"
    first, second = raw[0::2].count(0), raw[1::2].count(0)
    if max(first, second) * 3 < len(raw):
        return None
    return "utf-16-le" if second > first else "utf-16-be"
