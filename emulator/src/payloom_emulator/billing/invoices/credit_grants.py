"""Billing credits: grants to customers that pay metered lines of invoices before tax."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.kit.kind import Kind
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.json_shapes import elements, integer, members

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.invoices import Invoice, InvoiceLineItem


class Monetary(TypedDict):
    """An amount of money: `value` in minor units."""

    currency: str
    value: int


class Amount(TypedDict):
    """An amount as Stripe's billing credits write it."""

    monetary: Monetary
    type: str


class CreditGrant(TypedDict):
    """What a customer was granted, and what it may pay."""

    id: str
    amount: Amount
    applicability_config: dict[str, object]
    category: str
    created: int
    customer: str
    effective_at: int
    expires_at: int | None
    priority: int
    test_clock: str | None
    voided_at: int | None


class CreditTransaction(TypedDict):
    """A movement of a grant: `_signed` in minor units, below zero for a debit."""

    id: str
    credit_grant: str
    debit: dict[str, object] | None
    effective_at: int
    _signed: int
    _reinstated: bool


CREDIT_GRANT: Kind[CreditGrant] = Kind("billing.credit_grant")
CREDIT_TRANSACTION: Kind[CreditTransaction] = Kind("billing.credit_balance_transaction")
_LAST = 2**40


def money(currency: str, value: int) -> Amount:
    """Return an amount as Stripe's billing credits write it."""
    return {"monetary": {"currency": currency, "value": value}, "type": "monetary"}


def move(unit: UnitOfWork, grant: CreditGrant, signed: int, kind: str, **details: object) -> CreditTransaction:
    """Credit a grant, or debit it (below zero). Emits billing.credit_balance_transaction.created."""
    side = "credit" if signed > 0 else "debit"
    reason = "credits_application_invoice_voided" if signed > 0 else "credits_applied"
    values: dict[str, object] = {
        side: {
            reason: None,
            "amount": money(grant["amount"]["monetary"]["currency"], abs(signed)),
            "type": kind,
            **details,
        },
        "credit_grant": grant["id"],
        "effective_at": max(grant["effective_at"], unit.now) if kind == "credits_granted" else unit.now,
        "test_clock": grant["test_clock"],
        "type": side,
        "_customer": grant["customer"],
        "_signed": signed,
        "_reinstated": False,
    }
    return unit.create(CREDIT_TRANSACTION, values)


def ledger(unit: UnitOfWork, grant: CreditGrant) -> int:
    """Return what is left of a grant, in minor units, whether it may be used now or not."""
    return sum(row["_signed"] for row in unit.list(CREDIT_TRANSACTION, credit_grant=grant["id"]))


def available(unit: UnitOfWork, grant: CreditGrant) -> int:
    """Return what of a grant may be used now, in minor units."""
    ended = grant["expires_at"] is not None and grant["expires_at"] <= unit.now
    if grant["voided_at"] or ended or grant["effective_at"] > unit.now:
        return 0
    return ledger(unit, grant)


def covers(grant: CreditGrant, price: JsonMapping) -> bool:
    """Return whether a grant may pay for this price."""
    scope = members(grant["applicability_config"].get("scope"))
    named = {members(row).get("id") for row in elements(scope.get("prices"))}
    if named:
        return price["id"] in named
    return members(price.get("recurring")).get("usage_type") == scope.get("price_type")


def in_order(unit: UnitOfWork, customer_id: str) -> list[CreditGrant]:
    """Return a customer's grants in the order in which they are used up."""
    return sorted(
        unit.list(CREDIT_GRANT, customer=customer_id),
        key=lambda grant: (
            grant["priority"],
            _LAST if grant["expires_at"] is None else grant["expires_at"],
            grant["category"] != "promotional",
            grant["effective_at"],
            grant["created"],
        ),
    )


def pay_lines(unit: UnitOfWork, customer: Customer, invoice: Invoice, rows: list[InvoiceLineItem]) -> None:
    """Pay lines of an invoice that is being finalized from the customer's grants, after their discounts."""
    grants = in_order(unit, customer["id"])
    for grant in grants:
        left = available(unit, grant) if grant["amount"]["monetary"]["currency"] == invoice["currency"] else 0
        for line in rows:
            amount = min(left, line["amount"] - _reduced(line))
            if amount > 0 and _covers_line(unit, grant, line):
                applied = {"invoice": invoice["id"], "invoice_line_item": line["id"]}
                row = move(unit, grant, -amount, "credits_applied", credits_applied=applied)
                line["_credits"] = [
                    *(line.get("_credits") or []),
                    {"amount": amount, "credit_balance_transaction": row["id"]},
                ]
                left -= amount


def _reduced(line: InvoiceLineItem) -> int:
    discounts = sum(part["amount"] for part in line["discount_amounts"] or [])
    return discounts + sum(part["amount"] for part in line.get("_credits") or [])


def _covers_line(unit: UnitOfWork, grant: CreditGrant, line: InvoiceLineItem) -> bool:
    details = line["pricing"]["price_details"] if line["pricing"] else None
    price = unit.find(kinds.PRICE, details["price"], deleted=True) if details else None
    return price is not None and covers(grant, price)


def invoice_voided(unit: UnitOfWork, invoice: Invoice) -> None:
    """Give back what grants had paid of an invoice that was voided."""
    for row in unit.list(CREDIT_TRANSACTION, _customer=invoice["customer"], oldest_first=True):
        applied = members(members(row["debit"]).get("credits_applied"))
        if applied.get("invoice") != invoice["id"] or row["_reinstated"]:
            continue
        grant = unit.get(CREDIT_GRANT, row["credit_grant"])
        back = {"invoice": invoice["id"], "invoice_line_item": applied["invoice_line_item"]}
        kind = "credits_application_invoice_voided"
        move(unit, grant, -row["_signed"], kind, credits_application_invoice_voided=back)
        unit.change(row, {"_reinstated": True}, emits=())
        if grant["expires_at"] is not None and grant["expires_at"] <= unit.now:
            move(unit, grant, -ledger(unit, grant), "credits_expired")


def expire(unit: UnitOfWork, grant: CreditGrant) -> None:
    """Timer: what is left of a grant lapses."""
    left = ledger(unit, grant)
    if left > 0 and grant["voided_at"] is None and (integer(grant["expires_at"]) or _LAST) <= unit.now:
        move(unit, grant, -left, "credits_expired")
