"""All recipes, by kind of object."""

from __future__ import annotations

from collections.abc import Mapping

from payloom.sandbox.stripe.recipes.billing import BILLING
from payloom.sandbox.stripe.recipes.catalog import CATALOG
from payloom.sandbox.stripe.recipes.payments import PAYMENTS
from payloom.sandbox.stripe.recipes.recipe import Recipe

RECIPES: Mapping[str, Recipe] = {**CATALOG, **PAYMENTS, **BILLING}
