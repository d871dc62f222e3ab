"""What the checker follows: values into called workflows, counts times prices, every mistake of a text, every hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.workflow_driver import load, shop_catalog

from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe
from payloom.project.loader import load_project
from payloom.settings.load import load_settings
from payloom.workflows.checker.rules import RULES
from payloom.workflows.loading.loader import load_workflow
from payloom.workflows.reference import rule_examples

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "name: T\ndescription: d\non: {api: POST /t, auth: user, dedupe: '${{ inputs.id }}'}\n"
ITEMS = "input: {id: string, items: [{sku: string, quantity: int 1..20, amount: int}]}\n"
PRODUCTS = """\
  - id: products
    select: plans
    where: {code: "${{ inputs.items.map(i, i.sku) }}"}
    key_by: code
    require: all
"""
MANUAL = "name: T\ndescription: d\non: {manual: true}\nsteps:\n"


def codes(text: str) -> list[str]:
    return [
        diagnostic.code
        for diagnostic in load_workflow(text, workflow_id="t", file="t.yaml", catalog=stripe_catalog()).diagnostics
    ]


def stripe_catalog() -> CatalogWithStripe:
    catalog = CatalogWithStripe()
    shop = shop_catalog()
    catalog.tables, catalog.emails, catalog.env = shop.tables, shop.emails, shop.env
    catalog.workflows = {"t", "pay", "charge"}
    return catalog


def test_our_price_times_a_bounded_quantity_is_not_the_clients_choice() -> None:
    loop = (
        PRODUCTS
        + """\
  - for_each: inputs.items
    as: one
    do:
      - stripe: invoice_items.create
        with: {customer: cus_1, currency: usd, amount: "${{ AMOUNT }}"}
        idempotency_key: ${{ inputs.id }}-${{ one.sku }}
"""
    )
    fine = ("one.quantity * 500", "500 * one.quantity")
    wrong = ("one.amount * 500", "one.amount * one.quantity", "one.quantity", "one.quantity + 500", "-one.quantity * 5")
    for amount in fine:
        assert "F101" not in codes(HEAD + ITEMS + "steps:\n" + loop.replace("AMOUNT", amount)), amount
    for amount in wrong:
        assert "F101" in codes(HEAD + ITEMS + "steps:\n" + loop.replace("AMOUNT", amount)), amount


def test_a_sum_over_a_macro_is_followed_as_well() -> None:
    step = (
        PRODUCTS
        + "  - stripe: payment_intents.create\n"
        + '    with: {currency: usd, amount: "${{ sum(inputs.items.map(i, M)) }}"}\n'
    )
    assert "F101" not in codes(HEAD + ITEMS + "steps:\n" + step.replace("M", "i.quantity * 500"))
    assert "F101" in codes(HEAD + ITEMS + "steps:\n" + step.replace("M", "i.amount * 500"))


CALLED = "name: C\ndescription: d\non: {called: true}\ninput: {total: int, note?: string}\nsteps:\n"
CHARGE = CALLED + (
    """\
  - stripe: payment_intents.create
    with: {amount: "${{ inputs.total }}", currency: usd, metadata: {note: "${{ inputs.note }}"}}
"""
)
PASSES_ON = CALLED + '  - call: charge\n    with: {total: "${{ inputs.total }}", note: "${{ inputs.note }}"}\n'
OUTER = HEAD + (
    """\
input: {id: string, sum: int, note: string, amount: int}
steps:
  - call: pay
    with: {total: "${{ TOTAL }}", note: "${{ inputs.note }}"}
"""
)


def project(root: Path, outer: str, pay: str) -> list[str]:
    (root / "workflows").mkdir(parents=True)
    (root / "payloom.yaml").write_text("name: T\n")
    (root / "tables.yaml").write_text("tables: {}\n")
    for name, text in (("outer", outer), ("pay", pay), ("charge", CHARGE)):
        (root / "workflows" / f"{name}.yaml").write_text(text)
    loaded = load_project(root, load_settings(root, environ={}, keep=False))
    return [diagnostic.message for diagnostic in loaded.diagnostics if diagnostic.code == "F101"]


def test_money_is_followed_through_called_workflows(tmp_path: Path) -> None:
    message = ["the client decides `total`, which is money in pay"]
    assert project(tmp_path / "a", OUTER.replace("TOTAL", "inputs.sum"), CHARGE) == message
    assert project(tmp_path / "b", OUTER.replace("TOTAL", "inputs.sum"), PASSES_ON) == message
    assert project(tmp_path / "c", OUTER.replace("TOTAL", "500"), PASSES_ON) == []


def test_a_called_workflow_that_does_not_pay_takes_what_it_likes(tmp_path: Path) -> None:
    logs = CALLED.replace("total", "amount") + "  - log: ${{ inputs.amount }}\n"
    outer = OUTER.replace("total:", "amount:").replace("TOTAL", "inputs.amount")
    assert project(tmp_path, outer, logs) == []


def test_what_a_retrieve_needs_is_asked_for() -> None:
    assert codes(MANUAL + "  - stripe: customers.retrieve\n") == ["F003"]
    assert codes(MANUAL + "  - stripe: customers.retrieve\n    with: {expand: [sources]}\n") == ["F003"]
    for name in ("id", "customer"):
        assert codes(MANUAL + f"  - stripe: customers.retrieve\n    with: {{{name}: cus_1}}\n") == []


def test_a_value_stripe_does_not_list_is_found() -> None:
    def of(mode: str) -> list[str]:
        step = f"  - stripe: checkout.sessions.create\n    with: {{mode: {mode}, success_url: https://a.b, line_items: [{{price: price_1, quantity: 1}}]}}\n"
        return codes(MANUAL + step)

    assert of("payment") == []
    assert of("paymnt") == ["F003"]
    assert of("gift") == ["F006"]
    assert of("\"${{ run.id == 'x' ? 'payment' : 'paymnt' }}\"") == ["F003"]
    assert of("\"${{ run.id == 'x' ? 'payment' : 'setup' }}\"") == []


def test_every_mistake_of_one_text_is_reported() -> None:
    text = MANUAL + "  - log: a ${{ run. }} b ${{ nwo() }} c ${{ money(1) }} and $${{ fine\n"
    diagnostics = load(text).diagnostics
    assert [(diagnostic.line, diagnostic.column) for diagnostic in diagnostics] == [(5, 20), (5, 30), (5, 45)]
    assert [diagnostic.code for diagnostic in diagnostics] == ["F004", "F001", "F004"]


def test_rows_that_were_deleted_have_their_columns() -> None:
    text = MANUAL + "  - id: gone\n    delete: orders\n    where: {id: o1}\n  - log: ${{ gone.statu }}\n"
    assert [diagnostic.message for diagnostic in load(text).diagnostics] == ["`gone` has no field `statu`"]


@pytest.mark.parametrize("rule", RULES)
def test_every_finding_has_a_code_a_place_and_a_way_out(rule: str) -> None:
    catalog = stripe_catalog()
    catalog.http_hosts = {"api.example"}
    wrong, _ = rule_examples.RULES[rule]
    diagnostics = load(wrong, catalog=catalog).diagnostics
    assert diagnostics
    for diagnostic in diagnostics:
        assert diagnostic.code in RULES
        assert diagnostic.line >= 1
        assert diagnostic.hint
