"""F134 to F136: amounts made by hand, payments that nobody compares with what was asked, sums of mixed currencies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from payloom.kit.json_types import is_map
from payloom.workflows.checker.findings import Findings, root_of
from payloom.workflows.checker.payment_rules.callers import GRANTS
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.interpreter.verbs import outbound, simple, tables
from payloom.workflows.program.node import ExpressionSite

_AMOUNT_NAMES = ("amount", "total", "subtotal", "price", "fee", "net", "balance")
_HUNDREDS = (10, 100, 1000)
_PAYMENTS = {
    "payment_intent": "amount",
    "checkout.session": "amount_total",
    "charge": "amount",
    "invoice": "amount_paid",
}


def check_amounts(findings: Findings) -> None:
    """Run all rules of this family."""
    for site in findings.workflow.sites:
        for division in _divisions(site.compiled.tree):
            findings.report_in(
                "F134",
                site,
                "an amount is divided by hand: yen have no minor unit, Kuwaiti dinars have three digits",
                "write money(amount, currency)",
                division.span,
            )
    _not_compared(findings)
    for node in findings.nodes:
        if isinstance(node, outbound.Stripe):
            _mixed_sum(findings, node)


def _divisions(tree: ast.Node) -> Iterator[ast.Binary]:
    if (
        isinstance(tree, ast.Binary)
        and tree.sign == "/"
        and isinstance(tree.right, ast.Literal)
        and tree.right.value in _HUNDREDS
        and any(_is_amount(node) for node in _all(tree.left))
    ):
        yield tree
        return
    for child in tree.children():
        yield from _divisions(child)


def _all(tree: ast.Node) -> Iterator[ast.Node]:
    yield tree
    for child in tree.children():
        yield from _all(child)


def _is_amount(node: ast.Node) -> bool:
    path, _, start = ast.path_of(node)
    if not isinstance(start, ast.Name) or not path:
        return False
    words = str(path[-1]).split("_")
    return any(word in _AMOUNT_NAMES for word in words) and "percent" not in words


def _not_compared(findings: Findings) -> None:
    """Advise to compare what was paid with what the order asked for, where metadata alone names the order."""
    events = [event for event in findings.events if event.family in _PAYMENTS]
    if not events or any("amount" in site.compiled.source for site in findings.workflow.sites):
        return
    for node in findings.nodes:
        if not isinstance(node, tables.Update) or not is_map(node.set.literal):
            continue
        by_metadata = any("metadata" in site.compiled.source for site in findings.sites_below((*node.path, "where")))
        column = next((name for name, value in node.set.literal.items() if name in GRANTS or value == "paid"), None)
        if by_metadata and column is not None:
            field = _PAYMENTS[events[0].family]
            findings.report(
                "F135",
                (*node.path, "set", column),
                "nothing compares what was paid with what was asked",
                f"add `amount: ${{{{ object.{field} }}}}` and the currency to `where`",
                key=True,
            )
            return


def _mixed_sum(findings: Findings, node: outbound.Stripe) -> None:
    """Find a sum over rows that becomes an amount, in the currency of one of the rows."""
    values = node.with_.literal
    if not is_map(values) or "currency" not in values:
        return
    currency = findings.single(values["currency"], (*node.path, "with", "currency"))
    if currency is None or not any(isinstance(part, ast.Index) for part in _all(currency.compiled.tree)):
        return
    amounts = findings.sites_below((*node.path, "with", "amount"))
    if not any("sum(" in source for site in amounts for source in _sources(findings, site)):
        return
    compared = any(
        "currency" in site.compiled.source and ("==" in site.compiled.source or "!=" in site.compiled.source)
        for site in findings.workflow.sites
    )
    if not compared:
        findings.report_in(
            "F136",
            currency,
            "the sum may mix currencies, and this is the currency of one row",
            "add `ensure: rows.all(r, r.currency == rows[0].currency)` before, or select rows of one currency",
        )


def _sources(findings: Findings, site: ExpressionSite) -> Iterator[str]:
    """Yield an expression's text and the texts of the variables and `let` steps that it reads."""
    yield site.compiled.source
    roots: set[Any] = {part for ref in site.compiled.refs for part in root_of(ref.path)[:2]}
    for node in findings.nodes:
        if isinstance(node, simple.Let) and (node.id in roots or roots & set[Any](node.values.literal or ())):
            yield from (inner.compiled.source for inner in findings.sites_of(node))
