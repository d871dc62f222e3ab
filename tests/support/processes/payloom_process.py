"""`payloom` commands as processes of their own that start warm: forked from one that has imported their modules.

It is the real program from its entry point to its exit code; only its imports are there already, which take a second or
two. Tests of the start itself run the installed command.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_ADDRESS = "PAYLOOM_TESTS_ZYGOTE"
"""The variable that names the address of a zygote for several processes."""


class PayloomProcess:
    """A running command, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        weakref.finalize(self, answers.close)
        self.pid = self._answer(60)  # the first command waits for the imports
        answers.recv(16)
        self.returncode: int | None = None

    def _answer(self, timeout: float | None) -> int:
        # Looked at, not taken: several threads may wait for one command.
        if not select.select([self._answers], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("payloom", timeout or 0)
        return int(self._answers.recv(16, socket.MSG_PEEK))

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code: minus the signal's number if a signal ended it. Raises `subprocess.TimeoutExpired`."""
        if self.returncode is None:
            self.returncode = self._answer(timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(15)

    def kill(self) -> None:
        """Let it die."""
        self.send_signal(9)


def start(
    *words: str | Path,
    stdout: IO[bytes] | int,
    stderr: IO[bytes] | int,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    program: str = "",
    inherited: Sequence[int] = (),
) -> PayloomProcess:
    """Start `payloom` with these words. stdout, stderr: files. environment: instead of this process's own.

    program: the text of a Python script that runs instead, with these words.
    inherited: descriptors that it gets; their numbers there come after its words.
    """
    command = {
        "program": program,
        "words": [str(word) for word in words],
        "cwd": str(cwd or Path.cwd()),
        "environment": dict(os.environ if environment is None else environment),
    }
    parent_end, child_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with child_end, Path(os.devnull).open("rb") as nothing:
        outputs = [output if isinstance(output, int) else output.fileno() for output in (stdout, stderr)]
        descriptors = [child_end.fileno(), nothing.fileno(), *outputs, *inherited]
        socket.send_fds(_zygote(), [json.dumps(command).encode()], descriptors)
    return PayloomProcess(parent_end)


def run(
    *words: str | Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run `payloom` with these words to its end. Raises `subprocess.TimeoutExpired` after `timeout` seconds."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = start(*words, stdout=stdout, stderr=stderr, cwd=cwd, environment=environment)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise
        texts = []
        for output in (stdout, stderr):
            output.seek(0)
            texts.append(output.read().decode())
    return subprocess.CompletedProcess(["payloom", *words], code, *texts)


def share_zygote() -> None:
    """Let the processes that this one starts, the workers of a run of tests, use one zygote."""
    os.environ[_ADDRESS] = _start_zygote()


@functools.cache
def _zygote() -> socket.socket:
    """Return the connection to the zygote of this run; start one with the first command if nobody shares one."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(os.environ.get(_ADDRESS) or _start_zygote())
    atexit.register(connection.close)
    return connection


def _start_zygote() -> str:
    """Start it and return its address. It ends with this process."""
    folder = tempfile.mkdtemp(prefix="payloom-zygote-")
    address = f"{folder}/commands"
    lifeline, its_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its_end, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen()
        descriptors = [listener.fileno(), its_end.fileno()]
        program = Path(__file__).parent / "payloom_zygote.py"
        process = subprocess.Popen([sys.executable, program, *map(str, descriptors)], pass_fds=descriptors)

    def stop() -> None:
        lifeline.close()
        process.wait(10)
        shutil.rmtree(folder)

    atexit.register(stop)
    return address
