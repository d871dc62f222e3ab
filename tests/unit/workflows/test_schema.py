"""The JSON Schema for editors accepts what the loader accepts, and points at what it does not."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from tests.support.workflow_driver import EXAMPLES, shop_catalog

from payloom.kit.yaml.reader import read_source
from payloom.workflows.reference.workflow_schema import workflow_schema
from payloom.workflows.syntax.filemodel.steps import VERBS

VALIDATOR = jsonschema_rs.Draft202012Validator(workflow_schema(shop_catalog(), parameters=None))


def fits(text: str) -> bool:
    return VALIDATOR.is_valid(read_source(text, "").data)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_fit(path: Any) -> None:
    assert fits(path.read_text())


@pytest.mark.parametrize(
    "steps",
    [
        "[{log: x, when: true}]",
        "[{stripe: customers.create, retry: 3}]",
        "[{stripe: payment_intents.create, with: {amount: '${{ 1 }}'}}]",
        "[{update: users, where: {id: 1}, set: {plan: x}, rows: 1}]",
        "[{switch: inputs.n, cases: {}, default: stop}]",
    ],
)
def test_shorter_forms_fit(steps: str) -> None:
    assert fits(f"name: T\non: {{manual: true}}\nsteps: {steps}\n")


@pytest.mark.parametrize(
    "steps",
    [
        "[{logg: x}]",
        "[{log: x, levl: info}]",
        "[{update: users, where: {id: 1}}]",
        "[{select: nowhere, where: {id: 1}}]",
        "[{stripe: customers.create, with: {emial: x}}]",
        "[{stripe: nothing.create}]",
        "[]",
    ],
)
def test_mistakes_do_not_fit(steps: str) -> None:
    assert not fits(f"name: T\non: {{manual: true}}\nsteps: {steps}\n")


def test_every_verb_can_be_completed() -> None:
    definitions = workflow_schema()["$defs"]
    for verb, model in VERBS.items():
        definition = definitions[model.__name__]
        assert definition["required"][0] == verb
        assert verb in definition["defaultSnippets"][0]["body"]
        assert definition["description"]
