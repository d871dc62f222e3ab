"""Secrets that show by their form: Stripe's keys, client secrets, tokens, links, and passwords in addresses."""

from __future__ import annotations

import base64
import binascii
import functools
import re
import unicodedata

STRIPE_KEYS = ("sk_test_", "sk_live_", "rk_test_", "rk_live_", "sk_org_", "ek_test_", "ek_live_", "whsec_")
"""What Stripe's keys and signing secrets begin with. Publishable keys (`pk_`) are public."""
STRIPE_SECRETS = (
    "cuss_secret_",
    "accs_secret_",
    "src_client_secret_",
    "fcsess_client_secret_",
)
"""What Stripe's secrets without an id begin with: customer sessions, account sessions, sources, and others."""
STRIPE_OBJECTS = ("pi", "seti", "cs", "si", "src", "vs", "as", "cas", "cuss", "fcsess", "in", "po", "ba", "sub")
"""Objects whose client secret is `<id>_secret_<more>`."""

_WORD = r"[A-Za-z0-9_]"
_START = r"(?<![A-Za-z0-9])"
_NAMES = "|".join(
    (
        *("token", "access_token", "refresh_token", "id_token", "password", "passwd", "secret", "client_secret"),
        *("api_?key", "payment_intent_client_secret", "setup_intent_client_secret"),
    )
)
_ADDRESS_PART = r"[^\s\"'<>&#\[\]]"
PATTERNS = (
    rf"{_START}(?P<key>{'|'.join(STRIPE_KEYS)}){_WORD}{{4,}}[A-Za-z0-9_+/]*",
    rf"{_START}(?P<secret>{'|'.join(STRIPE_SECRETS)}){_WORD}{{3,}}",
    rf"{_START}(?P<client>(?:{'|'.join(STRIPE_OBJECTS)})_[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*?_secret_){_WORD}+",
    r"(?P<approve>/approve/)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+",
    rf"(?P<query>[?&](?:amp;)?(?:{_NAMES})=){_ADDRESS_PART}{{6,}}",
    rf"{_START}(?P<bearer>(?i:bearer)\s+)(?=[A-Za-z._~+/=-]*\d|[A-Za-z0-9._~+/=-]{{20}})[A-Za-z0-9._~+/=-]{{6,}}",
    rf"{_START}(?P<upper>Bearer )[A-Za-z0-9._~+/=-]{{6,}}",
    r"(?P<address>[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@\"'<>]*:)[^\s/\"'<>]+(?=@)",
    rf"{_START}(?P<jwt>eyJ)[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]{{4,}}(?:\.[A-Za-z0-9_-]*)+",
)
_WORTH_A_LOOK: tuple[tuple[str, ...], ...] = (
    STRIPE_KEYS,
    STRIPE_SECRETS,
    ("_secret_",),
    ("/approve/",),
    ("=",),
    ("bearer",),
    ("bearer ",),
    ("@",),
    ("eyj",),
)
"""What a text has, in lower case, in which the pattern of the same place finds something: a quicker look."""
_SECRETS = tuple((re.compile(pattern), hints) for pattern, hints in zip(PATTERNS, _WORTH_A_LOOK, strict=True))
BASIC = re.compile(rf"{_START}((?i:basic)\s+)([A-Za-z0-9+/]{{6,}}={{0,2}})")
_HINTS = ("_secret_", "sk_", "rk_", "ek_", "whsec_", "/approve/", "=", "earer", "EARER", "://", "eyJ", "asic", "ASIC")
"""A text with none of these holds no secret of these forms: looking for them is quicker than the pattern."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
SECRET_WORDS = (
    *("passwords?", "passwd", "passphrase", "secrets?", "client_?secret", "authorization", "cookies?", "token"),
    *(
        "access_?token",
        "refresh_?token",
        "credentials?",
        "cvc2?",
        "cvv2?",
        "cvn2?",
        "csc",
        "card_?number",
        "cc_?number",
    ),
    *(
        "pwd",
        "passcodes?",
        "pin",
        "pan",
        "t?otp",
        "bearer",
        "jwt",
        "security_?code",
        "recovery_?codes?",
        "one_?time_?code",
    ),
    *("card_?code", "card_?verification(?:_?(?:code|value|number))?"),
    "(?:api|access|private|secret|signing|encryption)_?keys?",
)
"""What a secret name ends with, as patterns. The sealer looks for each: its hints are compared with these in a test."""
_SECRET_NAME = re.compile(rf"(?:^|_)(?:{'|'.join(SECRET_WORDS)})$")


def is_secret_name(name: str) -> bool:
    """Whether what stands under a name is secret: `password`, `x-api-key`, `accessToken`, `card[cvc]`."""
    return _is_secret_name(name[-80:])


@functools.lru_cache(4096)
def _is_secret_name(name: str) -> bool:
    words = _CAMEL.sub("_", name if name.isascii() else unicodedata.normalize("NFKC", name))
    return _SECRET_NAME.search(re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_").lower()) is not None


def _has_any(text: str, pieces: tuple[str, ...]) -> bool:
    for piece in pieces:  # noqa: SIM110 - a generator in `any` costs three times as much as these looks
        if piece in text:
            return True
    return False


def secrets_in(text: str) -> list[tuple[int, int]]:
    """Return where the secret parts of a text are; what says their kind stays outside."""
    if not _has_any(text, _HINTS):
        return []
    spans: list[tuple[int, int]] = []
    lower = text.lower()
    for pattern, hints in _SECRETS:
        if _has_any(lower, hints):
            spans += [(match.end(match.lastgroup or 0), match.end()) for match in pattern.finditer(text)]
    if "basic" in lower:
        spans += [match.span(2) for match in BASIC.finditer(text) if _is_basic(match[2])]
    return spans


def _is_basic(word: str) -> bool:
    """Whether a word is the user and the password of HTTP's Basic, and not an English word."""
    try:
        return b":" in base64.b64decode(word + "=" * (-len(word) % 4), validate=True)
    except binascii.Error:
        return False
