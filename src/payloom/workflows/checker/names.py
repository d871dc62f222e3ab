"""F001 and F003 outside expressions: actions, tables, columns, templates, workflows, families, parameters."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.kit.suggest import did_you_mean
from payloom.workflows.catalog.catalog import WHERE_OPERATORS, Column, Schema, TableShape
from payloom.workflows.catalog.events import split_type
from payloom.workflows.checker import scope
from payloom.workflows.checker.expressions import Types
from payloom.workflows.checker.findings import Findings
from payloom.workflows.checker.values import ValueCheck
from payloom.workflows.expressions.types import Type, type_of_schema
from payloom.workflows.interpreter.verbs import branch, call, loops, outbound, tables, try_catch, wait
from payloom.workflows.program.node import Node
from payloom.workflows.program.program import ApiTrigger, StripeTrigger, TableTrigger
from payloom.workflows.program.templates import Template
from payloom.workflows.syntax.filemodel.step_keys import RESERVED, ROW_NAMES


class Names:
    """Checks everything a file names against the catalog."""

    def __init__(self, findings: Findings, types: Types) -> None:
        self.findings = findings
        self.catalog = findings.catalog
        self.types = types
        self.values = ValueCheck(findings, types)

    def run(self) -> None:
        """Check triggers and steps."""
        self.triggers()
        self.ids()
        for node in self.findings.nodes:
            self.node(node)

    def unknown(
        self, path: Path, kind: str, name: str, known: Iterable[str], *, key: bool = False, moved: str | None = None
    ) -> None:
        """Report an unknown name with where it went (moved), with the nearest one, or with the list."""
        listed = list(known)
        hint = (
            moved
            or did_you_mean(name, listed)
            or (f"there is {scope.names(listed)}" if listed else f"there is no {kind} yet")
        )
        self.findings.report("F001", path, f"unknown {kind} `{name}`" if name else f"no {kind} chosen", hint, key=key)

    # ------------------------------------------------------------ triggers

    def triggers(self) -> None:
        """Check the names in the workflow's triggers: families, actions, tables, and parameters of paths."""
        for at, trigger in enumerate(self.findings.workflow.triggers):
            path: Path = ("on", at)
            if isinstance(trigger, StripeTrigger):
                self.family(trigger.family, trigger.actions, (*path, "stripe"), (*path, "actions"))
            elif isinstance(trigger, TableTrigger):
                self.watched(trigger, (*path, "table"))
            elif isinstance(trigger, ApiTrigger):
                self.path_parts(trigger, (*path, "api"))

    def watched(self, trigger: TableTrigger, path: Path) -> None:
        """Check that a table trigger watches a table that the project can change."""
        table = self.catalog.table(trigger.table)
        if table is None:
            self.unknown(path, "table", trigger.table, self.catalog.table_names())
        elif table.read_only:
            hint = "changes at Stripe come as events: use a `stripe:` trigger"
            self.findings.report("F001", path, f"`{trigger.table}` is no table of yours", hint)

    def family(self, name: str, actions: Sequence[str], at: Path, actions_at: Path) -> None:
        """Check a family of events and its actions. at, actions_at: where they stand."""
        family = self.catalog.family(name)
        if family is not None:
            for index, action in enumerate(actions):
                if action not in family.actions:
                    values = self.findings.source.values
                    place = (*actions_at, index) if (*actions_at, index) in values else actions_at
                    moved = self.catalog.moved("event action", action, name)
                    self.unknown(place, f"action of `{name}`", action, family.actions, moved=moved)
            return
        whole, action = split_type(name, self.catalog.family_names())
        known = self.catalog.family(whole)
        if known is not None and action in known.actions:
            hint = f"write stripe: {whole} and actions: [{action}]"
            self.findings.report("F001", at, f"`{name}` is an event type, not a family", hint)
        else:
            moved = self.catalog.moved("family", name) or self.catalog.moved("family", whole)
            self.unknown(at, "event family", name, self.catalog.family_names(), moved=moved)

    def path_parts(self, trigger: ApiTrigger, at: Path) -> None:
        """Check that each `{name}` of an endpoint's path is an input."""
        known = (self.findings.workflow.input or {}).get("properties", {})
        for name in re.findall(r"\{(\w+)\}", trigger.path):
            if name not in known:
                hint = did_you_mean(name, known) or f"add `{name}: string` to input"
                self.findings.report("F001", at, f"the path's `{{{name}}}` is not an input", hint)

    def ids(self) -> None:
        """Step ids are unique, and do not hide what every expression can read."""
        first: dict[str, Node] = {}
        by_table = self.findings.of_kind("table")
        reserved = RESERVED | ROW_NAMES if by_table else RESERVED
        for node in self.findings.nodes:
            for name, key in ((node.id, "id"), (node.item if isinstance(node, loops.ForEach) else None, "as")):
                if name is None or (key == "as" and "as" not in (node.model.model_fields_set | {"as"})):
                    continue
                if name in reserved:
                    use = "the trigger's row" if name in ROW_NAMES else "expressions"
                    self.findings.report(
                        "F001", (*node.path, key), f"`{name}` is reserved for {use}", "Choose another name."
                    )
            if node.id is not None:
                if node.id in first and not self._apart(first[node.id], node):
                    line = first[node.id].line
                    self.findings.report(
                        "F001", (*node.path, "id"), f"the id `{node.id}` is used twice", f"see line {line}"
                    )
                first.setdefault(node.id, node)
            if isinstance(node, loops.ForEach) and node.item in self.findings.workflow.step_ids:
                self.findings.report("F001", (*node.path, "as"), f"`{node.item}` is a step's id already")

    def _apart(self, first: Node, other: Node) -> bool:
        """Whether two steps stand in different branches of one step, so that only one of them runs."""
        for node in self.findings.nodes:
            if not isinstance(node, branch.If | branch.Switch | try_catch.Try):
                continue
            at = len(node.path)
            if node.path == first.path[:at] == other.path[:at] and first.path[at] != other.path[at]:
                return True
            if isinstance(node, branch.Switch) and node.path == first.path[:at] == other.path[:at]:
                return first.path[: at + 2] != other.path[: at + 2]
        return False

    # ------------------------------------------------------------ steps

    def node(self, node: Node) -> None:
        """Check the names that one step uses."""
        match node:
            case tables.TableStep():
                self.table(node)
            case outbound.Stripe():
                self.action("stripe", node.action, node.with_, (*node.path, "stripe"), (*node.path, "with"))
            case outbound.Python():
                if (
                    node.function not in self.catalog.python_names()
                    and self.catalog.action("python", node.function) is None
                ):
                    self.unknown((*node.path, "python"), "function", node.function, self.catalog.python_names())
                elif self.catalog.action("python", node.function) is not None:
                    self.action("python", node.function, node.with_, (*node.path, "python"), (*node.path, "with"))
            case outbound.Email():
                if node.template not in self.catalog.email_names():
                    self.unknown((*node.path, "email"), "template", node.template, self.catalog.email_names())
            case call.Call():
                if node.target not in self.catalog.workflow_names():
                    self.unknown((*node.path, "call"), "workflow", node.target, self.catalog.workflow_names())
            case wait.WaitFor():
                here = (*node.path, "wait_for")
                self.family(node.family, node.actions, (*here, "stripe"), (*here, "actions"))
            case branch.Switch():
                self.switch(node)
            case _:
                pass

    def action(self, verb: str, name: str, with_: Template, at: Path, with_at: Path) -> None:
        """Check an action's name and the names of its parameters. at, with_at: where they stand."""
        action = self.catalog.action(verb, name)
        if action is None:
            moved = self.catalog.moved("action", name) if verb == "stripe" else None
            self.unknown(at, f"{verb} action", name, self.catalog.action_names(verb), moved=moved)
            return
        if action.params is None:
            return
        shape = type_of_schema(action.params)
        quoted = f"`{name}`"
        self.values.value(with_.literal, shape, with_at, quoted)
        arguments: Mapping[str, Any] = with_.literal if is_map(with_.literal) else {}
        required = action.params.get("required", ())
        for missing in required:
            if missing not in arguments:
                anchor = with_at if arguments else at
                self.findings.report("F003", anchor, f"{quoted} needs `{missing}`", f"add `{missing}: …`", key=True)
        for names in action.params.get("x-one-of", ()):
            if (with_.literal is None or is_map(with_.literal)) and not any(name in arguments for name in names):
                ways = [name for name in names if "x-alias-of" not in action.params["properties"].get(name, {})]
                message = f"{quoted} needs {' or '.join(f'`{name}`' for name in ways)}"
                self.findings.report(
                    "F003", with_at if arguments else at, message, f"add `{ways[0]}: …` to `with`", key=True
                )

    def switch(self, node: branch.Switch) -> None:
        """Find cases that the value cannot have: each is one of the words of its type, or an action of a family."""
        events = self.findings.events
        site = self.findings.single_of((*node.path, "switch"))
        if node.value is None or site is None:
            return
        is_action = site.compiled.source.replace(" ", "").removeprefix("context.") == "event.action"
        described = "an action here" if is_action else f"a value of `{site.compiled.source}`"
        keys = (branch.case_key(word) for word in type_of_schema(self.types.of(site)).values() or ())
        known = {key for key in keys if key is not None}
        for event in events if is_action else ():
            family = self.catalog.family(event.family)
            if family is None:
                return
            known |= set(event.actions or family.actions)
        if known:
            self.cases(node, known, described)

    def cases(self, node: branch.Switch, known: Iterable[str], described: str) -> None:
        """Report the cases of a switch that are none of the known words."""
        words = sorted(known)
        for case in node.cases:
            if case not in words and case != "null":
                hint = did_you_mean(case, words) or f"it can be {scope.names(words)}"
                message = f"this case never comes: `{case}` is not {described}"
                self.findings.report("F010", (*node.path, "cases", case), message, hint, key=True)

    # ------------------------------------------------------------ tables

    def table(self, node: tables.TableStep) -> None:
        """Check the table of a step and the columns it reads, writes, and sorts by."""
        table = self.table_of(node)
        if table is None:
            return
        match node:
            case tables.Select():
                self.where(node.where.literal, table, (*node.path, "where"))
                if node.fixed["key_by"]:
                    self.column(str(node.fixed["key_by"]), table, (*node.path, "key_by"))
                order_by = node.fixed["order_by"] or ()
                for entry in [order_by] if isinstance(order_by, str) else order_by:
                    self.order(str(entry), table, (*node.path, "order_by"))
            case tables.Insert():
                rows = node.values.literal if is_list(node.values.literal) else [node.values.literal]
                for at, row in enumerate(rows):
                    several = is_list(node.values.literal)
                    path = (*node.path, "values", at) if several else (*node.path, "values")
                    self.row(row, table, path)
                    self.required(row, table, path)
            case tables.Update():
                self.where(node.where.literal, table, (*node.path, "where"))
                self.row(node.set.literal, table, (*node.path, "set"))
            case tables.Upsert():
                for name in node.key:
                    self.column(name, table, (*node.path, "key"))
                    if is_map(node.values.literal) and name not in node.values.literal:
                        self.findings.report(
                            "F003", (*node.path, "values"), f"`values` needs the key column `{name}`", key=True
                        )
                self.row(node.values.literal, table, (*node.path, "values"))
            case tables.Delete():
                self.where(node.where.literal, table, (*node.path, "where"))
            case _:
                pass

    def table_of(self, node: tables.TableStep) -> TableShape | None:
        """Return the table a step may use; report it otherwise."""
        table = self.catalog.table(node.table)
        at = (*node.path, node.verb)
        if table is None:
            known = self._readable(node.table) if isinstance(node, tables.Select) else self.catalog.table_names()
            self.unknown(at, "table", node.table, known)
        elif table.read_only and not isinstance(node, tables.Select):
            resource = node.table.partition(".")[2].partition(".")[0]
            hint = f"change it with a `stripe` step, e.g. `stripe: {resource}.update`"
            self.findings.report("F001", at, f"`{node.table}` can only be read", hint)
            return None
        return table

    def column(self, name: str, table: TableShape, path: Path, *, key: bool = False) -> Column | None:
        """Return a column of the table; report it and return None when there is none."""
        column = table.columns.get(name)
        if column is None:
            self.unknown(path, f"column of `{table.name}`", name, table.columns, key=key)
        return column

    def order(self, entry: str, table: TableShape, path: Path) -> None:
        """Check one entry of `order_by`: a column, then `asc` or `desc` or nothing."""
        name, _, direction = entry.strip().partition(" ")
        if direction.strip() not in {"", "asc", "desc"}:
            self.findings.report("F003", path, f"`{entry}` is not an order", "write `created_at` or `created_at desc`")
        if not table.any_column:
            hint = "Stripe lists newest first, in no other order; a mirrored resource can be sorted"
            self.findings.report("F001", path, f"`{table.name}` cannot be sorted", hint)
            return
        self.column(name.removeprefix("-"), table, path)

    def row(self, row: Any, table: TableShape, path: Path) -> None:
        """Check a row that is written: its columns exist and their values fit."""
        if not is_map(row):
            return
        for name, value in row.items():
            column = self.column(name, table, (*path, name), key=True)
            if column is None:
                continue
            if value is None and not column.nullable:
                self.findings.report("F003", (*path, name), f"`{table.name}.{name}` cannot be null")
            self.values.cell(value, column, (*path, name), f"`{table.name}.{name}`")

    def required(self, row: Any, table: TableShape, path: Path) -> None:
        """Report the columns that a new row needs and does not have."""
        if not is_map(row):
            return
        for name, column in table.columns.items():
            if name not in row and not column.nullable and not column.has_default:
                self.findings.report("F003", path, f"a row of `{table.name}` needs `{name}`", key=True)

    def operators(self, operators: Mapping[str, Any], column: Column, table: TableShape, path: Path) -> None:
        """Check `{gte: …, ne: …}`: the operators must exist and their operands fit the column."""
        for name, operand in operators.items():
            if name not in WHERE_OPERATORS:
                self.unknown((*path, name), "operator", name, WHERE_OPERATORS, key=True)
            elif name == "is_null":
                if isinstance(operand, str | int) and not isinstance(operand, bool) and "${{" not in str(operand):
                    self.findings.report("F003", (*path, name), "`is_null` takes true or false")
            else:
                self.values.cell(operand, column, (*path, name), f"`{table.name}.{column.name}`")

    def _readable(self, name: str) -> Sequence[str]:
        """Return the tables that a `select` can name; Stripe's tables only if the name looks like one."""
        views = self.catalog.view_names() if "." in name else ()
        return [*self.catalog.table_names(), *views]

    def filters(self, where: Mapping[str, Any], table: TableShape, path: Path) -> None:
        """Check `where` of a table that is read elsewhere: only what can be asked there, in the types it takes."""
        known = table.filters or {}
        for name, value in where.items():
            at = (*path, name)
            if name not in known:
                if table.any_column and name in table.columns:
                    self.where({name: value}, dataclasses.replace(table, filters=None), path)
                    continue
                problem = "is not compared by" if name in table.columns or name == "any" else "has no column"
                hint = did_you_mean(name, [*known, *(table.columns if table.any_column else ())]) or table.hint
                self.findings.report("F001", at, f"`{table.name}` {problem} `{name}`", hint, key=True)
            elif name == "query" and "${{" in str(value):
                hint = "name the fields instead (`email: …`), which are quoted for you"
                self.findings.report("F003", at, "what is filled in here could change what is searched for", hint)
            elif value is None:
                self.findings.report("F109", at, "a null never matches", "leave it out")
            elif is_list(value):
                for index, item in enumerate(value):
                    self.values.value(item, _item(known[name]), (*at, index), f"`{table.name}.{name}`")
            elif is_map(value) and known[name].get("type") != "object":
                for sign, operand in value.items():
                    if sign not in WHERE_OPERATORS:
                        self.unknown((*at, sign), "operator", sign, WHERE_OPERATORS, key=True)
                    elif sign != "is_null" and operand is not None:
                        self.values.value(operand, _item(known[name]), (*at, sign), f"`{table.name}.{name}`")
            else:
                may_be_list = is_map(value) or "${{" in str(value)
                self.values.value(value, _item(known[name], whole=may_be_list), at, f"`{table.name}.{name}`")

    def where(self, where: Any, table: TableShape, path: Path) -> None:
        """Check the columns and operators of a `where`, inside `any` too."""
        if not is_map(where):
            return
        if table.filters is not None:
            self.filters(where, table, path)
            return
        for name, value in where.items():
            at = (*path, name)
            if name == "any" and is_list(value):
                for index, item in enumerate(value):
                    self.where(item, table, (*at, index))
                continue
            column = self.column(name, table, at, key=True)
            if column is None:
                continue
            if value is None:
                self.findings.report(
                    "F109", at, "a null never matches", "write {is_null: true}, or leave the column out"
                )
            if is_map(value):
                self.operators(value, column, table, at)
                continue
            for inner_at, inner in (
                [((*at, i), item) for i, item in enumerate(value)] if is_list(value) else [(at, value)]
            ):
                self.values.cell(inner, column, inner_at, f"`{table.name}.{name}`", listed=not is_list(value))


def _item(schema: Schema, *, whole: bool = False) -> Type:
    """Return the shape of one value that a filter is compared with. whole: a map or a list may stand there as well."""
    if schema.get("type") == "array":
        items = schema.get("items", {})
        return type_of_schema({"anyOf": [items, schema]} if whole else items)
    parts = [part for part in schema.get("anyOf", ()) if part.get("type") != "object"]
    of = {"anyOf": parts} if parts else schema
    # An expression may give a list: one of them.
    return type_of_schema({"anyOf": [of, {"type": "array"}]} if whole and of.get("type") != "object" else of)
