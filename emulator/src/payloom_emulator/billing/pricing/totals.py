"""An invoice's arithmetic: discounts, then taxes, line by line in whole minor units, then the sums."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from payloom_emulator.billing.pricing.rounding import rounded
from payloom_emulator.objects import kinds
from payloom_emulator.objects.catalog import TaxRate

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork

Body = dict[str, Any]


HUNDRED = Decimal(100)


@dataclasses.dataclass(frozen=True, slots=True)
class Off:
    """One discount that applies: its coupon's terms and where it comes from. products: empty for all."""

    discount: str
    percent: Decimal | None
    amount: int | None
    products: frozenset[str] = frozenset()


def compute(
    unit: UnitOfWork,
    lines: list[Body],
    *,
    offs: dict[str, Off],
    whole: list[str],
    rates: list[TaxRate],
    exempt: str,
    shipping: int = 0,
) -> tuple[list[Body], Body]:
    """Return (lines, totals): the lines with discount and tax amounts, and the invoice's sums by field name.

    offs: discount id → terms, for all that are named. whole: discounts of the invoice as a whole, in order.
    rates: tax rates for lines that name none. exempt: the customer's tax_exempt. shipping: added untaxed.
    """
    done = [{**line, "discount_amounts": [], "taxes": []} for line in lines]
    for line in done:
        for name in line["discounts"]:
            if name in offs:
                _take(offs[name], [line])
    for name in whole:
        if name in offs:
            _take(offs[name], [line for line in done if line["discountable"] and not line["discounts"]])
    for line in done:
        own = [unit.find(kinds.TAX_RATE, r, deleted=True) for r in line.get("_tax_rates") or []]
        line["taxes"] = taxes_of(line, [r for r in own if r] or rates, exempt)
        line["pretax_credit_amounts"] = [
            {"amount": d["amount"], "credit_balance_transaction": None, "discount": d["discount"], "type": "discount"}
            for d in line["discount_amounts"]
        ]
        line["subtotal"] = line["amount"]
    return done, sums(done, shipping)


def sums(lines: list[Body], shipping: int = 0) -> Body:
    """Return the totals of lines whose discounts and taxes are known."""
    subtotal = sum(line["amount"] for line in lines)
    discounts: dict[str, int] = {}
    taxes: dict[tuple[str, str], Body] = {}
    for line in lines:
        for taken in line["discount_amounts"]:
            discounts[taken["discount"]] = discounts.get(taken["discount"], 0) + taken["amount"]
        for tax in line["taxes"]:
            key = (tax["tax_rate_details"]["tax_rate"], tax["tax_behavior"])
            held = taxes.setdefault(key, {**tax, "amount": 0, "taxable_amount": 0})
            held["amount"] += tax["amount"]
            held["taxable_amount"] += tax["taxable_amount"]
    off = sum(discounts.values())
    added = sum(t["amount"] for t in taxes.values() if t["tax_behavior"] == "exclusive")
    within = sum(t["amount"] for t in taxes.values() if t["tax_behavior"] == "inclusive")
    total = subtotal - off + added + shipping
    return {
        "amount_shipping": shipping,
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - within,
        "total": total,
        "total_discount_amounts": [{"amount": a, "discount": d} for d, a in discounts.items()],
        "total_excluding_tax": total - added - within,
        "total_pretax_credit_amounts": [
            {"amount": a, "credit_balance_transaction": None, "discount": d, "type": "discount"}
            for d, a in discounts.items()
        ],
        "total_taxes": list(taxes.values()),
    }


def _take(off: Off, lines: list[Body]) -> None:
    lines = [line for line in lines if _left(line) > 0 and (not off.products or _product(line) in off.products)]
    base = sum(_left(line) for line in lines)
    if not base:
        return
    if off.percent is not None:
        shares = [rounded(_left(line) * off.percent / HUNDRED) for line in lines]
    else:
        wanted = min(off.amount or 0, base)
        shares = [_left(line) * wanted // base for line in lines]
        shares[-1] += wanted - sum(shares)
    for line, share in zip(lines, shares, strict=True):
        line["discount_amounts"] = [*line["discount_amounts"], {"amount": share, "discount": off.discount}]


def _left(line: Body) -> int:
    return line["amount"] - sum(d["amount"] for d in line["discount_amounts"])


def _product(line: Body) -> str | None:
    return ((line.get("pricing") or {}).get("price_details") or {}).get("product")


EXEMPT = {"exempt": "customer_exempt", "reverse": "reverse_charge"}


def taxes_of(line: Body, rates: list[TaxRate], exempt: str) -> list[Body]:
    """Return the taxes of a line whose discounts are known."""
    base = Decimal(_left(line))
    within = sum((Decimal(str(r["percentage"])) for r in rates if r["inclusive"]), Decimal(0))
    net = base * HUNDRED / (HUNDRED + within)
    taxes = []
    for rate in rates:
        amount = 0 if exempt in EXEMPT else rounded(net * Decimal(str(rate["percentage"])) / HUNDRED)
        taxes.append(
            {
                "amount": amount,
                "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
                "tax_rate_details": {"tax_rate": rate["id"]},
                "taxability_reason": EXEMPT.get(exempt, "not_available"),
                "taxable_amount": rounded(net),
                "type": "tax_rate_details",
            }
        )
    return taxes


def off_of(off: Off, amount: int) -> int:
    """Return what one discount takes off a single amount."""
    if off.percent is not None:
        return rounded(amount * off.percent / HUNDRED)
    return min(off.amount or 0, amount)
