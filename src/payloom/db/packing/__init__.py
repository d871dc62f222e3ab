"""Packs long texts for SQLite, which stores every byte as it comes. Postgres packs by itself what makes a row long.

A packed text is bytes: a number, then what deflate makes of it with the words of that number. The words are texts as we
write them most often (a mail's frame, the keys of an event), so that even a short text that is like them gets short.
They never change: new words get a new number, and the old ones stay for what is stored.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

Words = Literal["json", "mail"]
_NUMBERS: Final[Mapping[Words, int]] = {"json": 1, "mail": 2}
FILES: Final[Mapping[int, str]] = {1: "json.1.txt", 2: "mail.1.txt"}
"""The words of each number. A file is never changed."""
_SHORTEST = 120
"""Of a text that is packed: a shorter one would save nothing."""
_LEVEL, _WINDOW, _MEMORY = 6, -15, 7


@functools.cache
def _words(number: int) -> bytes:
    return (Path(__file__).parent / FILES[number]).read_bytes()


def pack(text: str, words: Words) -> str | bytes:
    """Return what to store for a text: the text itself if packing it saves less than a quarter."""
    if len(text) < _SHORTEST:
        return text
    number = _NUMBERS[words]
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, _words(number))
    content = text.encode("utf-8", "surrogatepass")
    packed = bytes([number]) + packer.compress(content) + packer.flush()
    return packed if len(packed) < len(content) * 3 // 4 else text


def unpack(stored: str | bytes) -> str:
    """Return the text as it was before it was packed; one that was not is as it is."""
    if isinstance(stored, str):
        return stored
    content = zlib.decompressobj(_WINDOW, _words(stored[0])).decompress(stored[1:])
    return content.decode("utf-8", "surrogatepass")
