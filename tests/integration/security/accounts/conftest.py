"""A project with accounts, served on each database."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from tests.support.accounts.account_site import ACCOUNT_PROJECT, AccountSite
from tests.support.http_server import running_server
from tests.support.postgres import fresh_database

from payloom.auth import passwords

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountSite]:
    """The project, served."""
    with contextlib.ExitStack() as stack:
        url = None
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        # These tests sign in some hundred times; what a real hash costs is tested with the queue.
        patch.setattr(passwords.argon2, "PasswordHasher", functools.partial(PasswordHasher, 1, 64, 1))
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server")))
        folder = tmp_path_factory.mktemp("shop")
        made = AccountSite(stack.enter_context(running_server(folder, ACCOUNT_PROJECT, database_url=url)))
        stack.callback(made.close)
        yield made
