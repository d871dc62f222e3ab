"""The rule for values that become a part of an address: one segment of a path, and nothing else.

Quoting is not enough: `.` and `..` stay as they are, and clients and servers take them out together with what stands
before them. `customers/cus_1/tax_ids/..` is `customers/cus_1`.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

_SEPARATORS = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u2028\u2029\uff0f\uff3c]")
_SLASHES = re.compile(r"[/\\]")
_MAX = 255
_DOTS = frozenset({".", ".."})


def segment_fault(text: str) -> str | None:
    """Return what `text` must do to be one segment of a path ("not be empty"), or None when it is one."""
    if not text or text.isspace():
        return "not be empty"
    if len(text) > _MAX:
        return f"have at most {_MAX} characters"
    if _SEPARATORS.search(text):
        return "hold no slash, backslash or control character"
    if has_dot_segments(text):
        return "not be `.` or `..`"
    return None


def has_dot_segments(path: str) -> bool:
    """Return whether a path of an address holds `.` or `..` as a segment, as any server on the way may read it.

    Also percent-encoded, once or twice; in wide forms; with a parameter behind (`..;`) or blanks around.
    """
    read = unicodedata.normalize("NFKC", unquote(unquote(path)))
    return any(segment.partition(";")[0].strip() in _DOTS for segment in _SLASHES.split(read))
