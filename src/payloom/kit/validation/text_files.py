"""The text files that people write: read in one way, so that one in another encoding is named, and is no bug."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from payloom.kit.errors import PayloomError


class NotUtf8(PayloomError):
    """The file is not UTF-8 text."""

    code: ClassVar[str] = "not_utf8"


def read_text(path: Path, name: str | None = None) -> str:
    """Return the text of a file, with the line ends of Unix. name: what people call it. Raises NotUtf8, OSError."""
    return decode(path.read_bytes(), name or str(path)).replace("\r\n", "\n").replace("\r", "\n")


def decode(raw: bytes, name: str) -> str:
    """Return UTF-8 bytes as text. Raises NotUtf8 with the line."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise NotUtf8(hint="Save it as UTF-8 in your editor.", where=f"{name}:{line}") from None


def line_of(error: NotUtf8) -> int:
    """Return the line with the first character that is no UTF-8."""
    return int((error.where or "1").rpartition(":")[2])
