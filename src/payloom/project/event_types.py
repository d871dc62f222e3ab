"""Which of Stripe's event types a project needs: what to select for the webhook endpoint in Stripe's dashboard."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from payloom.connectors.stripe.catalog.tables import FAMILIES
from payloom.workflows.interpreter.verbs.wait import WaitFor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from payloom.project.loader import Project
    from payloom.workflows.program.program import Workflow


def event_types(project: Project) -> Mapping[str, tuple[str, ...]]:
    """Return each event type that the project needs, with what needs it.

    A workflow's id, if the event starts the workflow or a `wait_for` step waits for it; `stripe.mirror`, if it keeps a
    copied table fresh.
    """
    users: dict[str, set[str]] = defaultdict(set)
    needed = [(workflow.id, *listed) for workflow in project.workflows.values() for listed in _families(workflow)]
    needed += [("stripe.mirror", FAMILIES[resource], ()) for resource in project.catalog.mirrored]
    for user, name, actions in needed:
        family = project.catalog.family(name)
        for action in actions or (family.actions if family else ()):
            users[f"{name}.{action}"].add(user)
    return {name: tuple(sorted(users[name])) for name in sorted(users)}


def _families(workflow: Workflow) -> Iterator[tuple[str, Iterable[str]]]:
    for trigger in workflow.triggers:
        if trigger.kind == "stripe":
            yield trigger.family, trigger.actions
    for node in workflow.nodes():
        if isinstance(node, WaitFor):
            yield node.family, node.actions
