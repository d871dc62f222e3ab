"""One grammar of addresses, the same at every door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payloom.auth.accounts import clean_email
from payloom.auth.errors import BadEmail
from payloom.email.errors import BadMail
from payloom.email.message import address
from payloom.kit.addresses.email_address import NotAnAddress, address_key, is_public_domain, parse_address
from payloom.settings.errors import BadSettings
from payloom.settings.load import load_settings
from payloom.workflows.program.json_schema import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOOK_ALIKES = [
    "\uff41da@example.com",
    "ada@example.com\u200b",
    "a\u00adda@example.com",
    "ad\u0430@example.com",
    "ada\u0301@example.com",
    "ada@ex\u0430mple.com",
    "ada@example\u3002com",
    "ada@example.com\u0338",
    "ada@stra\u00dfe.example.com",
    "ada@xn--exmple-4nf.com",
    "ada@-example.com",
    "ada@exam_ple.com",
]


def in_settings(folder: Path) -> Callable[[str], object]:
    """Declare an account with the address in payloom.yaml."""

    def load(text: str) -> object:
        declared = f'name: Shop\naccounts:\n  - {{email: "{text}", password: tiller-and-sail}}\n'
        (folder / "payloom.yaml").write_text(declared, "utf-8")
        return load_settings(folder, environ={})

    return load


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_a_look_alike_is_refused_at_every_door(text: str, tmp_path: Path) -> None:
    doors: list[tuple[Callable[[str], object], type[Exception]]] = [
        (parse_address, NotAnAddress),
        (clean_email, BadEmail),
        (address, BadMail),
        (in_settings(tmp_path), BadSettings),
    ]
    for door, error in doors:
        with pytest.raises(error):
            door(text)
    assert not FORMATS["email"][0](text)


@pytest.mark.parametrize(
    "text", ["ada@example.com", "Ada+tag@Example.com", "ada@b\u00fccher.example", "ada@\u4f8b\u5b50.example"]
)
def test_an_honest_address_is_taken_at_every_door(text: str, tmp_path: Path) -> None:
    assert clean_email(text) == text
    assert address(text).username == text.partition("@")[0]
    assert in_settings(tmp_path)(text)
    assert FORMATS["email"][0](text)


def test_spellings_of_one_address_have_one_key() -> None:
    assert address_key("Ada@B\u00dcCHER.example") == address_key("ada@xn--bcher-kva.example")
    assert address_key("ada@example.com") != address_key("ada@example.org")
    assert address_key("no address ") == "no address"


@pytest.mark.parametrize(
    ("domain", "anywhere", "in_development"),
    [
        ("example.com", True, True),
        ("shop.test", False, True),
        ("shop.example", False, True),
        ("localhost", False, False),
        ("test", False, False),
        ("printer.local", False, False),
        ("x.invalid", False, False),
        ("app.localhost", False, False),
        ("127.0.0.1", False, False),
    ],
)
def test_nobody_signs_up_at_a_domain_that_nobody_owns(domain: str, anywhere: bool, in_development: bool) -> None:
    assert is_public_domain(domain) is anywhere
    assert is_public_domain(domain, examples=True) is in_development
