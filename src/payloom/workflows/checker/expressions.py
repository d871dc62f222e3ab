"""F001 and F003 inside expressions: unknown names and fields, wrong types, conditions that are no conditions."""

from __future__ import annotations

from collections.abc import Mapping

from payloom.kit.json_types import is_map
from payloom.workflows.catalog.catalog import Schema
from payloom.workflows.catalog.events import event_types, previous_type
from payloom.workflows.checker import scope
from payloom.workflows.checker.findings import Findings, root_of
from payloom.workflows.checker.flow import Flow
from payloom.workflows.expressions.check import infer
from payloom.workflows.interpreter.verbs import loops, outbound, wait
from payloom.workflows.program.node import ExpressionSite, Node
from payloom.workflows.syntax.filemodel.step_keys import CONDITION_KEYS

_EVENT = frozenset({"event", "object", "previous"})
_ERROR: Schema = {
    "type": "object",
    "properties": {
        "kind": {"type": "string"}, "code": {"type": "string"}, "message": {"type": "string"},
        "status": {"type": "integer"}, "hint": {"type": ["string", "null"]}, "where": {"type": ["string", "null"]},
        "step": {"type": "string"}, "retryable": {"type": "boolean"}, "data": {"type": "object"},
    },
    "additionalProperties": False,
}  # fmt: skip

_APPROVAL: Schema = {
    "type": "object",
    "properties": {
        "url": {"type": "string"},
        "until": {"type": "string", "format": "date-time", "x-type": "timestamp"},
    },
    "additionalProperties": False,
}


class Types:
    """The types of all names at every expression of a workflow."""

    def __init__(self, findings: Findings, flow: Flow) -> None:
        self.findings = findings
        self.flow = flow
        self.roots = scope.roots(findings.workflow, findings.catalog)
        self.results: dict[str, Schema | None] = {}
        for node in findings.nodes:
            if node.id is not None:
                first = node.id not in self.results
                self.results[node.id] = node.result_schema(findings.catalog) if first and not node.on_error else None
        self._inferred: dict[int, Schema | None] = {}
        self._known: dict[object, Mapping[str, Schema | None]] = {}

    def at(self, site: ExpressionSite) -> Mapping[str, Schema | None]:
        """Return the types of the names that the expression at `site` sees."""
        node = site.node
        waits = isinstance(node, wait.WaitFor) and site.path[-1:] == ("match",)
        around = self._around(node) if node is not None else {}
        # Most expressions see the same names; making the map anew for each is what checking would spend its time on.
        key = (node, waits) if around or waits else None
        if key not in self._known:
            self._known[key] = self._names(site, around, waits=waits)
        return self._known[key]

    def _names(
        self, site: ExpressionSite, around: Mapping[str, Schema | None], *, waits: bool
    ) -> Mapping[str, Schema | None]:
        # Ids that cannot be read here are F002's business, not an unknown name.
        known = {**self.roots, **self.results, "secrets": None, **around}
        # A step that does not exist is reported with the reads of steps, so the object is open.
        known["steps"] = {"type": "object", "properties": {name: result or {} for name, result in self.results.items()}}
        if waits and isinstance(site.node, wait.WaitFor):
            family, actions = site.node.family, site.node.actions
            known["event"], known["object"] = event_types(
                family, actions, self.findings.catalog, connected=site.node.only_connected
            )
            known["previous"] = previous_type(known["object"])
        known["context"] = scope.context_type(known)
        return known

    def _around(self, node: Node) -> dict[str, Schema | None]:
        types: dict[str, Schema | None] = {}
        for name in self.flow.extra.get(node, ()):
            types[name] = None
        for outer in self.findings.around(node):
            if isinstance(outer, loops.ForEach):
                types[outer.item] = self.item_of(outer)
        if "error" in types:
            types["error"] = _ERROR
        if "approval" in types:
            types["approval"] = _APPROVAL
        return types

    def item_of(self, node: loops.ForEach) -> Schema | None:
        """Return the type of a loop's item."""
        for site in self.findings.sites_of(node):
            if site.path == node.items.path:
                of = self.of(site)
                if of is not None and of.get("type") == "array" and is_map(of.get("items")):
                    return of["items"] or None
        return None

    def of(self, site: ExpressionSite) -> Schema | None:
        """Return the type of an expression's value, None if it can be anything."""
        key = id(site)
        if key not in self._inferred:
            self._inferred[key] = None
            self._inferred[key] = infer(site.compiled, self.at(site)).type
        return self._inferred[key]


def check_expressions(findings: Findings, types: Types) -> None:
    """Infer every expression and report what cannot be right in it."""
    for site in findings.workflow.sites:
        if site.path[:1] == ("on",) and site.path[-1] == "queue" and site.compiled.source == "object.id":
            continue  # also the lane that nobody wrote: events without an id have none
        inferred = infer(site.compiled, types.at(site))
        for problem in inferred.problems:
            findings.report_in(problem.code, site, problem.message, problem.hint, problem.span)
        if site.bare and site.path[-1] in CONDITION_KEYS and inferred.type is not None:
            kind = inferred.type.get("type")
            if isinstance(kind, str) and kind != "boolean":
                hint = "compare it, e.g. `x != null` or `x > 0`"
                findings.report_in("F003", site, f"a condition is true or false, and this is {_word(kind)}", hint)
        _roots_that_are_missing(findings, site)
        _links_that_leave(findings, types, site)


def _links_that_leave(findings: Findings, types: Types, site: ExpressionSite) -> None:
    """Report the link to a decision anywhere but in the data of a mail: whoever has it may decide."""
    node = site.node
    if node is None or "approval" not in types.flow.extra.get(node, ()):
        return
    if isinstance(node, outbound.Email) and site.path[len(node.path)] == "data":
        return
    for ref in site.compiled.refs:
        path = root_of(ref.path)
        if path[:1] == ("approval",) and (len(path) == 1 or path[1] == "url"):
            hint = "put it into the `data` of an `email` step"
            findings.report_in("F110", site, "the link allows a decision: use it in emails only", hint, ref.span)


def _word(kind: str) -> str:
    return {"integer": "a number", "number": "a number", "array": "a list", "object": "a map", "null": "null"}.get(
        kind, "text"
    )


def _roots_that_are_missing(findings: Findings, site: ExpressionSite) -> None:
    """Report reads of the event or the user in a workflow that starts without one."""
    workflow = findings.workflow
    has_event = any(trigger.kind == "stripe" for trigger in workflow.triggers)
    has_user = scope.has_user(workflow)
    waits = isinstance(site.node, wait.WaitFor)
    for ref in site.compiled.refs:
        path = root_of(ref.path)
        name = str(path[0])
        if ref.optional or len(path) == 1:
            continue
        if name in _EVENT and not has_event and not waits:
            findings.report_in(
                "F002", site, f"there is no `{name}` here: nothing starts this workflow with an event",
                "pass what you need as an input", ref.span,
            )  # fmt: skip
        elif name == "user" and has_user is False:
            findings.report_in("F002", site, "there is no user here: callers need not be signed in", None, ref.span)
