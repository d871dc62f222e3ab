"""A text as others will read it: decoded from percent, quoted-printable, JSON, HTML and base64, with places kept."""

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
_JSON = re.compile(r"\\u[0-9A-Fa-f]{4}|\\[/\"\\]")
_HTML = re.compile(r"&(?:#\d{1,6}|#[xX][0-9A-Fa-f]{1,5}|[A-Za-z]{2,8});")
_BASE64 = (
    re.compile(r"[A-Za-z0-9+/_-]{20,}(?:\r?\n[A-Za-z0-9+/]+)*={0,2}"),
    re.compile(r"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{56,}\s{1,4})+[A-Za-z0-9+/_-]+={0,2}"),
)
"""A long word, perhaps in several lines; and lines that a mail program has put blanks between."""


def _bytes_text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _quoted(piece: str) -> str:
    return "" if piece[-1] in "\n \t" else _bytes_text(bytes.fromhex(piece.replace("=", "")))


def _json(piece: str) -> str:
    return chr(int(piece.removeprefix("\\u"), base=16)) if piece[1] == "u" else piece[1]


_DECODERS: Sequence[tuple[str, re.Pattern[str], Callable[[str], str]]] = (
    ("%", _PERCENT, lambda piece: _bytes_text(bytes.fromhex(piece.replace("%", "")))),
    ("=", _QUOTED, _quoted),
    ("\\", _JSON, _json),
    ("&", _HTML, html.unescape),
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
            if mark not in view.text or len(queue) >= _MOST_VIEWS:
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


def base64_texts(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the end and the content of each piece of a text that is text in base64."""
    for pattern in _BASE64:
        for match in pattern.finditer(text):
            word = "".join(match[0].split()).rstrip("=").replace("-", "+").replace("_", "/")
            whole = word[: len(word) - (len(word) % 4 == 1)]
            content = base64.b64decode(whole + "=" * (-len(whole) % 4)).decode("utf-8", "replace")
            # An ordinary word behind the lines decodes to a few bytes of nonsense, an ID to nothing else.
            if content.count("\ufffd") <= 4 + len(content) // 16:
                yield match.start(), match.end(), content
