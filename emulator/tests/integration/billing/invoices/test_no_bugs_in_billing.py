"""Random calls that fit together, and time that moves between them: every answer is Stripe's, every sum adds up."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.present import present

from payloom_emulator.objects import kinds
from payloom_emulator.protocol.param_types import Ref, operations, type_of
from payloom_emulator.runtime.emulator import Emulator

VERSIONS = ("2026-10-28.endive", "2026-08-26.dahlia", "2025-03-31.basil", "2024-06-20", "2022-08-01", "2020-08-27")
AREAS = (
    "billing",
    "coupons",
    "credit_notes",
    "customers",
    "invoice",
    "plans",
    "promotion_codes",
    "quotes",
    "subscription",
    "tax_",
)
KINDS = {
    "coupon": "coupon",
    "customer": "customer",
    "discount": "discount",
    "from_subscription": "subscription",
    "invoice": "invoice",
    "invoice_item": "invoiceitem",
    "invoice_line_item": "line_item",
    "plan": "price",
    "price": "price",
    "product": "product",
    "promotion_code": "promotion_code",
    "subscription": "subscription",
    "default_payment_method": "payment_method",
    "payment_method": "payment_method",
    "tax_rates": "tax_rate",
    "default_tax_rates": "tax_rate",
    "refund": "refund",
    "meter": "billing.meter",
    "configuration": "billing_portal.configuration",
    "schedule": "subscription_schedule",
}
OF_PATH = {
    "coupons": "coupon",
    "credit_notes": "credit_note",
    "customers": "customer",
    "invoiceitems": "invoiceitem",
    "invoices": "invoice",
    "invoice_payments": "invoice_payment",
    "lines": "line_item",
    "meters": "billing.meter",
    "plans": "price",
    "promotion_codes": "promotion_code",
    "quotes": "quote",
    "configurations": "billing_portal.configuration",
    "subscriptions": "subscription",
    "subscription_items": "subscription_item",
    "subscription_schedules": "subscription_schedule",
    "tax_rates": "tax_rate",
    "tax_ids": "tax_id",
    "balance_transactions": "customer_balance_transaction",
}


class Player:
    """Sends random calls whose references mostly hit."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.emulator = Emulator()
        self.known: dict[str, list[str]] = {}
        self.bugs: set[tuple[str, str, str]] = set()

    def call(self, method: str, path: str, params: dict) -> dict:
        version = self.rng.choice(VERSIONS)
        status, body = self.emulator.call(method, path, params, version=version)
        if status >= 500 and status != 501:
            self.bugs.add((method, path, body["error"]["message"]))
        self.learn(body)
        return body

    def learn(self, value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("object"), str) and isinstance(value.get("id"), str):
                rows = self.known.setdefault(value["object"], [])
                if value["id"] not in rows:
                    rows.append(value["id"])
            for inner in value.values():
                self.learn(inner)
        elif isinstance(value, list):
            for inner in value:
                self.learn(inner)

    def pick(self, kind: str) -> str:
        rows = self.known.get(kind)
        return self.rng.choice(rows[-6:]) if rows and self.rng.random() < 0.95 else "nothing"

    def begin(self) -> None:
        for card in ("pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_threeDSecure2Required"):
            customer = self.call("POST", "/v1/customers", {"email": "a@example.com"})["id"]
            method = self.call("POST", f"/v1/payment_methods/{card}/attach", {"customer": customer})["id"]
            chosen = {"invoice_settings": {"default_payment_method": method}}
            self.call("POST", f"/v1/customers/{customer}", chosen)
        product = self.call("POST", "/v1/products", {"name": "Mug"})["id"]
        for recurring in (None, {"interval": "month"}, {"interval": "week"}, {"interval": "year"}):
            price = {"product": product, "currency": "usd", "unit_amount": 900}
            self.call("POST", "/v1/prices", price | ({"recurring": recurring} if recurring else {}))
        self.call("POST", "/v1/coupons", {"percent_off": 10, "duration": "forever"})
        for customer in self.known["customer"]:
            price = {"price": self.known["price"][1]}
            self.call("POST", "/v1/subscriptions", {"customer": customer, "items": [price]})
            item = {"customer": customer, "currency": "usd", "amount": 500}
            self.call("POST", "/v1/invoiceitems", item)
            self.call("POST", "/v1/invoices", {"customer": customer, "pending_invoice_items_behavior": "include"})

    def value(self, ref: Ref, name: str, depth: int = 0) -> Any:
        node = type_of(ref)
        kind = node.kind
        if kind == "u":
            return self.value(self.rng.choice(node.either), name, depth)
        if kind == "e":
            return str(self.rng.choice(node.choices))
        if kind in {"i", "n"}:
            late = name.endswith(("_at", "_end", "_date", "start", "end", "anchor", "timestamp"))
            now = self.emulator.clock.now()
            return str(
                self.rng.choice([now, now + 86400 * 9, now - 86400]) if late else self.rng.choice([0, 1, 3, 100, 700])
            )
        if kind == "b":
            return self.rng.choice(["true", "false"])
        if kind == "a":
            return [self.value(node.item, name, depth + 1) for _ in range(self.rng.choice([1, 1, 2]))]
        if kind == "m":
            return {"k": self.value(node.item, name, depth + 1)}
        if kind == "o":
            names = [
                n for n in node.fields if n in node.required or n in KINDS or (depth < 3 and self.rng.random() < 0.2)
            ]
            if "price" in names and self.rng.random() < 0.9:
                names = [n for n in names if n not in {"plan", "price_data"}]
            return {n: self.value(node.fields[n], n, depth + 1) for n in names}
        if name == "currency":
            return self.rng.choice(["usd", "usd", "usd", "eur"])
        if name == "id" and depth:
            return self.pick("subscription_item")
        return self.pick(KINDS[name]) if name in KINDS else self.rng.choice(["text", "x", "12.5"])

    def play(self, rounds: int) -> None:
        routes = [r for k, r in sorted(self.emulator.router.routes.items()) if k in operations()]
        area_routes = [r for r in routes if r.template.removeprefix("/v1/").startswith(AREAS)]
        for turn in range(rounds):
            route = self.rng.choice(area_routes)
            if route.operation.method == "DELETE" and self.rng.random() < 0.7:
                continue
            path = self.path(route.operation.path)
            node = type_of(operations()[route.operation.method, route.template])
            names = [n for n in node.fields if n in node.required or n == "items" or self.rng.random() < 0.12]
            params = {n: self.value(node.fields[n], n) for n in names if n != "expand"}
            self.call(route.operation.method, path, params)
            if turn % 25 == 0:
                self.emulator.timers.advance(self.emulator.clock.now() + self.rng.choice([3600, 86400 * 3, 86400 * 15]))

    def path(self, template: str) -> str:
        parts = template.split("/")
        return "/".join(
            self.pick(OF_PATH.get(parts[i - 1], "customer")) if part.startswith("{") else part
            for i, part in enumerate(parts)
        )


def unbalanced(emulator: Emulator) -> Iterator[str]:
    """Yield what does not add up: invoices against their lines and payments, balances against their transactions."""
    unit = emulator.unit()
    for invoice in unit.list(kinds.INVOICE):
        lines = invoice["_lines"]
        added = sum(t["amount"] for t in present(invoice["total_taxes"]) if t["tax_behavior"] == "exclusive")
        off = sum(d["amount"] for d in present(invoice["total_discount_amounts"]))
        if invoice["subtotal"] != sum(line["amount"] for line in lines):
            yield f"{invoice['id']}: subtotal is not the sum of the lines"
        if invoice["total"] != invoice["subtotal"] - off + added:
            yield f"{invoice['id']}: total {invoice['total']} of {invoice['subtotal']} - {off} + {added}"
        if invoice["status"] == "paid" and invoice["amount_remaining"]:
            yield f"{invoice['id']}: paid, but {invoice['amount_remaining']} remain"
        due, had, left = invoice["amount_due"], invoice["amount_paid"], invoice["amount_remaining"]
        if invoice["status"] in {"open", "paid"} and due != had + left:
            yield f"{invoice['id']}: due {due}, paid {had}, left {left}"
        paid = [p for p in unit.list(kinds.INVOICE_PAYMENT, invoice=invoice["id"]) if p["status"] == "paid"]
        if sum(present(p["amount_paid"]) for p in paid) > invoice["amount_paid"]:
            yield f"{invoice['id']}: more payments than paid"
    for subscription in unit.list(kinds.SUBSCRIPTION):
        ends = [i["current_period_end"] for i in subscription["items"]["data"]]
        if subscription["status"] in {"active", "trialing", "past_due", "unpaid"} and ends and min(ends) <= unit.now:
            yield f"{subscription['id']}: {subscription['status']}, but its period ended"
        stored = [unit.find(kinds.SUBSCRIPTION_ITEM, i["id"]) for i in subscription["items"]["data"]]
        if [(i or {}).get("quantity") for i in stored] != [i["quantity"] for i in subscription["items"]["data"]]:
            yield f"{subscription['id']}: its items differ from those it shows"
    for customer in unit.list(kinds.CUSTOMER):
        rows = unit.list(kinds.CUSTOMER_BALANCE_TRANSACTION, customer=customer["id"])
        if customer["balance"] != sum(r["amount"] for r in rows):
            yield f"{customer['id']}: balance {customer['balance']} of {[r['amount'] for r in rows]}"


@pytest.mark.parametrize("seed", range(6))
def test_random_billing_never_meets_a_bug(seed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    player = Player(seed)
    player.begin()
    player.play(250)
    player.emulator.timers.advance(player.emulator.clock.now() + 86400 * 40)
    wrong = list(unbalanced(player.emulator))
    player.emulator.store.close()
    assert not wrong, "\n".join(wrong)
    assert not player.bugs, "\n".join(map(str, sorted(player.bugs)))
    assert capsys.readouterr().err == ""  # where a timer that broke would be reported
