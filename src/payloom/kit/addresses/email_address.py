"""The grammar of email addresses, the same for every door that takes one: accounts, settings, inputs, and mails.

The part before the `@` is ASCII, because mail servers deliver nothing else reliably. A domain can have other letters.
It counts in its ASCII form (IDNA), so that one domain has one spelling. Invisible letters, compatibility letters, and
mixed scripts are refused: they make an address that looks like somebody else's.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata

LONGEST = 254
"""Characters of an address that SMTP can deliver to (RFC 5321)."""
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ONE_SCRIPT = (frozenset({"CJK", "HIRAGANA", "KATAKANA", "LATIN"}), frozenset({"CJK", "HANGUL", "LATIN"}))
"""Scripts that people write in one word."""
_ALPHABETS = frozenset({"LATIN", "GREEK", "CYRILLIC"})
_READ_IN_TWO_WAYS = frozenset("ßς")
"""Letters that stand for one domain in IDNA2003 and for another in IDNA2008."""
_EXAMPLE_DOMAINS = frozenset({"test", "example"})
_RESERVED = _EXAMPLE_DOMAINS | frozenset(
    [
        "alt",
        "arpa",
        "corp",
        "home",
        "internal",
        "intranet",
        "invalid",
        "lan",
        "local",
        "localdomain",
        "localhost",
        "onion",
        "private",
    ]
)
"""Top-level domains that cannot be registered (RFC 2606, 6761, 6762, 7686, 9476, and ICANN's name collisions)."""


class NotAnAddress(ValueError):
    """This is not an email address."""


@dataclasses.dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address. domain: in ASCII and lower case. text: as it was given, without blanks around it."""

    local: str
    domain: str
    text: str

    @property
    def key(self) -> str:
        """The form in which two spellings of one address are the same text."""
        return f"{self.local.lower()}@{self.domain}"


def parse_address(value: object) -> EmailAddress:
    """Return the address in `name@example.com`; raises `NotAnAddress`."""
    text = unicodedata.normalize("NFC", value.strip()) if isinstance(value, str) else ""
    local, at, domain = text.rpartition("@")
    if not at or len(text) > LONGEST or not _LOCAL.fullmatch(local) or ".." in f".{local}.":
        raise NotAnAddress
    ascii_domain = _ascii_domain(domain)
    if len(local) + 1 + len(ascii_domain) > LONGEST:
        raise NotAnAddress
    return EmailAddress(local, ascii_domain, text)


def address_key(value: str) -> str:
    """Return the form in which spellings of one address are equal. Text that is no address is only lower-cased."""
    try:
        return parse_address(value).key
    except NotAnAddress:
        return value.strip().lower()[:LONGEST]


def is_public_domain(domain: str, *, examples: bool = False) -> bool:
    """Return whether the ASCII `domain` can be registered and can receive mail.

    examples: `.test` and `.example` count as well, as they do in development.
    """
    _, dot, top = domain.rpartition(".")
    if not dot or top.isdigit():
        return False
    return top not in _RESERVED or (examples and top in _EXAMPLE_DOMAINS)


def _ascii_domain(text: str) -> str:
    """Return the domain in ASCII and lower case; raises `NotAnAddress`."""
    try:
        domain = text.lower() if text.isascii() else text.encode("idna").decode().lower()
        labels = domain.split(".")
        decoded = [label.encode().decode("idna") if label.startswith("xn--") else label for label in labels]
    except UnicodeError:
        raise NotAnAddress from None
    written = text.lower().split(".") if not text.isascii() else labels
    if not all(_LABEL.fullmatch(label) for label in labels) or len(domain) > 253:
        raise NotAnAddress
    if not all(_is_plain(label) for label in (*decoded, *written)):
        raise NotAnAddress
    return domain


def _is_plain(label: str) -> bool:
    """Return whether the label is what it looks like."""
    if label.isascii():
        return True
    if unicodedata.normalize("NFKC", label) != label or _READ_IN_TWO_WAYS & set(label):
        return False
    scripts = {unicodedata.name(letter, "?").partition(" ")[0] for letter in label if letter.isalpha()}
    for letter in label:
        category = unicodedata.category(letter)
        if category in {"Mn", "Mc"} and not scripts & _ALPHABETS:
            continue
        if category[0] != "L" and category != "Nd" and letter != "-":
            return False
    return len(scripts) <= 1 or any(scripts <= group for group in _ONE_SCRIPT)
