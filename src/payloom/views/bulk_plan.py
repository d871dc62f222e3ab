"""What a bulk action would do, before it is done: what starts, on which version, what is left out, and which money."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.email.models import mails
from payloom.inbox.models import events
from payloom.inbox.service import load
from payloom.kit.errors import PayloomError
from payloom.kit.json_types import is_dict
from payloom.runs.bulk.jobs import BulkKind
from payloom.runs.coordination.resolution import UNRESOLVED
from payloom.runs.models import runs, steps
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.run_rows import TERMINAL, Run, load_run
from payloom.workflows.interpreter.verbs.outbound import Stripe
from payloom.workflows.program.program import Workflow

MovesMoney = Callable[[str], bool]
"""Whether a Stripe action moves money."""
_AMOUNTS = ("amount", "amount_total", "amount_due", "total")


class BulkPlanner:
    """Plans bulk actions within a transaction. Nothing is changed."""

    def __init__(self, library: PublishedWorkflows, moves_money: MovesMoney) -> None:
        """library: the published workflows."""
        self._library = library
        self._moves_money = moves_money

    def plan(
        self, tx: sa.Connection, kind: BulkKind, ids: Sequence[str], *, only_failed: bool = False
    ) -> dict[str, Any]:
        """Return the fields of `BulkPlan`. only_failed: of events, start only the workflows whose run failed."""
        plan = _Plan()
        for key in dict.fromkeys(ids):
            if kind == "replay":
                self._event(tx, key, plan, only_failed=only_failed)
            elif kind == "resend":
                _mail(tx, key, plan)
            else:
                self._run(tx, kind, key, plan)
        return plan.fields()

    def _run(self, tx: sa.Connection, kind: BulkKind, run_id: str, plan: _Plan) -> None:
        run = load_run(tx, run_id)
        reason = "There is no such run." if run is None else _unfit(tx, kind, run)
        if run is None or reason is not None:
            plan.skipped.append({"id": run_id, "reason": reason})
            return
        plan.items.append(run_id)
        group = plan.group(run.workflow_id)
        group["runs"] += 1
        current = self._current(run.workflow_id)
        group["current"] = current.version if current else None
        group["outdated"] += current is not None and run.version != current.version
        if kind not in {"retry", "rerun"}:
            return
        workflow = current if kind == "rerun" else self._pinned(tx, run)
        done = _succeeded(tx, run_id) if run.failed_path is not None else frozenset[str]()
        self._money(plan, group, workflow, done, _amount_of(tx, run))

    def _event(self, tx: sa.Connection, event_id: str, plan: _Plan, *, only_failed: bool) -> None:
        event = load(tx, event_id)
        if event is None:
            plan.skipped.append({"id": event_id, "reason": "There is no such event."})
            return
        starting = [start.workflow_id for start in self._library.starts(event)]
        had = _states(tx, event_id)
        if only_failed:
            starting = [name for name in starting if had.get(name) == "failed"]
        if not starting:
            reason = "No run of it is failed." if only_failed else "No workflow matches it."
            plan.skipped.append({"id": event_id, "reason": reason})
            return
        plan.items.append(event_id)
        amount = _money_in(event.payload)
        for name in starting:
            group = plan.group(name)
            group["runs"] += 1
            group["succeeded_before"] += had.get(name) == "succeeded"
            self._money(plan, group, self._current(name), frozenset(), amount)

    def _money(
        self,
        plan: _Plan,
        group: dict[str, Any],
        workflow: Workflow | None,
        done: Collection[str],
        amount: tuple[str, int] | None,
    ) -> None:
        """Note the steps that move money and are still to be done."""
        nodes = workflow.nodes() if workflow is not None else ()
        moving = [node for node in nodes if isinstance(node, Stripe) and self._moves_money(node.action)]
        left = [node for node in moving if _run_path(node.path) not in done]
        if not left:
            return
        group["money"] = sorted({*group["money"], *(node.action for node in left)})
        plan.money_runs += 1
        if amount is None:
            plan.unknown_amounts += 1
        else:
            plan.amounts[amount[0]] += amount[1]

    def _current(self, name: str) -> Workflow | None:
        try:
            return self._library.workflow(name)
        except PayloomError:
            return None

    def _pinned(self, tx: sa.Connection, run: Run) -> Workflow | None:
        try:
            self._library.ensure(tx, run.start())
            return self._library.workflow(run.workflow_id, run.version)
        except PayloomError:
            return None


class _Plan:
    """What is known so far."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self.skipped: list[dict[str, Any]] = []
        self.amounts: Counter[str] = Counter()
        self.recipients: Counter[str] = Counter()
        self.money_runs = 0
        self.unknown_amounts = 0
        self._groups: dict[str, dict[str, Any]] = defaultdict(dict)

    def group(self, name: str) -> dict[str, Any]:
        """Return what is known of one workflow, or of one template of emails."""
        group = self._groups[name]
        if not group:
            group |= {"name": name, "runs": 0, "current": None, "outdated": 0, "succeeded_before": 0, "money": []}
        return group

    def fields(self) -> dict[str, Any]:
        """Return the fields of the answer."""
        return {
            "items": self.items,
            "skipped": self.skipped,
            "groups": sorted(self._groups.values(), key=lambda group: -group["runs"]),
            "money_runs": self.money_runs,
            "unknown_amounts": self.unknown_amounts,
            "amounts": [{"currency": currency, "amount": total} for currency, total in sorted(self.amounts.items())],
            "recipients": [{"address": address, "emails": number} for address, number in self.recipients.most_common()],
        }


def _unfit(tx: sa.Connection, kind: BulkKind, run: Run) -> str | None:
    """Return why a run is left out; None if it is not."""
    if kind == "retry" and run.status not in {"failed", "refused"}:
        return f"It has not failed: its status is {run.status}."
    if kind == "rerun" and run.status not in TERMINAL:
        return f"It has not ended: its status is {run.status}."
    if kind == "cancel" and run.status in TERMINAL:
        return f"It has already ended: {run.status}."
    unresolved = sa.select(sa.func.count()).where(runs.c.id == run.id, UNRESOLVED)
    if kind == "resolve" and not tx.execute(unresolved).scalar():
        return "It has not failed, or is resolved already."
    return None


def _succeeded(tx: sa.Connection, run_id: str) -> frozenset[str]:
    query = sa.select(steps.c.path).where(steps.c.run_id == run_id, steps.c.status == "succeeded")
    return frozenset(tx.execute(query).scalars())


def _states(tx: sa.Connection, event_id: str) -> dict[str, str]:
    """Return of each workflow that the event started: failed if a run of it is unresolved, else succeeded."""
    query = sa.select(runs.c.workflow_id, sa.case((UNRESOLVED, 1), else_=0)).where(runs.c.event_id == event_id)
    states: dict[str, str] = {}
    for name, failed in tx.execute(query):
        states[name] = "failed" if failed or states.get(name) == "failed" else "succeeded"
    return states


def _run_path(path: Sequence[str | int]) -> str:
    """Return a place in the model as runs write it: without the word `steps` before it."""
    return ".".join(str(part) for part in (path[1:] if path[0] == "steps" else path))


def _amount_of(tx: sa.Connection, run: Run) -> tuple[str, int] | None:
    """Return the amount that a run is about: of the call that failed, of its event, or of its inputs."""
    if run.failed_path is not None:
        query = sa.select(steps.c.args).where(steps.c.run_id == run.id, steps.c.path == run.failed_path)
        args: Any = tx.execute(query).scalar()
        of_call = _pair(args.get("with") if is_dict(args) and "with" in args else args)
        if of_call is not None:
            return of_call
    if run.event_id is not None:
        payload = tx.execute(sa.select(events.c.payload).where(events.c.id == run.event_id)).scalar()
        return _money_in(json.loads(payload)) if payload else None
    return _pair(run.inputs)


def _money_in(payload: Mapping[str, Any]) -> tuple[str, int] | None:
    data = payload.get("data")
    return _pair(data.get("object") if is_dict(data) else None)


def _pair(value: Any) -> tuple[str, int] | None:
    if not is_dict(value) or not isinstance(value.get("currency"), str):
        return None
    amounts = (value.get(name) for name in _AMOUNTS)
    amount = next((amount for amount in amounts if isinstance(amount, int)), None)
    return None if amount is None else (value["currency"].lower(), amount)


def _mail(tx: sa.Connection, mail_id: str, plan: _Plan) -> None:
    mail = tx.execute(sa.select(mails.c.template, mails.c.recipients).where(mails.c.id == mail_id)).one_or_none()
    if mail is None:
        plan.skipped.append({"id": mail_id, "reason": "There is no such email."})
        return
    plan.items.append(mail_id)
    plan.group(mail.template)["runs"] += 1
    plan.recipients.update(mail.recipients)
