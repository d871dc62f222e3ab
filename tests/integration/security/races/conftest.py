"""A busy shop on both databases; on Postgres with two servers."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from tests.support.accounts.account_site import AccountSite
from tests.support.accounts.busy_shop import RACE_PROJECT, BusyShop
from tests.support.http_server import running_server
from tests.support.postgres import fresh_database

from payloom.auth import passwords

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyShop]:
    """The shop, with one server on SQLite and two on Postgres."""
    changes = {"environment": "staging", "studio_edit": True, "studio_publish": "editor"}
    with contextlib.ExitStack() as stack:
        # A hundred people sign in; what a real hash costs is tested with the queue.
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(passwords.argon2, "PasswordHasher", functools.partial(PasswordHasher, 1, 64, 1))
        folder = tmp_path_factory.mktemp("shop")
        url, number = None, 1
        if request.param == "postgresql":
            url, number = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server"))), 2
        servers = [
            stack.enter_context(running_server(folder, RACE_PROJECT, database_url=url, changes=changes))
            for _ in range(number)
        ]
        site = AccountSite(servers[0])
        stack.callback(site.close)
        busy = BusyShop(site, servers)
        stack.callback(busy.close)
        yield busy
