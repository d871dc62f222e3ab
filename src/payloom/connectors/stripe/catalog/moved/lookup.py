"""Where a name went that Stripe's API has no longer."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from payloom.connectors.stripe.catalog.moved.events import ACTIONS, FAMILIES
from payloom.connectors.stripe.catalog.moved.operations import OPERATIONS
from payloom.connectors.stripe.catalog.moved.parameters import PARAMETERS, PARAMETERS_OF
from payloom.kit.suggest import did_you_mean

_ENDINGS = {"del": "delete", "all": "list", "get": "retrieve", "modify": "update", "void": "void_invoice"}


def operation(name: str, known: Collection[str]) -> str | None:
    """Return what does the work of an operation that is gone or has another name elsewhere; None if nothing does."""
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower().removeprefix("stripe.")
    service, _, function = snake.rpartition(".")
    for spelling in (
        snake,
        f"{service}.{_ENDINGS.get(function, function)}",
        snake.replace("invoiceitems.", "invoice_items."),
    ):
        if spelling in known:
            return spelling
        if spelling in OPERATIONS:
            return OPERATIONS[spelling]
    return None


def operation_hint(name: str, known: Collection[str]) -> str | None:
    """Return the hint for an unknown operation that moved."""
    target = operation(name, known)
    return f"it is `{target}` today" if target is not None else None


def parameters(name: str) -> Mapping[str, str]:
    """Return what became of parameters that an operation does not take."""
    return {**PARAMETERS, **PARAMETERS_OF.get(name, {})}


def family_hint(name: str) -> str | None:
    """Return the hint for an unknown family of events that is gone or has another name."""
    target = FAMILIES.get(name)
    return f"it is `{target}` today" if target is not None else None


def action_hint(family: str, action: str) -> str | None:
    """Return the hint for an unknown action of a family that has another name."""
    target = ACTIONS.get(family, {}).get(action)
    return None if target is None else f"it is {target}" if " " in target else f"it is `{target}`"


def near(name: str, known: Collection[str]) -> str:
    """Return the hint for an unknown operation: where it went, the nearest one, or nothing."""
    return operation_hint(name, known) or did_you_mean(name, known)
