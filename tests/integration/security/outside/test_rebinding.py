"""A name that points to a public address first and to this machine afterwards, and every spelling of this machine."""

from __future__ import annotations

import collections
import itertools
from typing import TYPE_CHECKING

import pytest
from tests.support.http_server import RunningServer, running_server

from payloom.connectors.http import guard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PUBLIC = "192.0.32.7"
FETCH = """
name: Fetch
on: {api: POST /fetch, auth: none}
input: {id: string}
steps:
  - id: place
    select: places
    where: {id: "${{ inputs.id }}"}
    one: required
  - id: answer
    http: GET ${{ place.url }}
    timeout: 300ms
  - return: {body: "${{ answer.body }}"}
"""
FILES = {
    "payloom.yaml": "name: Test Shop\nhttp_allow: ['*']\n",
    "workflows/fetch.yaml": FETCH,
    "tables.yaml": "tables:\n  places: {columns: {id: string primary, url: string}}\n",
}
HOSTILE = [
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/",
    "http://0177.0.0.1/", "http://0/", "http://0.0.0.0/", "http://[::]/", "http://[::1]/", "http://[::ffff:7f00:1]/",
    "http://[::ffff:127.0.0.1]/", "http://[0:0:0:0:0:ffff:127.0.0.1]/", "http://[64:ff9b::127.0.0.1]/",
    "http://[2002:7f00:1::]/", "http://localhost./", "http://127.0.0.1./", "http://LOCALHOST/", "http://①②⑦.⓪.⓪.①/",
    "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://2852039166/", "http://10.0.0.1/",
    "http://public@127.0.0.1/", "http://127.0.0.1#@example.com/", "http://example.com@127.0.0.1:80/", "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_", "ftp://127.0.0.1/", "dict://127.0.0.1/", "http:///127.0.0.1/", "//127.0.0.1/", "http:127.0.0.1",
    "http://127。0。0。1/", "http://ⓛocalhost/", "http://example.com:22/", "http://example.com\\@127.0.0.1/", "http://127.0.0.1%00.example.com/",
]  # fmt: skip


_numbers = itertools.count()


class Resolver:
    """The system's name service, except for names that end in `.rebind.test`. lookups: how often, by name."""

    def __init__(self) -> None:
        self._system = guard.look_up
        self.lookups: collections.Counter[str] = collections.Counter()

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        if not host.endswith(".rebind.test"):
            return await self._system(host, port)
        self.lookups[host] += 1
        return [PUBLIC if self.lookups[host] == 1 else "127.0.0.1"]


@pytest.fixture(scope="module")
def resolver() -> Resolver:
    return Resolver()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, resolver: Resolver) -> Iterator[RunningServer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "look_up", resolver)
        with running_server(tmp_path_factory.mktemp("shop"), FILES, changes={"environment": "staging"}) as running:
            yield running


def failure(server: RunningServer, url: str) -> str:
    """Why a step could not call an address."""
    name = str(next(_numbers))
    row = {"values": {"id": name, "url": url}}
    assert server.http.post("/api/_payloom/tables/places/rows", json=row, headers=server.admin).status_code == 201
    answer = server.http.post("/api/fetch", json={"id": name})
    assert answer.status_code >= 400, answer.text
    assert "127.0.0.1" not in answer.text
    run_id = answer.headers["payloom-run-id"]
    return server.manage(f"/runs/{run_id}")["failure"]["kind"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_attempt_looks_a_name_up_once(server: RunningServer, resolver: Resolver, scheme: str) -> None:
    # The first attempt connects to what it looked up. The second one sees that the name points to this machine now.
    assert failure(server, f"{scheme}://{scheme}.rebind.test/") == "http_not_allowed"
    assert resolver.lookups[f"{scheme}.rebind.test"] == 2


@pytest.mark.parametrize("url", HOSTILE)
def test_no_spelling_of_this_machine_is_called(server: RunningServer, url: str) -> None:
    assert failure(server, url) in {"http_not_allowed", "http_unreachable", "expression"}
