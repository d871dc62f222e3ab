"""The local Stripe runs as a child of the command and never outlives it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.ports import free_port
from tests.support.present import present

from payloom.cli.server.processes.emulator_process import local_stripe
from payloom.cli.support.errors import ChildDied

PARENT = """
import sys, time
from pathlib import Path
from payloom.cli.server.processes.emulator_process import local_stripe
with local_stripe(int(sys.argv[1]), store=None, webhook_url="http://127.0.0.1:1/x", webhook_secrets=["whsec_abcdef"],
                  log=Path(sys.argv[2])) as stripe:
    stripe.wait_ready()
    print(stripe.process.pid, flush=True)
    time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8")
        return text.rsplit(")", 1)[1].split()[0] != "Z"  # a zombie is not alive
    except OSError:
        return False


def gone_within(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not is_alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_it_answers_while_the_block_runs_and_is_gone_after(tmp_path: Path) -> None:
    port = free_port()
    with local_stripe(
        port, store=tmp_path / "s.sqlite", webhook_url="http://127.0.0.1:1/x", webhook_secrets=["whsec_abcdef"],
        log=tmp_path / "log",
    ) as stripe:  # fmt: skip
        stripe.wait_ready()
        pid = stripe.process.pid
        assert is_alive(pid)
    assert not is_alive(pid)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(free_port()), str(tmp_path / "log")], stdout=subprocess.PIPE
    )
    child = int(present(parent.stdout).readline())
    assert is_alive(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    present(parent.stdout).close()
    assert gone_within(child, 10)


def test_a_start_that_fails_tells_the_reason(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with local_stripe(
            port, store=None, webhook_url="http://127.0.0.1:1/x", webhook_secrets=["whsec_abcdef"], log=tmp_path / "l"
        ) as stripe:
            stripe.process.wait(20)
            with pytest.raises(ChildDied, match="cannot be used"):
                stripe.wait_ready()
