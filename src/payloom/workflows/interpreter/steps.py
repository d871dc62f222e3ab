"""Runs a workflow, and steps one after another: `when`, the verb, `on_error`, the result under the step's id."""

from __future__ import annotations

from typing import Any

from payloom.workflows.interpreter.frame import Frame
from payloom.workflows.program.node import Block, Node
from payloom.workflows.program.signals import Failed, Returned, Stopped
from payloom.workflows.program.step_generator import Steps


def run_block(block: Block, frame: Frame, prefix: str) -> Steps:
    """Run steps in order; their paths are `prefix` + index. Returns the value of the last."""
    run_context = frame.run_context
    value: Any = None
    for at, node in enumerate(block.nodes):
        path = f"{prefix}{at}"
        run_context.count(path)
        try:
            if node.when is not None and not frame.test(node.when, path):
                run_context.mark(path, "skipped", node.id)
                frame.forget(tuple(node.all_ids()))
                value = None
                continue
            value = yield from node.run(frame, path)
        except Failed as failed:
            run_context.mark(path, "failed", node.id)
            if not node.handles_failure:
                raise
            value = yield from _recover(node, frame, path, failed)
        except Returned:
            run_context.mark(path, "done", node.id)
            raise
        else:
            run_context.mark(path, "done", node.id)
        if node.id is not None:
            frame.assign(node.id, value)
    return value


def _recover(node: Node, frame: Frame, path: str, failed: Failed) -> Steps:
    frame.forget(tuple(node.all_ids()))
    if node.on_error is None:
        return None
    inner = frame.with_names(error=error_value(failed))
    return (yield from run_block(node.on_error, inner, f"{path}.on_error."))


def error_value(failed: Failed) -> dict[str, Any]:
    """Return what `error` shows of a failure: `{kind, code, message, status, hint, where, step, retryable, data}`."""
    failure = failed.failure
    return {
        "kind": failure.kind,
        "code": failure.data.get("code") or failure.kind,
        "message": failure.message,
        "status": failure.status,
        "hint": failure.hint,
        "where": failure.where,
        "step": failed.path,
        "retryable": failure.retryable,
        "data": dict(failure.data),
    }


def run_workflow(frame: Frame, prefix: str) -> Steps:
    """Run a workflow's variables, its steps and, on a failure, its `on_error`; returns `(body, status)`.

    Raises Failed, Stopped.
    """
    workflow = frame.workflow
    try:
        if workflow.vars is not None:
            frame.names["vars"].update(frame.fill(workflow.vars, f"{prefix}vars"))
        yield from run_block(workflow.steps, frame, prefix)
    except Returned as returned:
        return returned.body, returned.status
    except Failed as failed:
        if workflow.on_error is None:
            raise
        inner = frame.with_names(error=error_value(failed))
        try:
            yield from run_block(workflow.on_error, inner, f"{prefix}on_error.")
        except Returned as returned:
            failed.answer = returned
        except (Failed, Stopped):
            # The first failure is what people must see; the handler's own one is in the trace.
            pass
        raise failed from None
    return None, 200
