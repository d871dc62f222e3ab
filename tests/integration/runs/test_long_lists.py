"""Lists of thousands of Stripe's objects: all of them are read, page by page, and the journal keeps what is used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.support import runs_fixture
from tests.support.runs_fixture import RunsFixture, build

from payloom.connectors.dispatch import VerbDispatcher
from payloom.connectors.stripe import step_host
from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe
from payloom.connectors.stripe.client import StripeSettings
from payloom.connectors.stripe.connector import StripeConnector
from payloom.connectors.stripe.step_host import StripeHost
from payloom.runs.models import steps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from payloom.connectors.stripe.catalog.operations import Operation
    from payloom.connectors.stripe.parameters import Prepared
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

THERE = 12_345
FLOW = """\
name: Report
description: Reads a list.
on: {manual: true}
steps:
  - id: charges
    stripe: charges.list
    with: {WITH}
    all: true
MORE
  - return: RETURN
"""


class ManyCharges(StripeConnector):
    """A Stripe with many charges, each of two kilobytes. sizes: of the pages that it was asked for."""

    def __init__(self, there: int = THERE) -> None:
        super().__init__(StripeSettings("sk_test_x"))
        self.there = there
        self.sizes: list[int] = []

    async def _call(self, operation: Operation, prepared: Prepared, options: Mapping[str, Any], seconds: float) -> Any:
        after = prepared.body.get("starting_after")
        first = 0 if after is None else int(after.removeprefix("ch_")) + 1
        size = prepared.body["limit"]
        self.sizes.append(size)
        numbers = range(first, min(first + size, self.there))
        data = [{"id": f"ch_{number}", "amount": 1, "paid": True, "description": "x" * 2000} for number in numbers]
        return {"object": "list", "data": data, "has_more": numbers.stop < self.there}


@pytest.fixture
def stripe() -> ManyCharges:
    return ManyCharges()


@pytest.fixture
async def fixture(
    database: Database, tmp_path: Path, stripe: ManyCharges, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunsFixture]:
    monkeypatch.setattr(runs_fixture, "catalog", lambda _tables: CatalogWithStripe())
    built = await build(database, tmp_path, outside=VerbDispatcher({"stripe": StripeHost(stripe)}))
    await built.service.start()
    yield built
    await built.service.stop(1)


async def report(fixture: RunsFixture, returned: str, *, options: str = "", more: str = "") -> Any:
    text = FLOW.replace("{WITH}", f"{{{options}}}").replace("MORE\n", more).replace("RETURN", returned)
    await fixture.versions.publish([fixture.load("report", text)])
    run_id = (await fixture.service.call("report", {}, trigger="manual", wait=0)).run_id
    await fixture.settled(run_id)
    return await fixture.queries.get(run_id)


async def kept(fixture: RunsFixture, run_id: str) -> list[dict[str, Any]]:
    query = sa.select(steps.c.value).where(steps.c.run_id == run_id, steps.c.verb == "stripe")
    return await fixture.database.read(lambda tx: tx.execute(query).scalar_one())


@pytest.mark.parametrize("options", ["", "limit: 100", "limit: 10"])
async def test_all_means_all_whatever_the_size_of_a_page(
    fixture: RunsFixture, stripe: ManyCharges, options: str
) -> None:
    ended = await report(fixture, "${{ size(charges) }}", options=options)
    assert (ended.status, ended.output) == ("succeeded", THERE)
    assert set(stripe.sizes) == {10 if options == "limit: 10" else 100}


async def test_the_journal_keeps_the_fields_that_are_read(fixture: RunsFixture) -> None:
    """Not the 25 MB that Stripe sent."""
    ended = await report(fixture, "${{ charges[12344].amount }}")
    assert ended.output == 1
    rows = await kept(fixture, ended.id)
    assert len(rows) == THERE
    assert rows[0] == {"id": "ch_0", "amount": 1}
    assert len(json.dumps(rows)) < 50 * THERE


async def test_the_journal_keeps_everything_of_a_list_that_is_used_as_a_whole(
    fixture: RunsFixture, stripe: ManyCharges
) -> None:
    stripe.there = 3
    ended = await report(fixture, "${{ charges }}")
    assert [len(charge["description"]) for charge in ended.output] == [2000] * 3


async def test_what_is_read_is_still_there_after_the_run_was_taken_up_again(
    fixture: RunsFixture, stripe: ManyCharges
) -> None:
    stripe.there = 1_010
    more = '  - wait: 1ms\n  - id: paid\n    let: {of: "${{ size(charges.filter(c, c.paid)) }}"}\n'
    ended = await report(fixture, "${{ paid.of }}", more=more)
    assert ended.output == 1_010
    assert (await kept(fixture, ended.id))[0] == {"id": "ch_0", "paid": True}


async def test_a_list_that_is_too_long_is_an_error_with_the_limit(
    fixture: RunsFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_host, "MOST_ITEMS", 5_000)
    ended = await report(fixture, "${{ size(charges) }}")
    assert ended.status == "failed"
    assert (ended.failure["kind"], ended.failure["data"]["limit"]) == ("too_many_items", 5_000)
    assert "5,000" in ended.failure["message"]


async def test_max_reads_the_first_ones_and_no_page_more(fixture: RunsFixture, stripe: ManyCharges) -> None:
    ended = await report(fixture, "${{ size(charges) }}", more="    max: 250\n")
    assert ended.output == 250
    assert len(stripe.sizes) == 3
