"""Two servers on one Postgres have one limit: for calls of an endpoint, signing in, guessing the admin token."""

from __future__ import annotations

import concurrent.futures
import itertools
import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.support.postgres import fresh_database
from tests.support.processes.server_process import ServerProcess, server_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

PROJECT = {
    "payloom.yaml": "name: Test Shop\n",
    "workflows/buy.yaml": """
name: Buy
on: {api: POST /buy, auth: none, rate_limit: 6/10m}
steps:
  - return: {bought: true}
""",
}
pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def two(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ServerProcess]]:
    folder: Path = tmp_path_factory.mktemp("project")
    with fresh_database(postgres_server) as url, ExitStack() as stack:
        yield [
            stack.enter_context(server_process(folder, PROJECT, database_url=url, name=name)) for name in ("one", "two")
        ]


def knock(two: list[ServerProcess], times: int, ask: Callable[[ServerProcess], httpx.Response]) -> list[httpx.Response]:
    """Ask both in turn, several at once."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(ask, itertools.islice(itertools.cycle(two), times)))


def test_an_endpoints_limit_holds_for_both_together(two: list[ServerProcess]) -> None:
    answers = knock(two, 24, lambda server: server.http.post("/api/buy", json={}))
    assert Counter(answer.status_code for answer in answers) == {200: 6, 429: 18}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 0 < int(refused.headers["retry-after"]) <= 100
    assert refused.json()["error"]["code"] == "too_many_requests"


def test_tries_to_sign_up_and_in_are_counted_together(two: list[ServerProcess]) -> None:
    began = time.monotonic()
    values = {"email": "ada@shop.test", "password": "short"}
    answers = knock(two, 60, lambda server: server.http.post("/api/auth/sign-up", json=values))
    counts = Counter(answer.status_code for answer in answers)
    assert set(counts) == {422, 429}
    # One comes back every two seconds.
    assert 30 <= counts[422] <= 31 + (time.monotonic() - began) / 2


def test_guesses_of_the_admin_token_end_in_both_also_for_programs_on_the_machine(two: list[ServerProcess]) -> None:
    def guess(server: ServerProcess) -> httpx.Response:
        headers = {"authorization": "Bearer not-the-admin-token"}
        return server.http.get("/api/_payloom/me", headers=headers)

    began = time.monotonic()
    counts = Counter(answer.status_code for answer in knock(two, 40, guess))
    assert set(counts) == {401, 429}
    assert 10 <= counts[401] <= 11 + (time.monotonic() - began) / 6
    for server in two:
        assert server.http.get("/api/_payloom/me", headers=server.admin).status_code == 429
