"""F002 and F010: which steps have certainly run, may have been skipped, or cannot be reached, at every place."""

from __future__ import annotations

import dataclasses

from payloom.kit.suggest import did_you_mean
from payloom.workflows.checker.findings import Findings, root_of
from payloom.workflows.checker.narrowing import not_null, tests_for_null
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import Compiled
from payloom.workflows.interpreter.verbs import approve, loops, parallel, try_catch
from payloom.workflows.interpreter.verbs import branch as branching
from payloom.workflows.program.node import Block, ExpressionSite, Node
from payloom.workflows.program.templates import Expression

State = dict[str, bool]
"""Ids readable at a place: True when the step has certainly run and has a value, False when it may be null."""


@dataclasses.dataclass(slots=True)
class Flow:
    """What is readable where. `seen`: per step; `before`: by its `when`; `extra`: names of loops and handlers."""

    seen: dict[Node, State] = dataclasses.field(default_factory=dict[Node, State])
    before: dict[Node, State] = dataclasses.field(default_factory=dict[Node, State])
    extra: dict[Node, frozenset[str]] = dataclasses.field(default_factory=dict[Node, frozenset[str]])


def analyze(findings: Findings) -> Flow:
    """Walk all paths; reports F010 on the way."""
    flow = Flow()
    walker = _Walker(findings, flow)
    workflow = findings.workflow
    walker.block(workflow.steps, {}, frozenset())
    if workflow.on_error is not None:
        walker.block(workflow.on_error, dict.fromkeys(workflow.steps.ids, False), frozenset({"error"}))
    return flow


class _Walker:
    def __init__(self, findings: Findings, flow: Flow) -> None:
        self.findings = findings
        self.flow = flow

    def block(self, block: Block, state: State, extra: frozenset[str]) -> State | None:
        """Walk steps; returns what is readable after them, None if nothing comes after."""
        now: State | None = dict(state)
        for at, node in enumerate(block.nodes):
            if now is None:
                before = block.nodes[at - 1]
                self.findings.report(
                    "F010", node.path, "this step is never reached", f"`{before.verb}` before it ends the branch"
                )
                return None
            now = self.step(node, now, extra)
        return now

    def step(self, node: Node, state: State, extra: frozenset[str]) -> State | None:
        self.flow.before[node] = self.flow.seen[node] = dict(state)
        self.flow.extra[node] = extra
        entry = dict(state)
        if node.when is not None:
            self.constant(node.when, "the step never runs")
            entry |= dict.fromkeys(not_null(node.when.compiled, holds=True) & entry.keys(), True)
            self.flow.seen[node] = dict(entry)
        after = self.verb(node, entry, extra)
        if node.on_error is not None:
            handled = self.block(node.on_error, self.maybe(entry, node), extra | {"error"})
            after = self.join([after, handled])
        elif node.continues_on_error:
            after = self.join([after, self.maybe(entry, node)])
        if node.id is not None and after is not None:
            after[node.id] = not (node.handles_failure or node.may_be_null())
        if node.when is not None:
            after = self.join([after, self.maybe(state, node)])
        return after

    @staticmethod
    def maybe(state: State, node: Node) -> State:
        """Return the state after a step that was skipped: its ids are null."""
        return {**state, **{name: state.get(name, False) for name in node.all_ids()}}

    @staticmethod
    def join(states: list[State | None]) -> State | None:
        """Return what is readable after several ways: certain only what is certain on each that goes on."""
        going = [state for state in states if state is not None]
        if not going:
            return None
        names = {name for state in going for name in state}
        return {name: all(state.get(name, False) for state in going) for name in names}

    def verb(self, node: Node, state: State, extra: frozenset[str]) -> State | None:
        match node:
            case _ if node.ends_branch:
                return None
            case branching.Guard():
                if self.constant(node.condition, node.when_false) is False:
                    return None
                return {**state, **dict.fromkeys(not_null(node.condition.compiled, holds=True) & state.keys(), True)}
            case branching.If():
                return self.either(node, state, extra)
            case branching.Switch():
                return self.switch(node, state, extra)
            case loops.ForEach():
                self.block(node.body, state, extra | {node.item})
                return state
            case loops.While():
                inside = self.maybe(state, node)
                self.flow.seen[node] = dict(inside)
                self.constant(node.condition, "the loop never runs")
                self.block(node.body, inside, extra)
                return inside
            case try_catch.Try():
                return self.trying(node, state, extra)
            case parallel.Parallel():
                ends = [self.block(branch, state, extra) for branch in node.branches.values()]
                if any(end is None for end in ends):
                    return None
                return {name: any((end or {}).get(name, False) for end in ends) for end in ends for name in end or {}}
            case approve.Approve():
                return self.approve(node, state, extra)
            case _:
                return state

    def either(self, node: branching.If, state: State, extra: frozenset[str]) -> State | None:
        always = self.constant(node.condition, "`then` is never reached")
        if always is True and node.otherwise.nodes:
            self.findings.report("F010", node.condition.path, "the condition is always true: `else` is never reached")
        ways: list[State | None] = []
        for holds, block, other in ((True, node.then, node.otherwise), (False, node.otherwise, node.then)):
            known = dict.fromkeys(not_null(node.condition.compiled, holds=holds) & state.keys(), True)
            end = self.block(block, {**state, **known}, extra)
            ways.append(None if end is None else {**dict.fromkeys(other.ids, False), **end})
        return self.join(ways)

    def switch(self, node: branching.Switch, state: State, extra: frozenset[str]) -> State | None:
        ways: list[State | None] = []
        blocks = [block for _, block in node.blocks()]
        for block in blocks:
            if block is node.otherwise and node.default is not None:
                continue
            end = self.block(block, state, extra)
            rest = {name: False for other in blocks if other is not block for name in other.ids}
            ways.append(None if end is None else {**rest, **end})
        return self.join(ways)

    def trying(self, node: try_catch.Try, state: State, extra: frozenset[str]) -> State | None:
        end = self.block(node.body, state, extra)
        broken = {**state, **{name: state.get(name, False) for name in node.body.ids}}
        ways = [end]
        for _, name, _, block in node.clauses:
            ways.append(self.block(block, broken, extra | {name}))
        caught = {name for _, _, _, block in node.clauses for name in block.ids}
        ways = [None if way is None else {**{name: way.get(name, False) for name in caught}, **way} for way in ways]
        after = self.join(ways)
        last = self.block(node.last, {**broken, **dict.fromkeys(caught, False)}, extra)
        if after is None or last is None:
            return None
        return {**after, **{name: last.get(name, False) for name in node.last.ids}}

    def approve(self, node: approve.Approve, state: State, extra: frozenset[str]) -> State | None:
        if node.notify.nodes:
            notified = self.block(node.notify, state, extra | {"approval"})
            if notified is None:
                return None
            state = notified
        inside = {**state, node.id: True} if node.id else state
        ways: list[State | None] = []
        blocks = [block for label, block in node.blocks() if label != "notify"]
        for block in blocks:
            end = self.block(block, inside, extra)
            rest = {name: False for other in blocks if other is not block for name in other.ids}
            ways.append(None if end is None else {**rest, **end})
        return self.join(ways)

    def constant(self, condition: Expression, message: str) -> bool | None:
        """Return the value of a condition that never changes; reports F010 when it is false."""
        value = constant_value(condition.compiled)
        if value is False:
            self.findings.report("F010", condition.path, f"the condition is always false: {message}")
        return value if isinstance(value, bool) else None


def constant_value(compiled: Compiled) -> object:
    """Return the value of an expression that reads nothing, None otherwise."""
    from payloom.workflows.checker.narrowing import NOWHERE  # noqa: PLC0415 - a command loads what it needs when it runs

    if not compiled.constant:
        return None
    try:
        return compiled.evaluate({}, NOWHERE)
    except ExpressionError:
        return None


def check_references(findings: Findings, flow: Flow) -> None:
    """Report reads of steps that have not run, cannot be seen, or may have been skipped."""
    ids = set(findings.workflow.step_ids)
    for site in findings.workflow.sites:
        seen = flow.seen
        if site.node is not None and site.path == (*site.node.path, "when"):
            seen = flow.before
        state = seen.get(site.node) if site.node is not None else {}
        if state is None:
            continue
        extra: frozenset[str] = flow.extra.get(site.node, frozenset()) if site.node is not None else frozenset()
        for ref in site.compiled.refs:
            path = root_of(ref.path)
            name = str(path[0])
            if ref.path[0] == "steps" and len(ref.path) > 1 and name not in ids:
                hint = did_you_mean(name, ids) or None
                findings.report_in("F001", site, f"there is no step `{name}`", hint, ref.span)
            elif name not in ids or name in extra:
                continue
            elif name not in state:
                _unseen(findings, site, name, ref.span)
            elif (
                not state[name]
                and len(path) > 1
                and not ref.optional
                and not tests_for_null(site.compiled, name, ref.span)
            ):
                findings.report_in(
                    "F002",
                    site,
                    f"`{name}` may be null here: the step may be skipped or find nothing",
                    f"write `{name}?.…`, give a default with `??`, or `filter: {name} != null` before",
                    ref.span,
                )


def _unseen(findings: Findings, site: ExpressionSite, name: str, span: tuple[int, int]) -> None:
    message, hint = f"`{name}` is read before it runs", "move the step up"
    if site.node is None:
        message, hint = f"`{name}` is a step, and no step has run here", "read the event or the inputs instead"
    elif _elsewhere(findings, site.node, name):
        message = f"`{name}` cannot be read here"
        hint = "it is set inside a loop or in another branch: return it from there"
    findings.report_in("F002", site, message, hint, span)


def _elsewhere(findings: Findings, reader: Node, name: str) -> bool:
    setter = next((node for node in findings.nodes if node.id == name), None)
    return setter is not None and setter.line < reader.line and setter.path[:-1] != reader.path[:-1]
