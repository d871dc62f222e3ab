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
    found = INVOICED.replace("total: 1900, status: open", "total: 5, status: paid").replace(
        "cases:", answers + "cases:"
    )
    assert lines(small.cases(found)) == []


def test_an_object_of_the_case_stays_as_the_case_has_it(small: SmallProject, lines: Lines) -> None:
    small.write("workflows/invoice.yaml", INVOICE)
    given = "given: {stripe: {objects: [{id: cus_ada, email: ada@example.com}]}}\n"
    found = INVOICED.replace("total: 1900, status: open", "status: open").replace("cases:", given + "cases:")
    assert lines(small.cases(found)) == []


def test_an_invoice_cannot_be_finalized_twice(small: SmallProject, lines: Lines) -> None:
    twice = INVOICE.replace(
        "  - return:", '  - stripe: invoices.finalize_invoice\n    with: {id: "${{ invoice.id }}"}\n  - return:'
    )
    small.write("workflows/invoice.yaml", twice)
    found = lines(small.cases(INVOICED))
    assert any("already finalized" in line for line in found), found
