"""Members are copied by name; a misspelt name would copy nothing, so each must be a name of Stripe's."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.support.packages.source_trees import nodes, statements

import payloom_emulator
from payloom_emulator.kit.named_members import with_filled, with_named

ROOT = Path(payloom_emulator.__file__).parent
COPIERS = {"with_named", "with_filled"}


def named(nodes_of_file: list[ast.AST]) -> set[str]:
    """Return the names that a file copies: in the call, or in a tuple that the call unpacks."""
    tuples = {
        target.id: node.value
        for node in nodes_of_file
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    names: set[str] = set()
    for call in nodes_of_file:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in COPIERS:
            parts = [tuples.get(a.value.id, a) if isinstance(a, ast.Starred) and isinstance(a.value, ast.Name) else a
                     for a in call.args[2:]]  # fmt: skip
            constants = (c.value for part in parts for c in ast.walk(part) if isinstance(c, ast.Constant))
            names |= {value for value in constants if isinstance(value, str)}
    return names


def known() -> set[str]:
    """Return the members of all of Stripe's objects and parameters."""
    return {
        node.target.id
        for path in (ROOT / "objects").rglob("*.py")
        for node in statements(path)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def test_every_name_that_is_copied_is_one_of_stripes() -> None:
    copied = {name for path in ROOT.rglob("*.py") for name in named(list(nodes(path, with_words=COPIERS)))}
    assert copied > {"tax_rates", "trial_period_days", "meter", "adjustable_quantity"}
    assert copied - known() == set()


@pytest.mark.parametrize("value", ["", [], {}, None, False])
def test_an_empty_member_is_left_out_or_copied_as_asked(value: object) -> None:
    assert with_filled({"a": 1}, {"b": value}, "b") == {"a": 1}
    assert with_named({"a": 1}, {"b": value}, "b") == ({"a": 1} if value is None else {"a": 1, "b": value})


def test_a_zero_is_a_number_like_any_other() -> None:
    assert with_filled({}, {"quantity": 0}, "quantity") == {"quantity": 0}
