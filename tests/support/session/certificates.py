"""The machine's certificates are read once per process: a client that verifies with them otherwise reads them anew.

Reading takes 20 ms, and every `httpx.get` makes a client. What is verified, and with what, stays the same.
"""

from __future__ import annotations

import functools
import ssl
from typing import Any

_read = ssl.create_default_context


def read_once() -> None:
    """Let all clients that verify with the same file, and with nothing else, share one context."""
    ssl.create_default_context = _shared


def _shared(purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH, **sources: Any) -> ssl.SSLContext:
    if purpose is ssl.Purpose.SERVER_AUTH and list(sources) == ["cafile"] and sources["cafile"]:
        return _of_file(str(sources["cafile"]))
    return _read(purpose, **sources)


@functools.cache
def _of_file(path: str) -> ssl.SSLContext:
    return _read(cafile=path)
