"""F102: rows that belong to a user, selected by an ID from the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.workflows.catalog.catalog import TableShape
from payloom.workflows.checker.findings import Findings, leaves, reads
from payloom.workflows.checker.payment_rules.taint import Taint
from payloom.workflows.interpreter.verbs import tables

_OWNER = ("user_id", "owner_id", "account_id", "customer_id", "user", "owner")


def owner_column(table: TableShape) -> str | None:
    """Return the column that says whose row it is; None for tables without an owner, such as a price list."""
    for name, column in table.columns.items():
        if column.references and column.references.partition(".")[0] in {"users", "user", "accounts"}:
            return name
    if table.name in {"users", "accounts"}:
        return next((name for name, column in table.columns.items() if column.primary), "id")
    return next((name for name in _OWNER if name in table.columns), None)


def check_ownership(findings: Findings, taint: Taint) -> None:
    """Check the table steps of endpoints that any signed-in user, or any caller, can call."""
    if not any(
        trigger.auth in {"user", "optional", "none"} for trigger in findings.apis if isinstance(trigger.auth, str)
    ):
        return
    for node in findings.nodes:
        if not isinstance(node, tables.Select | tables.Update | tables.Delete):
            continue
        table = findings.catalog.table(node.table)
        if table is None or not is_map(node.where.literal):
            continue
        owner = owner_column(table)
        where = node.where.literal
        path = (*node.path, "where")
        if owner is None or not _by_client(findings, taint, where, path) or _owned(findings, where, path):
            continue
        key = next((name for name in where if name != "any"), "any")
        findings.report(
            "F102",
            (*path, key),
            f"any caller can name another user's row of `{node.table}`",
            f'add {owner}: "${{{{ user.id }}}}" to `where`',
            key=True,
        )


def _by_client(findings: Findings, taint: Taint, where: Mapping[str, Any], path: Path) -> bool:
    return any(
        taint.tree(site.compiled.tree, {}) or taint.looked_up(site.compiled.tree)
        for leaf, _ in leaves(where, path)
        for site in findings.by_path.get(leaf, [])
    )


def _owned(findings: Findings, where: Mapping[str, Any], path: Path) -> bool:
    for name, value in where.items():
        if name == "any" and is_list(value):
            if all(is_map(item) and _owned(findings, item, (*path, "any", at)) for at, item in enumerate(value)):
                return True
            continue
        if any(
            reads(site.compiled, "user")
            for leaf, _ in leaves(value, (*path, name))
            for site in findings.by_path.get(leaf, [])
        ):
            return True
    return False
