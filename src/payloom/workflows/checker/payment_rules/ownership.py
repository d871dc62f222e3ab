"""F102: what belongs to somebody, picked by an id that the caller sent: rows, and Stripe's objects and accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.workflows.catalog.catalog import TableShape
from payloom.workflows.checker.findings import Findings, reads, root_of
from payloom.workflows.checker.payment_rules.taint import MONEY, Taint
from payloom.workflows.interpreter.verbs import outbound, tables
from payloom.workflows.program.node import ExpressionSite

_OWNER = ("user_id", "owner_id", "account_id", "customer_id", "user", "owner")
OBJECTS = frozenset(
    {
        "id", "account", "charge", "customer", "default_payment_method", "default_source", "dispute", "from_invoice",
        "from_subscription", "invoice", "mandate", "payment_intent", "payment_method", "payout", "quote", "refund",
        "schedule", "setup_intent", "source", "subscription", "subscription_item", "transfer",
    }
)  # fmt: skip
"""Parameters of Stripe's operations that name an object of somebody's."""
_CAPABILITIES = ("checkout.sessions.",)
"""Objects whose ids only their owner is sent: who knows the id of a Checkout Session came back from it."""
_Root = tuple[str | int, ...]


def owner_column(table: TableShape) -> str | None:
    """Return the column that says whose row it is; None for tables without an owner, such as a price list."""
    for name, column in table.columns.items():
        if column.references and column.references.partition(".")[0] in {"users", "user", "accounts"}:
            return name
    if table.name in {"users", "accounts"}:
        return next((name for name, column in table.columns.items() if column.primary), "id")
    return next((name for name in _OWNER if name in table.columns), None)


def for_anybody(findings: Findings) -> bool:
    """Whether any signed-in user, or a guest, can call one of the workflow's endpoints."""
    return any(api.auth in {"user", "optional", "none"} for api in findings.apis if isinstance(api.auth, str))


def check_ownership(findings: Findings, taint: Taint) -> None:
    """Check the table and Stripe steps of endpoints that any signed-in user (or nobody in particular) may call."""
    if not for_anybody(findings):
        return
    proven = _proven(findings)
    for node in findings.nodes:
        if isinstance(node, tables.Select | tables.Update | tables.Delete):
            _row(findings, taint, node)
        elif isinstance(node, outbound.Stripe):
            _object(findings, taint, node, proven)


def _row(findings: Findings, taint: Taint, node: tables.Select | tables.Update | tables.Delete) -> None:
    table = findings.catalog.table(node.table)
    if table is None or not is_map(node.where.literal):
        return
    owner = owner_column(table)
    where = node.where.literal
    path = (*node.path, "where")
    if owner is None or not _by_client(findings, taint, path) or _owned(findings, where, path):
        return
    key = next((name for name in where if name != "any"), "any")
    findings.report(
        "F102",
        (*path, key),
        f"any caller can name another user's row of `{node.table}`",
        f'add {owner}: "${{{{ user.id }}}}" to `where`',
        key=True,
    )


def _object(findings: Findings, taint: Taint, node: outbound.Stripe, proven: set[_Root]) -> None:
    """Check the parameters that name an object of Stripe's, and the connected account."""
    for name, path in _names(findings, node):
        for site in findings.sites_below(path):
            chosen = taint.tree(site.compiled.tree, {}) or taint.looked_up(site.compiled.tree)
            if not chosen or {_root(ref.path) for ref in site.compiled.refs} <= proven:
                continue
            findings.report_in(
                "F102",
                site,
                f"any caller can name somebody else's `{name}` of `{node.action}`",
                "read the id from a row selected by `user.id`, or compare the object's owner with the user's first",
            )


def _names(findings: Findings, node: outbound.Stripe) -> Iterator[tuple[str, Path]]:
    """Yield the parameters that name an object: the name, and where it stands."""
    action = findings.catalog.action("stripe", node.action)
    writes = action is None or action.writes
    values: Mapping[str, Any] = node.with_.literal if is_map(node.with_.literal) else {}
    for name in values:
        paid = writes and name in MONEY  # F101 has those
        public = name == "id" and not writes and node.action.startswith(_CAPABILITIES)
        if name in OBJECTS and not paid and not public:
            yield name, (*node.path, "with", name)
    if node.account is not None:
        yield "account", (*node.path, "account")


def _root(path: tuple[str | int, ...]) -> _Root:
    """Return what a reference begins with: a step's name, or the input (`inputs.id`)."""
    parts = root_of(path)
    return parts[:2] if parts[:1] in {("inputs",), ("vars",)} else parts[:1]


def _proven(findings: Findings) -> set[_Root]:
    """Return the inputs and steps that something compares with the user, or with a row selected by the user."""
    owned: set[_Root] = {("user",)}
    proven: set[_Root] = set()
    for _ in range(3):  # a row by the user, an object by that row, a comparison with that object
        for sites in _comparisons(findings):
            roots = {_root(ref.path) for site in sites for ref in site.compiled.refs}
            if roots & owned:
                proven |= roots
        for node in findings.nodes:
            if isinstance(node, outbound.Stripe) and (node.id,) in proven:
                # What named an object is proven with it: a retrieved one whose owner is compared.
                proven |= {_root(ref.path) for site in findings.sites_of(node) for ref in site.compiled.refs}
        owned |= {(node.id,) for node in _selects(findings) if node.id and _owned_by(findings, node, owned)}
    return proven


def _selects(findings: Findings) -> Iterator[tables.Select]:
    yield from (node for node in findings.nodes if isinstance(node, tables.Select))


def _comparisons(findings: Findings) -> Iterator[list[ExpressionSite]]:
    """Yield the expressions of each condition, and those of each `where` together."""
    yield from ([site] for site in findings.workflow.sites if site.bare and _compares(site.compiled.source))
    for node in _selects(findings):
        yield findings.sites_below((*node.path, "where"))


def _compares(source: str) -> bool:
    return "==" in source or "!=" in source


def _owned_by(findings: Findings, node: tables.Select, owned: set[_Root]) -> bool:
    sites = findings.sites_below((*node.path, "where"))
    return any(_root(ref.path) in owned for site in sites for ref in site.compiled.refs)


def _by_client(findings: Findings, taint: Taint, path: Path) -> bool:
    return any(
        taint.tree(site.compiled.tree, {}) or taint.looked_up(site.compiled.tree) for site in findings.sites_below(path)
    )


def _owned(findings: Findings, where: Mapping[str, Any], path: Path) -> bool:
    for name, value in where.items():
        if name == "any" and is_list(value):
            if all(is_map(item) and _owned(findings, item, (*path, "any", at)) for at, item in enumerate(value)):
                return True
            continue
        if any(reads(site.compiled, "user") for site in findings.sites_below((*path, name))):
            return True
    return False
