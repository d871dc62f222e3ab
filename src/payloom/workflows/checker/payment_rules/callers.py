"""F130 to F133: what a caller must not decide: a status, whom a mail goes to, where a browser goes, a search."""

from __future__ import annotations

from typing import Any

from payloom.kit.json_types import is_map
from payloom.workflows.checker.findings import Findings, leaves, root_of
from payloom.workflows.checker.payment_rules.ownership import for_anybody
from payloom.workflows.checker.payment_rules.taint import Taint
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.interpreter.verbs import outbound, tables
from payloom.workflows.program.node import ExpressionSite

GRANTS = frozenset(
    {
        "access", "access_until", "admin", "approved", "balance", "credit", "credits", "entitlements", "has_access",
        "is_admin", "is_paid", "is_premium", "paid", "paid_at", "permissions", "plan", "premium", "premium_until",
        "refunded", "role", "roles", "subscription_status", "tier",
    }
)  # fmt: skip
"""Columns that give somebody something."""
_CHOICES = frozenset({"plan", "tier"})
"""What one may choose to buy, and what one has bought: in a table of people it is the second."""
_PEOPLE = frozenset({"accounts", "customers", "members", "memberships", "profiles", "subscriptions", "users"})
_STATES = ("status", "state")
_PAID = frozenset(
    {
        "active", "approved", "complete", "completed", "confirmed", "delivered", "fulfilled", "granted", "paid",
        "premium", "refunded", "settled", "shipped", "succeeded", "trialing",
    }
)  # fmt: skip


def check_callers(findings: Findings, taint: Taint) -> None:
    """Run all rules of this family."""
    if not findings.apis:
        return
    for node in findings.nodes:
        if isinstance(node, tables.Insert | tables.Update | tables.Upsert) and for_anybody(findings):
            _own_status(findings, node)
        elif isinstance(node, outbound.Email):
            _mail_cannon(findings, taint, node)
        elif isinstance(node, outbound.Stripe):
            _redirect(findings, taint, node)
            _search(findings, taint, node)
        elif isinstance(node, outbound.Http):
            _host(findings, taint, node)


def _own_status(findings: Findings, node: tables.Insert | tables.Update | tables.Upsert) -> None:
    """A caller's word is no payment, not even one of a fixed list of words."""
    key = "set" if isinstance(node, tables.Update) else "values"
    written = node.set.literal if isinstance(node, tables.Update) else node.values.literal
    for name, value in written.items() if is_map(written) else ():
        if not _grants(findings, node.table, name):
            continue
        site = findings.single(value, (*node.path, key, name))
        if site is not None and _is_input(site.compiled.tree) and not _only_harmless(findings, site):
            findings.report_in(
                "F130",
                site,
                f"any caller can set their own `{name}`",
                "set it when Stripe's event says so; a caller may choose among prices, and pays for one",
            )


def _grants(findings: Findings, table: str, column: str) -> bool:
    if column in _CHOICES:
        return table in _PEOPLE
    shape = findings.catalog.table(table)
    known = shape.columns.get(column) if shape is not None else None
    if column in GRANTS:
        # A number may be what somebody says they paid: F101 finds it where it reaches money.
        return column not in {"paid", "refunded"} or known is None or known.type != "int"
    if column.rpartition("_")[2] not in _STATES:
        return False
    words = known.enum if known is not None else None
    # A state of any text may be a part of an address.
    return bool(_PAID & set(words)) if words is not None else column != "state"


def _is_input(tree: ast.Node) -> bool:
    """Whether a value is what the caller sent, as it is or one or the other."""
    if isinstance(tree, ast.Conditional):
        return _is_input(tree.then) or _is_input(tree.otherwise)
    path, _, start = ast.path_of(tree)
    return isinstance(start, ast.Name) and root_of(path)[:1] == ("inputs",)


def _only_harmless(findings: Findings, site: ExpressionSite) -> bool:
    """Whether the input is one of fixed words, and none of them stands for money that came."""
    path, _, _ = ast.path_of(site.compiled.tree)
    schema: Any = findings.workflow.input or {}
    for part in root_of(path)[1:]:
        schema = schema.get("properties", {}).get(part) if is_map(schema) else None
    words = schema.get("enum") if is_map(schema) else None
    last = str(root_of(path)[-1])
    return bool(words) and last.rpartition("_")[2] in _STATES and not _PAID & set(words)


def _mail_cannon(findings: Findings, taint: Taint, node: outbound.Email) -> None:
    """A form that sends mails to any address works for whoever wants to fill somebody's inbox."""
    open_ones = [api for api in findings.apis if api.auth in {"none", "optional"}]
    if not open_ones or all(api.rate_limit is not None for api in open_ones):
        return
    if taint.value(node.to.literal, (*node.path, "to")):
        findings.report(
            "F131",
            (*node.path, "to"),
            "anybody can have mails sent to any address",
            "add `rate_limit: 5/h` to the trigger, or send to the signed-in user",
        )


def _redirect(findings: Findings, taint: Taint, node: outbound.Stripe) -> None:
    for path, value in leaves(node.with_.literal, (*node.path, "with")):
        last = next((part for part in reversed(path) if isinstance(part, str)), "")
        if not (last == "url" or last.endswith("_url")) or not isinstance(value, str):
            continue
        site = next(iter(findings.by_path.get(path, [])), None)
        if site is not None and value.strip().startswith("${{") and taint.tree(_first(site.compiled.tree), {}):
            findings.report_in(
                "F132",
                site,
                f"the caller decides where `{last}` leads",
                "begin it with ${{ env.SITE_URL }}; let the caller choose among fixed paths at most",
            )


def _first(tree: ast.Node) -> ast.Node:
    """Return what a text begins with."""
    while isinstance(tree, ast.Binary) and tree.sign == "+":
        tree = tree.left
    return tree


def _host(findings: Findings, taint: Taint, node: outbound.Http) -> None:
    first = node.parts[0] if node.parts else ""
    if isinstance(first, str):
        return
    site = next(iter(findings.by_path.get((*node.path, "http"), [])), None)
    if site is not None and taint.tree(_first(site.compiled.tree), {}):
        findings.report_in(
            "F132", site, "the caller decides which host is called", "write the host, and fill in what comes after it"
        )


def _search(findings: Findings, taint: Taint, node: outbound.Stripe) -> None:
    if not node.action.endswith(".search") or not is_map(node.with_.literal):
        return
    for site in findings.sites_below((*node.path, "with", "query")):
        if taint.tree(site.compiled.tree, {}):
            findings.report_in(
                "F133",
                site,
                "the caller can change what this query searches for",
                "use `select: stripe.customers` with `where`, which quotes values",
            )
            return
