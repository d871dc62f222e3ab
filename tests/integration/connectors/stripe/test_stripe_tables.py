"""Stripe's resources as tables: what `select` gives against the local Stripe, and what it refuses to guess."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from payloom.connectors.port import Attempt, StepFailed
from payloom.connectors.stripe.tables.table_source import StripeTables
from payloom.tables.errors import TooManyRows
from payloom.workflows.program.commands import Do

pytestmark = pytest.mark.anyio


async def select(side: Any, table: str, **args: Any) -> Any:
    """Do a `select` step."""
    do = Do("0", "select", table, {"where": {}, **args}, key="run_1:0")
    return await StripeTables(side.connector).perform(do, Attempt("run_1", 1, side.clock.now()))


async def refused(side: Any, table: str, **args: Any) -> Any:
    """Return the failure of a `select` step."""
    with pytest.raises(StepFailed) as failed:
        await select(side, table, **args)
    return failed.value.failure


async def make(side: Any, action: str, **args: Any) -> Any:
    return await side.direct.perform(action, args, key=None)


async def products(side: Any, *names: str, **more: Any) -> list[Any]:
    return [await make(side, "products.create", name=name, **more) for name in names]


async def test_a_list_view_takes_stripes_filters(side: Any) -> None:
    await products(side, "Mug", "Hat")
    await products(side, "Old", active=False)
    assert [row["name"] for row in await select(side, "stripe.products")] == ["Old", "Hat", "Mug"]
    assert [row["name"] for row in await select(side, "stripe.products", where={"active": True})] == ["Hat", "Mug"]
    assert [row["name"] for row in await select(side, "stripe.products", limit=1)] == ["Old"]
    assert await select(side, "stripe.products", limit=0) == []


async def test_a_range_may_be_a_moment(side: Any) -> None:
    await products(side, "Mug")
    now = side.clock.now()
    assert len(await select(side, "stripe.products", where={"created": {"gte": now - dt.timedelta(days=1)}})) == 1
    assert await select(side, "stripe.products", where={"created": {"gt": now + dt.timedelta(days=1)}}) == []


async def test_rows_by_id_are_found_one_by_one(side: Any) -> None:
    mug, hat = await products(side, "Mug", "Hat")
    row = await select(side, "stripe.products", where={"id": mug["id"]}, one="required")
    assert row["name"] == "Mug"
    by_id = await select(side, "stripe.products", where={"id": [hat["id"], mug["id"]]}, key_by="id", require="all")
    assert {key: row["name"] for key, row in by_id.items()} == {mug["id"]: "Mug", hat["id"]: "Hat"}
    assert await select(side, "stripe.products", where={"id": "prod_none"}, one="optional") is None
    assert (await refused(side, "stripe.products", where={"id": "prod_none"}, one="required")).kind == "row_not_found"
    missing = await refused(side, "stripe.products", where={"id": [mug["id"], "prod_none"]}, require="all")
    assert missing.kind == "rows_missing"


async def test_a_deleted_customer_is_no_row(side: Any) -> None:
    customer = await make(side, "customers.create", email="a@b.c")
    await make(side, "customers.delete", id=customer["id"])
    assert await select(side, "stripe.customers", where={"id": customer["id"]}, one="optional") is None


async def test_ended_subscriptions_are_rows_too(side: Any) -> None:
    product = await make(side, "products.create", name="Plan")
    price = await make(
        side, "prices.create", product=product["id"], unit_amount=500, currency="usd", recurring={"interval": "month"}
    )
    customer = await make(side, "customers.create", email="a@b.c", payment_method="pm_card_visa")
    subscriptions = [
        await make(
            side, "subscriptions.create", customer=customer["id"], items=[{"price": price["id"]}], trial_period_days=3
        )
        for _ in range(2)
    ]
    await make(side, "subscriptions.cancel", id=subscriptions[0]["id"])
    rows = await select(side, "stripe.subscriptions", where={"customer": customer["id"]})
    assert sorted(row["status"] for row in rows) == ["canceled", "trialing"]
    rows = await select(side, "stripe.subscriptions", where={"status": "trialing", "price": price["id"]})
    assert [row["id"] for row in rows] == [subscriptions[1]["id"]]


async def test_a_null_never_matches_and_only_nulls_are_an_error(side: Any) -> None:
    await products(side, "Mug")
    assert await select(side, "stripe.products", where={"active": True, "url": None}) == []
    failure = await refused(side, "stripe.customers", where={"email": None})
    assert (failure.kind, side.wire.requests) == ("no_filter", 0)
    assert await select(side, "stripe.products", where={"id": []}) == []


async def test_what_stripe_cannot_be_asked_is_refused_in_words(side: Any) -> None:
    unknown = await refused(side, "stripe.products", where={"name": "Mug"})
    assert (unknown.kind, "stripe.products.search" in (unknown.hint or "")) == ("unknown_column", True)
    assert (await refused(side, "stripe.products", order_by=["name"])).kind == "bad_arguments"
    assert (await refused(side, "stripe.prices", where={"product": ["a", "b"]})).kind == "bad_arguments"
    assert (await refused(side, "stripe.products", where={"id": "a", "active": True})).kind == "bad_arguments"
    assert (await refused(side, "stripe.products", where={"active": {"ne": True}})).kind == "bad_arguments"
    assert (await refused(side, "stripe.payments")).kind == "unknown_table"
    assert side.wire.requests == 0


async def test_too_many_rows_are_an_error_not_a_silent_end(side: Any) -> None:
    await products(side, "A", "B", "C")
    tables = StripeTables(side.connector, most=3)
    assert len(await tables.select("stripe.products", {})) == 3
    await products(side, "D")
    with pytest.raises(TooManyRows, match="more than 3 rows") as failed:
        await tables.select("stripe.products", {})
    assert "limit" in (failed.value.hint or "")
    assert len(await tables.select("stripe.products", {"limit": 4})) == 4


async def test_cursors_go_both_ways(side: Any) -> None:
    a, b, c = await products(side, "A", "B", "C")
    older = await select(side, "stripe.products", where={"starting_after": c["id"]}, limit=1)
    newer = await select(side, "stripe.products", where={"ending_before": a["id"]}, limit=5)
    assert [[row["id"] for row in rows] for rows in (older, newer)] == [[b["id"]], [c["id"], b["id"]]]


async def test_a_search_view_takes_fields(side: Any) -> None:
    for name, tier in (("Blue mug", "gold"), ("Red mug", "base"), ("Hat", "gold")):
        await make(side, "products.create", name=name, metadata={"tier": tier})
    side.pass_time(120)

    async def names(**where: Any) -> list[str]:
        return sorted(row["name"] for row in await select(side, "stripe.products.search", where=where))

    assert await names(name={"contains": "mug"}, metadata={"tier": "gold"}) == ["Blue mug"]
    assert await names(name={"ne": "Hat"}, active=True) == ["Blue mug", "Red mug"]
    assert await names(name=["Hat", "Red mug"]) == ["Hat", "Red mug"]
    assert await names(query='metadata["tier"]:"base"') == ["Red mug"]


async def test_what_is_searched_for_cannot_change_the_question(side: Any) -> None:
    for email in ("a@b.c", "d@e.f"):
        await make(side, "customers.create", email=email)
    side.pass_time(120)
    sly = 'x@y.z" OR email:"a@b.c'
    assert await select(side, "stripe.customers.search", where={"email": sly}) == []
    assert len(await select(side, "stripe.customers.search", where={"email": "a@b.c"})) == 1


async def test_a_search_that_mixes_or_and_and_is_refused(side: Any) -> None:
    failure = await refused(side, "stripe.products.search", where={"name": ["a", "b"], "active": True})
    assert failure.kind == "bad_arguments"
    assert (await refused(side, "stripe.products.search")).kind == "bad_arguments"


async def test_a_fault_of_the_line_is_worth_another_try(side: Any) -> None:
    side.wire.faults = ["drop_response"]
    failure = await refused(side, "stripe.products")
    assert failure.retryable


async def test_the_studio_reads_page_by_page(side: Any) -> None:
    created = await products(side, "A", "B", "C")
    tables = StripeTables(side.connector)
    first = await tables.rows("stripe.products", {"active": True}, limit=2)
    second = await tables.rows("stripe.products", {"active": True}, cursor=first["next"], limit=2)
    assert [row["id"] for row in (*first["data"], *second["data"])] == [product["id"] for product in reversed(created)]
    assert second["next"] is None
    side.pass_time(120)
    first = await tables.rows("stripe.products.search", {"active": True}, limit=2)
    second = await tables.rows("stripe.products.search", {"active": True}, cursor=first["next"], limit=2)
    assert {row["id"] for row in (*first["data"], *second["data"])} == {product["id"] for product in created}
    assert second["next"] is None


async def test_every_view_describes_itself(side: Any) -> None:
    described = {table["name"]: table for table in StripeTables(side.connector).describe()}
    assert len(described) == 12
    invoices = described["stripe.invoices"]
    status = next(invoice for invoice in invoices["filters"] if invoice["name"] == "status")
    assert (status["type"], status["range"]) == ("string", False)
    assert {"draft", "open", "paid"} <= set(status["choices"])
    assert next(invoice for invoice in invoices["filters"] if invoice["name"] == "due_date")["range"]
    assert {"name": "total", "type": "int", "nullable": False, "primary": False} in invoices["columns"]
    assert "total" in {field["name"] for field in described["stripe.invoices.search"]["filters"]}
