"""Small helpers about stored objects: the lists that objects carry inside, and the tax rates a parameter names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import ListOf
    from payloom_emulator.objects.catalog import TaxRate

T = TypeVar("T")


def embedded(rows: list[T], url: str, *, page_size: int | None = None) -> ListOf[T]:
    """Return a list object as objects carry it inside. page_size: how many rows it holds at most."""
    data = rows if page_size is None else rows[:page_size]
    return {"object": "list", "data": data, "has_more": len(rows) > len(data), "total_count": len(rows), "url": url}


def tax_rates(unit: UnitOfWork, rate_ids: Sequence[str] | None, param: str) -> list[TaxRate]:
    """Return the tax rates that a parameter names; "" and None name none. Raises for one that is inactive."""
    rates = [unit.get(kinds.TAX_RATE, rate, f"{param}[{i}]") for i, rate in enumerate(rate_ids or [])]
    inactive = next((r for r in rates if not r["active"]), None)
    if inactive is not None:
        raise invalid(f"The tax rate {inactive['id']} is inactive and cannot be used.", param)
    return rates
