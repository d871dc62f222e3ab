"""The reference has a page for every verb, trigger and rule, is up to date, and its examples load."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from tests.support.workflow_driver import load, shop_catalog

from payloom.workflows.checker.rules import RULES
from payloom.workflows.interpreter.verbs.nodes import NODES
from payloom.workflows.reference import notes, rule_examples
from payloom.workflows.reference.pages import pages
from payloom.workflows.syntax.filemodel.steps import VERBS
from payloom.workflows.syntax.filemodel.triggers import TRIGGERS

FOLDER = Path(__file__).parents[3] / "docs" / "reference" / "language"
WRITTEN = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.md")}
BY_HAND = {"expressions.md"}


@functools.cache
def made() -> dict[str, str]:
    """Return the pages as they would be written: all of them take a second, which collecting need not spend."""
    return pages()


def test_every_verb_is_declared_once_for_each_of_its_readers() -> None:
    assert NODES.keys() == VERBS.keys()
    assert notes.VERBS.keys() == VERBS.keys()
    assert all(verb in note.snippet for verb, note in notes.VERBS.items())


@pytest.mark.parametrize(
    "name",
    [
        *(f"verbs/{verb}.md" for verb in VERBS),
        *(f"triggers/{kind}.md" for kind in TRIGGERS),
        *(f"rules/{rule}.md" for rule in RULES),
    ],
)
def test_there_is_a_page_for(name: str) -> None:
    assert (FOLDER / name).is_file(), "run python -m payloom.workflows.reference docs/reference/language"


@pytest.mark.parametrize("name", sorted(WRITTEN - BY_HAND))
def test_the_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == made()[name], (
        "run python -m payloom.workflows.reference docs/reference/language"
    )


def test_no_page_is_missing_or_left_over() -> None:
    assert made().keys() | BY_HAND == WRITTEN


def rules_found(text: str) -> set[str]:
    catalog = shop_catalog()
    catalog.http_hosts = {"api.example"}
    return {diagnostic.code for diagnostic in load(text, catalog=catalog).diagnostics}


@pytest.mark.parametrize("rule", RULES)
def test_the_examples_of_a_rule_show_it(rule: str) -> None:
    wrong, right = rule_examples.RULES[rule]
    assert rule in rules_found(wrong)
    assert rules_found(right) <= {"F105", "F108"} - {rule}


@pytest.mark.parametrize("verb", VERBS)
def test_the_example_of_a_verb_loads(verb: str) -> None:
    indented = "".join(f"  {line}\n" for line in notes.VERBS[verb].example.splitlines())
    loaded = load(f"name: T\non: {{manual: true}}\nsteps:\n{indented}")
    assert [diagnostic.format() for diagnostic in loaded.diagnostics if diagnostic.code != "F201"] == []
    assert loaded.workflow is not None
    assert any(node.verb == verb for node in loaded.workflow.nodes())


@pytest.mark.parametrize("kind", TRIGGERS)
def test_the_example_of_a_trigger_loads(kind: str) -> None:
    inputs = "{order_id?: uuid, request_id?: uuid}"
    loaded = load(f"name: T\non: {notes.TRIGGERS[kind].example}input: {inputs}\nsteps: [{{log: x}}]\n")
    assert [error.format() for error in loaded.errors] == []
    assert loaded.workflow is not None
    assert loaded.workflow.triggers[0].kind == kind
