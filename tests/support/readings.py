"""What somebody can read out of a text by decoding it: the other side of the mask."""

from __future__ import annotations

import base64
import html
import json
import quopri
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "quoted-printable, every byte": lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    "quoted-printable, broken": lambda text: "=\r\n".join(text[at : at + 5] for at in range(0, len(text), 5)),
    "percent": lambda text: quote(text, safe=""),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON": json.dumps,
    "JSON, every character": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"text": text})),
    "HTML": html.escape,
    "HTML, every character": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "base64": lambda text: base64.b64encode(f"see {text} there".encode()).decode(),
    "base64, URL-safe": lambda text: base64.urlsafe_b64encode(f"see {text} there".encode()).decode().rstrip("="),
    "base64, UTF-16": lambda text: base64.b64encode(f"see {text} there".encode("utf-16")).decode(),
    "base32": lambda text: base64.b32encode(f"see {text} there".encode()).decode(),
    "hex": lambda text: f"see {text} there".encode().hex(),
    "hex, capitals": lambda text: f"see {text} there".encode().hex().upper(),
    "JavaScript": lambda text: "".join(
        f"\\x{ord(char):02x}" if char < "\xff" else f"\\u{ord(char):04x}" for char in text
    ),
    "JavaScript, long": lambda text: "".join(f"\\u{{{ord(char):x}}}" for char in text),
    "wide letters": lambda text: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text),
    "letters that nobody sees": "\u200b".join,
    "base64, wrapped": lambda text: base64.encodebytes(f"{'see ' * 20}{text} there".encode()).decode(),
}
"""How a text can stand in another one."""


def readings(text: str) -> Iterator[str]:
    """Yield a text, and what up to four decodings after one another make of it."""
    texts = [text]
    for _ in range(4):
        yield from texts
        decoded = {reading for text in texts for reading in _decoded(text)}
        texts = sorted(decoded - set(texts))[:40]


def _decoded(text: str) -> Iterator[str]:
    yield unquote(text)
    yield html.unescape(text)
    yield quopri.decodestring(text.encode()).decode("utf-8", "replace")
    yield re.sub(r"\\x([0-9a-f]{2})|\\u\{([0-9a-f]+)\}", lambda match: chr(int(match[1] or match[2], 16)), text)
    yield re.sub("[！-～]", lambda match: chr(ord(match[0]) - 0xFEE0), text).replace("\u200b", "")
    for word in re.findall(r"(?:[0-9A-Fa-f]{2}){8,}", text):
        yield bytes.fromhex(word).decode("utf-8", "replace")
    for word in re.findall(r"[A-Z2-7]{16,}", text):
        yield base64.b32decode(word[: len(word) // 8 * 8]).decode("utf-8", "replace")
    yield re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text).replace("\\\\", "\\")
    for word in re.findall(r"[A-Za-z0-9+/_-]{16,}(?:\n[A-Za-z0-9+/_-]+)*", text):
        joined = word.replace("\n", "").replace("-", "+").replace("_", "/")
        whole = joined[: len(joined) - (len(joined) % 4 == 1)]
        raw = base64.b64decode(whole + "=" * (-len(whole) % 4))
        yield raw.decode("utf-8", "replace")
        yield raw.decode("utf-16", "replace")
