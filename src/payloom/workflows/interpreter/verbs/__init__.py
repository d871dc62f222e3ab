"""The verbs. One file per family; this table is the whole list."""

from __future__ import annotations

from payloom.workflows.diagnostics import Path
from payloom.workflows.filemodel.steps import StepHead
from payloom.workflows.interpreter.node import Node
from payloom.workflows.interpreter.parts import Builder
from payloom.workflows.interpreter.verbs.approving import Approve
from payloom.workflows.interpreter.verbs.branching import Filter, If, Switch
from payloom.workflows.interpreter.verbs.calling import Call
from payloom.workflows.interpreter.verbs.loops import ForEach, While
from payloom.workflows.interpreter.verbs.outside import Email, Http, Python, Stripe
from payloom.workflows.interpreter.verbs.parallel import Parallel
from payloom.workflows.interpreter.verbs.plain import Let, Log, Raise, Respond, Return
from payloom.workflows.interpreter.verbs.tables import Delete, Insert, Select, Update, Upsert
from payloom.workflows.interpreter.verbs.trying import Try
from payloom.workflows.interpreter.verbs.waiting import Wait, WaitFor

NODES: dict[str, type[Node]] = {
    node.verb: node
    for node in (
        Stripe, Select, Insert, Update, Upsert, Delete, Email, Switch, If, Filter, ForEach, While, Try, Parallel, Wait,
        WaitFor, Let, Log, Return, Respond, Raise, Http, Call, Python, Approve,
    )
}  # fmt: skip


def make_node(model: StepHead, builder: Builder, path: Path) -> Node:
    """Compile a step."""
    return NODES[model.verb](model, builder, path)
