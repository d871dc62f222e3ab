"""F121: a row or an object of Stripe's was read, then time passed, and what follows still goes by the old one.

Time passes in a call to another system, a wait, and an approval. Table steps without one of these between them are one
transaction: nothing comes between them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.json_types import is_map
from payloom.workflows.catalog.catalog import STRIPE_TABLES, Column, TableShape
from payloom.workflows.checker.findings import Findings, root_of
from payloom.workflows.interpreter.verbs import approve, branch, call, loops, outbound, simple, tables, try_catch, wait
from payloom.workflows.program.node import ExpressionSite, Node
from payloom.workflows.program.program import TableTrigger

_CALLS = (outbound.Stripe, outbound.Http, outbound.Python, call.Call)
_PAUSES = (wait.Wait, wait.WaitFor, approve.Approve)
_WAYS = (branch.If, branch.Switch, approve.Approve, try_catch.Try)
"""Steps of whose blocks one run takes one; `finally` and the body of a `try` come before the others."""
_DECIDING = frozenset({"if", "when", "filter", "ensure", "switch", "while"})
_MUTABLE = frozenset({"bool", "int", "number", "json"})
"""Types of columns that change in a row's life. Texts do if they are one of several words, moments if they may lack."""
_STATES = frozenset(
    {
        "amount_refunded", "amount_remaining", "cancel_at", "cancel_at_period_end", "canceled_at", "captured",
        "default_payment_method", "delinquent", "disputed", "ended_at", "invoice_settings", "latest_charge",
        "latest_invoice", "pause_collection", "payment_status", "refunded", "status",
    }
)  # fmt: skip
"""Fields of Stripe's objects that change in an object's life."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Read:
    """Rows of a table that expressions read under a name. at: the number of the step that read them, -1 the trigger."""

    name: str
    table: TableShape
    at: int


def check_stale_reads(findings: Findings) -> None:
    """Report writes and decisions by a row that may have changed since it was read."""
    _StaleReads(findings).check()


class _StaleReads:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._nodes = findings.nodes
        self._order = {node: at for at, node in enumerate(findings.nodes)}
        self._reads = {read.name: read for read in self._named()}
        self._objects = dict(self._objects_of_stripe())
        self._vars: Mapping[str, set[tuple[str, str]]] = {}
        self._vars = self._derived()

    def check(self) -> None:
        if not self._reads and not self._objects:
            return
        for node in self._nodes:
            if isinstance(node, tables.Update):
                self._written(node)
            for site in self._findings.sites_of(node):
                if site.bare and site.path[-1] in _DECIDING:
                    self._decided(node, site)
                    self._decided_by_an_object(node, site)

    # -- what was read -----------------------------------------------------------------------------------------------

    def _named(self) -> Iterator[_Read]:
        """Yield the rows that expressions can read by a name: of selects, of the trigger, and the items of loops."""
        triggers = [trigger for trigger in self._findings.workflow.triggers if isinstance(trigger, TableTrigger)]
        if len(triggers) == 1 and (table := self._findings.catalog.table(triggers[0].table)) is not None:
            yield _Read("row", table, -1)
        lists: dict[str, _Read] = {}
        for node in self._nodes:
            if isinstance(node, tables.Select) and node.id is not None and not node.table.startswith(STRIPE_TABLES):
                table = self._findings.catalog.table(node.table)
                if table is not None:
                    lists[node.id] = _Read(node.id, table, self._order[node])
                    yield lists[node.id]
            if isinstance(node, loops.ForEach):
                source = node.items.compiled.source.strip().removeprefix("steps.")
                if source in lists:
                    yield _Read(node.item, lists[source].table, lists[source].at)

    def _objects_of_stripe(self) -> Iterator[tuple[str, int]]:
        """Yield the names of Stripe's objects and when they were read: by the step of this number, or -1, the event."""
        if self._findings.events:
            yield "object", -1
        for node in self._nodes:
            mirrored = isinstance(node, tables.Select) and node.table.startswith(STRIPE_TABLES)
            if (mirrored or isinstance(node, outbound.Stripe)) and node.id is not None:
                yield node.id, self._order[node]

    def _derived(self) -> Mapping[str, set[tuple[str, str]]]:
        """Return the variables that are computed from rows: name -> (read, column)."""
        derived: dict[str, set[tuple[str, str]]] = {}
        for node in self._nodes:
            if isinstance(node, simple.Let):
                for site in self._findings.sites_of(node):
                    at = len(node.path) + 1
                    if len(site.path) > at and (columns := set(self._columns(site))):
                        derived.setdefault(str(site.path[at]), set()).update(columns)
        return derived

    def _columns(self, site: ExpressionSite) -> Iterator[tuple[str, str]]:
        """Yield what an expression reads of rows: (name, column), also through variables."""
        for ref in site.compiled.refs:
            path = [str(part) for part in root_of(ref.path)]
            if path[0] in self._reads and len(path) > 1:
                yield path[0], path[1]
            elif path[0] == "vars" and len(path) > 1:
                yield from self._vars.get(path[1], ())

    # -- what follows ------------------------------------------------------------------------------------------------

    def _written(self, node: tables.Update) -> None:
        """A column that is computed from its own old value, and a state that is set after a pause."""
        at = len(node.path)
        if self._guarded(node):
            return
        for site in self._findings.sites_of(node):
            if site.path[at : at + 1] != ("set",) or len(site.path) <= at + 1:
                continue
            column = str(site.path[at + 1])
            for name, read_column in self._columns(site):
                read = self._reads[name]
                if (
                    read.table.name == node.table
                    and read_column == column
                    and (between := self._between(read.at, node))
                ):
                    self._findings.report(
                        "F121",
                        (*node.path, "set", column),
                        f"`{name}.{column}` was read before {between}, and may have changed: this write undoes the change",
                        f"read the row again behind it, or add `{column}: ${{{{ {name}.{column} }}}}` to `where`",
                        key=True,
                    )
                    return
        self._set_after_a_pause(node)

    def _set_after_a_pause(self, node: tables.Update) -> None:
        """A state that is set, after a pause, on the row that was read before it."""
        table = self._findings.catalog.table(node.table)
        written: Mapping[str, Any] = node.set.literal if is_map(node.set.literal) else {}
        where: Mapping[str, Any] = node.where.literal if is_map(node.where.literal) else {}
        states = [name for name in written if table is not None and _is_state(table.columns.get(name))]
        if any(name in where for name in states):
            return
        at = len(node.path)
        for site in self._findings.sites_of(node) if states else ():
            if site.path[at : at + 1] != ("where",):
                continue
            for name, column in self._columns(site):
                read = self._reads[name]
                key = read.table.columns.get(column)
                if read.table.name != node.table or key is None or not (key.primary or key.unique):
                    continue
                if between := self._between(read.at, node, pauses_only=True):
                    self._findings.report(
                        "F121",
                        (*node.path, "set", states[0]),
                        f"`{name}` was read before {between}, and its `{states[0]}` may have changed since",
                        f"put the `{states[0]}` that it must still have into `where`, or read the row again",
                        key=True,
                    )
                    return

    def _decided(self, node: Node, site: ExpressionSite) -> None:
        """A condition behind a pause that reads what may have changed meanwhile."""
        for name, column_name in self._columns(site):
            read = self._reads[name]
            column = read.table.columns.get(column_name)
            if column is None or not _may_change(column):
                continue
            if between := self._between(read.at, node, pauses_only=True):
                self._findings.report_in(
                    "F121",
                    site,
                    f"`{name}.{column_name}` was read before {between}, and may have changed since",
                    f"read the row again behind it, e.g. `select: {read.table.name}` with the same `where`",
                )
                return

    def _decided_by_an_object(self, node: Node, site: ExpressionSite) -> None:
        """A condition behind a pause that reads the state which an object of Stripe's had before it."""
        for ref in site.compiled.refs:
            path = [str(part) for part in root_of(ref.path)]
            state = next((part for part in path[1:] if part in _STATES), None)
            if state is None or path[0] not in self._objects:
                continue
            if between := self._between(self._objects[path[0]], node, pauses_only=True):
                self._findings.report_in(
                    "F121",
                    site,
                    f"`{path[0]}` was read before {between}, and its `{state}` may have changed since",
                    "retrieve the object again behind it",
                )
                return

    def _guarded(self, node: tables.Update) -> bool:
        """Whether an update changes the row only if it still is what was read."""
        where = node.where.literal
        at = len(node.path)
        table = self._findings.catalog.table(node.table)
        for site in self._findings.sites_of(node):
            if site.path[at : at + 1] != ("where",) or len(site.path) <= at + 1 or not is_map(where):
                continue
            column = str(site.path[at + 1])
            known = table.columns.get(column) if table is not None else None
            compared = any(read_column == column for _, read_column in self._columns(site))
            if compared and (known is None or not (known.primary or known.unique)):
                return True
        return False

    def _between(self, read_at: int, node: Node, *, pauses_only: bool = False) -> str | None:
        """Return in words what lets time pass between a read and a step; None if nothing does."""
        kinds = _PAUSES if pauses_only else (*_PAUSES, *_CALLS)
        around = list(self._findings.around(node))
        for between in self._nodes:
            if not isinstance(between, kinds) or between is node:
                continue
            number, end = self._order[between], self._order[node]
            again = any(
                isinstance(outer, loops.ForEach | loops.While) and outer in self._around(between) for outer in around
            )
            if number > read_at and (number < end or again) and not self._apart(between, node):
                return f"line {between.line} (`{between.verb}`)"
        return None

    def _around(self, node: Node) -> list[Node]:
        return list(self._findings.around(node))

    def _apart(self, between: Node, node: Node) -> bool:
        """Whether a run that takes the one step never comes to the other, or comes to it first."""
        for outer in self._around(between):
            at = len(outer.path)
            inside = node.path[:at] == outer.path
            if isinstance(outer, _WAYS):
                width = at + (2 if isinstance(outer, branch.Switch) else 1)
                same = inside and between.path[:width] == node.path[:width]
                if inside and not same and not isinstance(outer, try_catch.Try):
                    return True
                if not same and self._ends(outer, between):
                    return True
        return False

    def _ends(self, outer: Node, between: Node) -> bool:
        """Whether the block of `outer` that `between` stands in ends the run."""
        for _, block in outer.blocks():
            if between.path[: len(block.path)] == block.path:
                return any(node.ends_branch for node in block.nodes)
        return False


def _is_state(column: Column | None) -> bool:
    return column is not None and (column.enum is not None or column.type == "bool")


def _may_change(column: Column) -> bool:
    if column.primary or column.unique or column.references:
        return False
    return column.type in _MUTABLE or column.enum is not None or (column.type == "datetime" and column.nullable)
