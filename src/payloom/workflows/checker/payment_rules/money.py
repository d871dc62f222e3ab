"""F101, F103, F104: who decides about money, and how often it moves."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_map
from payloom.workflows.checker.findings import Findings, leaves, root_of
from payloom.workflows.checker.payment_rules.ownership import for_anybody
from payloom.workflows.checker.payment_rules.taint import MONEY, Taint
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.interpreter.verbs import call, loops, outbound, simple, tables
from payloom.workflows.program.node import ExpressionSite, Node

_OTHERWISE = "read it from a table instead, by a key the client may know, or allow only fixed choices (a | b)"
AMOUNTS = frozenset({"amount", "unit_amount", "amount_to_capture"})
_ID = re.compile(r"[a-z]+_\w+")
"""An id of Stripe's: a call that names one object may have one key."""


def check_money(findings: Findings, taint: Taint) -> None:
    """Check every Stripe step, and what is handed to called workflows."""
    _fresh_keys(findings)
    for node in findings.nodes:
        if isinstance(node, outbound.OutsideStep) and node.key is not None:
            _key(findings, node)
        if isinstance(node, outbound.Stripe) and findings.apis:
            _chosen_by_client(findings, taint, node)
            _twice(findings, node)
        if isinstance(node, call.Call) and findings.apis:
            # What a called workflow does with it is known, or else the argument's name says what it is for.
            known = findings.catalog.money_inputs(node.target)
            for site, key, span in _values(findings, taint, node.with_.literal, (*node.path, "with"), known):
                _report(findings, site, key, span, through=node.target if known and key in known else None)


def money_inputs(findings: Findings) -> frozenset[str]:
    """Return the inputs of a workflow that reach money in it, or in a workflow it calls."""
    properties = (findings.workflow.input or {}).get("properties", {})
    inputs: set[str] = set()
    for name, schema in properties.items():
        taint = Taint(findings, {name: schema})
        if any(_reached(findings, taint, node) for node in findings.nodes):
            inputs.add(name)
    return frozenset(inputs)


def _reached(findings: Findings, taint: Taint, node: Node) -> bool:
    if isinstance(node, outbound.Stripe):
        action = findings.catalog.action("stripe", node.action)
        known: Collection[str] | None = None
        if action is not None and not action.writes:
            return False
    elif isinstance(node, call.Call):
        known = findings.catalog.money_inputs(node.target)
    else:
        return False
    return any(True for _ in _values(findings, taint, node.with_.literal, (*node.path, "with"), known))


def _chosen_by_client(findings: Findings, taint: Taint, node: outbound.Stripe) -> None:
    action = findings.catalog.action("stripe", node.action)
    if action is not None and not action.writes:
        return
    if all(isinstance(trigger.auth, tuple) for trigger in findings.apis):
        # Somebody with a role does it in the project's name: that is what the role is for.
        return
    for site, key, span in _values(findings, taint, node.with_.literal, (*node.path, "with")):
        _report(findings, site, key, span)


def _values(
    findings: Findings, taint: Taint, values: Any, base: Path, known: Collection[str] | None = None
) -> Iterator[tuple[ExpressionSite, str, tuple[int, int] | None]]:
    """Yield the expressions that hand the client's choice to money. known: the keys at the top that are money."""
    for path, value in leaves(values, base):
        if not isinstance(value, str):
            continue
        inner = path[len(base) :]
        key = _money_key(inner) if known is None else str(inner[0]) if inner and inner[0] in known else None
        for site in findings.by_path.get(path, []):
            if key is not None and taint.tree(site.compiled.tree, {}):
                yield site, key, None
            elif key is None and known is None:
                for name, entry in _money_entries(site.compiled.tree, taint, {}):
                    yield site, name, entry.span


def _report(
    findings: Findings,
    site: ExpressionSite,
    key: str,
    span: tuple[int, int] | None = None,
    *,
    through: str | None = None,
) -> None:
    findings.report_in(
        "F101",
        site,
        f"the client decides `{key}`" + (f", which is money in {through}" if through else ""),
        _OTHERWISE if key not in AMOUNTS else f"{_OTHERWISE}; if people may choose it: `int 100..50000 chosen`",
        span,
    )


def _money_key(path: Path) -> str | None:
    if "metadata" in path:
        return None
    return next((part for part in reversed(path) if isinstance(part, str) and part in MONEY), None)


def _money_entries(node: ast.Node, taint: Taint, bound: Mapping[str, bool]) -> list[tuple[str, ast.Node]]:
    """Return the entries of map literals inside an expression that give the client's choice to a money key."""
    entries: list[tuple[str, ast.Node]] = []
    if isinstance(node, ast.MapOf):
        for key, value in node.entries:
            if isinstance(key, ast.Literal) and key.value in MONEY and taint.tree(value, bound):
                entries.append((str(key.value), value))
            elif not (isinstance(key, ast.Literal) and key.value == "metadata"):
                entries += _money_entries(value, taint, bound)
        return entries
    if isinstance(node, ast.Macro):
        inner = {**bound, node.variable: taint.tree(node.of, bound)}
        return [
            *_money_entries(node.of, taint, bound),
            *(hit for arg in node.args for hit in _money_entries(arg, taint, inner)),
        ]
    return [hit for child in node.children() for hit in _money_entries(child, taint, bound)]


def _twice(findings: Findings, node: outbound.Stripe) -> None:
    action = findings.catalog.action("stripe", node.action)
    if action is None or not action.moves_money or "checkout.sessions" in action.name:
        return
    if node.key is not None and not _of_this_run(findings, node):
        return
    if action.name.endswith(".update") and "items" not in (node.with_.literal if is_map(node.with_.literal) else {}):
        # It sets values; doing it again sets them to what they are.
        return
    if any(trigger.dedupe is None for trigger in findings.apis) and findings.workflow.once is None:
        findings.report(
            "F104",
            (*node.path, "stripe"),
            "a second click moves the money a second time",
            "add `dedupe: ${{ inputs.request_id }}` to the trigger, or an `idempotency_key` made of the order's id",
        )


def _of_this_run(findings: Findings, node: outbound.Stripe) -> bool:
    """Whether a key names nothing but the run, or rows that it inserts: a second request has a key of its own."""
    inserted = {row.id for row in findings.nodes if isinstance(row, tables.Insert) and row.id}
    roots = {root_of(ref.path)[0] for site in _key_sites(findings, node) for ref in site.compiled.refs}
    return bool(roots) and roots <= {"run", *inserted}


def _key_sites(findings: Findings, node: outbound.OutsideStep) -> list[ExpressionSite]:
    """Return the expressions of a step's key, and those of the variables in it."""
    sites = list(findings.by_path.get((*node.path, "idempotency_key"), []))
    for site in sites:
        names = {part for ref in site.compiled.refs for part in root_of(ref.path)[:2]}
        for other in findings.nodes:
            if isinstance(other, simple.Let) and is_map(other.values.literal):
                for name in other.values.literal:
                    if name in names or other.id in names:
                        more = findings.sites_below((*other.path, "let", name))
                        sites += [one_site for one_site in more if one_site not in sites]
    return sites


def _fresh_keys(findings: Findings) -> None:
    """Find keys of whole runs that join nothing, because they are new each time."""
    for path, sites in findings.by_path.items():
        if path[:1] == ("once",) or (path[:1] == ("on",) and "dedupe" in path):
            for site in sites:
                if site.compiled.uses_now or site.compiled.uses_uuid:
                    findings.report_in(
                        "F103", site, "this key is new on every run", "make it of the inputs, e.g. the order's id"
                    )


def _key(findings: Findings, node: outbound.OutsideStep) -> None:
    path = (*node.path, "idempotency_key")
    sites = findings.by_path.get(path, [])
    for site in _key_sites(findings, node):
        if site.compiled.uses_now or site.compiled.uses_uuid:
            findings.report_in(
                "F103", site, "this key is new on every run", "make it of ids that stay, e.g. the order's id"
            )
    loop = _loop(findings, node)
    if loop is None:
        _one_for_all(findings, node, path)
        return
    own = {name for inner in findings.nodes if inner.path[: len(loop.path)] == loop.path for name in [inner.id] if name}
    varying = own | ({loop.item} if isinstance(loop, loops.ForEach) else {"vars"})
    if not any(str(part) in varying for site in sites for ref in site.compiled.refs for part in ref.path[:2]):
        findings.report(
            "F103", path, "all rounds of the loop share this key: only the first gets through", "add the item's id"
        )


def _one_for_all(findings: Findings, node: outbound.OutsideStep, path: Path) -> None:
    """Find a key that no value of a run is in, where different people call: all get the first one's answer."""
    if not isinstance(node, outbound.Stripe):
        return
    action = findings.catalog.action("stripe", node.action)
    if action is None or not action.moves_money or not for_anybody(findings):
        return
    at = (*node.path, "with")
    differs = any(site.compiled.refs for site in findings.sites_below(at))
    one_object = any(isinstance(value, str) and _ID.fullmatch(value) for _, value in leaves(node.with_.literal, at))
    if (differs or not one_object) and not any(site.compiled.refs for site in _key_sites(findings, node)):
        findings.report(
            "F103", path, "all callers share this key: only the first call counts", "add the order's or user's id"
        )


def _loop(findings: Findings, node: Node) -> Node | None:
    around = [
        other
        for other in findings.nodes
        if other is not node
        and isinstance(other, loops.ForEach | loops.While)
        and other.path == node.path[: len(other.path)]
    ]
    return max(around, key=lambda node: len(node.path), default=None)
