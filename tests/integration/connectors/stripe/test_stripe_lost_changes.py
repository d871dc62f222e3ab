"""The answer of a call that changes an object is lost: the step gives what it would have given, and nothing twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.fault("A13")]

DAY = 24 * 3600
Made = Callable[[Any], Awaitable[dict[str, Any]]]


async def make(side: Any, action: str, **args: Any) -> Any:
    return await side.direct.perform(action, args, key=f"given:{action}")


async def customer(side: Any) -> str:
    card = "pm_card_visa"
    created = await make(
        side, "customers.create", email="a@b.c", payment_method=card, invoice_settings={"default_payment_method": card}
    )
    return created["id"]


async def price(side: Any) -> str:
    product = await make(side, "products.create", name="Plan")
    created = await make(
        side,
        "prices.create",
        product=product["id"],
        unit_amount=500,
        currency="usd",
        recurring={"interval": "month"},
    )
    return created["id"]


async def subscription(side: Any) -> dict[str, Any]:
    customer_id, price_id = await customer(side), await price(side)
    coupon = await make(side, "coupons.create", percent_off=10, duration="forever")
    discounts = [{"coupon": coupon["id"]}]
    created = await make(
        side,
        "subscriptions.create",
        customer=customer_id,
        items=[{"price": price_id}],
        discounts=discounts,
        trial_period_days=7,
    )
    return {"id": created["id"]}


async def draft(side: Any) -> dict[str, Any]:
    customer_id = await customer(side)
    created = await make(
        side,
        "invoices.create",
        customer=customer_id,
        auto_advance=False,
        collection_method="send_invoice",
        days_until_due=9,
    )
    await make(side, "invoice_items.create", customer=customer_id, invoice=created["id"], amount=900, currency="usd")
    return {"id": created["id"]}


async def opened(side: Any) -> dict[str, Any]:
    invoice = await draft(side)
    await make(side, "invoices.finalize_invoice", **invoice)
    return invoice


async def session(side: Any) -> dict[str, Any]:
    product = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Mug"}}
    created = await make(
        side,
        "checkout.sessions.create",
        mode="payment",
        line_items=[{"price_data": product, "quantity": 1}],
        success_url="https://shop.test/thanks",
    )
    return {"id": created["id"]}


async def card_of_customer(side: Any) -> dict[str, Any]:
    card = await make(side, "payment_methods.create", type="card", card={"token": "tok_visa"})
    await make(side, "payment_methods.attach", id=card["id"], customer=await customer(side))
    return {"id": card["id"]}


async def loose_card(side: Any) -> dict[str, Any]:
    card = await make(side, "payment_methods.create", type="card", card={"token": "tok_visa"})
    return {"id": card["id"], "customer": await customer(side)}


async def coupon(side: Any) -> dict[str, Any]:
    return {"id": (await make(side, "coupons.create", percent_off=10, duration="once"))["id"]}


async def product(side: Any) -> dict[str, Any]:
    return {"id": (await make(side, "products.create", name="Mug"))["id"]}


async def cancels_later(side: Any) -> dict[str, Any]:
    return {**await subscription(side), "cancel_at_period_end": True}


async def dispute(side: Any) -> dict[str, Any]:
    await make(
        side,
        "payment_intents.create",
        amount=900,
        currency="usd",
        payment_method="pm_card_createDispute",
        confirm=True,
        automatic_payment_methods={"enabled": True, "allow_redirects": "never"},
    )
    side.pass_time(3600)
    disputes = await side.direct.perform("disputes.list", {})
    return {"id": disputes["data"][0]["id"]}


async def evidence(side: Any) -> dict[str, Any]:
    return {**await dispute(side), "submit": True, "evidence": {"uncategorized_text": "It was delivered."}}


CHANGES: dict[str, tuple[Made, dict[str, Any]]] = {
    "checkout.sessions.expire": (session, {"status": "expired"}),
    "coupons.delete": (coupon, {"object": "coupon", "deleted": True}),
    "disputes.close": (dispute, {"status": "lost"}),
    "disputes.update": (evidence, {"object": "dispute"}),
    "invoices.delete": (draft, {"object": "invoice", "deleted": True}),
    "invoices.finalize_invoice": (draft, {"status": "open"}),
    "invoices.mark_uncollectible": (opened, {"status": "uncollectible"}),
    "invoices.pay": (opened, {"status": "paid"}),
    "invoices.send_invoice": (opened, {"status": "open"}),
    "invoices.void_invoice": (opened, {"status": "void"}),
    "payment_methods.attach": (loose_card, {"object": "payment_method"}),
    "payment_methods.detach": (card_of_customer, {"customer": None}),
    "products.delete": (product, {"object": "product", "deleted": True}),
    "subscriptions.cancel": (subscription, {"status": "canceled"}),
    "subscriptions.delete_discount": (subscription, {"object": "discount", "deleted": True}),
    "subscriptions.update": (cancels_later, {"cancel_at_period_end": True}),
}


@pytest.mark.parametrize("action", CHANGES)
@pytest.mark.parametrize("fault", ["drop_request", "drop_response"])
@pytest.mark.parametrize("pause", [0, 2 * DAY])
async def test_a_change_happens_once_and_answers_as_if_nothing_had_been_lost(
    side: Any, action: str, fault: str, pause: int
) -> None:
    prepare, expected = CHANGES[action]
    args = await prepare(side)
    side.wire.faults = [fault]
    answer = await side.drive(action, args, pause=pause)
    assert {name: answer[name] for name in expected} == expected
    assert len(side.failures) == 1
    # Each call may reach Stripe again only where a key, or a look-up before it, sees to it that nothing is done twice.
    if fault == "drop_response" and pause and not action.endswith((".delete", ".update_lines")):
        assert side.wire.writes == 1
