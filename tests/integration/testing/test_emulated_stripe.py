"""The Stripe of a case is the local Stripe in this process, as far as the case does not describe its objects itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from payloom.testing.runner import Report

if TYPE_CHECKING:
    from tests.support.testing_fixture import SmallProject

Lines = Callable[[Report], list[str]]
INVOICE = """\
name: Invoice
description: Bills two hours.
on: {api: POST /invoice, auth: none}
steps:
  - id: item
    stripe: invoice_items.create
    with: {customer: cus_ada, amount: 1900, currency: usd}
  - id: invoice
    stripe: invoices.create
    with: {customer: cus_ada, pending_invoice_items_behavior: include}
  - id: final
    stripe: invoices.finalize_invoice
    with: {id: "${{ invoice.id }}"}
  - return: {id: "${{ final.id }}", total: "${{ final.total }}", status: "${{ final.status }}"}
"""
INVOICED = """\
workflow: invoice
cases:
  - name: bills what was added
    call: {}
    expect: {output: {id: in_1, total: 1900, status: open}}
"""


def test_objects_have_what_the_calls_before_led_to(small: SmallProject, lines: Lines) -> None:
    small.write("workflows/invoice.yaml", INVOICE)
    report = small.cases(INVOICED)
    assert lines(report) == []
    assert report.results[0].scenarios > 3, "it was also killed at its boundaries"


def test_what_the_case_says_a_call_answers_wins(small: SmallProject, lines: Lines) -> None:
    small.write("workflows/invoice.yaml", INVOICE)
    answers = "given: {stripe: {answers: {invoices.finalize_invoice: {total: 5, status: paid}}}}\n"
    cases = INVOICED.replace("total: 1900, status: open", "total: 5, status: paid").replace(
        "cases:", answers + "cases:"
    )
    assert lines(small.cases(cases)) == []


def test_an_object_of_the_case_stays_as_the_case_has_it(small: SmallProject, lines: Lines) -> None:
    small.write("workflows/invoice.yaml", INVOICE)
    initial_state = "given: {stripe: {objects: [{id: cus_ada, email: ada@example.com}]}}\n"
    cases = INVOICED.replace("total: 1900, status: open", "status: open").replace("cases:", initial_state + "cases:")
    assert lines(small.cases(cases)) == []


def test_an_invoice_cannot_be_finalized_twice(small: SmallProject, lines: Lines) -> None:
    twice = INVOICE.replace(
        "  - return:", '  - stripe: invoices.finalize_invoice\n    with: {id: "${{ invoice.id }}"}\n  - return:'
    )
    small.write("workflows/invoice.yaml", twice)
    failures = lines(small.cases(INVOICED))
    assert any("already finalized" in line for line in failures), failures


GIVEN = """\
workflow: look
given:
  stripe:
    objects:
      - {id: cus_ada, email: ada@example.com, metadata: {tier: gold}}
      - {id: cus_bob, email: bob@example.com}
      - {object: price, id: price_a, unit_amount: 900, currency: usd, lookup_key: a}
      - {object: price, id: price_b, unit_amount: 700, currency: eur, lookup_key: b}
cases:
  - name: looks
    call: {}
"""
LOOK = """\
name: Look
description: Looks at what Stripe has.
on: {api: POST /look, auth: none}
steps:
"""


def looks(small: SmallProject, steps: str, expected: str) -> Report:
    """Run a workflow of these steps with the objects given, and expect what it returns."""
    small.write("workflows/look.yaml", LOOK + steps)
    return small.cases(f"{GIVEN}    expect: {{output: {expected}}}\n")


def test_a_given_object_is_read_with_what_stripe_adds(small: SmallProject, lines: Lines) -> None:
    steps = """\
  - {id: ada, stripe: customers.retrieve, with: {id: cus_ada}}
  - {id: price, stripe: prices.retrieve, with: {id: price_a}}
  - return: {email: "${{ ada.email }}", tier: "${{ ada.metadata.tier }}", prefix: "${{ ada.invoice_prefix != null }}", price: "${{ price.unit_amount }}", type: "${{ price.type }}", decimal: "${{ price.unit_amount_decimal }}"}
"""
    report = looks(
        small, steps, "{email: ada@example.com, tier: gold, prefix: true, price: 900, type: one_time, decimal: '900'}"
    )
    assert lines(report) == []


def test_lists_filter_and_page_given_objects(small: SmallProject, lines: Lines) -> None:
    steps = """\
  - {id: every, stripe: customers.list}
  - {id: first, stripe: customers.list, with: {limit: 1}}
  - {id: after, stripe: customers.list, with: {limit: 1, starting_after: cus_ada}}
  - {id: bob, stripe: customers.list, with: {email: bob@example.com}}
  - {id: dollars, stripe: prices.list, with: {currency: usd, lookup_keys: [a, b]}}
  - return: {every: "${{ every.data.map(c, c.id) }}", first: "${{ first.data.map(c, c.id) }}", more: "${{ first.has_more }}", after: "${{ after.data.map(c, c.id) }}", bob: "${{ bob.data.map(c, c.id) }}", dollars: "${{ dollars.data.map(c, c.id) }}"}
"""
    expected = "{every: [cus_ada, cus_bob], first: [cus_ada], more: true, after: [cus_bob], bob: [cus_bob], dollars: [price_a]}"
    assert lines(looks(small, steps, expected)) == []


def test_a_search_finds_what_its_query_says(small: SmallProject, lines: Lines) -> None:
    steps = """\
  - {id: gold, stripe: customers.search, with: {query: "metadata['tier']:'gold'"}}
  - {id: none, stripe: customers.search, with: {query: "email:'eve@example.com'"}}
  - return: {gold: "${{ gold.data.map(c, c.id) }}", none: "${{ none.data.map(c, c.id) }}"}
"""
    assert lines(looks(small, steps, "{gold: [cus_ada], none: []}")) == []


def test_a_change_of_a_given_object_is_read_again(small: SmallProject, lines: Lines) -> None:
    steps = """\
  - {stripe: customers.update, with: {id: cus_ada, name: Ada, metadata: {seen: "yes"}}}
  - {id: ada, stripe: customers.retrieve, with: {id: cus_ada}}
  - {stripe: customers.delete, with: {id: cus_bob}}
  - {id: rest, stripe: customers.list}
  - return: {name: "${{ ada.name }}", email: "${{ ada.email }}", metadata: "${{ ada.metadata }}", rest: "${{ rest.data.map(c, c.id) }}"}
"""
    expected = "{name: Ada, email: ada@example.com, metadata: {tier: gold, seen: 'yes'}, rest: [cus_ada]}"
    assert lines(looks(small, steps, expected)) == []


def test_calls_that_use_given_objects_are_answered_by_the_local_stripe(small: SmallProject, lines: Lines) -> None:
    small.write("workflows/invoice.yaml", INVOICE)
    initial_state = "given: {stripe: {objects: [{id: cus_ada, email: ada@example.com}]}}\n"
    assert lines(small.cases(INVOICED.replace("cases:", initial_state + "cases:"))) == []


def test_an_object_whose_history_the_case_does_not_tell_has_plain_answers(small: SmallProject, lines: Lines) -> None:
    """The local Stripe would refuse to pay an invoice that was never finalized; the case says that it is open."""
    small.write("workflows/pay-invoice.yaml", LOOK.replace("/look", "/pay") + PAY_INVOICE)
    initial_state = "workflow: pay-invoice\ngiven: {stripe: {objects: [{id: in_9, status: open, customer: cus_ada}, {id: cus_ada}]}}\n"
    assert (
        lines(small.cases(initial_state + "cases: [{name: pays, call: {}, expect: {output: {status: paid}}}]\n")) == []
    )


PAY_INVOICE = """\
  - {id: paid, stripe: invoices.pay, with: {id: in_9}, idempotency_key: pay-in_9}
  - return: {status: "${{ paid.status }}"}
"""


RENAMED = """\
name: Renamed
description: Reads a customer that changed.
on: {stripe: customer, actions: [updated]}
steps:
  - {id: ada, stripe: customers.retrieve, with: {id: "${{ object.id }}"}}
  - log: ${{ ada.name }} ${{ ada.email }}
"""


def test_what_an_event_says_of_a_given_object_is_read_afterwards(small: SmallProject, lines: Lines) -> None:
    small.write("workflows/renamed.yaml", RENAMED)
    event = "{type: customer.updated, object: {id: cus_ada, name: Ada L., email: ada@example.org}}"
    initial_state = (
        "workflow: renamed\ngiven: {stripe: {objects: [{id: cus_ada, name: Ada, email: ada@example.com}]}}\n"
    )
    case = f"cases: [{{name: renamed, event: {event}, expect: {{logs: [{{text: Ada L. ada@example.org}}]}}}}]\n"
    assert lines(small.cases(initial_state + case)) == []
