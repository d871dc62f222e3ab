"""Which values a caller chooses: what expressions hand on from `inputs`, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.workflows.checker.findings import Findings, leaves, root_of
from payloom.workflows.diagnostics import Path
from payloom.workflows.expressions import tree
from payloom.workflows.interpreter.verbs import loops, outside, plain, tables

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
    }
)


class Taint:
    """Answers, for the expressions of one workflow, whether their value is the client's choice."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        schema = findings.workflow.input or {}
        self.properties: Mapping[str, Any] = schema.get("properties", {}) if findings.apis else {}
        self.variables: dict[str, bool] = {}
        self.steps: dict[str, bool | dict[str, bool]] = {}
        for node in findings.nodes:
            if isinstance(node, plain.Let):
                for name, value in dict(node.values.literal or {}).items():
                    tainted = self.value(value, (*node.path, "let", name))
                    self.variables[name] = self.variables.get(name, False) or tainted
                if node.id:
                    self.steps[node.id] = self.value(node.values.literal, (*node.path, "let"))
            elif node.id and isinstance(node, tables.Insert | tables.Upsert | tables.Update):
                written = node.set if isinstance(node, tables.Update) else node.values
                at = (*node.path, "set" if isinstance(node, tables.Update) else "values")
                if isinstance(written.literal, Mapping):
                    self.steps[node.id] = {name: self.value(one, (*at, name)) for name, one in written.literal.items()}
            elif node.id and isinstance(node, outside.Stripe):
                action = findings.catalog.action("stripe", node.action)
                reads = action is not None and not action.writes
                self.steps[node.id] = {"": reads and self.value(node.with_.literal, (*node.path, "with"))}
            elif isinstance(node, loops.ForEach):
                self.variables.setdefault(f"item:{node.item}", self.tree(node.items.compiled.tree, {}))

    def value(self, value: Any, path: Path) -> bool:
        """Whether any expression in a value hands on what the client sent."""
        return any(
            self.tree(site.compiled.tree, {})
            for leaf, text in leaves(value, path)
            if isinstance(text, str)
            for site in self.findings.by_path.get(leaf, [])
        )

    def tree(self, node: tree.Node, bound: Mapping[str, bool]) -> bool:
        """Whether an expression's value is (or holds) the client's choice. Conditions choose, but do not hand on."""
        match node:
            case tree.Name() | tree.Field():
                return self.path(node, bound)
            case tree.Index():
                # `products[sku].price` is our price, whoever chose the sku.
                return self.tree(node.of, bound)
            case tree.Macro():
                of = self.tree(node.of, bound)
                if node.name in {"all", "exists", "exists_one"}:
                    return False
                return of if node.name == "filter" else self.tree(node.args[-1], {**bound, node.variable: of})
            case tree.Binary():
                if node.sign in {"==", "!=", "===", "!==", "<", "<=", ">", ">=", "in", "&&", "||"}:
                    return False
                return self.tree(node.left, bound) or self.tree(node.right, bound)
            case tree.Conditional():
                return self.tree(node.then, bound) or self.tree(node.otherwise, bound)
            case tree.Call() if node.name in {"has", "size", "now", "today", "uuid", "hash"}:
                return False
            case _:
                return any(self.tree(child, bound) for child in node.children())

    def path(self, node: tree.Node, bound: Mapping[str, bool]) -> bool:
        path, _, start = tree.path_of(node)
        if not isinstance(start, tree.Name):
            return any(self.tree(child, bound) for child in node.children())
        if start.name in bound:
            return bound[start.name]
        parts = [str(part) for part in root_of(path)]
        name, rest = parts[0], parts[1:]
        if name == "inputs":
            return self.input(rest)
        if name == "vars":
            return self.variables.get(rest[0], False) if rest else any(self.variables.values())
        if f"item:{name}" in self.variables:
            return self.variables[f"item:{name}"]
        known = self.steps.get(name, False)
        if isinstance(known, bool):
            return known
        if "" in known:
            return False
        return known.get(rest[0], False) if rest else any(known.values())

    def input(self, rest: list[str]) -> bool:
        """Whether an input is free for the client to choose: choices from a fixed list are not."""
        if not self.properties:
            return False
        if not rest:
            return True
        schema = self.properties.get(rest[0], {})
        return not (
            isinstance(schema, Mapping) and ("enum" in schema or "const" in schema or schema.get("type") == "boolean")
        )

    def looked_up(self, node: tree.Node) -> bool:
        """Whether a value comes from an object that the client named by id, such as a Checkout Session."""
        path, _, start = tree.path_of(node)
        if isinstance(start, tree.Name) and path:
            known = self.steps.get(str(root_of(path)[0]))
            return isinstance(known, dict) and known.get("", False)
        return any(self.looked_up(child) for child in node.children())
