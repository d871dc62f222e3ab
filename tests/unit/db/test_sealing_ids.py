"""Where a JSON text has no hint but long words and empty secret names, the short way seals what the long way does."""

from __future__ import annotations

import base64
import json
import random
from typing import TYPE_CHECKING

import pytest

from payloom.db.sealing import sealer
from payloom.kit.secrets.hints import hints_in

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc"
QUOTED = SECRET.replace("_", "=5f")
ENTITIES = SECRET.replace("_", "&UnderBar;")
NO_SECRET = "This is only a sentence that nobody has to hide."
LONG_ID = "cs_test_a135DadRa431TV41ua2tYO8DjdtWZ3NJkKF6AfzUicALk80mIwAQapKJJQ"
FRAGMENT = "http://127.0.0.1:41987/c/pay/" + LONG_ID + "#fidkdWxOYHwnPyd1blpxYHZxWjA0ZJemIlr5eDqeCmhIV4Q7SpKL1zb4"
HASH = "guest-c468a191bf382318d9aca9f437650eb159f5273b94d33573b8f3a7ff974b4d63"


def coded(text: str) -> list[str]:
    """Return a text in each encoding that is one long word."""
    raw = text.encode()
    return [
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        base64.b32encode(raw).decode(),
        raw.hex(),
    ]


VALUES = (
    *(LONG_ID, FRAGMENT, HASH, "x" * 80, "usd", 1900, 1793955600, True, None, "", [], {}, "ada@corner.test"),
    *coded(SECRET),
    *coded(NO_SECRET),
    *(f"{LONG_ID} {word}" for word in coded(SECRET)),
    *(f"{LONG_ID} a=62=63", f"{LONG_ID} &AMP; x", f"{LONG_ID} %41", f"{LONG_ID} \\n", f"{LONG_ID} \t", f"{LONG_ID} é"),
    *(f"{LONG_ID} {SECRET}", f"{LONG_ID}?token=abcdef123", f"{LONG_ID} Bearer abc123def", 4242424242424242),
    *(f"{LONG_ID} 4242 4242 4242 4242", f"{LONG_ID} {QUOTED}", f"{LONG_ID} {ENTITIES}", f"{LONG_ID} token"),
)
NAMES = ("id", "url", "client_secret", "password", "metadata", "next_action", LONG_ID, coded(SECRET)[0], "a=b", "pin")


def objects(chance: random.Random) -> Iterator[str]:
    for _ in range(3_000):
        content = {chance.choice(NAMES): chance.choice(VALUES) for _ in range(chance.randint(1, 5))}
        text = json.dumps(content if chance.random() < 0.8 else [content, "x"], separators=(",", ":"))
        yield text[: len(text) - chance.choice((0, 0, 0, 1, 9))]


def places(text: str) -> list[tuple[int, int]]:
    sealer._clean.clear()
    hints = sealer._fresh_hints(text)
    return sealer._spans(text, hints) if hints else []


def test_the_short_way_seals_what_the_long_way_does(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [text for text in objects(random.Random(11)) if hints_in(text)]
    short = [places(text) for text in samples]
    ended = [sealer._has_only_ids(text) for text in samples]
    monkeypatch.setattr(sealer, "_has_only_ids", lambda _text: False)
    assert short == [places(text) for text in samples]
    assert len(samples) // 20 < sum(ended) < len(samples), "some end with the short way, and not all"
    assert sum(map(bool, short)) > len(samples) // 4, "secrets are among them"


@pytest.mark.parametrize("word", coded(SECRET))
@pytest.mark.parametrize(
    "text", ['{{"id":"{}"}}', '{{"{}":1}}', '["' + LONG_ID + '","{}"]', '{{"client_secret":null,"a":"{}"}}']
)
def test_a_secret_in_disguise_is_no_id(text: str, word: str) -> None:
    assert not sealer._has_only_ids(text.format(word))


def test_an_object_of_stripe_without_a_secret_ends_with_the_short_way() -> None:
    session = {
        "id": LONG_ID,
        "client_secret": None,
        "url": FRAGMENT,
        "metadata": {"payloom_step": HASH},
        "amount": 1900,
    }
    assert sealer._has_only_ids(json.dumps(session, separators=(",", ":")))
