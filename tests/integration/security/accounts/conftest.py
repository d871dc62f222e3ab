"""A project with accounts, served on each database; and one whose staff needs a second factor."""

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
    from collections.abc import Iterator, Mapping

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
STRICT_PROJECT = {
    **ACCOUNT_PROJECT,
    "payloom.yaml": """
name: Test Shop
site_url: http://localhost
auth: {sign_up: by_mail, staff: {second_factor: required, proof_minutes: 15}}
""",
}


@pytest.fixture(scope="module", params=DATABASES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountSite]:
    """The project, served."""
    with served(request, tmp_path_factory, ACCOUNT_PROJECT) as account_site:
        yield account_site


@pytest.fixture(scope="module", params=DATABASES)
def strict(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountSite]:
    """The project, served with what is the default outside dev."""
    with served(request, tmp_path_factory, STRICT_PROJECT) as account_site:
        yield account_site


@contextlib.contextmanager
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, files: Mapping[str, str]
) -> Iterator[AccountSite]:
    """A project on the database of the fixture's parameter."""
    with contextlib.ExitStack() as stack:
        url = None
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        # These tests sign in some hundred times; what a real hash costs is tested with the queue.
        patch.setattr(passwords.argon2, "PasswordHasher", functools.partial(PasswordHasher, 1, 64, 1))
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server")))
        folder = tmp_path_factory.mktemp("shop")
        account_site = AccountSite(stack.enter_context(running_server(folder, files, database_url=url)))
        stack.callback(account_site.close)
        yield account_site
