"""The node of every verb: each class with a verb in the files of this folder."""

from __future__ import annotations

import inspect

from payloom.kit.diagnostics import Path
from payloom.workflows.interpreter.verbs import (
    approve,
    branch,
    call,
    loops,
    outbound,
    parallel,
    simple,
    tables,
    try_catch,
    wait,
)
from payloom.workflows.program.node import Node, StepCompiler
from payloom.workflows.syntax.filemodel.steps import StepHead

_FAMILIES = (approve, branch, call, loops, outbound, parallel, simple, tables, try_catch, wait)

NODES: dict[str, type[Node]] = {
    cls.verb: cls
    for family in _FAMILIES
    for _, cls in inspect.getmembers(family, inspect.isclass)
    if issubclass(cls, Node) and cls.verb
}


def make_node(model: StepHead, compiler: StepCompiler, path: Path) -> Node:
    """Compile a step."""
    return NODES[model.verb](model, compiler, path)
