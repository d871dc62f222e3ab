"""The life of a server: migrate, publish, start to work, and stop in the reverse order."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterable

import structlog

from payloom.app.background import IN_EVERY_PROCESS, IN_WORKERS, BackgroundTask
from payloom.app.composition import Services
from payloom.engine.tasks import cancel
from payloom.kit.clock import monotonic
from payloom.project.drafts import without_drafts
from payloom.runs.intake.callers import Caller
from payloom.runs.start_rights import SYSTEM, permit_start
from payloom.workflows.program.inputs import InvalidInput

log = structlog.get_logger("payloom.app.asgi")

START_WITHIN = 20.0
"""Seconds that a start waits for all workflows of `on_start`, as long as no step of them waits."""


@contextlib.asynccontextmanager
async def lifespan(services: Services, *, work: bool) -> AsyncGenerator[None]:
    """Run a project's services while the block runs. work: advance runs in this process."""
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(services.close)
        # In development going back to an earlier tables.yaml is an edit like any other.
        await services.migrate(keep_newer=not services.settings.is_dev)
        await services.check_sealing()
        await services.claim_for_stripe_account()
        if not services.settings.is_dev:
            live = await without_drafts(services.project, services.versions, services.database)
            services.project = services.publisher.project = live
        services.versions.declared.use(services.project.tables)
        await services.versions.publish(services.project.workflows.values(), services.project.sources)
        await services.record_start()
        for account in services.settings.accounts:
            await services.accounts.ensure(
                account.email, account.password, name=account.name, roles=account.roles, studio_role=account.studio
            )
        _start(stack, services, IN_EVERY_PROCESS)
        if work:
            await services.runs.start()
            stack.push_async_callback(services.runs.stop)
            await _run_start_workflows(services)
            _start(stack, services, IN_WORKERS)
        yield


def _start(stack: contextlib.AsyncExitStack, services: Services, tasks: Iterable[BackgroundTask]) -> None:
    for task in tasks:
        if task.needed(services):
            stack.push_async_callback(cancel, task.start(services))


async def _run_start_workflows(services: Services) -> None:
    """Start the workflows of `on_start`, and wait for them until they are done, wait, or the time is over.

    The server does not stay away from customers and from Stripe's webhooks because Stripe is away: the runs go on by
    themselves.
    """
    end = monotonic() + START_WITHIN
    for name in services.settings.on_start:
        try:
            permit = permit_start(SYSTEM, "by_hand", services.project.workflows.get(name), {})
        except InvalidInput as error:
            log.exception("start_workflow_failed", workflow=name, reason=error.message)
            continue
        caller = Caller(origin=permit.origin)
        began = await services.runs.call(name, permit.inputs or {}, caller=caller, trigger="start", wait=0.0)
        answer, pause = await services.runs.answer_or_pause(began.run_id, seconds=end - monotonic(), longest=0.0)
        if answer.failure is not None:
            log.error("start_workflow_failed", workflow=name, run=answer.run_id, reason=answer.failure.message)
        elif answer.state == "running":
            reason = pause.reason if pause is not None else "it takes long"
            log.warning("start_workflow_goes_on", workflow=name, run=answer.run_id, waits_for=reason)
