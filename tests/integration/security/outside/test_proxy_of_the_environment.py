"""`HTTP_PROXY` in the environment: nothing that stays on this machine passes it, no token and no key."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from tests.support.http_server import running_server

from payloom.cli.support.client import with_client
from payloom.settings.local import LocalState
from payloom_emulator.embedded import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CUSTOMER = """
name: Customer
on: {api: POST /customer, auth: none}
steps:
  - id: customer
    stripe: customers.create
    with: {email: ada@shop.test}
  - return: {id: "${{ customer.id }}"}
"""


@pytest.fixture
def proxy() -> Iterator[tuple[list[bytes], str]]:
    """What a proxy gets, and its address."""
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(1)
                        with contextlib.suppress(OSError):
                            requests.append(connection.recv(65536))

        thread = threading.Thread(target=listen)
        thread.start()
        yield requests, f"http://127.0.0.1:{listener.getsockname()[1]}"
        over.set()
        thread.join(5)


def test_a_proxy_hears_nothing_of_this_machine(
    tmp_path: Path, proxy: tuple[list[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    requests, address = proxy
    with run() as local:
        port = local.url.rpartition(":")[2]
        files = {
            "payloom.yaml": f"name: Test Shop\nstripe: {{local_port: {port}}}\n",
            "workflows/customer.yaml": CUSTOMER,
        }
        with running_server(tmp_path, files) as server:
            for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(name, address)
            for name in ("NO_PROXY", "no_proxy"):
                monkeypatch.delenv(name, raising=False)
            LocalState(server.settings.data_dir).announce(server.url, local.url)
            assert "data" in with_client(tmp_path, lambda client: client.get("/runs"))
            local.advance(1)
            answer = server.http.post("/api/customer", json={})
            assert answer.status_code == 200, answer.text
            assert answer.json()["id"].startswith("cus_")
    assert requests == []
