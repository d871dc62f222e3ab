"""What the scenarios of one project share: the project, a database with its tables and versions, and its services."""

from __future__ import annotations

import concurrent.futures
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from payloom.connectors.tables.host import TablesHost
from payloom.db.migrate import migrate
from payloom.email.templates import Rendered
from payloom.email.templates import Templates as MailTemplates
from payloom.kit import strict_json
from payloom.kit.clock import ManualClock, from_epoch
from payloom.kit.suggest import did_you_mean
from payloom.project.loader import Project, run_actions
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.publishing.versions import Versions
from payloom.runs.registry import StartPlan, TriggerContext
from payloom.sandbox.database import MemoryDatabase
from payloom.sandbox.engine import QueueTable
from payloom.sandbox.errors import TestingError
from payloom.sandbox.stripe.emulated_answers import EmulatedAnswers, reset_emulator
from payloom.sandbox.stripe.sandbox_stripe import StripeAnswers
from payloom.sandbox.stripe.specimens import emulated_stripe
from payloom.settings.model import Settings
from payloom.tables.migration.migrate import migrate as migrate_tables
from payloom.tables.query.sql import Tables
from payloom.workflows.interpreter.decisions import Decision
from payloom.workflows.interpreter.execution import Execution
from payloom.workflows.program.commands import Entry
from payloom.workflows.program.program import Workflow
from payloom_emulator.runtime.emulator import Emulator

START = 1_767_225_600
"""2026-01-01T00:00:00Z: when a scenario begins, unless its case says otherwise."""


class InlineExecutor(concurrent.futures.ThreadPoolExecutor):
    """Runs everything in the caller's thread, so that a scenario is the same each time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        """Do it now."""
        done: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed to the waiting caller
            done.set_exception(error)
        return done


class CachedTemplates(MailTemplates):
    """The project's mail templates; the same mail with the same data is rendered once."""

    def __init__(self, templates: MailTemplates) -> None:
        """Share the folder of `templates`."""
        super().__init__(templates.folder)
        self._rendered: dict[str, Rendered] = {}
        self._names = super().names()

    def names(self) -> list[str]:
        """Return the names there were at the beginning."""
        return self._names

    def render(self, name: str, data: Mapping[str, Any]) -> Rendered:
        """Fill in a template, for real the first time."""
        try:
            key = f"{name}\0{strict_json.canonical(data)}"
        except (TypeError, ValueError):
            return super().render(name, data)
        rendered = self._rendered.get(key)
        if rendered is None:
            rendered = self._rendered[key] = super().render(name, data)
        return rendered


class CoverageLibrary(PublishedWorkflows):
    """A Library that remembers the executions it built, for coverage."""

    def __init__(self, versions: Versions, catalog: Any, env: Mapping[str, str]) -> None:
        """See Library."""
        super().__init__(versions, catalog, env)
        self.built: list[Execution] = []

    def execution(
        self,
        start: StartPlan,
        context: TriggerContext,
        history: Sequence[Entry],
        watch: Callable[[Decision], None] | None = None,
    ) -> Execution:
        """Build and remember."""
        execution = super().execution(start, context, history, watch)
        self.built.append(execution)
        return execution

    def replayed(self, start: StartPlan, context: TriggerContext, history: list[Entry]) -> Execution:
        """Build without remembering."""
        return super().execution(start, context, history)


@dataclasses.dataclass(slots=True)
class WorkflowSet:
    """The workflows of a scenario, and the database image in which they are published."""

    names: tuple[str, ...]
    workflows: Mapping[str, Workflow]
    versions: Versions
    image: bytes
    libraries: dict[str, CoverageLibrary] = dataclasses.field(default_factory=dict[str, Any])


class SandboxProject:
    """One project, ready for scenarios, one at a time."""

    def __init__(self, project: Project, settings: Settings) -> None:
        """See open_stage."""
        self.project = project
        self.settings = settings
        self.clock = ManualClock(from_epoch(START))
        self.database = MemoryDatabase()
        self.tables = Tables(project.tables, self.clock)
        self.host = TablesHost(self.tables)
        self.mails = CachedTemplates(project.mails)
        self.base = b""
        self._emulator: Emulator | None = None
        self._workflow_sets: dict[tuple[str, ...], WorkflowSet] = {}

    async def prepare(self) -> None:
        """Load the project's functions, which runs its code; make the tables and their seed rows.

        Raises ProjectHasErrors.
        """
        self.project = run_actions(self.project).ensure_valid()
        await migrate(self.database)
        self.database.run(QueueTable.create)
        await migrate_tables(self.database, self.tables, self.clock)
        self.base = self.database.image()

    async def workflow_set(self, names: Iterable[str]) -> WorkflowSet:
        """Return the workflows of these names with everything they call. Raises TestingError for an unknown name."""
        chosen_names = tuple(names)
        workflow_set = self._workflow_sets.get(chosen_names)
        if workflow_set is None:
            workflow_set = self._workflow_sets[chosen_names] = await self._publish(chosen_names, self.project.workflows)
        return workflow_set

    async def workflow_set_with(self, names: Iterable[str], draft: Workflow) -> WorkflowSet:
        """Return a workflow set in which `draft` replaces the workflow of its name."""
        return await self._publish(tuple(names), {**self.project.workflows, draft.id: draft})

    async def _publish(self, chosen_names: tuple[str, ...], workflows: Mapping[str, Workflow]) -> WorkflowSet:
        chosen: dict[str, Workflow] = {}
        todo = list(chosen_names)
        while todo:
            name = todo.pop()
            if name in chosen:
                continue
            if name not in workflows:
                hint = did_you_mean(name, workflows) or "see `payloom check`: a workflow with errors cannot be tested"
                raise TestingError(f"there is no workflow {name!r}", hint=hint)
            chosen[name] = workflows[name]
            todo += sorted(workflows[name].calls)
        self.clock.set(from_epoch(START))
        self.database.restore(self.base)
        versions = Versions(self.database, self.clock)
        await versions.publish(chosen.values())
        return WorkflowSet(chosen_names, chosen, versions, self.database.image())

    def library(self, workflow_set: WorkflowSet, env: Mapping[str, str]) -> CoverageLibrary:
        """Return the workflow set's library. env: added to the project's environment."""
        key = strict_json.canonical(dict(env))
        library = workflow_set.libraries.get(key)
        if library is None:
            whole = {**self.settings.env, **env}
            library = workflow_set.libraries[key] = CoverageLibrary(workflow_set.versions, self.project.catalog, whole)
        return library

    def stripe_answers(self) -> StripeAnswers:
        """Return what answers for Stripe in the next scenario: the local Stripe, as new."""
        if self._emulator is None:
            self._emulator = emulated_stripe(self.clock)
        reset_emulator(self._emulator)
        return EmulatedAnswers(self._emulator, self.clock)

    async def close(self) -> None:
        """Give the memory back."""
        await self.database.close()


async def open_sandbox(project: Project, settings: Settings) -> SandboxProject:
    """Return the sandbox of a project without errors. Raises ProjectHasErrors."""
    project.ensure_valid()
    sandbox = SandboxProject(project, settings)
    await sandbox.prepare()
    return sandbox
