"""Texts that are packed for SQLite come back as they were, also those of an older version."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from payloom.db import packing
from payloom.db.packing import FILES, Words, pack, unpack

EVENT = json.dumps({"id": "evt_1", "object": "event", "data": {"object": {"object": "charge", "n": "é" * 60}}})
PAGE = '<td align="left" style="font-size:0px;padding:10px 25px;word-break:break-word;">Thank you</td>' * 3
DIGESTS = {
    "json.1.txt": "d19d5662a230bb34a82bf8e3ca1a81a813e0aa069c4cfc124f687e1d1ef58500",
    "mail.1.txt": "819a8939ba2abe0545614fb1ba18927180abe3471deb4e0854724189416067d3",
}


@pytest.mark.parametrize("words", ["json", "mail"])
@pytest.mark.parametrize("text", [EVENT, PAGE, "", "x", "x" * 5000, "\ud800" * 200, "\0" * 300], ids=range(7))
def test_what_is_packed_comes_back(text: str, words: Words) -> None:
    packed = pack(text, words)
    assert unpack(packed) == text
    assert isinstance(packed, str) == (len(text) < 120)


def test_what_is_like_the_words_gets_far_shorter() -> None:
    assert len(pack(PAGE, "mail")) < len(PAGE) / 5
    assert len(pack(EVENT, "json")) < len(EVENT) / 2


def test_what_does_not_get_shorter_stays_a_text() -> None:
    text = hashlib.sha512(b"x").hexdigest() + "".join(chr(0x4E00 + number * 7 % 20000) for number in range(100))
    assert pack(text, "json") == text


def test_the_words_never_change() -> None:
    """Rows are packed with them. Other words need a number and a file of their own."""
    folder = Path(packing.__file__).parent
    assert {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.glob("*.txt")} == DIGESTS
    assert sorted(FILES.values()) == sorted(DIGESTS)


@pytest.mark.parametrize(
    "stored",
    [
        "0183d8a4006edf182ae928c0ab7a05581347011aef0a883e083213963881eaf240dc9852038354cb5192d6243031d60200",
        "02a376f48464008b0105605d0071ca10361d00",
    ],
)
def test_what_is_stored_already_is_read(stored: str) -> None:
    assert unpack(bytes.fromhex(stored)) in (EVENT, PAGE)
