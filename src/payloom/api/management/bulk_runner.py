"""Works through bulk actions in the background, in the name of the person who started or resumed them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import sqlalchemy as sa

from payloom.api.management.access.limits import StaffLimits
from payloom.api.management.dependencies import ManagementDependencies
from payloom.connectors.stripe.catalog.stripe_catalog import action
from payloom.runs.bulk.jobs import BulkJob, BulkJobs, Prepare, Work
from payloom.runs.control import Fork
from payloom.runs.coordination.resolution import resolve_by_hand
from payloom.runs.run_rows import load_run
from payloom.runs.start_rights import Person
from payloom.views.bulk_plan import BulkPlanner

log = logging.getLogger("payloom.manage")


class BulkRunner:
    """Starts jobs, and does their items one after another. A job of a server that stopped is resumed by a person."""

    def __init__(self, dependencies: ManagementDependencies, limits: StaffLimits) -> None:
        """Nothing runs before the first job. limits: count the emails, as those that are sent one by one."""
        self._deps = dependencies
        self._limits = limits
        self.jobs = BulkJobs(dependencies.database, dependencies.clock)
        self.planner = BulkPlanner(dependencies.library, _moves_money)
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, job: BulkJob, person: Person) -> None:
        """Do what is left of a job, in the background."""
        task = asyncio.create_task(self._run(job, person), name=f"payloom-{job.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, job: BulkJob, person: Person) -> None:
        try:
            await self.jobs.run(job.id, self._prepare(job, person))
        except Exception:
            log.exception("the bulk action %s stopped; a person can resume it", job.id)

    def _prepare(self, job: BulkJob, person: Person) -> Prepare:
        async def prepare(key: str) -> Work:
            if job.kind == "resend":
                await self._limits.check_mail(await self._deps.outbox.get(key))
                mail = await self._deps.outbox.resend(key, once=f"{job.id}:{key}")
                return lambda _tx: [mail.id]
            return lambda tx: self._do(tx, job, key, person)

        return prepare

    def _do(self, tx: sa.Connection, job: BulkJob, key: str, person: Person) -> Sequence[str]:
        runs = self._deps.runs
        if job.kind == "retry":
            return [runs.control.retry(tx, key, person).id]
        if job.kind == "cancel":
            return [runs.control.cancel(tx, key).id]
        if job.kind == "resolve":
            now = self._deps.clock.now()
            resolve_by_hand(tx, key, by=person.by, note=job.options.get("note"), now=now)
            return [key]
        if job.kind == "replay":
            return self._replay(tx, job, key, person)
        old = load_run(tx, key)
        path = None if job.options.get("from_start") or old is None else old.failed_path
        return [runs.control.fork(tx, key, Fork(path, None, newest=True), person).id]

    def _replay(self, tx: sa.Connection, job: BulkJob, key: str, person: Person) -> Sequence[str]:
        workflows = None
        if job.options.get("only_failed"):
            plan = self.planner.plan(tx, "replay", [key], only_failed=True)
            workflows = {group["name"] for group in plan["groups"]}
        return self._deps.runs.replay_within(tx, key, person=person, workflows=workflows)


def _moves_money(name: str) -> bool:
    described = action(name)
    return described is not None and described.moves_money
