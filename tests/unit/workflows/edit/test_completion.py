"""What is offered at the cursor: in whole texts, in half-typed ones, and in fields of forms."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.workflow_driver import EXAMPLES

from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe
from payloom.workflows.catalog.catalog import Column, TableShape
from payloom.workflows.completion.answer import complete_field, complete_text, hover_text

TEXT = """\
name: T
on:
  stripe: payment_intent
  actions: [succeeded]
input: {a: string, items: [{sku: string, n: int}]}
steps:
  - id: order
    select: orders
    where: {id: "${{ object.metadata.x }}", status: paid}
    one: required
  - if: order.amount == object.amount
    then:
      - stripe: checkout.sessions.create
        with: {mode: payment}
      - id: cust
        stripe: customers.create
        with:
          email: ${{ object.receipt_email }}
          shipping:
            name: x
      - for_each: inputs.items.filter(i, i.n > 0)
        do:
          - log: ${{ item.sku }} ${{ cust.email }}
  - switch: event.action
    cases:
      succeeded: []
  - filter: event.action == 'succeeded'
  - update: orders
    set:
      status: ${{ order.status }}
"""


@pytest.fixture(scope="module")
def catalog() -> CatalogWithStripe:
    catalog = CatalogWithStripe()
    columns = [
        Column("id", "uuid", nullable=False, primary=True), Column("status", "string", enum=("pending", "paid")),
        Column("amount", "int", nullable=False), Column("open", "bool"),
    ]  # fmt: skip
    catalog.tables = {"orders": TableShape("orders", {column.name: column for column in columns})}
    catalog.emails, catalog.workflows, catalog.env = {"receipt"}, {"ensure-customer"}, {"SITE_URL"}
    return catalog


def offered(catalog: CatalogWithStripe, old: str, new: str) -> list[str]:
    """What is offered at the | of `new`, which stands in the place of `old`."""
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    offset = text.index("|")
    completion = complete_text(text[:offset] + text[offset + 1 :], offset, catalog)
    assert completion.start <= offset <= completion.end
    return [item.label for item in completion.items]


@pytest.mark.parametrize(
    ("old", "new", "expected", "unwanted"),
    [
        ("steps:\n", "ste|\n", ["vars", "on_error", "output"], ["name", "stripe"]),
        ("stripe: payment_intent", "stripe: |", ["checkout.session", "payment_intent"], []),
        ("  stripe: payment_intent\n  actions: [succeeded]\n", "  |\n", ["api", "stripe", "schedule"], []),
        ("  actions: [succeeded]", "  act|", ["actions", "match", "fresh"], ["stripe", "api"]),
        ("actions: [succeeded]", "actions: [|]", ["succeeded", "payment_failed"], ["completed"]),
        ("object.metadata.x", "object.me|", ["amount", "metadata"], ["order"]),
        ("object.metadata.x", "|", ["object", "event", "inputs", "env"], ["order", "cust", "user", "item"]),
        ("status: paid", "sta|", ["status", "amount", "any"], ["id", "where"]),
        ("status: paid", "status: |", ["pending", "paid"], []),
        ("status: paid", "amount: {|}", ["gte", "ne"], ["id"]),
        ("one: required", "one: |", ["required", "optional"], []),
        ("    one: required", "    |", ["one", "order_by", "when"], ["id", "select", "stripe"]),
        ("select: orders", "select: |", ["orders"], []),
        ("object.amount", "object.am|", ["amount", "amount_received"], ["order"]),
        ("checkout.sessions.create", "checkout.se|", ["checkout.sessions.create"], ["refunds.create"]),
        ("{mode: payment}", "{mode: |}", ["payment", "setup", "subscription"], []),
        ("{mode: payment}", "{mo|}", ["mode", "line_items", "success_url"], []),
        ("{mode: payment}", "{mode: payment, line_items: [{pr|}]}", ["price", "quantity", "price_data"], ["mode"]),
        ("    name: x", "    na|", ["name", "address", "phone"], ["email"]),
        ("          shipping:\n", "          |\n          shipping:\n", ["phone"], ["email", "shipping"]),
        ("i.n > 0)", "i.|", ["sku", "n"], []),
        ("item.sku }}", "item.|", ["sku", "n"], []),
        ("item.sku }}", "|", ["item", "order", "cust"], []),
        ("cust.email", "cust.|", ["email", "name", "metadata"], []),
        ("      succeeded: []", "      su|", ["succeeded"], ["payment_failed"]),
        ("== 'succeeded'", "== '|", ["succeeded"], ["canceled", "order"]),
        ("== 'succeeded'", "== |", ["'succeeded'", "order"], []),
        ("== 'succeeded'", "in ['canceled', '|", ["succeeded"], []),
        ("${{ order.status }}", "${{ order.|", ["status", "amount"], ["customer"]),
        ("${{ order.status }}", "${{ steps.|", ["order"], []),
        ("${{ order.status }}", "${{ context.|", ["object", "order"], []),
        ("${{ order.status }}", "${{ order.status.|", ["upper", "startsWith"], ["join"]),
        ("  - update: orders\n", "  - |\n  - update: orders\n", ["stripe", "if", "email", "when"], []),
        ("  - update: orders\n", "  - email: |\n  - update: orders\n", ["receipt"], []),
        ("  - update: orders\n", "  - approve: ok?\n    roles: [a]\n    notify: [{email: |}]\n  - update: orders\n", ["receipt"], []),
        ("  - update: orders\n", "  - call: |\n  - update: orders\n", ["ensure-customer"], []),
        ("  - update: orders\n", "  - log: x\n    level: |\n  - update: orders\n", ["warning", "error"], []),
        ("  - update: orders\n", "  - wait_for: {stripe: refund, actions: [|\n  - update: orders\n", ["updated"], []),
    ],
)  # fmt: skip
def test_what_fits_is_offered(
    catalog: CatalogWithStripe, old: str, new: str, expected: list[str], unwanted: list[str]
) -> None:
    labels = offered(catalog, old, new)
    assert set(expected) <= set(labels)
    assert not set(unwanted) & set(labels)


def test_a_step_that_may_have_been_skipped_says_so(catalog: CatalogWithStripe) -> None:
    offset = TEXT.index("order.status }}")
    completion = complete_text(TEXT, offset, catalog)
    (cust,) = [item for item in completion.items if item.label == "cust"]
    (order,) = [item for item in completion.items if item.label == "order"]
    assert (cust.detail, order.detail) == ("may be null here", None)
    assert completion.items.index(order) < completion.items.index(cust)


def test_a_field_of_a_form_sees_what_its_step_sees(catalog: CatalogWithStripe) -> None:
    typed = "order.amount > 3 && object."
    path = ("steps", 1, "if")
    completion = complete_field(TEXT, path, typed, len(typed), catalog, is_expression=True)
    assert (completion.start, completion.end) == (len(typed), len(typed))
    assert "amount" in [item.label for item in completion.items]
    text = "Order ${{ order. }} of"
    completion = complete_field(
        TEXT, ("steps", 4, "set", "status"), text, text.index(". ") + 1, catalog, is_expression=False
    )
    assert "status" in [item.label for item in completion.items]


def test_comments_and_plain_words_offer_nothing(catalog: CatalogWithStripe) -> None:
    assert offered(catalog, "name: x", "name: x # a comment |") == []
    assert offered(catalog, "name: T", "name: T|") == []


@pytest.mark.parametrize(
    ("word", "inside", "title", "type_", "doc"),
    [
        ("object.amount", "amount", "object.amount", "int", "intended to be collected"),
        ("order.amount ==", "amount", "order.amount", "int", None),
        ("checkout.sessions.create", "sessions", "checkout.sessions.create", "checkout.session", "Checkout Session"),
        ("mode: payment", "mode", "mode", '"payment" | "setup" | "subscription"', "mode of the Checkout"),
        ("  - id: order\n    select:", "select", "select", None, "Read rows"),
        ("inputs.items.filter(", "filter", "list.filter(x, condition) -> list", None, "for which the condition"),
        ("stripe: payment_intent", "payment_intent", "payment_intent", None, "succeeded"),
        ("filter: event.action", "event", "event", "map", "family"),
    ],
)
def test_the_word_under_the_cursor_is_explained(  # noqa: PLR0917 - one per column of the table
    catalog: CatalogWithStripe, word: str, inside: str, title: str, type_: str | None, doc: str | None
) -> None:
    offset = TEXT.index(word) + word.index(inside) + 1
    hover = hover_text(TEXT, offset, catalog)
    assert hover is not None
    assert (hover.title, hover.type) == (title, type_)
    assert TEXT[hover.start : hover.end] in {inside, title}
    assert doc is None or doc in (hover.doc or "")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([TEXT, *(path.read_text() for path in sorted(EXAMPLES.glob("*.yaml")))]),
    st.floats(0, 1),
    st.integers(0, 60),
    st.sampled_from(["", ".", "${{", "'", "{", "- ", "\n", "\t", "}}", "?.", "|", "é"]),
)
def test_no_half_typed_text_is_too_much(text: str, where: float, cut: int, typed: str) -> None:
    catalog = CatalogWithStripe()
    at = int(where * len(text))
    broken = text[:at] + typed + text[min(at + cut, len(text)) :]
    completion = complete_text(broken, at + len(typed), catalog)
    assert 0 <= completion.start <= at + len(typed) <= completion.end <= len(broken)
    hover_text(broken, at, catalog)
