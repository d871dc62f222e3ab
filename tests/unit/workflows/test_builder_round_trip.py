"""A workflow file written as Python and back is the same version: every template's workflow, and every verb."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.workflow_driver import EXAMPLES

from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe
from payloom.kit.yaml.reader import read_source
from payloom.workflows.authoring.symbols import SymbolicValue
from payloom.workflows.builder import Definition, to_python, to_yaml, workflow, x
from payloom.workflows.loading.loader import read_workflow
from payloom.workflows.program.diff import diff
from payloom.workflows.syntax.filemodel.steps import VERBS
from payloom.workflows.syntax.filemodel.triggers import TRIGGERS

if TYPE_CHECKING:
    from payloom.workflows.program.program import Workflow

ROOT = Path(__file__).parents[3]
FILES = sorted(
    path
    for folder in (ROOT / "templates", EXAMPLES.parent)
    for path in folder.rglob("*.yaml")
    if path.parent.name in ("workflows", "examples") and not path.name.endswith(".test.yaml")
)
EVERY_VERB = """
name: Every verb
description: |
  Two
  lines.
on:
  - {api: "POST /all/{id}", auth: [admin], dedupe: "${{ inputs.id }}", rate_limit: 5/m}
  - {stripe: charge, actions: refunded, match: "object.amount > 5", queue: false}
  - {schedule: "0 3 * * 1", timezone: Europe/Berlin, catch_up: none}
  - {table: orders, on: [insert, update], match: "row.amount != old?.amount"}
  - {manual: true, auth: none}
  - called: true
input: {id: string, import?: int 1..}
output: {ok: bool}
once: ${{ inputs.id }}
vars: {n: 0, list: [1, 2.5, null, true]}
steps:
  - id: table
    select: orders
    where: {id: "${{ inputs.id }}", limit: 5, any: [{status: a}, {status: b}]}
    order_by: [created_at desc]
    limit: 3
  - id: row
    select: stripe.products
    where: {active: true}
    one: optional
    when: table != null
    on_error: continue
  - insert: orders
    values: ${{ inputs.rows }}
  - insert: orders
    values: [{id: a}, {id: b, note: "{} is ${{ row?.name ?? 'none' }}"}]
  - id: row
    update: orders
    where: {id: a}
    set: {rows: 2, status: done, from: there}
    rows: 0..1
    on_error:
      - log: failed ${{ error.message }}
  - upsert: orders
    key: id
    values: {id: a, status: b}
  - delete: orders
    where: {id: [a, b]}
    rows: any
  - id: charge
    stripe: customers.list
    with: {limit: 3, account: 1}
    all: true
    max: 10
    account: acct_1
    retry: {attempts: 3, first: 2s}
    timeout: 20s
  - email: receipt
    to: ["${{ user.email }}", a@b.c]
    from: Shop <a@b.c>
    reply_to: a@b.c
    data: {to: x, text: "a \\"quoted\\" line\\nand another"}
    attachments: ["${{ row }}"]
  - id: answer
    http: POST https://example.com/${{ inputs.id }}
    headers: {authorization: "Bearer ${{ secrets.KEY }}"}
    body: {a: [1, 2]}
    idempotency_key: k-${{ inputs.id }}
    sign_with: HOOK_KEY
  - python: tools:add
    with: {retry: 1, b: 2}
    retry: false
  - call: other
    with: {lambda: 1}
  - switch: event.action
    cases:
      succeeded: [{log: yes}]
      "true": []
    default:
      - log: none
        level: warning
  - switch:
    cases:
      - when: vars.n > 1
        do:
          - filter: true
          - {ensure: inputs != null, message: "none for ${{ run.id }}", code: no_inputs, status: 404, hint: Send some}
    default: stop
  - if: ${{ row != null }}
    then: []
    else:
      - let: {n: "${{ vars.n + 1 }}", in: 1}
  - id: loop
    for_each: table
    as: one
    concurrency: 3
    max: 7
    do:
      - log: ${{one.id}} ${{ one.id }} $${{ kept
  - while: vars.n < 3
    max: 5
    do: [{let: {n: 5}}]
  - try:
      - {wait: 2d}
    catch:
      - {errors: card_declined, as: problem, do: [{log: "${{ problem.message }}"}]}
      - {do: [{raise: {code: other, message: "no ${{ error.code }}", status: 409, hint: h, data: {a: 1}}}]}
    finally: [{log: done}]
  - try: [{log: a}]
    catch: [{log: b}]
  - parallel:
      one: [{log: a}]
      the other: [{log: b}]
    fail: all
  - id: paid
    wait_for: {stripe: payment_intent, actions: [succeeded], match: object.id == inputs.id, timeout: 1h}
  - id: decision
    approve: Refund ${{ inputs.id }}?
    roles: [admin, support]
    data: {a: "${{ row }}"}
    timeout: 2d
    notify: [{email: receipt, to: a@b.c, data: {url: "${{ approval.url }}"}}]
    then: [{respond: {ok: true}, status: 202}]
    else: [{return: null}]
    on_timeout: [{return: {ok: "${{ decision.timed_out }}"}, status: 408}]
  - respond: ${{ row }}
  - return: {ok: true, deep: {list: ["${{ charge }}", "x ${{ inputs.id }}"]}}
on_error:
  - log: ${{ error.code }}
"""


def compiled(text: str) -> Workflow:
    draft = read_workflow(text, workflow_id="w", file="w.yaml", catalog=CatalogWithStripe())
    assert draft.compiled is not None, [diagnostic.format() for diagnostic in draft.source.diagnostics]
    return draft.compiled.workflow


def run(code: str, folder: Path) -> Definition:
    """Run generated code as a module and return the workflow it defines."""
    path = folder / "generated.py"
    path.write_text(code, "utf-8")
    spec = importlib.util.spec_from_file_location("generated", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return next(value for value in vars(module).values() if isinstance(value, Definition))


def round_trip(text: str, folder: Path) -> tuple[Workflow, Workflow, str]:
    code = to_python(read_source(text, "").data, "w")
    return compiled(text), compiled(to_yaml(run(code, folder))), code


def test_there_are_files_to_try() -> None:
    assert len(FILES) > 30


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_file_comes_back_as_the_same_version(path: Path, tmp_path: Path) -> None:
    before, after, code = round_trip(path.read_text("utf-8"), tmp_path)
    assert [change.format() for change in diff(before, after)] == [], code
    assert before.version == after.version


def test_every_verb_trigger_and_argument_comes_back(tmp_path: Path) -> None:
    before, after, code = round_trip(EVERY_VERB, tmp_path)
    assert [change.format() for change in diff(before, after)] == [], code
    assert {node.verb for node in before.nodes()} == set(VERBS)
    assert {trigger.kind for trigger in before.triggers} == set(TRIGGERS)


def test_what_is_generated_reads_like_python(tmp_path: Path) -> None:
    text = (ROOT / "templates" / "gallery" / "workflows" / "refund-with-approval.yaml").read_text("utf-8")
    _, _, code = round_trip(text, tmp_path)
    for line in (
        'order = table.orders.select_one(id=inputs.order_id, status="paid")',
        "with x.approved():",
        "refund = stripe.refunds.create(",
        'idempotency_key=x.f("refund-{}", order.id),',
        "with x.late():",
    ):
        assert line in code
    assert max(map(len, code.splitlines())) < 160


@pytest.mark.parametrize("name", ["Refund Payment", "Create Checkout Session", "refund_payment", "refunds.create"])
def test_a_display_name_is_written_as_a_name_of_pythons(tmp_path: Path, name: str) -> None:
    code = to_python({"name": "W", "on": {"manual": True}, "steps": [{"stripe": name, "with": {"a": 1}}]}, "w")
    (step,) = run(code, tmp_path).data["steps"]
    assert step["stripe"] == (name if "." in name else name.lower().replace(" ", "_"))


def test_what_belongs_behind_another_step_is_refused_elsewhere() -> None:
    def trace(body: Any) -> None:
        def function() -> None:
            body()

        workflow("w", on={"manual": True})(function)

    def otherwise() -> None:
        with x.otherwise():
            pass

    def catch() -> None:
        with x.catch("card_declined"):
            pass

    for body in (otherwise, catch):
        with pytest.raises(SymbolicValue, match="follows"):
            trace(body)
    assert "generated" not in sys.modules
