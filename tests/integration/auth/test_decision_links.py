"""Decision links: which key signs them, and which links open nothing."""

from __future__ import annotations

import base64
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
