"""`payloom explain` knows every failure kind of a step, and every status and reason that is shown."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from tests.support.packages.source_trees import nodes
from typer.testing import CliRunner

from payloom.api.management.models.runs import StepStatus
from payloom.cli.commands import app
from payloom.cli.support.error_help import NOTES
from payloom.cli.support.failure_help import FAILURES
from payloom.cli.support.word_help import WORDS
from payloom.email.message import Status
from payloom.inbox.set_aside import SetAside
from payloom.runs.publishing.trigger_reasons import Reason
from payloom.runs.statuses import RunFilter
from payloom.settings.sections.alert_rules import ALERT_RULES
from payloom.views.approvals import Approval
from payloom.views.event_state import State

SOURCE = Path(__file__).parents[3] / "src" / "payloom"
MAKERS = {"StepFailure", "refused", "_failed", "fail"}
FROM_STRIPE_OR_USERS = {"card_declined", "idempotency_key_in_use", "python_failed", "resource_missing"}
"""Kinds that no literal names: Stripe's own codes that are common, and the default of `StepError`."""


@functools.cache
def kinds_in_code() -> frozenset[str]:
    """Return the kinds that the code gives to failures, as literals."""
    kinds: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in nodes(path, with_words=MAKERS):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name not in MAKERS:
                continue
            args = [*node.args[:2], *(keyword.value for keyword in node.keywords if keyword.arg == "kind")]
            words = [arg.value for arg in args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            kinds |= {word for word in words if re.fullmatch("[a-z]+(_[a-z]+)*", word)}
    return frozenset(kinds)


def test_every_kind_is_explained() -> None:
    assert "outcome_unknown" in kinds_in_code()
    assert kinds_in_code() - set(FAILURES) - set(NOTES) == set()


def test_nothing_else_is_explained_and_nothing_twice() -> None:
    assert set(FAILURES) - kinds_in_code() == FROM_STRIPE_OR_USERS - kinds_in_code()
    assert set(FAILURES) & set(NOTES) == set()


REASONS = {"EventRefused", "SignatureRefused", "BodyTooLarge", "_end", "_refuse", "cut", "refuse"}
"""What is called with the reason of a rejected request or connection as its first argument."""
WORDED = {
    "run_status": RunFilter,
    "step_status": StepStatus,
    "event_state": State,
    "set_aside": SetAside,
    "trigger": Reason,
    "mail": Status,
    "approval": get_type_hints(Approval)["state"],
}
"""The statuses and reasons that are types."""


def words_in_code() -> frozenset[str]:
    """Return the statuses, the reasons of rejected requests, and the codes that are written into answers."""
    words: set[str] = set()
    for kind in WORDED.values():
        words |= {*get_args(kind)}
    for folder in ("inbox", "api"):
        for path in (SOURCE / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and node.args:
                    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                    words |= _text(node.args[0]) if name in REASONS else set()
                elif isinstance(node, ast.Dict):
                    codes = [value for key, value in zip(node.keys, node.values, strict=True) if _text(key) == {"code"}]
                    words |= {word for code in codes for word in _text(code) if re.fullmatch("[a-z_]+", word)}
    return frozenset(words)


def _text(node: ast.expr | None) -> set[str]:
    if isinstance(node, ast.IfExp):
        return _text(node.body) | _text(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def test_every_status_and_reason_is_explained() -> None:
    shown_words = words_in_code()
    assert {
        "parked",
        "too_old",
        "wrong_signature",
        "malformed_signature",
        "run_failed",
        "slow_head",
        "full",
    } <= shown_words
    assert sorted(shown_words - {*WORDS, *FAILURES, *NOTES, *ALERT_RULES}) == []


def test_nothing_is_explained_that_no_list_shows() -> None:
    invariants = {f"I{number}" for number in range(1, 13)}
    assert set(WORDS) - words_in_code() == invariants
    assert set(WORDS) & {*FAILURES, *NOTES, *ALERT_RULES} == set()


@pytest.mark.parametrize("word", ["parked", "i5", "wrong_signature", "not_simulated"])
def test_explain_prints_a_word(word: str) -> None:
    printed = CliRunner().invoke(app, ["explain", word])
    assert (printed.exit_code, "why:" in printed.output) == (0, True)


@pytest.mark.parametrize("kind", sorted({**FAILURES, **WORDS}))
def test_an_explanation_is_whole_sentences(kind: str) -> None:
    for sentence in {**FAILURES, **WORDS}[kind]:
        assert sentence[0].isupper() or sentence[0] == "`"
        assert sentence.endswith(".")
        assert "|" not in sentence


def test_explain_prints_a_failure_kind() -> None:
    printed = CliRunner().invoke(app, ["explain", "outcome_unknown"])
    assert printed.exit_code == 0
    assert "Stripe's dashboard" in printed.output
