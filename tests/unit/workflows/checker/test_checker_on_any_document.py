"""The checks never break, and what they let through does not fail for a missing name or a wrong type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.random_documents import RUN, CommandResponder, documents
from tests.support.workflow_driver import caller, load, shop_catalog, table

from payloom.workflows.catalog.catalog import Action, StaticCatalog
from payloom.workflows.interpreter.execution import Execution
from payloom.workflows.program.commands import Finished
from payloom.workflows.syntax.filemodel.steps import verb_of

READS = st.sampled_from(
    [
        "${{ s0.id }}",
        "${{ s1?.id }}",
        "${{ s2 ?? 1 }}",
        "${{ s3.n }}",
        "${{ steps.s1.id }}",
        "${{ context.s2?.n }}",
        "${{ s4 }}",
    ]
)


def open_catalog() -> StaticCatalog:
    """A catalog in which the random documents name nothing unknown."""
    catalog = shop_catalog()
    for name in ("orders", "users"):
        catalog.tables[name] = table(name, id="json primary", a="json", b="json", c="json")
    for verb, name in (("stripe", "customers.create"), ("python", "shop:price")):
        catalog.actions[verb, name] = Action(verb, name, "Anything.")
    return catalog


CATALOG = open_catalog()


def with_reads(document: dict[str, Any], reads: list[str]) -> dict[str, Any]:
    """Give every step an id, and let some of them read others."""
    waiting = list(reads)
    count = 0

    def visit(value: Any) -> Any:
        nonlocal count
        if isinstance(value, list):
            return [visit(item) for item in value]
        if not isinstance(value, dict):
            return value
        out = {key: visit(item) for key, item in value.items()}
        if verb_of(out):
            out["id"] = f"s{count}"
            count += 1
            for key in ("values", "set", "with"):
                if waiting and isinstance(out.get(key), dict):
                    out[key]["a"] = waiting.pop()
        return out

    return {**document, "steps": visit(document["steps"])}


@pytest.mark.parametrize("name", ["s1", "steps.s1", "context.s1", "context.steps.s1"])
def test_a_field_that_a_step_does_not_have_is_found_under_all_its_names(name: str) -> None:
    steps = [{"let": {"x": 1}, "id": "s1"}, {"insert": "orders", "values": {"a": f"${{{{ {name}.id }}}}"}}]
    loaded = load(json.dumps({"name": "T", "on": {"manual": True}, "steps": steps}), catalog=CATALOG)
    assert [error.message for error in loaded.errors] == [f"`{name}` has no field `id`"]


@settings(max_examples=120, deadline=None)
@given(documents, st.lists(READS, max_size=4), st.integers(0, 3))
def test_a_document_without_errors_does_not_fail_on_a_name_or_a_type(
    document: dict[str, Any], reads: list[str], seed: int
) -> None:
    whole = {**with_reads(document, reads), "input": {"n": "int", "list": ["string"]}}
    loaded = load(json.dumps(whole), catalog=CATALOG)
    if loaded.workflow is None:
        assert loaded.errors
        return
    responder = CommandResponder(seed)
    execution = Execution(loaded.workflow, caller({"n": 1, "list": ["a", "b"]}), RUN)
    for _ in range(2000):
        todo = execution.next()
        if isinstance(todo, Finished):
            failure = todo.failure
            assert failure is None or failure.kind != "expression", failure
            return
        execution.record(responder.do(todo[0]))
