"""The verbs. One file per family; this table is the whole list."""

from __future__ import annotations

from payloom.kit.diagnostics import Path
from payloom.workflows.interpreter.verbs.approve import Approve
from payloom.workflows.interpreter.verbs.branch import Filter, If, Switch
from payloom.workflows.interpreter.verbs.call import Call
from payloom.workflows.interpreter.verbs.loops import ForEach, While
from payloom.workflows.interpreter.verbs.outbound import Email, Http, Python, Stripe
from payloom.workflows.interpreter.verbs.parallel import Parallel
from payloom.workflows.interpreter.verbs.simple import Let, Log, Raise, Respond, Return
from payloom.workflows.interpreter.verbs.tables import Delete, Insert, Select, Update, Upsert
from payloom.workflows.interpreter.verbs.try_catch import Try
from payloom.workflows.interpreter.verbs.wait import Wait, WaitFor
from payloom.workflows.program.node import Node, StepCompiler
from payloom.workflows.syntax.filemodel.steps import StepHead

NODES: dict[str, type[Node]] = {
    node.verb: node
    for node in (
        Stripe, Select, Insert, Update, Upsert, Delete, Email, Switch, If, Filter, ForEach, While, Try, Parallel, Wait,
        WaitFor, Let, Log, Return, Respond, Raise, Http, Call, Python, Approve,
    )
}  # fmt: skip


def make_node(model: StepHead, compiler: StepCompiler, path: Path) -> Node:
    """Compile a step."""
    return NODES[model.verb](model, compiler, path)
