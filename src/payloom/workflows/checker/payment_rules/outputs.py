"""F003 for answers: what a workflow returns or responds with is what its `output` promises."""

from __future__ import annotations

from payloom.kit.json_types import is_map
from payloom.workflows.checker.expressions import Types
from payloom.workflows.checker.findings import Findings
from payloom.workflows.checker.values import ValueCheck
from payloom.workflows.expressions.types import type_of_schema
from payloom.workflows.interpreter.verbs import simple


def check_outputs(findings: Findings, types: Types) -> None:
    """Check every answer against `output`; the body of an error is not promised."""
    promised = findings.workflow.output
    if promised is None:
        return
    values = ValueCheck(findings, types)
    for node in findings.nodes:
        if not isinstance(node, simple.Return | simple.Respond) or (node.status or 200) >= 400:
            continue
        path, literal = (*node.path, node.verb), node.body.literal
        values.value(literal, type_of_schema(promised), path, "`output`")
        for missing in promised.get("required", ()) if is_map(literal) else ():
            if missing not in literal:
                findings.report("F003", path, f"`output` promises `{missing}`", f"add `{missing}: …`", key=True)
