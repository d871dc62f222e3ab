"""A process that has imported what `payloom` commands import, and forks one for each that a test asks for.

One serves all workers of a run of tests. It imports them when the first command is near.

`payloom_process.py` is the other side. It sends a command's words, folder, and environment, with four descriptors: one
to answer on, and the command's stdin, stdout, and stderr. The answer is the command's process id, and at its end its
exit code. Between them stands a keeper, forked too: it waits for its command, and the zygote waits for nobody.

A command may also be a program, the text of a Python script. After its words come the numbers of the further
descriptors that it inherits.

A command that ends by itself ends as Python does, with its threads joined, its exit functions called, and its output
written. Only the memory is not taken apart piece by piece: of a fork that costs more than most commands, 0.1 s.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import ssl
import sys
import tempfile
import threading
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


def become_command(listener: socket.socket, lifeline: socket.socket) -> dict[str, Any] | None:
    """Fork commands until the lifeline is cut. Returns the command in its process, None in the zygote at its end.

    listener: where test processes connect. A connection brings one command after another.
    """
    callers = [listener]
    while lifeline not in (ready := select.select([lifeline, *callers], [], [])[0]):
        for caller in ready:
            if caller is listener:
                callers.append(listener.accept()[0])
                _load()
                continue
            message, descriptors, _, _ = socket.recv_fds(caller, _LARGEST, _DESCRIPTORS)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass
            if not message:
                callers.remove(caller)
                caller.close()
            elif os.fork() == 0:
                for inherited in (lifeline, *callers):
                    inherited.close()
                answers = socket.socket(fileno=descriptors[0])
                if _is_command(answers):
                    command: dict[str, Any] = json.loads(message)
                    _set_up(command, descriptors[1:])
                    return command
            for descriptor in descriptors:
                os.close(descriptor)
    return None


@functools.cache
def _load() -> None:
    """Import what commands import, and read the shop once: most servers that tests start serve it."""
    gc.disable()
    for name in _MODULES:
        importlib.import_module(name)
    _ = importlib.import_module("payloom.cli.commands").app  # loads each command's module
    ssl.create_default_context(cafile=certifi.where())
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        shutil.copytree(Path(__file__).parents[3] / "templates" / "shop", shop)
        settings = importlib.import_module("payloom.settings.load").load_settings(shop, environ={})
        importlib.import_module("payloom.project.loader").load_project(shop, settings)
    gc.collect()
    gc.freeze()
    gc.enable()


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
    # The zygote's own streams remember what its descriptors were, a file perhaps that can be sought in.
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115 - for its life
    os.chdir(command["cwd"])
    os.environ.clear()
    os.environ.update(command["environment"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    name = "-c" if command["program"] else "payloom"
    sys.argv = [name, *command["words"], *map(str, descriptors[3:])]


def run_command(command: dict[str, Any]) -> int:
    """Run it to its end. Returns its exit code; raises what the program does not catch."""
    try:
        if command["program"]:
            exec(compile(command["program"], "<program>", "exec"), {"__name__": "__main__"})
        else:
            from payloom.__main__ import main  # noqa: PLC0415 - as the installed command does

            main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        raise
    return 0


def end_process(code: int) -> None:
    """Do what Python does at the end of a program, up to the memory."""
    threading._shutdown()  # pyright: ignore[reportAttributeAccessIssue] - what the interpreter calls
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 120
    os._exit(code & 0xFF)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1] / "session")
    importlib.import_module("process_costs").lower()
    del sys.path[0]  # as for the installed command, no folder of the tests is on it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and they end this process
    begun = become_command(*(socket.socket(fileno=int(number)) for number in sys.argv[1:]))
    if begun is not None:
        end_process(run_command(begun))
