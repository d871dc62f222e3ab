"""Fields that no answer shows are declared: a misspelt one is found here, if the type check cannot see it."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import payloom_emulator
from payloom_emulator.objects import state

SOURCES = Path(payloom_emulator.__file__).parent
# Of objects that have no type of Stripe's, and of lines and phases inside objects.
INNER = {
    *("_archived", "_display_details", "_taxes"),
}
# Ends of names, and parameters that the HTTP layer adds.
OTHER = {
    "_FILE",
    "_client_secret",
    "_confirm",
    "_decimal",
    "_payment_method_options",
    "_stripe_account",
    "_stripe_version",
}


def declared() -> set[str]:
    classes = [c for c in vars(state).values() if isinstance(c, type) and c.__module__ == state.__name__]
    return {name for c in classes for name in c.__annotations__ if name.startswith("_")}


@functools.cache
def used() -> dict[str, str]:
    """Return each private field that the code names, with a place."""
    places = {}
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                name = node.value
                if name.startswith("_") and name[1:].replace("_", "").isalpha() and not name.endswith("_"):
                    places[name] = f"{path.relative_to(SOURCES)}:{node.lineno}"
    return places


def test_every_private_field_that_the_rules_use_is_declared() -> None:
    unknown = {name: place for name, place in used().items() if name not in declared() | INNER | OTHER}
    assert unknown == {}


def test_every_declared_private_field_is_used() -> None:
    assert (declared() | INNER) - used().keys() == set()
