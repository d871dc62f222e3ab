"""A process that has imported what `payloom` commands import, and forks one for each that a test asks for.

`payloom_process.py` is the other side. It sends a command's words, folder, and environment, with four descriptors: one
to answer on, and the command's stdin, stdout, and stderr. The answer is the command's process id, and at its end its
exit code. Between them stands a keeper, forked too: it waits for its command, and the zygote waits for nobody.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import certifi

_MODULES = (
    "payloom.cli.commands",
    "payloom.app.asgi",
    "payloom.api.management.app",
    "payloom.cli.demo_check.report",
    "payloom.cli.support.client",
    "payloom.project.loader",
    "payloom.sandbox.service",
    "payloom.testing.runner",
    "alembic.command",
    "stripe",
    "uvicorn",
    "uvloop",
)
_LARGEST = 1_000_000
"""Bytes of a command with its environment."""


def become_command(control: socket.socket) -> bool:
    """Fork commands until the other side is gone. Returns True in a command, False in the zygote at its end."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, _LARGEST, 4)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        if not message:
            return False
        if os.fork() == 0:
            control.close()
            answers = socket.socket(fileno=descriptors[0])
            if _is_command(answers):
                _set_up(json.loads(message), descriptors[1:])
                return True
        for descriptor in descriptors:
            os.close(descriptor)


def _is_command(answers: socket.socket) -> bool:
    """Fork once more. Returns in the command; the keeper ends after it."""
    command = os.fork()
    if command == 0:
        answers.close()
        return True
    os.closerange(3, answers.fileno())
    os.closerange(answers.fileno() + 1, 64)  # a pipe's reader waits for its end
    answers.sendall(b"%d" % command)
    _, status = os.waitpid(command, 0)
    with contextlib.suppress(OSError):
        answers.sendall(b"%d" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _set_up(command: dict[str, Any], descriptors: list[int]) -> None:
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(command["cwd"])
    os.environ.clear()
    os.environ.update(command["environment"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["payloom", *command["words"]]


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1] / "session")
    importlib.import_module("process_costs").lower()
    del sys.path[0]  # as for the installed command, no folder of the tests is on it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and they end this process
    gc.disable()
    for name in _MODULES:
        importlib.import_module(name)
    ssl.create_default_context(cafile=certifi.where())
    gc.collect()
    gc.freeze()
    gc.enable()
    if become_command(socket.socket(fileno=int(sys.argv[1]))):
        from payloom.__main__ import main

        main()
