"""What the checker says about parameters that decide about others, the local Stripe says too."""

from __future__ import annotations

from typing import Any

import pytest

from payloom.connectors.port import StepFailed
from payloom.connectors.stripe.catalog.limits import CHOICES
from payloom.workflows.catalog.limits import Choice

pytestmark = pytest.mark.anyio
_URL = "https://shop.example"
_SAMPLES: dict[str, Any] = {
    "subscription_data": {"description": "x"}, "setup_intent_data": {"description": "x"}, "payment_intent_data": {"description": "x"},
    "invoice_creation": {"enabled": True}, "customer_creation": "always", "success_url": _URL, "cancel_url": _URL,
    "return_url": _URL, "duration_in_months": 3, "days_until_due": 3, "due_date": 1900000000, "off_session": True,
    "error_on_requires_action": True, "currency": "usd", "payment_method_collection": "always",
}  # fmt: skip
CHOSEN = [
    pytest.param(name, choice, value, id=f"{name} {choice.parameter} {value}")
    for name, choices in CHOICES.items()
    for choice in choices
    for value in choice.values
]


@pytest.mark.parametrize(("name", "choice", "value"), CHOSEN)
async def test_the_local_stripe_refuses_what_the_checker_refuses(
    side: Any, name: str, choice: Choice, value: Any
) -> None:
    args = await _call(side, name, value)
    if value is not None:
        args[choice.parameter] = value
    if choice.needs:
        samples = {needed: args.pop(needed, None) or _SAMPLES[needed] for needed in choice.needs}
        with pytest.raises(StepFailed) as refused:
            await side.connector.perform(name, args, key="needs")
        assert [needed for needed in choice.needs if needed not in str(refused.value)] == []
        args[choice.needs[0]] = samples[choice.needs[0]]
    for parameter in choice.without:
        more = {parameter: _SAMPLES.get(parameter) or [{"price": await _price(side, None), "quantity": 1}]}
        with pytest.raises(StepFailed, match=parameter):
            await side.connector.perform(name, {**args, **more}, key=parameter)


async def _price(side: Any, interval: str | None) -> str:
    recurring = {"recurring": {"interval": interval}} if interval else {}
    args = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "Mug"}, **recurring}
    return (await side.connector.perform("prices.create", args, key=f"price-{interval}"))["id"]


async def _call(side: Any, name: str, value: Any) -> dict[str, Any]:
    """The parameters of a call that the local Stripe takes, but for what is tried."""
    if name == "checkout.sessions.create":
        lines = [{"price": await _price(side, "month" if value == "subscription" else None), "quantity": 1}]
        urls = {"return_url": _URL} if value == "embedded_page" else {"success_url": _URL}
        return {"mode": "payment", **urls, **({} if value == "setup" else {"line_items": lines})}
    if name == "coupons.create":
        return {"percent_off": 10}
    if name == "payment_intents.create":
        return {"amount": 500, "currency": "usd"}
    customer = (await side.connector.perform("customers.create", {"email": "a@b.co"}, key="customer"))["id"]
    items = {"items": [{"price": await _price(side, "month")}]} if name == "subscriptions.create" else {}
    return {"customer": customer, **items}
