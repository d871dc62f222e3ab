"""Runs the local Stripe as a child that cannot outlive its parent, however the parent ends.

The parent holds the other end of this process's stdin and never writes to it. When the parent is gone, also by kill -9,
the read below ends, and this process stops itself as if it had been asked to.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def end_with_parent() -> None:
    """Return never; once the parent is gone, ask this process to stop."""
    # Not through sys.stdin: its lock, held by this thread, would keep the interpreter from ending.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Serve until the parent closes the pipe. Arguments are the emulator's."""
    threading.Thread(target=end_with_parent, name="parent-watch", daemon=True).start()
    from payloom_emulator.__main__ import main as serve

    return serve(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
