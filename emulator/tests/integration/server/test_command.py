"""`payloom-emulator` as a person starts it: it says where it is, serves, keeps its store, and reports a taken port."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from emulator.tests.support.checked_client import client_of
from tests.support.present import present

if TYPE_CHECKING:
    from pathlib import Path


def start(*options: str) -> tuple[subprocess.Popen[str], list[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "payloom_emulator", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = [present(process.stdout).readline() for _ in range(4)]
    return process, lines, lines[0].split(" at ")[1].split()[0]


def stop(process: subprocess.Popen[str]) -> int:
    process.terminate()
    process.communicate(timeout=10)
    return process.returncode


def test_it_prints_its_address_keys_and_secret_and_keeps_its_store(tmp_path: Path) -> None:
    store = str(tmp_path / "stripe.db")
    process, lines, url = start(
        "--store", store, "--webhook-url", "http://127.0.0.1:9/x", "--webhook-secret", "whsec_x"
    )
    try:
        assert "sk_test_" in lines[1]
        assert "pk_test_" in lines[2]
        assert "http://127.0.0.1:9/x" in lines[3]
        assert "whsec_x" in lines[3]
        client_of(url).v1.customers.create({"name": "Kept"})
        second = subprocess.run(
            [sys.executable, "-m", "payloom_emulator", "--port", "0", "--store", store],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert second.returncode == 2
        assert "another local Stripe" in second.stderr
    finally:
        stop(process)
    process, _, url = start("--store", store)
    try:
        assert client_of(url).v1.customers.list().data[0].name == "Kept"
    finally:
        stop(process)


def test_a_taken_port_is_reported_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "payloom_emulator", "--port", port],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert "--port" in done.stderr
