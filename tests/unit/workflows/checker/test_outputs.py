"""What a workflow answers with is what its `output` promises, and OpenAPI with it."""

from __future__ import annotations

import pytest

from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe
from payloom.workflows.loading.loader import load_workflow

HEAD = """\
name: N
description: N.
on: {api: POST /n, auth: none}
input: {s: string, i: int, maybe?: int}
output: {n: int, names: [string]}
steps:
"""
KEPT = {
    "literals": "  - return: {n: 1, names: [a]}\n",
    "an input": '  - return: {n: "${{ inputs.i }}", names: []}\n',
    "one that may be missing": '  - return: {n: "${{ inputs.maybe }}", names: []}\n',
    "text in a list": '  - return: {n: 1, names: ["${{ inputs.s }}"]}\n',
    "an answer before the end": "  - respond: {n: 1, names: []}\n  - log: done\n",
    "an error's body": "  - return: {error: no}\n    status: 409\n",
    "anything that is known at run time only": '  - id: got\n    http: GET https://api.example/x\n  - return: "${{ got.body }}"\n',
}
BROKEN = {
    "text": ('  - return: {n: "${{ inputs.s }}", names: []}\n', "takes a whole number"),
    "a literal text": ("  - return: {n: a, names: []}\n", "takes a whole number"),
    "a missing field": ("  - return: {names: []}\n", "promises `n`"),
    "a field nobody declared": ("  - return: {n: 1, names: [], more: 1}\n", "does not take `more`"),
    "a number in a list of texts": ("  - return: {n: 1, names: [1]}\n", "takes text"),
    "no map": ('  - return: "${{ inputs.s }}"\n', "takes a map"),
    "an answer before the end": ("  - respond: {n: a, names: []}\n  - log: done\n", "takes a whole number"),
    "in a branch": ("  - if: inputs.i > 1\n    then:\n      - return: {n: a, names: []}\n", "takes a whole number"),
}


def errors(steps: str) -> list[str]:
    loaded = load_workflow(HEAD + steps, workflow_id="n", file="n.yaml", catalog=CatalogWithStripe())
    return [
        f"{diagnostic.code} {diagnostic.message}" for diagnostic in loaded.diagnostics if diagnostic.severity == "error"
    ]


@pytest.mark.parametrize("case", KEPT)
def test_an_answer_that_keeps_the_promise_is_no_finding(case: str) -> None:
    assert errors(KEPT[case]) == []


@pytest.mark.parametrize("case", BROKEN)
def test_an_answer_that_breaks_it_is_an_error(case: str) -> None:
    steps, message = BROKEN[case]
    (error,) = errors(steps)
    assert message in error


@pytest.mark.parametrize(
    ("trigger", "reported"),
    [
        ("{stripe: invoice, actions: [upcoming], fresh: true}", True),
        ("{stripe: product, actions: [deleted], fresh: true}", True),
        ("{stripe: balance, fresh: true}", True),
        ("{stripe: invoice, actions: [upcoming]}", False),
        ("{stripe: invoice, actions: [upcoming, paid], fresh: true}", False),
        ("{stripe: customer.subscription, actions: [deleted], fresh: true}", False),
        ("{stripe: charge, fresh: true}", False),
    ],
)
def test_what_cannot_be_read_again_is_not_asked_for(trigger: str, *, reported: bool) -> None:
    text = f"name: N\ndescription: N.\non: {trigger}\nsteps:\n  - log: x\n"
    loaded = load_workflow(text, workflow_id="n", file="n.yaml", catalog=CatalogWithStripe())
    assert [diagnostic.line for diagnostic in loaded.diagnostics if diagnostic.code == "F122"] == (
        [3] if reported else []
    )


def test_a_preview_has_no_id_to_read() -> None:
    text = "name: N\ndescription: N.\non: {stripe: invoice, actions: [upcoming]}\nsteps:\n  - log: ${{ object.id }}\n"
    loaded = load_workflow(text, workflow_id="n", file="n.yaml", catalog=CatalogWithStripe())
    assert [(diagnostic.code, diagnostic.line) for diagnostic in loaded.diagnostics] == [("F001", 5)]
