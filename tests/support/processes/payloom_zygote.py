"""A process that has imported what `payloom` commands import, and forks one for each that a test asks for.

`payloom_process.py` is the other side. It sends a command's words, folder, and environment, with four descriptors: one
to answer on, and the command's stdin, stdout, and stderr. The answer is the command's process id, and at its end its
exit code. Between them stands a keeper, forked too: it waits for its command, and the zygote waits for nobody.

A command may also be a program, the text of a Python script. After its words come the numbers of the further
descriptors that it inherits.
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
_DESCRIPTORS = 8
"""To answer on, three of every process, and those that a program inherits."""


def become_command(control: socket.socket) -> dict[str, Any] | None:
    """Fork commands until the other side is gone. Returns the command in its process, None in the zygote at its end."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, _LARGEST, _DESCRIPTORS)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        if not message:
            return None
        if os.fork() == 0:
            control.close()
            answers = socket.socket(fileno=descriptors[0])
            if _is_command(answers):
                command: dict[str, Any] = json.loads(message)
                _set_up(command, descriptors[1:])
                return command
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
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(command["cwd"])
    os.environ.clear()
    os.environ.update(command["environment"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    name = "-c" if command["program"] else "payloom"
    sys.argv = [name, *command["words"], *map(str, descriptors[3:])]


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1] / "session")
    importlib.import_module("process_costs").lower()
    del sys.path[0]  # as for the installed command, no folder of the tests is on it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and they end this process
    gc.disable()
    for name in _MODULES:
        importlib.import_module(name)
    _ = importlib.import_module("payloom.cli.commands").app  # loads each command's module
    ssl.create_default_context(cafile=certifi.where())
    gc.collect()
    gc.freeze()
    gc.enable()
    begun = become_command(socket.socket(fileno=int(sys.argv[1])))
    if begun is not None and begun["program"]:
        exec(compile(begun["program"], "<program>", "exec"), {"__name__": "__main__"})
    elif begun is not None:
        from payloom.__main__ import main

        main()
