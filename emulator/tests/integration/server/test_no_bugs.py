"""Whatever is sent in the types Stripe names: the answer is an object or one of Stripe's errors, never our bug."""

from __future__ import annotations

import random
from random import Random
from typing import Any

import pytest

from payloom_emulator.protocol.param_types import Ref, operations, type_of
from payloom_emulator.runtime.emulator import Emulator

NEWEST = "2026-10-28.endive"
VERSIONS = (
    NEWEST,
    "2026-08-26.dahlia",
    "2025-03-31.basil",
    "2024-06-20",
    "2022-11-15",
    "2022-08-01",
    "2020-08-27",
    "2019-12-03",
)
ROUNDS = 4


def ids_of(emulator: Emulator) -> list[str]:
    """Make one of many things, so that random references sometimes hit."""

    def create(path: str, **params: Any) -> str:
        status, body = emulator.call("POST", path, params, version=NEWEST)
        assert status == 200, (path, body)
        return body["id"]

    customer = create("/v1/customers", email="a@example.com")
    method = create("/v1/payment_methods/pm_card_visa/attach", customer=customer)
    product = create("/v1/products", name="Mug")
    once = create("/v1/prices", product=product, currency="usd", unit_amount=700)
    monthly = create("/v1/prices", product=product, currency="usd", unit_amount=900, recurring={"interval": "month"})
    intent = create(
        "/v1/payment_intents",
        amount=500,
        currency="usd",
        confirm=True,
        payment_method="pm_card_visa",
        return_url="https://a.example",
    )
    subscription = create(
        "/v1/subscriptions", customer=customer, items=[{"price": monthly}], default_payment_method=method
    )
    session = create(
        "/v1/checkout/sessions",
        mode="payment",
        line_items=[{"price": once, "quantity": 1}],
        success_url="https://a.example",
    )
    coupon = create("/v1/coupons", percent_off=10, duration="once")
    return [customer, method, product, once, monthly, intent, subscription, session, coupon, "pm_card_visa", "tok_visa"]


def value(rng: Random, ref: Ref, known: list[str], name: str, depth: int = 0) -> Any:
    node = type_of(ref)
    kind = node.kind
    if kind == "u":
        return value(rng, rng.choice(node.either), known, name, depth)
    if kind == "e":
        return str(rng.choice(node.choices))
    if kind in {"i", "n"}:
        return str(rng.choice([0, 1, 2, 7, 100, 5000, 1900000000]))
    if kind == "b":
        return rng.choice(["true", "false"])
    if kind == "a":
        return [value(rng, node.item, known, name, depth + 1) for _ in range(rng.choice([1, 1, 2]))]
    if kind == "m":
        return {"k": value(rng, node.item, known, name, depth + 1)}
    if kind == "o":
        names = [n for n in node.fields if n in node.required or (depth < 3 and rng.random() < 0.4)]
        return {n: value(rng, node.fields[n], known, n, depth + 1) for n in names}
    if name == "currency":
        return rng.choice(["usd", "eur"])
    return rng.choice([*known, "text", "x"])


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_random_calls_in_stripes_own_types_never_meet_a_bug(seed: Any) -> None:
    rng = random.Random(seed)
    emulator = Emulator()
    known = ids_of(emulator)
    bugs = set()
    routes = [r for k, r in sorted(emulator.router.routes.items()) if k in operations()]
    for route in routes:
        node = type_of(operations()[route.operation.method, route.template])
        for _ in range(2):
            path = "/".join(rng.choice(known) if p.startswith("{") else p for p in route.operation.path.split("/"))
            params = {
                n: value(rng, r, known, n) for n, r in node.fields.items() if n in node.required or rng.random() < 0.25
            }
            params.pop("expand", None)
            status, body = emulator.call(route.operation.method, path, params, version=rng.choice(VERSIONS))
            if status >= 500 and status != 501:
                bugs.add((route.operation.method, route.operation.path, body["error"]["message"][:120]))
    emulator.store.close()
    assert not bugs, "\n".join(map(str, sorted(bugs)))
