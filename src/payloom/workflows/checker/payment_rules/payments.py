"""F105 to F109, F112: what experience says about payment workflows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.kit.json_types import is_list, is_map
from payloom.workflows.checker.expressions import Types
from payloom.workflows.checker.findings import Findings, file_path, root_of
from payloom.workflows.interpreter.verbs import branch, loops, outbound, tables
from payloom.workflows.program.node import ExpressionSite, Node
from payloom.workflows.program.program import StripeTrigger

_PAIRS = {
    "payment_intent": [("succeeded", ("payment_failed",))],
    "checkout.session": [("completed", ("async_payment_succeeded",))],
    "customer.subscription": [("created", ("deleted",))],
    "invoice": [("paid", ("payment_failed",))],
}
_WRITES = (tables.Insert, tables.Update, tables.Upsert, tables.Delete, outbound.Email)


def check_payments(findings: Findings, types: Types) -> None:
    """Run all rules of this family."""
    for at, trigger in findings.of_kind("stripe"):
        assert isinstance(trigger, StripeTrigger)
        _other_outcome(findings, at, trigger)
        _completed_is_not_paid(findings, at, trigger)
        _nothing_to_read_again(findings, at, trigger)
    _get_that_writes(findings)
    for node in findings.nodes:
        if isinstance(node, tables.Update):
            _old_over_new(findings, node)
        if isinstance(node, tables.Select | tables.Update | tables.Delete):
            _nothing_to_match(findings, types, node)
        if isinstance(node, outbound.Email):
            _mail_in_loop(findings, node)


def _mentioned(findings: Findings, trigger: StripeTrigger) -> set[str] | None:
    """Return the actions a workflow deals with; None if it deals with all alike."""
    named = set(trigger.actions)
    for node in findings.nodes:
        if isinstance(node, branch.Switch) and node.value is not None and "event.action" in node.value.compiled.source:
            named |= set(node.cases)
    for site in findings.workflow.sites:
        if "event.action" in site.compiled.source:
            named |= {
                action for action in _actions(findings, trigger) if f"'{action}'" in _quoted(site.compiled.source)
            }
    return named or None


def _quoted(source: str) -> str:
    return source.replace('"', "'")


def _actions(findings: Findings, trigger: StripeTrigger) -> set[str]:
    family = findings.catalog.family(trigger.family)
    return set(family.actions) if family else set()


def _other_outcome(findings: Findings, at: int, trigger: StripeTrigger) -> None:
    named = _mentioned(findings, trigger)
    if named is None:
        return
    for action, others in _PAIRS.get(trigger.family, []):
        missing = [other for other in others if other not in named]
        if action in named and missing:
            findings.report(
                "F105",
                ("on", at, "stripe"),
                f"`{action}` is handled here, and `{missing[0]}` is not",
                "handle it here or in another file",
            )


def _completed_is_not_paid(findings: Findings, at: int, trigger: StripeTrigger) -> None:
    if trigger.family != "checkout.session" or not any(isinstance(node, _WRITES) for node in findings.nodes):
        return
    named = _mentioned(findings, trigger)
    if named is not None and "completed" not in named:
        return
    sources = [site.compiled.source for site in findings.workflow.sites]
    if any("payment_status" in source for source in sources) or any(
        "'subscription'" in _quoted(source) or "'setup'" in _quoted(source) for source in sources
    ):
        return
    findings.report(
        "F107",
        ("on", at, "stripe"),
        "a completed session need not be paid",
        "add `filter: object.payment_status != 'unpaid'`",
    )


def _nothing_to_read_again(findings: Findings, at: int, trigger: StripeTrigger) -> None:
    """`fresh` on events whose object cannot be read: they are used as they came."""
    path = ("on", at, "fresh")
    family = findings.catalog.family(trigger.family)
    if not trigger.fresh or family is None or file_path(findings.source, path) not in findings.source.values:
        return
    actions = trigger.actions or tuple(family.actions)
    if not any(family.reread(action) for action in actions):
        events = f"{trigger.family}.{actions[0]}" if len(actions) == 1 else trigger.family
        findings.report("F122", path, f"the object of `{events}` cannot be read again", key=True)


def _get_that_writes(findings: Findings) -> None:
    gets = [
        at for at, trigger in enumerate(findings.workflow.triggers) if trigger.kind == "api" and trigger.method == "GET"
    ]
    if not gets:
        return
    for node in findings.nodes:
        stripe = isinstance(node, outbound.Stripe)
        action = findings.catalog.action("stripe", node.action) if stripe else None
        if isinstance(node, _WRITES) or (stripe and (action is None or action.writes)):
            findings.report(
                "F106",
                (*node.path, node.verb),
                "a GET endpoint changes something",
                "use POST, or do it on the event",
                key=True,
            )
            return


def _old_over_new(findings: Findings, node: tables.Update) -> None:
    events = findings.events
    if not events or all(event.fresh or event.queue for event in events):
        return
    written: Mapping[str, Any] = node.set.literal if is_map(node.set.literal) else {}
    where: Mapping[str, Any] = node.where.literal if is_map(node.where.literal) else {}
    for name in written:
        if ("status" in name or name == "state") and name not in where:
            findings.report(
                "F108",
                (*node.path, "set", name),
                f"a late event may overwrite a newer `{name}`",
                f"put the old {name} into `where`, or set `fresh: true` on the trigger",
                key=True,
            )


def _nothing_to_match(findings: Findings, types: Types, node: tables.Select | tables.Update | tables.Delete) -> None:
    where = node.where.literal
    path = (*node.path, "where")
    if not is_map(where):
        return
    if not where:
        if not isinstance(node, tables.Select):
            findings.report(
                "F109", path, f"`{node.verb}` without a condition touches every row", "say which rows", key=True
            )
        return
    for name, value in where.items():
        site = findings.single(value, (*path, name))
        if site is None or not _nullable(types, site, name):
            return
    names = ", ".join(f"`{name}`" for name in where)
    findings.report(
        "F109",
        path,
        f"{names} may be null, and a null never matches",
        "filter for it before, e.g. `filter: x != null`",
        key=True,
    )


def _nullable(types: Types, site: ExpressionSite, name: str) -> bool:
    if name == "any" or "??" in site.compiled.source:
        return False
    if any(ref.optional for ref in site.compiled.refs):
        return True
    schema = types.of(site)
    if schema is None:
        return False
    union: list[Mapping[str, Any]] = schema.get("anyOf") or []
    kinds = schema.get("type")
    nullable = any(alternative.get("type") == "null" for alternative in union) or (is_list(kinds) and "null" in kinds)
    return nullable and not _tested(types, site)


def _tested(types: Types, site: ExpressionSite) -> bool:
    """Whether some condition of the workflow compares the same value with null."""
    refs = {root_of(ref.path) for ref in site.compiled.refs}
    for other in types.findings.workflow.sites:
        if other.bare and "null" in other.compiled.source and refs & {root_of(ref.path) for ref in other.compiled.refs}:
            return True
    return False


def _mail_in_loop(findings: Findings, node: Node) -> None:
    for loop in findings.around(node):
        if isinstance(loop, loops.ForEach) and "max" not in loop.model.model_fields_set:
            findings.report(
                "F112",
                (*node.path, "email"),
                "this sends a mail per item, without a limit",
                "set `max` on the `for_each`",
                key=True,
            )
            return
