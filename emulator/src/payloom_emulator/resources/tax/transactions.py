"""Tax transactions: what was sold with its tax, and what was taken back. https://docs.stripe.com/api/tax/transactions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.json_shapes import elements, integer, members, text
from payloom_emulator.resources.tax import calculations
from payloom_emulator.resources.tax.calculations import CALCULATION

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.resources.tax.calculations import TaxLine

TRANSACTION: Kind[dict[str, object]] = Kind("tax.transaction")
LINE: Kind[TaxLine] = Kind("tax.transaction_line_item")
_COPIED = ("currency", "customer", "customer_details", "ship_from_details", "shipping_cost", "tax_date")
_OF_LINES = ("product", "tax_behavior", "tax_code")


def _from_calculation(call: RequestContext[Params]) -> Mapping[str, object]:
    unit, params = call.unit, call.params
    calculation_id = required(text(params.get("calculation")), "calculation")
    calculation = unit.get(CALCULATION, calculation_id, "calculation")
    if (integer(calculation["expires_at"]) or 0) <= unit.now:
        raise invalid(f"The calculation {calculation_id} has expired. Make a new one.", "calculation")
    reference = _unused(unit, required(text(params.get("reference")), "reference"))
    return commit(
        unit, calculation, reference, metadata=params.get("metadata"), posted_at=integer(params.get("posted_at"))
    )


def commit(
    unit: UnitOfWork,
    calculation: Mapping[str, object],
    reference: str,
    *,
    metadata: object = None,
    posted_at: int | None = None,
) -> dict[str, object]:
    """Make the transaction of a calculation."""
    transaction = unit.create(
        TRANSACTION,
        {
            **{name: calculation[name] for name in _COPIED},
            "metadata": metadata or {},
            "posted_at": posted_at or unit.now,
            "reference": reference,
            "type": "transaction",
        },
    )
    for line in unit.list(calculations.LINE, _calculation=calculation["id"], oldest_first=True):
        amounts = (line["amount"], line["amount_tax"], line["quantity"])
        _add_line(unit, transaction, line, amounts, reference=line["reference"])
    return transaction


def _add_line(
    unit: UnitOfWork,
    transaction: Mapping[str, object],
    line: TaxLine,
    amounts: tuple[int, int, int],
    *,
    reference: str,
    metadata: object = None,
) -> None:
    """Store a line of a transaction. amounts: its amount, its tax, and its quantity."""
    amount, amount_tax, quantity = amounts
    is_reversal = transaction["type"] == "reversal"
    copied: Mapping[str, object] = {**line}
    values: dict[str, object] = {
        **{name: copied.get(name) for name in _OF_LINES},
        "amount": amount,
        "amount_tax": amount_tax,
        "metadata": metadata or ({} if is_reversal else copied.get("metadata")),
        "quantity": quantity,
        "reference": reference,
        "reversal": {"original_line_item": line["id"]} if is_reversal else None,
        "type": transaction["type"],
        "_transaction": transaction["id"],
    }
    unit.create(LINE, values)


def _unused(unit: UnitOfWork, reference: str) -> str:
    if unit.list(TRANSACTION, reference=reference, limit=1):
        raise invalid(
            f"A tax transaction with the reference '{reference}' exists already. References are unique.", "reference"
        )
    return reference


def _reverse(call: RequestContext[Params]) -> Mapping[str, object]:
    unit, params = call.unit, call.params
    original_id = required(text(params.get("original_transaction")), "original_transaction")
    original = unit.get(TRANSACTION, original_id, "original_transaction")
    if original["type"] == "reversal":
        raise invalid("You cannot reverse a reversal.", "original_transaction")
    lines = unit.list(LINE, _transaction=original["id"], oldest_first=True)
    earlier = unit.list(TRANSACTION, _original=original["id"])
    is_full = params.get("mode") == "full"
    if is_full and earlier:
        raise invalid("A transaction that was reversed in part cannot be reversed in full.", "mode")
    if is_full and (params.get("line_items") or params.get("flat_amount")):
        raise invalid("A full reversal takes no amounts.", "mode")
    left = {line["id"]: _left(unit, line, earlier) for line in lines}
    shipping = members(original["shipping_cost"])
    shipping_left = _shipping_left(shipping, earlier)
    if is_full:
        amounts = {line["id"]: (-line["amount"], -line["amount_tax"], line["quantity"]) for line in lines}
        cost = _negative(shipping, *shipping_left)
    elif params.get("flat_amount") is not None:
        amounts, cost = _flat(
            required(integer(params.get("flat_amount")), "flat_amount"), left, shipping, shipping_left
        )
    else:
        amounts, cost = _chosen(params, left, shipping, shipping_left)
    transaction = unit.create(
        TRANSACTION,
        {
            **{name: original[name] for name in _COPIED},
            "metadata": params.get("metadata") or {},
            "posted_at": unit.now,
            "reference": _unused(unit, required(text(params.get("reference")), "reference")),
            "reversal": {"original_transaction": original["id"]},
            "shipping_cost": cost,
            "type": "reversal",
            "_original": original["id"],
        },
    )
    named = {members(row).get("original_line_item"): members(row) for row in elements(params.get("line_items"))}
    for line in lines:
        if line["id"] in amounts:
            row = named.get(line["id"], {})
            reference = text(row.get("reference")) or line["reference"]
            _add_line(unit, transaction, line, amounts[line["id"]], reference=reference, metadata=row.get("metadata"))
    return transaction


Amounts = dict[str, tuple[int, int, int]]


def _left(unit: UnitOfWork, line: TaxLine, earlier: list[dict[str, object]]) -> tuple[int, int]:
    """Return what is left of a line's amount and tax after earlier reversals."""
    amount, tax = line["amount"], line["amount_tax"]
    for reversal in earlier:
        for row in unit.list(LINE, _transaction=reversal["id"]):
            if members(dict(row)["reversal"]).get("original_line_item") == line["id"]:
                amount, tax = amount + row["amount"], tax + row["amount_tax"]
    return amount, tax


def _shipping_left(shipping: Mapping[str, object], earlier: list[dict[str, object]]) -> tuple[int, int]:
    costs = [shipping, *(members(reversal["shipping_cost"]) for reversal in earlier)]
    return sum(integer(cost.get("amount")) or 0 for cost in costs), sum(
        integer(cost.get("amount_tax")) or 0 for cost in costs
    )


def _negative(shipping: Mapping[str, object], amount: int, tax: int) -> dict[str, object] | None:
    """Return a shipping cost that takes this much back."""
    if not shipping or not (amount or tax):
        return None
    return {**{k: v for k, v in shipping.items() if k != "tax_breakdown"}, "amount": -amount, "amount_tax": -tax}


def _flat(
    flat: int, left: dict[str, tuple[int, int]], shipping: Mapping[str, object], shipping_left: tuple[int, int]
) -> tuple[Amounts, dict[str, object] | None]:
    """Take back one amount, tax included, from all lines and the shipping in proportion."""
    if flat >= 0:
        raise invalid("The amount to reverse must be negative.", "flat_amount", "parameter_invalid_integer")
    behind = {**left, **({"shipping": shipping_left} if shipping else {})}
    total = sum(amount + tax for amount, tax in behind.values())
    if -flat > total:
        raise invalid("The amount to reverse is more than is left of the transaction.", "flat_amount")
    rest, whole, parts = -flat, total, dict[str, tuple[int, int]]()
    for name, (amount, tax) in behind.items():
        share = rest * (amount + tax) // whole if whole else 0
        of_tax = share * tax // (amount + tax) if amount + tax else 0
        parts[name] = (share - of_tax, of_tax)
        rest, whole = rest - share, whole - amount - tax
    cost = _negative(shipping, *parts.pop("shipping", (0, 0)))
    return {name: (-amount, -tax, 1) for name, (amount, tax) in parts.items() if amount or tax}, cost


def _chosen(
    params: Params, left: dict[str, tuple[int, int]], shipping: Mapping[str, object], shipping_left: tuple[int, int]
) -> tuple[Amounts, dict[str, object] | None]:
    """Take back what the caller says of each line."""
    amounts: Amounts = {}
    for index, line in enumerate(elements(params.get("line_items"))):
        row, param = members(line), f"line_items[{index}]"
        line_id = required(text(row.get("original_line_item")), f"{param}[original_line_item]")
        if line_id not in left:
            raise missing("tax.transaction_line_item", line_id, param=f"{param}[original_line_item]", status=400)
        pair = _taken_back(row, left[line_id], param)
        amounts[line_id] = (*pair, integer(row.get("quantity", 1)) or 1)
    cost = members(params.get("shipping_cost"))
    if cost and not shipping:
        raise invalid("The transaction has no shipping cost.", "shipping_cost")
    back = _taken_back(cost, shipping_left, "shipping_cost") if cost else (0, 0)
    if not amounts and not cost:
        raise invalid("A partial reversal needs line items, a shipping cost, or a flat amount.", "line_items")
    return amounts, _negative(shipping, -back[0], -back[1])


def _taken_back(row: Params, left: tuple[int, int], param: str) -> tuple[int, int]:
    amount = required(integer_or_negative(row.get("amount")), f"{param}[amount]")
    tax = required(integer_or_negative(row.get("amount_tax")), f"{param}[amount_tax]")
    if amount > 0 or tax > 0:
        raise invalid("Amounts of a reversal must be negative.", f"{param}[amount]", "parameter_invalid_integer")
    if -amount > left[0] or -tax > left[1]:
        raise invalid("The amount to reverse is more than is left of the line item.", f"{param}[amount]")
    return amount, tax


def integer_or_negative(value: object) -> int | None:
    """Return a whole number that may be below zero, or None."""
    return value if isinstance(value, int) else None


def _lines(call: RequestContext[Params]) -> Mapping[str, object]:
    transaction = call.unit.get(TRANSACTION, call.ids["transaction"])
    rows = call.unit.list(LINE, _transaction=transaction["id"], oldest_first=True)
    return list_of(rows, call.path, {"limit": 10, **call.params})


def _include_lines(unit: UnitOfWork, transaction: Params) -> Mapping[str, object]:
    rows = unit.list(LINE, _transaction=transaction["id"], oldest_first=True)
    return list_of(rows[:10], f"/v1/tax/transactions/{transaction['id']}/line_items")


RESOURCES = (
    Resource(
        schema=Schema(
            object="tax.transaction",
            prefix="tax_1",
            id_length=23,
            fields=(
                read_only("created"),
                read_only("currency"),
                read_only("customer"),
                read_only("customer_details"),
                read_only("livemode", False),
                read_only("metadata", {}),
                read_only("posted_at"),
                read_only("reference"),
                read_only("reversal"),
                read_only("ship_from_details"),
                read_only("shipping_cost"),
                read_only("tax_date"),
                read_only("type"),
            ),
            filters=("reference", "_original"),
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("POST", "/v1/tax/transactions/create_from_calculation", _from_calculation),
                Operation("POST", "/v1/tax/transactions/create_reversal", _reverse),
                Operation(
                    "GET",
                    "/v1/tax/transactions/{transaction}",
                    lambda call: call.unit.get(TRANSACTION, call.ids["transaction"]),
                ),
                Operation("GET", "/v1/tax/transactions/{transaction}/line_items", _lines),
            ),
        ),
        includes={"line_items": _include_lines},
    ),
    Resource(
        schema=Schema(
            object="tax.transaction_line_item",
            prefix="tax_li_",
            id_length=14,
            fields=(read_only("livemode", False),),
            filters=("_transaction",),
            has_created=False,
        )
    ),
)
