"""A wrong password costs the same work whatever the account is: counted, not timed."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.accounts.members import member

from payloom.auth import passwords

if TYPE_CHECKING:
    from tests.support.accounts.account_site import AccountSite as Site

STATES = ("unknown", "verified", "unverified", "disabled", "staff", "with a second factor")
DOORS: dict[str, tuple[dict[str, str], dict[str, int]]] = {
    "/api/auth/sign-in": ({"password": "not-the-password-1"}, {"verify": 1}),
    "/api/auth/forgot": ({}, {}),
    "/api/auth/sign-up": ({"password": "not-the-password-1"}, {"hash": 1}),
}
"""The doors that take an address, and the hashes that each of them makes."""


@pytest.fixture
def work(strict: Site, monkeypatch: pytest.MonkeyPatch) -> collections.Counter[str]:
    """How often the server of the tests hashed and checked passwords."""
    hasher = type(passwords.argon2.PasswordHasher())  # the one of these tests, which is cheap
    counts: collections.Counter[str] = collections.Counter()
    for name in ("hash", "verify"):
        original = getattr(hasher, name)

        def counted(*values: Any, name: str = name, original: Any = original, **options: Any) -> Any:
            counts[name] += 1
            return original(*values, **options)

        monkeypatch.setattr(hasher, name, counted)
    return counts


@pytest.mark.parametrize("path", DOORS)
def test_a_door_works_as_hard_for_every_address(strict: Site, work: collections.Counter[str], path: str) -> None:
    strict.opens("nobody@people.example.com", "the-first-check-of-a-process-1")
    fields, expected = DOORS[path]
    for state in STATES:
        email = member(strict).email if state == "with a second factor" else strict.account(state)
        work.clear()
        answer = strict.client().post(path, json={"email": email, **fields})
        assert answer.status_code in {202, 401}, (state, answer.text)
        assert work == expected, state
