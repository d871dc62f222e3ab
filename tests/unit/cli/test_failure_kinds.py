"""Every failure kind that a step can have is explained by `payloom explain`."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from payloom.cli.commands import app
from payloom.cli.support.error_help import NOTES
from payloom.cli.support.failure_help import FAILURES

SOURCE = Path(__file__).parents[3] / "src" / "payloom"
MAKERS = {"StepFailure", "refused", "_failed", "fail"}
ONLY_IN_TESTS = {"http_not_given", "not_simulated"}
"""Made by the sandbox when a test gives no response."""
FROM_STRIPE_OR_USERS = {"card_declined", "idempotency_key_in_use", "python_failed", "resource_missing"}
"""Kinds that no literal names: Stripe's own codes that are common, and the default of `StepError`."""


@functools.cache
def kinds_in_code() -> frozenset[str]:
    """Return the kinds that the code gives to failures, as literals."""
    kinds: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name not in MAKERS:
                continue
            given = [*node.args[:2], *(keyword.value for keyword in node.keywords if keyword.arg == "kind")]
            words = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            kinds |= {word for word in words if re.fullmatch("[a-z]+(_[a-z]+)*", word)}
    return frozenset(kinds)


def test_every_kind_is_explained() -> None:
    assert "outcome_unknown" in kinds_in_code()
    assert kinds_in_code() - ONLY_IN_TESTS - set(FAILURES) - set(NOTES) == set()


def test_nothing_else_is_explained_and_nothing_twice() -> None:
    assert set(FAILURES) - kinds_in_code() == FROM_STRIPE_OR_USERS - kinds_in_code()
    assert set(FAILURES) & set(NOTES) == set()


@pytest.mark.parametrize("kind", sorted(FAILURES))
def test_an_explanation_is_whole_sentences(kind: str) -> None:
    for sentence in FAILURES[kind]:
        assert sentence[0].isupper() or sentence[0] == "`"
        assert sentence.endswith(".")
        assert "|" not in sentence


def test_explain_prints_a_failure_kind() -> None:
    printed = CliRunner().invoke(app, ["explain", "outcome_unknown"])
    assert printed.exit_code == 0
    assert "Stripe's dashboard" in printed.output
