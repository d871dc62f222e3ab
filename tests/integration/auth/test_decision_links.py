"""Decision links: which key signs them, and which links open nothing."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from payloom.auth import models
from payloom.auth.decision_links import PATH, DecisionLink, DecisionLinks
from payloom.auth.errors import LinkNotValid
from payloom.kit.clock import ManualClock, to_epoch

if TYPE_CHECKING:
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

SITE = "https://shop.example.com"


def encoded(value: bytes) -> str:
    """Base64 as links have it."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


async def test_every_process_reads_what_another_made(database: Database) -> None:
    clock = ManualClock()
    link = DecisionLink("run_1", "2", int(to_epoch(clock.now())) + 60, "boss@example.com")
    address = await DecisionLinks(database, SITE, clock).make(link)
    token = address.removeprefix(f"{SITE}{PATH}")
    assert await DecisionLinks(database, SITE, clock).read(token) == link
    keys = await database.read(lambda tx: tx.execute(sa.select(models.keys)).all())
    assert [(row.purpose, len(row.value)) for row in keys] == [("decision", 32)]


async def test_a_link_of_any_length_opens(database: Database) -> None:
    """Base64 leaves out what fills up its last letters, which differs with the length."""
    clock = ManualClock()
    for length in range(12):
        assert await opens(database, clock, await token_for(database, clock, run=f"run_{'x' * length}"))


@pytest.mark.parametrize("version", [[], [2]])
async def test_the_webhook_secret_makes_no_link(database: Database, version: list[int]) -> None:
    """Whoever reads the endpoint's secret in Stripe's dashboard could make links once."""
    clock = ManualClock()
    key = hashlib.sha256(b"payloom decision links\0whsec_of_the_endpoint").digest()
    values = [*version, "run_1", "2", int(to_epoch(clock.now())) + 60, "boss@example.com"]
    body = encoded(json.dumps(values).encode())
    token = f"{body}.{encoded(hmac.new(key, body.encode(), hashlib.sha256).digest())}"
    with pytest.raises(LinkNotValid) as caught:
        await DecisionLinks(database, SITE, clock).read(token)
    assert ("before an update" in caught.value.message) is (not version)


async def token_for(database: Database, clock: ManualClock, *, seconds: int = 60, run: str = "run_1") -> str:
    link = DecisionLink(run, "2", int(to_epoch(clock.now())) + seconds, "boss@example.com")
    return (await DecisionLinks(database, SITE, clock).make(link)).removeprefix(f"{SITE}{PATH}")


async def opens(database: Database, clock: ManualClock, token: str) -> bool:
    try:
        await DecisionLinks(database, SITE, clock).read(token)
    except LinkNotValid:
        return False
    return True


async def test_a_link_opens_until_its_moment_and_not_a_second_longer(database: Database) -> None:
    clock = ManualClock()
    token = await token_for(database, clock, seconds=60)
    clock.advance(dt.timedelta(seconds=60))
    assert await opens(database, clock, token)
    clock.advance(dt.timedelta(seconds=1))
    with pytest.raises(LinkNotValid, match="time for this decision is up"):
        await DecisionLinks(database, SITE, clock).read(token)


async def test_a_link_that_was_changed_anywhere_opens_nothing(database: Database) -> None:
    """Another run, a later moment, another person, a cut or longer token, the signature of another link."""
    clock = ManualClock()
    token = await token_for(database, clock)
    other = await token_for(database, clock, run="run_2")
    body, _, signature = token.partition(".")
    values = [2, "run_1", "2", int(to_epoch(clock.now())) + 60, "boss@example.com"]
    changes: list[list[object]] = [
        [*values[:1], "run_2", *values[2:]],
        [*values[:2], "3", *values[3:]],
        [*values[:3], 99_999_999_999, values[4]],
        [*values[:4], "me@example.com"],
        [3, *values[1:]],
        values[1:],
        [*values, "more"],
    ]
    forged = [f"{encoded(json.dumps(change).encode())}.{signature}" for change in changes]
    own_key = encoded(hmac.new(b"0" * 32, body.encode(), hashlib.sha256).digest())
    cut = [token[:-1], token[1:], body, f"{body}.", f".{signature}", f"{body}.{signature}A", "", ".", "\u00fc.\u00fc"]
    for wrong in [*forged, *cut, f"{body}.{own_key}", f"{body}.{other.partition('.')[2]}", f"{'A' * 5000}.{signature}"]:
        assert not await opens(database, clock, wrong), wrong
    assert await opens(database, clock, token)
    assert await opens(database, clock, other)


async def test_a_signed_link_of_another_version_or_shape_opens_nothing(database: Database) -> None:
    """What we sign later must not be read as what we sign today."""
    clock = ManualClock()
    await token_for(database, clock)
    [key] = await database.read(lambda tx: tx.execute(sa.select(models.keys.c.value)).scalars().all())
    moment = int(to_epoch(clock.now())) + 60
    other_shapes: list[object] = [
        [2, "run_1", "2", moment],
        {"run_id": "run_1"},
        dict.fromkeys("abcde", 2),
        "run_1",
        5,
        None,
    ]
    for values in ([3, "run_1", "2", moment, "b@example.com"], *other_shapes):
        body = encoded(json.dumps(values).encode())
        token = f"{body}.{encoded(hmac.new(key, body.encode(), hashlib.sha256).digest())}"
        assert not await opens(database, clock, token), values


async def test_a_forged_link_of_an_earlier_version_and_noise_are_told_apart(database: Database) -> None:
    """Nobody who holds noise is told that it was a link once."""
    clock = ManualClock()
    links = DecisionLinks(database, SITE, clock)
    for values, words in ((["run_1", "2", 1, "b@example.com"], "before an update"), ([1, 2, 3], "not one of ours")):
        with pytest.raises(LinkNotValid, match=words):
            await links.read(f"{encoded(json.dumps(values).encode())}.AAAA")
    for noise in ("%%%.AAAA", "AAAA.%", "A.A", f"{encoded(b'{')}.AAAA", f"{encoded(b'[' * 3000)}.AAAA"):
        with pytest.raises(LinkNotValid, match="not one of ours"):
            await links.read(noise)
    values = [2, "run_1", "2", int(to_epoch(clock.now())) + 60, "b@example.com"]
    with pytest.raises(LinkNotValid, match="not one of ours"):
        await links.read(f"{encoded(json.dumps(values).encode())}.%")
