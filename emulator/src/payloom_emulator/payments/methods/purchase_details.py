"""What a payment is for, as card networks take it: amounts by part, lines, and references of the purchase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import elements, is_object, members, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.unit_of_work import UnitOfWork

_LINE: Mapping[str, object] = {
    "discount_amount": None,
    "payment_method_options": None,
    "product_code": None,
    "tax": None,
    "unit_of_measure": None,
}


def said(unit: UnitOfWork, params: Mapping[str, object], current: Mapping[str, object]) -> dict[str, object]:
    """Return what a call says of a payment's parts and references. current: the payment before."""
    changes: dict[str, object] = {}
    sent_value = params.get("amount_details")
    if is_object(sent_value):
        parts = {name: value for name, value in sent_value.items() if name not in _NOT_SHOWN}
        before = members(current.get("amount_details"))
        changes["amount_details"] = {"tip": {}, **before, **{n: None if v == "" else v for n, v in parts.items()}}
        if "line_items" in sent_value:
            changes["_amount_lines"] = _lines(unit, sent_value["line_items"])
    elif sent_value == "":
        changes.update({"amount_details": {"tip": {}}, "_amount_lines": []})
    details = params.get("payment_details")
    if is_object(details):
        before = members(current.get("payment_details")) or {"customer_reference": None, "order_reference": None}
        changes["payment_details"] = {**before, **{name: value or None for name, value in details.items()}}
    elif details == "":
        changes["payment_details"] = None
    return changes


_NOT_SHOWN = frozenset({"enforce_arithmetic_validation", "line_items"})


def _lines(unit: UnitOfWork, lines: object) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for index, line in enumerate(elements(lines)):
        if not is_object(line):
            continue
        if not text(line.get("product_name")):
            where = f"amount_details[line_items][{index}][product_name]"
            raise invalid(f"Missing required param: {where}.", where, "parameter_missing")
        rows.append(
            {
                "id": unit.environment.ids.new("uli_1", 23),
                "object": "payment_intent_amount_details_line_item",
                **_LINE,
                **line,
            }
        )
    return rows
