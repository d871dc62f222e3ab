"""The local copy of Stripe's resources: listed, kept by events in any order, repaired where events leave a doubt."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from payloom.connectors.port import Attempt, StepFailed
from payloom.connectors.stripe.tables.mirror import Mirror
from payloom.connectors.stripe.tables.table_source import StripeTables
from payloom.db.migrate import migrate
from payloom.kit.clock import to_epoch
from payloom.workflows.program.commands import Do

if TYPE_CHECKING:
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio


class Copy:
    """A mirror with its Stripe and its database."""

    def __init__(self, side: Any, database: Database) -> None:
        self.side = side
        self.database = database
        self.mirror = Mirror(side.connector, database, side.clock, ["products", "customers", "subscriptions"])
        self.tables = StripeTables(side.connector, self.mirror)

    async def make(self, name: str, **more: Any) -> Any:
        return await self.side.direct.perform("products.create", {"name": name, **more})

    async def rename(self, product: Any, name: str) -> Any:
        return await self.side.direct.perform("products.update", {"id": product["id"], "name": name})

    async def select(self, table: str = "stripe.products", **args: Any) -> Any:
        do = Do("0", "select", table, {"where": {}, **args}, key="run_1:0")
        return await self.tables.perform(do, Attempt("run_1", 1, self.side.clock.now()))

    async def names(self, **args: Any) -> list[str]:
        return [row["name"] for row in await self.select(**args)]

    async def event(self, kind: str, resource: Any, at: int) -> None:
        payload = {"type": kind, "created": at, "data": {"object": resource}}
        await self.database.write(lambda tx: self.mirror.apply_event(tx, payload))

    def now(self) -> int:
        return to_epoch(self.side.clock.now())


@pytest.fixture
async def copy(side: Any, database: Database) -> Copy:
    await migrate(database)
    return Copy(side, database)


async def test_before_it_is_whole_a_copy_gives_no_half_answers(copy: Copy) -> None:
    await copy.make("Mug")
    with pytest.raises(StepFailed) as failed:
        await copy.select()
    assert (failed.value.failure.kind, failed.value.failure.retryable) == ("mirror_not_ready", True)
    await copy.mirror.refresh()
    assert await copy.names() == ["Mug"]


async def test_a_whole_copy_is_read_without_stripe_and_by_any_column(copy: Copy) -> None:
    for name in ("Mug", "Hat", "Red mug"):
        await copy.make(name, metadata={"tier": name[0]})
    await copy.mirror.refresh()
    requests_before = copy.side.wire.requests
    assert await copy.names(where={"name": {"contains": "ug"}}, order_by=["name desc"]) == ["Red mug", "Mug"]
    assert await copy.names(where={"metadata": {"tier": "H"}}) == ["Hat"]
    assert await copy.names(where={"any": [{"name": "Hat"}, {"name": "Mug"}]}, order_by=["name"]) == ["Hat", "Mug"]
    tomorrow = copy.side.clock.now() + dt.timedelta(days=1)
    assert len(await copy.names(where={"created": {"lt": tomorrow}}, limit=2)) == 2
    assert await copy.names(where={"created": {"gt": tomorrow}}) == []
    assert await copy.names(where={"description": {"is_null": True}, "name": ["Mug", None]}) == ["Mug"]
    assert copy.side.wire.requests == requests_before


async def test_nulls_mean_what_they_mean_everywhere(copy: Copy) -> None:
    await copy.make("Mug")
    await copy.mirror.refresh()
    assert await copy.names(where={"name": None, "active": True}) == []
    with pytest.raises(StepFailed) as failed:
        await copy.select(where={"name": None})
    assert failed.value.failure.kind == "no_filter"


async def test_more_than_a_page_is_listed(copy: Copy) -> None:
    for number in range(105):
        await copy.make(str(number))
    assert (await copy.mirror.refresh())["products"] == 105
    assert len(await copy.select()) == 105


async def test_the_newest_event_wins_in_any_order(copy: Copy) -> None:
    await copy.mirror.refresh()
    at = copy.now() + 1000
    old, new = ({"id": "prod_1", "object": "product", "created": at, "name": name} for name in ("Old", "New"))
    await copy.event("product.updated", new, at + 5)
    await copy.event("product.created", old, at)
    assert await copy.names() == ["New"]


async def test_a_late_event_does_not_bring_back_what_was_deleted(copy: Copy) -> None:
    await copy.mirror.refresh()
    at = copy.now() + 1000
    product = {"id": "prod_1", "object": "product", "created": at, "name": "Gone"}
    await copy.event("product.deleted", product, at + 5)
    await copy.event("product.updated", {**product, "name": "Late"}, at + 3)
    assert await copy.names() == []


async def test_two_states_of_one_second_are_settled_by_asking(copy: Copy) -> None:
    product = await copy.make("First")
    await copy.mirror.refresh()
    at = copy.now() + 1000
    changed = await copy.rename(product, "Second")
    await copy.event("product.updated", changed, at)
    await copy.event("product.updated", product, at)
    assert await copy.mirror.reread_doubtful() == {"products": 1}
    assert await copy.names() == ["Second"]
    assert await copy.mirror.reread_doubtful() == {}


async def test_an_event_close_to_the_listing_is_settled_by_asking(copy: Copy) -> None:
    product = await copy.make("First")
    await copy.mirror.refresh()
    changed = await copy.rename(product, "Second")
    # Stripe's clock may be behind ours: by its time this change was before the listing.
    await copy.event("product.updated", changed, copy.now() - 20)
    await copy.mirror.reread_doubtful()
    assert await copy.names() == ["Second"]
    await copy.event("product.updated", product, copy.now() - 10)
    await copy.mirror.reread_doubtful()
    assert await copy.names() == ["Second"]


async def test_the_daily_listing_repairs_what_no_event_told(copy: Copy) -> None:
    renamed, deleted = await copy.make("Kept"), await copy.make("Gone")
    await copy.mirror.refresh()
    await copy.rename(renamed, "Renamed")
    await copy.side.direct.perform("products.delete", {"id": deleted["id"]})
    assert await copy.mirror.refresh() == {}
    assert sorted(await copy.names()) == ["Gone", "Kept"]
    copy.side.pass_time(25 * 3600)
    assert (await copy.mirror.refresh())["products"] == 2
    assert await copy.names() == ["Renamed"]


async def test_what_is_made_while_listing_is_not_forgotten(copy: Copy) -> None:
    await copy.make("Mug")
    await copy.mirror.refresh()
    at = copy.now() + 5
    await copy.event("product.created", {"id": "prod_new", "object": "product", "created": at, "name": "New"}, at)
    copy.side.pass_time(25 * 3600)
    fresh = copy.now()
    await copy.event("product.created", {"id": "prod_now", "object": "product", "created": fresh, "name": "Now"}, fresh)
    await copy.mirror.refresh()
    # The local Stripe knows neither: the old one is gone, the one of this moment may only be late in the list.
    assert await copy.names() == ["Now", "Mug"]


async def test_events_of_connected_accounts_and_other_families_are_left_alone(copy: Copy) -> None:
    await copy.mirror.refresh()
    product = {"id": "prod_1", "object": "product", "created": 1, "name": "Theirs"}
    foreign_event = {"type": "product.created", "created": 1, "account": "acct_1", "data": {"object": product}}
    await copy.database.write(lambda tx: copy.mirror.apply_event(tx, foreign_event))
    await copy.event("price.created", {"id": "price_1", "object": "price", "created": 1}, 1)
    assert await copy.select() == []


async def test_filters_that_are_no_columns_work_on_the_copy(copy: Copy) -> None:
    call = copy.side.direct.perform
    product = await copy.make("Plan")
    price = await call(
        "prices.create",
        {"product": product["id"], "unit_amount": 500, "currency": "usd", "recurring": {"interval": "month"}},
    )
    customer = await call("customers.create", {"email": "a@b.c", "payment_method": "pm_card_visa"})
    args = {"customer": customer["id"], "items": [{"price": price["id"]}], "trial_period_days": 3}
    subscription = await call("subscriptions.create", args)
    await copy.mirror.refresh()
    for where in (
        {"price": price["id"]},
        {"customer": customer["id"], "status": "all"},
        {"current_period_end": {"gt": copy.now()}},
    ):
        assert [row["id"] for row in await copy.select("stripe.subscriptions", where=where)] == [subscription["id"]]
    assert await copy.select("stripe.subscriptions", where={"price": "price_other"}) == []
    assert await copy.select("stripe.subscriptions", where={"status": "canceled"}) == []
