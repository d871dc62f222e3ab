"""An invoice's arithmetic: discounts, then taxes, line by line in whole minor units, then the sums."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.billing.pricing.rounding import rounded
from payloom_emulator.core.differences import with_changes
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import TaxRate
    from payloom_emulator.objects.invoices import (
        CreditNoteLineItem,
        InvoiceLineItem,
        InvoiceTotalDiscountAmount,
        InvoiceTotalPretaxCreditAmount,
        InvoiceTotalTax,
    )

HUNDRED = Decimal(100)


@dataclasses.dataclass(frozen=True, slots=True)
class Off:
    """One discount that applies: its coupon's terms and where it comes from. products: empty for all."""

    discount: str
    percent: Decimal | None
    amount: int | None
    products: frozenset[str] = frozenset()


class Sums(TypedDict):
    """The sums of an invoice, in minor units."""

    amount_shipping: int
    subtotal: int
    subtotal_excluding_tax: int
    total: int
    total_discount_amounts: list[InvoiceTotalDiscountAmount]
    total_excluding_tax: int
    total_pretax_credit_amounts: list[InvoiceTotalPretaxCreditAmount]
    total_taxes: list[InvoiceTotalTax]


def compute(
    unit: UnitOfWork,
    lines: list[InvoiceLineItem],
    *,
    offs: dict[str, Off],
    whole: list[str],
    rates: list[TaxRate],
    exempt: str,
    shipping: int = 0,
    pay: Callable[[list[InvoiceLineItem]], None] | None = None,
    tax: Callable[[InvoiceLineItem, int], list[InvoiceTotalTax]] | None = None,
) -> tuple[list[InvoiceLineItem], Sums]:
    """Return the lines with their discount and tax amounts, and the invoice's sums.

    offs: discount id → terms, for all that are named. whole: discounts of the invoice as a whole, in order.
    rates: tax rates for lines that name none. exempt: the customer's tax_exempt. shipping: added untaxed, in minor
    units. pay: pays lines from billing credits, after discounts and before taxes. tax: finds the taxes of a line and
    what is left of its amount by itself, in place of all rates.
    """
    done = [with_changes(line, {"discount_amounts": [], "taxes": []}) for line in lines]
    for line in done:
        for name in line["discounts"]:
            if name in offs:
                _take(offs[name], [line])
    for name in whole:
        if name in offs:
            _take(offs[name], [line for line in done if line["discountable"] and not line["discounts"]])
    if pay is not None:
        pay(done)
    for line in done:
        own = [unit.find(kinds.TAX_RATE, r, deleted=True) for r in line.get("_tax_rates") or []]
        left = _left(line)
        line["taxes"] = tax(line, left) if tax else taxes_of(left, [r for r in own if r] or rates, exempt)
        line["pretax_credit_amounts"] = [
            *(_discount(d["amount"], d["discount"]) for d in present(line["discount_amounts"])),
            *(_credit(part["amount"], part["credit_balance_transaction"]) for part in line.get("_credits") or []),
        ]
        line["subtotal"] = line["amount"]
    return done, sums(done, shipping)


def _discount(amount: int, discount: str) -> InvoiceTotalPretaxCreditAmount:
    """Return what a discount took off, as invoices and lines show it."""
    return {"amount": amount, "credit_balance_transaction": None, "discount": discount, "type": "discount"}


def _credit(amount: int, transaction: str) -> InvoiceTotalPretaxCreditAmount:
    """Return what billing credits paid, as invoices and lines show it."""
    kind = "credit_balance_transaction"
    return {"amount": amount, "credit_balance_transaction": transaction, "discount": None, "type": kind}


def sums(lines: Sequence[InvoiceLineItem | CreditNoteLineItem], shipping: int = 0) -> Sums:
    """Return the sums of lines whose discounts and taxes are known. shipping: added untaxed, in minor units."""
    subtotal = sum(line["amount"] for line in lines)
    discounts: dict[str, int] = {}
    taxes: dict[tuple[str, str], InvoiceTotalTax] = {}
    for line in lines:
        for reduction in line["discount_amounts"] or []:
            discounts[reduction["discount"]] = discounts.get(reduction["discount"], 0) + reduction["amount"]
        for tax in line["taxes"] or []:
            key = (present(tax["tax_rate_details"])["tax_rate"], tax["tax_behavior"])
            added_up = taxes.setdefault(key, with_changes(tax, {"amount": 0, "taxable_amount": 0}))
            added_up["amount"] += tax["amount"]
            added_up["taxable_amount"] = (added_up["taxable_amount"] or 0) + (tax["taxable_amount"] or 0)
    paid_by_credits = [
        _credit(part["amount"], present(part["credit_balance_transaction"]))
        for line in lines
        for part in line["pretax_credit_amounts"] or []
        if part["type"] == "credit_balance_transaction"
    ]
    off = sum(discounts.values()) + sum(part["amount"] for part in paid_by_credits)
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
        "total_pretax_credit_amounts": [*(_discount(a, d) for d, a in discounts.items()), *paid_by_credits],
        "total_taxes": list(taxes.values()),
    }


def _take(off: Off, lines: list[InvoiceLineItem]) -> None:
    lines = [line for line in lines if _left(line) > 0 and (not off.products or _product(line) in off.products)]
    base = sum(_left(line) for line in lines)
    if not base:
        return
    if off.percent is not None:
        shares = [rounded(_left(line) * off.percent / HUNDRED) for line in lines]
    else:
        whole = min(off.amount or 0, base)
        shares = [_left(line) * whole // base for line in lines]
        shares[-1] += whole - sum(shares)
    for line, share in zip(lines, shares, strict=True):
        line["discount_amounts"] = [*(line["discount_amounts"] or []), {"amount": share, "discount": off.discount}]


def _left(line: InvoiceLineItem) -> int:
    reduced = sum(d["amount"] for d in line["discount_amounts"] or [])
    return line["amount"] - reduced - sum(part["amount"] for part in line.get("_credits") or [])


def _product(line: InvoiceLineItem) -> str | None:
    details = line["pricing"]["price_details"] if line["pricing"] else None
    return details["product"] if details else None


EXEMPT = {"exempt": "customer_exempt", "reverse": "reverse_charge"}


def taxes_of(amount: int, rates: list[TaxRate], exempt: str) -> list[InvoiceTotalTax]:
    """Return the taxes of a line.

    amount: the line's amount less its discounts, in minor units. exempt: the customer's tax_exempt.
    """
    base = Decimal(amount)
    within = sum((Decimal(str(r["percentage"])) for r in rates if r["inclusive"]), Decimal(0))
    net = base * HUNDRED / (HUNDRED + within)
    taxes: list[InvoiceTotalTax] = []
    for rate in rates:
        tax = 0 if exempt in EXEMPT else rounded(net * Decimal(str(rate["percentage"])) / HUNDRED)
        taxes.append(
            {
                "amount": tax,
                "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
                "tax_rate_details": {"tax_rate": rate["id"]},
                "taxability_reason": EXEMPT.get(exempt, "not_available"),
                "taxable_amount": rounded(net),
                "type": "tax_rate_details",
            }
        )
    return taxes


def off_of(off: Off, amount: int) -> int:
    """Return what one discount takes off a single amount, both in minor units."""
    if off.percent is not None:
        return rounded(amount * off.percent / HUNDRED)
    return min(off.amount or 0, amount)
