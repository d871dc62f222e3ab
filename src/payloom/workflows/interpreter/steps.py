"""Runs steps one after another: `when`, the verb, `on_error`, the result under the step's id."""

from __future__ import annotations

from typing import Any

from payloom.workflows.interpreter.frame import Frame
from payloom.workflows.program.node import Node, Steps
from payloom.workflows.program.signals import Failed, Returned
from payloom.workflows.program.templates import Block


def run_block(block: Block, frame: Frame, prefix: str) -> Steps:
    """Run steps in order; their paths are `prefix` + index. Returns the value of the last."""
    shared = frame.shared
    value: Any = None
    for at, node in enumerate(block.nodes):
        path = f"{prefix}{at}"
        shared.count(path)
        try:
            if node.when is not None and not frame.test(node.when, path):
                shared.mark(path, "skipped", node.id)
                frame.forget(tuple(node.all_ids()))
                value = None
                continue
            value = yield from node.run(frame, path)
        except Failed as failed:
            shared.mark(path, "failed", node.id)
            if not node.guarded:
                raise
            value = yield from _recover(node, frame, path, failed)
        except Returned:
            shared.mark(path, "done", node.id)
            raise
        else:
            shared.mark(path, "done", node.id)
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
