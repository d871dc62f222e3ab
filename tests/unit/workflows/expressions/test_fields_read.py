"""What a journal keeps of a long list: the fields that later steps read, or everything where that cannot be told."""

from __future__ import annotations

import pytest

from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe
from payloom.workflows.interpreter.verbs.outbound import Stripe
from payloom.workflows.loading.loader import load_workflow
from payloom.workflows.program.fields_read import fields_read

HEAD = """\
name: N
description: N.
on: {manual: true}
input: {at: int}
steps:
  - id: l
    stripe: charges.list
    all: true
"""
SOME: dict[str, tuple[str, set[str]]] = {
    "nothing": ("  - log: done\n", set()),
    "how many": ('  - log: "${{ size(l) }} ${{ l.size() }}"\n', set()),
    "a field of each": ("  - return: ${{ l.map(c, c.amount) }}\n", {"amount"}),
    "a condition and a field": ("  - return: ${{ l.filter(c, c.paid).map(c, c.amount + 1) }}\n", {"paid", "amount"}),
    "a map with a condition": ("  - return: ${{ l.map(c, c.paid, c.amount) }}\n", {"paid", "amount"}),
    "whether one is": ("  - return: ${{ l.exists(c, c.disputed) }}\n", {"disputed"}),
    "under `steps` and `context`": (
        '  - log: "${{ size(steps.l) }} ${{ context.steps.l[0].currency }} ${{ context.l[0].amount }}"\n',
        {"currency", "amount"},
    ),
    "deep in a field": ("  - return: ${{ l.map(c, c.billing_details.email) }}\n", {"billing_details"}),
    "one item": ("  - return: ${{ l[0].amount }}\n", {"amount"}),
    "one that may be missing": ("  - return: ${{ l[?0]?.amount ?? 0 }}\n", {"amount"}),
    "by a computed index": ("  - return: ${{ l[inputs.at].amount }}\n", {"amount"}),
    "by its name as text": ("  - return: ${{ l[0]['amount'] }}\n", {"amount"}),
    "a loop": ("  - for_each: ${{ l }}\n    as: c\n    do:\n      - log: ${{ c.description }}\n", {"description"}),
    "a loop over some": (
        "  - for_each: ${{ l.filter(c, c.paid) }}\n    as: one\n    do:\n      - log: ${{ one.currency }}\n",
        {"paid", "currency"},
    ),
    "a list inside an item": (
        "  - for_each: ${{ l }}\n    as: c\n    do:\n      - log: ${{ size(c?.refunds?.data ?? []) }}\n",
        {"refunds"},
    ),
    "inside another list's macro": ("  - return: ${{ [1].map(n, l[0].amount + n) }}\n", {"amount"}),
    "a name of its own inside a macro": ("  - return: \"${{ [{'x': 1}].map(l, l.x) }}\"\n", set()),
    "a null": ("  - return: ${{ l != null }}\n", set()),
}
WHOLE = {
    "the list": "  - return: ${{ l }}\n",
    "as text": "  - log: ${{ json(l) }}\n",
    "an item": "  - return: ${{ l[0] }}\n",
    "the items by map": "  - return: ${{ l.map(c, c) }}\n",
    "the filtered list": "  - return: ${{ l.filter(c, c.paid) }}\n",
    "an item of a loop": "  - for_each: ${{ l }}\n    as: c\n    do:\n      - log: ${{ json(c) }}\n",
    "a field by a computed name": "  - return: ${{ l.map(c, c[string(inputs.at)]) }}\n",
    "compared": "  - return: \"${{ l[0] == {'a': 1} }}\"\n",
    "joined with another": "  - return: ${{ l + [1] }}\n",
    "all steps": "  - return: ${{ json(steps) }}\n",
    "for a function": '  - python: jobs:work\n    with: {charges: "${{ l }}"}\n',
    "for a mail": '  - email: hello\n    to: a@example.com\n    data: {charges: "${{ l }}"}\n',
    "in a variable": '  - let: {all: "${{ l }}"}\n',
}


def fields(text: str) -> frozenset[str] | None:
    catalog = CatalogWithStripe()
    catalog.functions.add("jobs:work")
    catalog.emails.add("hello")
    loaded = load_workflow(text, workflow_id="n", file="n.yaml", catalog=catalog)
    assert loaded.workflow is not None, [str(diagnostic) for diagnostic in loaded.diagnostics]
    (step,) = [node for node in loaded.workflow.nodes() if isinstance(node, Stripe)]
    return fields_read(loaded.workflow, step)


@pytest.mark.parametrize("case", SOME)
def test_what_is_read_is_known(case: str) -> None:
    steps, expected = SOME[case]
    assert fields(HEAD + steps) == expected


@pytest.mark.parametrize("case", WHOLE)
def test_what_may_be_read_is_kept(case: str) -> None:
    assert fields(HEAD + WHOLE[case]) is None


def test_the_value_of_a_block_may_be_the_list() -> None:
    inner = "".join("    " + line for line in HEAD.partition("steps:\n")[2].splitlines(keepends=True))
    head = HEAD.partition("steps:\n")[0] + "steps:\n"
    assert (
        fields(f"{head}  - id: outer\n    try:\n{inner}    catch:\n      - log: no\n  - return: ${{{{ outer }}}}\n")
        is None
    )


def test_a_step_without_a_name_gives_nothing_away() -> None:
    assert fields(HEAD.replace("id: l\n    stripe", "stripe") + "  - log: x\n") is None
