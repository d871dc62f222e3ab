"""The Python file of a project, as a user writes it. pyright checks it strictly; it is never run."""

from __future__ import annotations

import datetime as dt
from typing import assert_type

from payloom.steps import StepContext, StepError, step


@step
def reserve(sku: str, quantity: int = 1, *, context: StepContext) -> dict[str, int]:
    """Use the context, and fail on purpose."""
    assert_type(context.key, str)
    assert_type(context.attempt, int)
    assert_type(context.in_doubt, bool)
    if quantity > 10:
        raise StepError(f"only 10 of {sku} are left", kind="out_of_stock", status=409, data={"left": 10})
    return {"reserved": quantity}


@step(name="tax-rate")
async def tax_rate(country: str) -> float:
    """Run in the event loop, under a name of its own."""
    return 0.19 if country == "DE" else 0.0


@step()
def now() -> dt.datetime:
    """Take no arguments."""
    return dt.datetime.now(dt.UTC)


async def marked_functions_keep_their_types(context: StepContext) -> None:
    """Parameters and results of marked functions are what they were."""
    assert_type(reserve("mug", 2, context=context), dict[str, int])
    assert_type(await tax_rate("DE"), float)
    assert_type(now(), dt.datetime)
    assert_type(StepError("no").data, dict[str, object])
