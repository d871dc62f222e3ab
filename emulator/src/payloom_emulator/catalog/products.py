"""Products that are created together with a price or a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import Product
    from payloom_emulator.objects.params.shared import PlanCreateParamsProduct, PriceDataProductDataParams

ProductData: TypeAlias = "PlanCreateParamsProduct | PriceDataProductDataParams"


def make(unit: UnitOfWork, data: ProductData) -> Product:
    """Create a product from inline `product_data`."""
    product_id = data.get("id")
    if product_id and unit.is_taken(product_id):
        raise invalid("Product already exists.", "product_data[id]", "resource_already_exists")
    return unit.create(kinds.PRODUCT, {"updated": unit.now, **data})
