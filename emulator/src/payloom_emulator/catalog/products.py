"""Products that are created together with a price or a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payloom_emulator.objects import kinds
from payloom_emulator.objects.catalog import Product
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork


def make(unit: UnitOfWork, name: str, **more: Any) -> Product:
    """Create a product from inline `product_data`."""
    if more.get("id") and unit.find_any(more["id"]) is not None:
        raise invalid("Product already exists.", "product_data[id]", "resource_already_exists")
    return unit.create(kinds.PRODUCT, {"name": name, "updated": unit.now, **more})
