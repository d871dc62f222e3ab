"""The quick look for secret names overlooks none that the patterns would find."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from payloom.kit.secrets import named
from payloom.kit.secrets.named import named_secrets_in

if TYPE_CHECKING:
    import pytest

NAMES = [
    *("secret", "key", "card", "number", "client_secret", "password", "Password", "x-api-key", "apiKey", "card[cvc]"),
    *("pin", "one-time-code", "time", "code", "token", "name", "value", "api", "private key", "security", "cvv2", "a"),
    *("client", "otp", "totp", "verification", "recovery codes", "signing__key", "id", "pan_", "authorization "),
]
VALUES: list[Any] = [
    *(None, True, False, "", "x", "S3cret!", 123, ["a", "b"], {"key": None, "b": "S"}, [None], {"number": 4242}),
]


def value(chance: random.Random, depth: int) -> Any:
    """A JSON value full of names that are secret, that nearly are, and that are values here."""
    if depth == 0 or chance.random() < 0.4:
        return chance.choice(NAMES) if chance.random() < 0.2 else chance.choice(VALUES)
    if chance.random() < 0.5:
        return {chance.choice(NAMES): value(chance, depth - 1) for _ in range(chance.randint(0, 4))}
    return [value(chance, depth - 1) for _ in range(chance.randint(0, 3))]


def texts(chance: random.Random) -> list[str]:
    """The same as JSON in two spellings, JSON in JSON, what Python prints, a form, and a tag."""
    content = value(chance, 4)
    narrow = json.dumps(content, separators=(",", ":"))
    first, second = chance.choice(NAMES), chance.choice(NAMES)
    return [
        narrow,
        json.dumps(content),
        json.dumps(narrow),
        repr(content),
        f"{first}={second}",
        f"<{first}>x</{first}>",
    ]


def test_the_quick_look_overlooks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    samples = [text for _ in range(800) for text in texts(chance)]
    quick = [named_secrets_in(text) for text in samples]
    monkeypatch.setattr(named, "may_name_a_secret", lambda _text: True)
    assert quick == [named_secrets_in(text) for text in samples]
    assert 0 < sum(map(bool, quick)) < len(samples)
