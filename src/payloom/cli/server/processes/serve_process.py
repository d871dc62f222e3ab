"""One process of `payloom serve`: serves the socket that it inherits, and ends with its supervisor.

The supervisor holds the other end of this process's stdin and never writes to it.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from payloom.cli.server.processes.parent_watchdog import end_with_parent
from payloom.cli.server.processes.servers import make_server, run_until_stopped
from payloom.cli.server.processes.supervisor import NOT_READY
from payloom.cli.support.output import report_errors
from payloom.settings.load import load_settings


@report_errors
def serve_inherited(
    root: Path, port: int, listener: int, ready: int, *, work: bool, metrics: tuple[Path, str] | None = None
) -> None:
    """Serve the project in `root` on an open socket; write a byte to `ready` once requests are answered."""
    settings = load_settings(root, port=port)

    def started(_studio: str) -> None:
        os.write(ready, b"1")
        os.close(ready)

    with socket.socket(fileno=listener) as inherited:
        server = make_server(settings, started, work=work, metrics=metrics)
        signal.signal(NOT_READY, lambda *_: server.config.app.state.leave())  # type: ignore[union-attr] - our application
        run_until_stopped(lambda: server.run(sockets=[inherited]))


def main() -> int:
    """Serve until asked to stop. Returns the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=end_with_parent, name="parent-watch", daemon=True).start()
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("listener", type=int)
    parser.add_argument("ready", type=int)
    parser.add_argument("--no-work", action="store_true")
    parser.add_argument("--metrics", type=Path)
    parser.add_argument("--number", default="1")
    options = parser.parse_args()
    metrics = (options.metrics, options.number) if options.metrics else None
    serve_inherited(
        options.root, options.port, options.listener, options.ready, work=not options.no_work, metrics=metrics
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
