"""Why an event started a workflow, or did not: the trigger's own conditions, one by one, with the values they met."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from payloom.inbox.service import InboxEvent
from payloom.runs.registry import StartPlan
from payloom.workflows.catalog.events import account_counts
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.values import EvalContext
from payloom.workflows.interpreter.decisions import values_read
from payloom.workflows.program.program import StripeTrigger, Workflow

Reason = Literal["started", "no_trigger", "type", "action", "account", "mode", "condition", "error", "deduped", "later"]
_ORDER: tuple[Reason, ...] = (
    *("started", "deduped", "later", "error", "condition", "mode", "account", "action", "type", "no_trigger"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """The result of an event in one workflow.

    run: that it started, or that has its `once` key. where: file:line:column of the condition that does not hold.
    """

    workflow: str
    reason: Reason
    message: str
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    run: str | None = None
    start: StartPlan | None = None
    where: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Occurrence:
    """An event as triggers see it."""

    event: InboxEvent
    family: str
    action: str
    scope: Mapping[str, Any]
    eval_context: EvalContext


def explain_workflow(workflow: Workflow, occurrence: Occurrence) -> Explanation:
    """Return why the workflow's triggers take the event or not; of several triggers, the one that came nearest."""
    triggers = [trigger for trigger in workflow.triggers if isinstance(trigger, StripeTrigger)]
    if not triggers:
        return Explanation(workflow.id, "no_trigger", "it does not start on events of Stripe")
    explanations = [_explain(workflow, trigger, occurrence) for trigger in triggers]
    return min(explanations, key=lambda explanation: _ORDER.index(explanation.reason))


def _explain(workflow: Workflow, trigger: StripeTrigger, occurrence: Occurrence) -> Explanation:
    event, action, scope = occurrence.event, occurrence.action, occurrence.scope
    if trigger.family != occurrence.family and not event.type.startswith(f"{trigger.family}."):
        return Explanation(workflow.id, "type", f"its trigger takes {trigger.family}, and this is {event.type}")
    if trigger.actions and action not in trigger.actions:
        return Explanation(
            workflow.id, "action", f"its trigger takes {', '.join(trigger.actions)}, and this is {action or event.type}"
        )
    if trigger.livemode is not None and trigger.livemode is not event.livemode:
        return Explanation(workflow.id, "mode", f"its trigger takes {'live' if trigger.livemode else 'test'} events")
    place = "account"
    try:
        accounts = None if trigger.account is None else trigger.account.evaluate(scope, occurrence.eval_context)
        if not account_counts(accounts, event.account):
            own = "our own account" if accounts is None else "connected accounts" if accounts == "*" else str(accounts)
            whose = "our own account" if event.account is None else event.account
            return Explanation(workflow.id, "account", f"its trigger takes events of {own}, and this is of {whose}")
        place = "match"
        if trigger.match is not None and not trigger.match.compiled.test(scope, occurrence.eval_context):
            source = trigger.match.compiled.source
            values = values_read(trigger.match.compiled.refs, scope)
            where = workflow.locate(trigger.match.path, source, (0, len(source)))
            return Explanation(workflow.id, "condition", f"its condition does not hold: {source}", values, where=where)
    except ExpressionError as error:
        return Explanation(workflow.id, "error", f"`{place}` of its trigger failed: {error.message}")
    return Explanation(
        workflow.id, "later", "it would start it now; when the event came, another version was published"
    )
