"""The addresses of a project's endpoints: each belongs to one workflow, and some to Payloom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from payloom.workflows.program.program import ApiTrigger, Workflow

_TAKEN_ENDPOINTS = re.compile(r"/(?:stripe/webhook|auth|_payloom)(?:/|$)")


def endpoint_problems(workflows: Mapping[str, Workflow]) -> Iterator[tuple[str, str, str | None]]:
    """Yield a workflow's id, what is wrong with its address, and a hint. The first workflow has the address."""
    routes: dict[tuple[str, str], str] = {}
    for workflow in workflows.values():
        for trigger in workflow.triggers:
            if not isinstance(trigger, ApiTrigger):
                continue
            if _TAKEN_ENDPOINTS.match(trigger.path):
                yield workflow.id, f"the address {trigger.path} belongs to Payloom", "choose another path"
            same = (trigger.method, re.sub(r"\{\w+\}", "{}", trigger.path))
            if same in routes:
                yield workflow.id, f"{trigger.method} {trigger.path} is taken by workflow {routes[same]}", None
            routes.setdefault(same, workflow.id)
