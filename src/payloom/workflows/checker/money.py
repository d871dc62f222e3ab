"""F101, F103, F104: who decides about money, and how often it moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.workflows.checker.findings import Findings, leaves
from payloom.workflows.checker.taint import MONEY, Taint
from payloom.workflows.diagnostics import Path
from payloom.workflows.expressions import tree
from payloom.workflows.interpreter.node import Node
from payloom.workflows.interpreter.parts import Site
from payloom.workflows.interpreter.verbs import calling, loops, outside


def check_money(findings: Findings, taint: Taint) -> None:
    """Check every Stripe step, and what is handed to called workflows."""
    for node in findings.nodes:
        if isinstance(node, outside.OutsideStep) and node.key is not None:
            _key(findings, node)
        if isinstance(node, outside.Stripe) and findings.apis:
            _chosen_by_client(findings, taint, node)
            _twice(findings, node)
        if isinstance(node, calling.Call) and findings.apis:
            # What a called workflow does with it cannot be seen from here; its name says what it is for.
            _values(findings, taint, node.with_.literal, (*node.path, "with"))


def _chosen_by_client(findings: Findings, taint: Taint, node: outside.Stripe) -> None:
    action = findings.catalog.action("stripe", node.action)
    if action is not None and not action.writes:
        return
    staff_only = all(isinstance(one.auth, tuple) for one in findings.apis)
    if staff_only and node.action.startswith("refunds."):
        # Refunds by staff give money back that Stripe caps at what was paid.
        return
    _values(findings, taint, node.with_.literal, (*node.path, "with"))


def _values(findings: Findings, taint: Taint, values: Any, base: Path) -> None:
    for path, value in leaves(values, base):
        if not isinstance(value, str):
            continue
        key = _money_key(path[len(base) :])
        for site in findings.by_path.get(path, []):
            if key is not None and taint.tree(site.compiled.tree, {}):
                _report(findings, site, key)
            elif key is None:
                for name, entry in _money_entries(site.compiled.tree, taint, {}):
                    _report(findings, site, name, entry.span)


def _report(findings: Findings, site: Site, key: str, span: tuple[int, int] | None = None) -> None:
    findings.report_in(
        "F101",
        site,
        f"the client decides `{key}`",
        "read it from a table instead, by a key the client may know, or allow only fixed choices (a | b)",
        span,
    )


def _money_key(path: Path) -> str | None:
    if "metadata" in path:
        return None
    return next((part for part in reversed(path) if isinstance(part, str) and part in MONEY), None)


def _money_entries(node: tree.Node, taint: Taint, bound: Mapping[str, bool]) -> list[tuple[str, tree.Node]]:
    """Return the entries of map literals inside an expression that give the client's choice to a money key."""
    found: list[tuple[str, tree.Node]] = []
    if isinstance(node, tree.MapOf):
        for key, value in node.entries:
            if isinstance(key, tree.Literal) and key.value in MONEY and taint.tree(value, bound):
                found.append((str(key.value), value))
            elif not (isinstance(key, tree.Literal) and key.value == "metadata"):
                found += _money_entries(value, taint, bound)
        return found
    if isinstance(node, tree.Macro):
        inner = {**bound, node.variable: taint.tree(node.of, bound)}
        return [
            *_money_entries(node.of, taint, bound),
            *(hit for arg in node.args for hit in _money_entries(arg, taint, inner)),
        ]
    return [hit for child in node.children() for hit in _money_entries(child, taint, bound)]


def _twice(findings: Findings, node: outside.Stripe) -> None:
    action = findings.catalog.action("stripe", node.action)
    if action is None or not action.moves_money or node.key is not None or "checkout.sessions" in action.name:
        return
    if any(one.dedupe is None for one in findings.apis) and findings.workflow.once is None:
        findings.report(
            "F104",
            (*node.path, "stripe"),
            "a second click moves the money a second time",
            "add `dedupe: ${{ inputs.request_id }}` to the trigger, or an `idempotency_key` made of the order's id",
        )


def _key(findings: Findings, node: outside.OutsideStep) -> None:
    path = (*node.path, "idempotency_key")
    sites = findings.by_path.get(path, [])
    for site in sites:
        if site.compiled.uses_now or site.compiled.uses_uuid:
            findings.report_in(
                "F103", site, "this key is new on every run", "make it of ids that stay, e.g. the order's id"
            )
    loop = _loop(findings, node)
    if loop is None:
        return
    own = {name for inner in findings.nodes if inner.path[: len(loop.path)] == loop.path for name in [inner.id] if name}
    varying = own | ({loop.item} if isinstance(loop, loops.ForEach) else {"vars"})
    if not any(str(part) in varying for site in sites for ref in site.compiled.refs for part in ref.path[:2]):
        findings.report(
            "F103", path, "all rounds of the loop share this key: only the first gets through", "add the item's id"
        )


def _loop(findings: Findings, node: Node) -> Node | None:
    around = [
        one
        for one in findings.nodes
        if one is not node and isinstance(one, loops.ForEach | loops.While) and one.path == node.path[: len(one.path)]
    ]
    return max(around, key=lambda one: len(one.path), default=None)
