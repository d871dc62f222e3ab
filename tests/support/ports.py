"""Ports for servers that a test starts itself."""

from __future__ import annotations

import functools
import os
import random
import socket

FIRST, LAST = 20_000, 32_000
"""Below the ports that the system gives to outgoing connections, so that none takes one while its server restarts."""


@functools.cache
def _draw(process: int) -> random.Random:
    """Return the generator of a process: each draws its own ports, one that was forked after another drew, too."""
    return random.Random(process)


def free_port() -> int:
    """Return a port that no process listens on and that stays free while its server is down."""
    while True:
        port = _draw(os.getpid()).randrange(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
