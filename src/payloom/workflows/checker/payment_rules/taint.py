"""Which values a caller chooses: what expressions hand on from `inputs`, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_dict, is_list, is_map
from payloom.workflows.checker.findings import Findings, leaves, root_of
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.interpreter.verbs import loops, outbound, simple, tables
from payloom.workflows.program.inputs import CHOSEN

MONEY = frozenset(
    {
        "amount",
        "unit_amount",
        "unit_amount_decimal",
        "price",
        "currency",
        "discounts",
        "application_fee_amount",
        "customer",
        "payment_intent",
        "coupon",
        "promotion_code",
        "transfer_data",
        "amount_to_capture",
        "amount_off",
        "percent_off",
        "price_data",
        "application_fee_percent",
        "destination",
        "on_behalf_of",
        "shipping_rate",
        "tax_rates",
        "trial_end",
        "trial_period_days",
    }
)

Choice: TypeAlias = "bool | dict[str, bool]"
"""Whether the client chose a value; of a row or rows, by column."""


class Taint:
    """Answers, for the expressions of one workflow, whether their value is the client's choice."""

    def __init__(self, findings: Findings, properties: Mapping[str, Any] | None = None) -> None:
        """properties: the inputs that count, with their schemas; default: all of them if anybody may send any."""
        self.findings = findings
        schema = findings.workflow.input or {}
        known: Mapping[str, Any] = schema.get("properties", {}) if findings.apis else {}
        self.properties: Mapping[str, Any] = known if properties is None else properties
        self._stored: dict[str, set[str]] = {}
        """By table, the columns that hold what the client sent."""
        self._items: dict[str, Any] = {}
        """What is known of the items that loops and macros go through."""
        self.variables: dict[str, bool] = {}
        self.steps: dict[str, Choice] = {}
        for node in findings.nodes:
            if isinstance(node, simple.Let):
                for name, value in dict(node.values.literal or {}).items():
                    tainted = self.value(value, (*node.path, "let", name))
                    self.variables[name] = self.variables.get(name, False) or tainted
                if node.id:
                    self.steps[node.id] = self._written(node.values.literal, (*node.path, "let")) or False
            elif isinstance(node, tables.Insert | tables.Upsert | tables.Update):
                written = node.set if isinstance(node, tables.Update) else node.values
                at = (*node.path, "set" if isinstance(node, tables.Update) else "values")
                columns = self._written(written.literal, at)
                if columns is not None:
                    self._stored.setdefault(node.table, set()).update(
                        name for name, tainted in columns.items() if tainted
                    )
                    if node.id:
                        self.steps[node.id] = columns
            elif node.id and isinstance(node, tables.Select):
                # Rows that this workflow wrote hold what the client sent, also when they are read again.
                self.steps[node.id] = dict.fromkeys(self._stored.get(node.table, ()), True)
            elif node.id and isinstance(node, outbound.Stripe):
                action = findings.catalog.action("stripe", node.action)
                reads = action is not None and not action.writes
                self.steps[node.id] = {"": reads and self.value(node.with_.literal, (*node.path, "with"))}
            elif isinstance(node, loops.ForEach):
                self.variables.setdefault(f"item:{node.item}", self.tree(node.items.compiled.tree, {}))
                rows = self.columns(node.items.compiled.tree, {})
                if rows is not None:
                    self.steps.setdefault(f"item:{node.item}", rows)
                self._items.setdefault(node.item, _items_of(self.schema(node.items.compiled.tree)))

    def _written(self, values: Any, path: Path) -> dict[str, bool] | None:
        """Return which of the columns that a step writes the client chose; None of rows that an expression makes."""
        if is_map(values):
            return {name: self.value(item, (*path, name)) for name, item in values.items()}
        if not is_list(values):
            return None
        columns: dict[str, bool] = {}
        for at, row in enumerate(values):
            for name, tainted in (self._written(row, (*path, at)) or {}).items():
                columns[name] = columns.get(name, False) or tainted
        return columns

    def columns(self, node: ast.Node, bound: Mapping[str, Choice]) -> dict[str, bool] | None:
        """Return what is known of the columns of a row, or of a list of rows; None of anything else."""
        if isinstance(node, ast.Macro):
            return self.columns(node.of, bound) if node.name == "filter" else None
        path, _, start = ast.path_of(node)
        if isinstance(start, ast.Index):
            return self.columns(start.of, bound) if start is node else None
        names = [part for part in root_of(path) if isinstance(part, str)]
        if not isinstance(start, ast.Name) or len(names) != 1:
            return None
        known = bound.get(names[0], self.steps.get(f"item:{names[0]}", self.steps.get(names[0])))
        return known if is_dict(known) and "" not in known else None

    def value(self, value: Any, path: Path) -> bool:
        """Whether any expression in a value hands on what the client sent."""
        return any(
            self.tree(site.compiled.tree, {})
            for leaf, text in leaves(value, path)
            if isinstance(text, str)
            for site in self.findings.by_path.get(leaf, [])
        )

    def tree(self, node: ast.Node, bound: Mapping[str, Choice]) -> bool:
        """Whether an expression's value is (or holds) the client's choice. Conditions choose, but do not hand on."""
        match node:
            case ast.Name() | ast.Field():
                return self.path(node, bound)
            case ast.Index():
                # `products[sku].price` is our price, whoever chose the sku.
                return self.tree(node.of, bound)
            case ast.Macro():
                rows = self.columns(node.of, bound)
                of: Choice = self.tree(node.of, bound) if rows is None else rows
                if node.name in {"all", "exists", "exists_one"}:
                    return False
                if node.name == "filter":
                    return self.tree(node.of, bound)
                before = self._items.get(node.variable)
                self._items[node.variable] = _items_of(self.schema(node.of))
                try:
                    return self.tree(node.args[-1], {**bound, node.variable: of})
                finally:
                    self._items[node.variable] = before
            case ast.Binary():
                if node.sign in {"==", "!=", "===", "!==", "<", "<=", ">", ">=", "in", "&&", "||"}:
                    return False
                left, right = self.tree(node.left, bound), self.tree(node.right, bound)
                if node.sign == "*" and left is not right and self.is_quantity(node.left if left else node.right):
                    # Our price times how many they want: what they may choose.
                    return False
                return left or right
            case ast.Conditional():
                return self.tree(node.then, bound) or self.tree(node.otherwise, bound)
            case ast.Call() if node.name in {"has", "size", "now", "today", "uuid", "hash"}:
                return False
            case _:
                return any(self.tree(child, bound) for child in node.children())

    def schema(self, node: ast.Node) -> Any:
        """Return the schema of a value that comes straight from the inputs; None for anything else."""
        path, _, start = ast.path_of(node)
        if not isinstance(start, ast.Name):
            return None
        parts = [str(part) for part in root_of(path)]
        if not parts:
            return None
        if parts[0] in self._items and parts[0] != "inputs":
            schema, rest = self._items[parts[0]], parts[1:]
        elif parts[0] == "inputs":
            schema, rest = {"properties": self.properties}, parts[1:]
        else:
            return None
        for part in rest:
            schema = schema.get("properties", {}).get(part) if is_map(schema) else None
        return schema

    def is_quantity(self, node: ast.Node) -> bool:
        """Whether a value is a count the file bounds: a whole number from 0 or 1 up to some maximum."""
        schema = self.schema(node)
        return (
            is_map(schema)
            and schema.get("type") == "integer"
            and schema.get("minimum", -1) >= 0
            and "maximum" in schema
        )

    def path(self, node: ast.Node, bound: Mapping[str, Choice]) -> bool:
        """Return whether a path reads what a caller chose.

        bound: the names that macros bind, and whether they are tainted.
        """
        path, _, start = ast.path_of(node)
        if not isinstance(start, ast.Name):
            return any(self.tree(child, bound) for child in node.children())
        if start.name in bound:
            return _chosen(bound[start.name], [str(part) for part in path[1:]])
        parts = [str(part) for part in root_of(path)]
        name, rest = parts[0], parts[1:]
        if name == "inputs":
            return self.input(rest)
        if name == "vars":
            return self.variables.get(rest[0], False) if rest else any(self.variables.values())
        if f"item:{name}" in self.steps:
            return _chosen(self.steps[f"item:{name}"], rest)
        if f"item:{name}" in self.variables:
            return self.variables[f"item:{name}"]
        known = self.steps.get(name, False)
        return False if is_dict(known) and "" in known else _chosen(known, rest)

    def input(self, rest: list[str]) -> bool:
        """Whether an input is free for the client to choose: choices from a fixed list are not."""
        if not self.properties:
            return False
        if not rest:
            return True
        if rest[0] not in self.properties:
            return False
        schema = self.properties[rest[0]]
        return not (
            is_map(schema)
            and ("enum" in schema or "const" in schema or schema.get("type") == "boolean" or schema.get(CHOSEN))
        )

    def looked_up(self, node: ast.Node) -> bool:
        """Whether a value comes from an object that the client named by id, such as a Checkout Session."""
        path, _, start = ast.path_of(node)
        if isinstance(start, ast.Name) and path:
            known = self.steps.get(str(root_of(path)[0]))
            return is_dict(known) and known.get("", False)
        return any(self.looked_up(child) for child in node.children())


def _chosen(known: Choice, path: list[str]) -> bool:
    """Whether the client chose what stands at a path; the numbers of rows do not tell."""
    if isinstance(known, bool):
        return known
    columns = [part for part in path if not part.isdigit()]
    return known.get(columns[0], False) if columns else any(known.values())


def _items_of(schema: Any) -> Any:
    return schema.get("items") if is_map(schema) else None
