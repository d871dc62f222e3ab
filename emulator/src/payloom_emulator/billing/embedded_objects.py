"""Small helpers about stored objects: the lists that objects carry inside, and the tax rates a parameter names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payloom_emulator.objects import kinds
from payloom_emulator.objects.catalog import TaxRate
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.declarations.schema import Body
    from payloom_emulator.core.unit_of_work import UnitOfWork


def embedded(rows: list[Body], url: str, *, shown: int | None = None) -> Body:
    """Return a list object as objects carry it inside."""
    data = rows if shown is None else rows[:shown]
    return {"object": "list", "data": data, "has_more": len(rows) > len(data), "total_count": len(rows), "url": url}


def tax_rates(unit: UnitOfWork, given: Any, param: str) -> list[TaxRate]:
    """Return the tax rates a parameter names ("" and None: none)."""
    if not given:
        return []
    found = [unit.get(kinds.TAX_RATE, rate, f"{param}[{i}]") for i, rate in enumerate(given)]
    inactive = next((r for r in found if not r["active"]), None)
    if inactive is not None:
        raise invalid(f"The tax rate {inactive['id']} is inactive and cannot be used.", param)
    return found
