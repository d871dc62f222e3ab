"""A project's folder, read: tables, workflows, pages, mails, Python functions, and everything that is wrong with them.

Reading never stops at the first mistake: what can be read is there, `diagnostics` has the rest. The server refuses to
start while there are errors; `payloom check` shows them all.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from payloom.connectors.python.declarations import Declarations, find_functions
from payloom.connectors.python.loader import Functions, load_functions
from payloom.connectors.tables.shapes import shapes
from payloom.email.errors import EmailError
from payloom.email.templates import Templates as MailTemplates
from payloom.kit.clock import SystemClock
from payloom.kit.diagnostics import NAME, SHAPE, Diagnostic, Place
from payloom.kit.errors import PayloomError
from payloom.kit.suggest import did_you_mean
from payloom.kit.validation.text_files import NotUtf8, decode, read_text
from payloom.kit.visible_text import count
from payloom.pages.document import SUFFIX, Page, read_page
from payloom.pages.templates import Templates
from payloom.project.catalog import ProjectCatalog, base_catalog
from payloom.project.check_cache import CheckCache, CheckedText
from payloom.project.endpoints import endpoint_problems
from payloom.project.live_tables import FILE as TABLES_FILE
from payloom.project.live_tables import TablesRead, read_project_tables
from payloom.settings.file import FILE_NAME
from payloom.settings.model import Settings
from payloom.tables.definition.spec import TableSpec
from payloom.workflows.catalog.catalog import TemplateData
from payloom.workflows.loading.loader import (
    Draft,
    Loaded,
    check_draft,
    learn_money_inputs,
    read_workflow,
    with_hints,
)
from payloom.workflows.program.program import Workflow

WORKFLOW_SUFFIX = ".yaml"
ACTIONS = "actions"


class ProjectHasErrors(PayloomError):
    """The project has errors."""

    code: ClassVar[str] = "project_has_errors"


@dataclasses.dataclass(frozen=True, slots=True)
class Project:
    """What a folder holds. workflows: those without errors, by id. sources: the text of every workflow file, by id.

    declared: the Python functions, as the files in actions/ declare them. functions: the same, loaded; none
    before `run_actions`, because reading a project never runs its code.
    """

    root: Path
    workflows: Mapping[str, Workflow]
    sources: Mapping[str, str]
    tables: Mapping[str, TableSpec]
    pages: tuple[Page, ...]
    templates: Templates
    mails: MailTemplates
    declared: Declarations
    catalog: ProjectCatalog
    diagnostics: tuple[Diagnostic, ...]
    functions: Functions = dataclasses.field(default_factory=lambda: Functions({}))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that keep the project from running."""
        return tuple(diagnostic for diagnostic in self.diagnostics if diagnostic.severity == "error")

    @property
    def assets_folder(self) -> Path:
        """Where the pages' images, styles and scripts are."""
        return self.root / "pages" / "assets"

    def offers(self, verb: str, name: str) -> bool:
        """Whether there is a mail template (`email`) or a loaded Python function (`python`) of this name."""
        return self.mails.has(name) if verb == "email" else name in self.functions.by_name

    def ensure_valid(self) -> Project:
        """Return the project, or raise ProjectHasErrors that lists the first ten."""
        if not self.errors:
            return self
        messages = [error.format() for error in self.errors[:10]]
        more = len(self.errors) - len(messages)
        raise ProjectHasErrors(
            "\n  ".join(
                [
                    f"{count(len(self.errors), 'error')} in {self.root.name}:",
                    *messages,
                    *([f"and {more} more"] if more else []),
                ]
            ),
            hint="`payloom check` shows them all.",
        )


def load_project(root: Path, settings: Settings) -> Project:
    """Read the project in `root`. Raises only what keeps it from being read at all; mistakes are diagnostics."""
    return _Loader(root, settings).load()


def run_actions(project: Project) -> Project:
    """Import the files in actions/, which runs the project's own code, and return the project with its functions.

    For serving, working and test runs. What the files raise is added to the diagnostics.
    """
    functions = load_functions(project.root / ACTIONS)
    problems = [_at(problem, ACTIONS) for problem in functions.problems]
    new = tuple(problem for problem in problems if problem not in project.diagnostics)
    return dataclasses.replace(project, functions=functions, diagnostics=(*project.diagnostics, *new))


def _template_data(templates: MailTemplates) -> dict[str, TemplateData]:
    """Return what each mail template reads; those that cannot be read are reported elsewhere."""
    data: dict[str, TemplateData] = {}
    for name in templates.names():
        with contextlib.suppress(EmailError):
            data[name] = TemplateData(*templates.data_of(name))
    return data


def reload_workflows(
    before: Project, settings: Settings, checks: CheckCache | None = None, tables: TablesRead | None = None
) -> Project:
    """Read the workflow files again, on the functions the server runs with; in development, the templates, too.

    A workflow is read again only if its text or the names it can use have changed. Mistakes are diagnostics.
    checks: keeps what was checked, for the editor. tables: those to check against; None: those of the start.
    """
    loader = _Loader(before.root, settings, checks, previous=before.catalog)
    catalog = loader.catalog = copy.copy(before.catalog)
    catalog.emails = set(before.mails.names())
    catalog.templates = _template_data(before.mails)
    catalog.workflows = set(workflow_names(before.root))
    if tables is not None:
        catalog.tables = shapes(tables.specs)
    same = catalog.emails, catalog.workflows, catalog.tables
    same = same == (before.catalog.emails, before.catalog.workflows, before.catalog.tables)
    workflows, sources = loader.workflows(before if same else None)
    loader.endpoints(workflows)
    loader.on_start(workflows)
    if tables is not None:
        loader.diagnostics += tables.diagnostics
    else:
        loader.unmigrated(before)
    again: tuple[str, ...] = ("workflows/", FILE_NAME, TABLES_FILE)
    pages = before.pages
    if settings.is_dev:
        loader.mails()
        pages = loader.pages(before.templates)
        again = (*again, "emails/", "pages/")
    others = [diagnostic for diagnostic in before.diagnostics if not diagnostic.file.startswith(again)]
    return dataclasses.replace(
        before,
        workflows=workflows,
        sources=sources,
        tables=before.tables if tables is None else tables.specs,
        pages=pages,
        catalog=catalog,
        diagnostics=(*loader.diagnostics, *others),
    )


class _Loader:
    def __init__(
        self,
        root: Path,
        settings: Settings,
        checks: CheckCache | None = None,
        previous: ProjectCatalog | None = None,
    ) -> None:
        self.root = root
        self.checks = checks
        self.previous = previous
        self.settings = settings
        self.diagnostics: list[Diagnostic] = []
        self.catalog = base_catalog()
        self.catalog.env = {*settings.env}
        self.catalog.mirrored = frozenset(settings.mirror)
        if not any("*" in entry for entry in settings.http_allow):
            self.catalog.http_hosts = {urlsplit(entry).hostname or entry for entry in settings.http_allow}

    def load(self) -> Project:
        tables = self.tables()
        self.catalog.tables = shapes(tables)
        mails = self.mails()
        declared = self.declared()
        self.catalog.workflows = set(workflow_names(self.root))
        workflows, sources = self.workflows()
        templates = Templates(self.root / "pages", reload=self.settings.is_dev)
        pages = self.pages(templates)
        self.endpoints(workflows)
        self.on_start(workflows)
        return Project(
            root=self.root,
            workflows=workflows,
            sources=sources,
            tables=tables,
            pages=pages,
            templates=templates,
            mails=mails,
            declared=declared,
            catalog=self.catalog,
            diagnostics=tuple(self.diagnostics),
        )

    def report(self, file: str, message: str, hint: str | None = None, *, code: str = SHAPE, line: int = 1) -> None:
        self.diagnostics.append(_diagnostic(file, message, hint, code=code, line=line))

    def tables(self) -> dict[str, TableSpec]:
        tables, problems = read_project_tables(self.root, SystemClock())
        self.diagnostics += problems
        return dict(tables or {})

    def mails(self) -> MailTemplates:
        templates = MailTemplates(self.root / "emails")
        self.catalog.emails = set(templates.names())
        for name in templates.names():
            try:
                templates.check(name)
            except EmailError as error:
                self.report_at(error, f"emails/{name}.mjml.j2")
        self.catalog.templates = _template_data(templates)
        return templates

    def unmigrated(self, before: Project) -> None:
        """Say that the tables are those of the start. It holds up no workflow that does without the change."""
        tables, problems = read_project_tables(self.root, SystemClock())
        self.diagnostics += problems
        if tables is not None and tables != before.tables:
            message, place = "the tables have changed since the server started", Place(1, 1, 1, 2)
            self.diagnostics.append(
                Diagnostic.at(
                    place, SHAPE, message, hint="restart it to migrate them", file="tables.yaml", severity="warning"
                )
            )

    def declared(self) -> Declarations:
        declared = find_functions(self.root / ACTIONS)
        self.catalog.functions = set(declared.by_name)
        for problem in declared.problems:
            self.report_at(problem, ACTIONS)
        return declared

    def report_at(self, error: PayloomError, file: str) -> None:
        """Report an error whose `where` is `file:line` or nothing."""
        self.diagnostics.append(_at(error, file))

    def workflows(self, before: Project | None = None) -> tuple[dict[str, Workflow], dict[str, str]]:
        sources = self.texts()
        same = {name for name, text in sources.items() if before and self.unchanged(before, name, text)}
        drafts = {name: self.draft(name, text) for name, text in sources.items() if name not in same}
        learn_money_inputs(drafts, self.catalog)
        if before and self.catalog.money != before.catalog.money:
            # What a workflow does with its inputs has changed: those that call it are read again.
            drafts |= {name: self.draft(name, sources[name]) for name in same}
            learn_money_inputs(drafts, self.catalog)
        if self.previous is None or not self.catalog.has_same_names(self.previous):
            self.catalog.renew_revision()
        workflows: dict[str, Workflow] = {}
        for name in sources:
            if before and name not in drafts:
                workflows[name] = before.workflows[name]
                self.diagnostics += [
                    diagnostic for diagnostic in before.diagnostics if diagnostic.file == _file_of(name)
                ]
                continue
            loaded = self.checked(name, sources[name], drafts[name])
            self.diagnostics += loaded.diagnostics
            if loaded.workflow is not None:
                workflows[name] = loaded.workflow
        return workflows, sources

    def texts(self) -> dict[str, str]:
        sources: dict[str, str] = {}
        for name in workflow_names(self.root):
            file = _file_of(name)
            try:
                sources[name] = decode((self.root / file).read_bytes(), file)
            except OSError as error:
                self.report(file, f"the file can't be read: {error}")
            except NotUtf8 as error:
                self.report_at(error, file)
        return sources

    def checked(self, name: str, text: str, draft: Draft) -> Loaded:
        diagnostics = check_draft(draft, self.catalog)
        if self.checks is not None:
            self.checks.add(name, CheckedText(text, draft, diagnostics), self.catalog)
        return with_hints(draft, diagnostics)

    def draft(self, name: str, text: str) -> Draft:
        return read_workflow(text, workflow_id=name, file=_file_of(name), catalog=self.catalog)

    @staticmethod
    def unchanged(before: Project, name: str, text: str) -> bool:
        known = [diagnostic for diagnostic in before.diagnostics if diagnostic.file == _file_of(name)]
        sound = not any(diagnostic.severity == "error" for diagnostic in known)
        return sound and name in before.workflows and before.sources.get(name) == text

    def pages(self, templates: Templates) -> tuple[Page, ...]:
        pages: dict[str, Page] = {}
        for name in names_in(self.root / "pages", SUFFIX):
            template, file = f"{name}{SUFFIX}", f"pages/{name}{SUFFIX}"
            self.diagnostics += templates.check(template, file)
            if name.rsplit("/", 1)[-1].startswith("_"):
                continue
            try:
                text = read_text(self.root / file, file)
            except NotUtf8:
                continue  # its template's check has reported it
            page, problems = read_page(text, template, self.catalog, file)
            self.diagnostics += problems
            if page is None:
                continue
            same = re.sub(r"\{\w+\}", "{}", page.path)
            if same in pages:
                self.report(file, f"the address {page.path} is taken by pages/{pages[same].template}")
            pages[same] = page
        return tuple(pages.values())

    def endpoints(self, workflows: Mapping[str, Workflow]) -> None:
        for name, message, hint in endpoint_problems(workflows):
            self.report(_file_of(name), message, hint)

    def on_start(self, workflows: Mapping[str, Workflow]) -> None:
        for name in self.settings.on_start:
            if name not in self.catalog.workflows:
                hint = did_you_mean(name, self.catalog.workflows)
                self.report(FILE_NAME, f"on_start: there is no workflow {name!r}", hint, code=NAME)
            elif name in workflows and not any(
                trigger.kind in {"manual", "called"} for trigger in workflows[name].triggers
            ):
                self.report(
                    FILE_NAME, f"on_start: workflow {name} has no `manual` trigger", "add `manual: true` to `on:`"
                )


def _diagnostic(file: str, message: str, hint: str | None, *, code: str = SHAPE, line: int = 1) -> Diagnostic:
    return Diagnostic.at(Place(line, 1, line, 2), code, message, hint=hint or None, file=file)


def _at(error: PayloomError, file: str) -> Diagnostic:
    """Return an error whose `where` is `file:line` or nothing as a diagnostic."""
    match = re.fullmatch(r"(.+?):(\d+)(?::\d+)?", error.where or "")
    return _diagnostic(match[1] if match else file, error.message, error.hint, line=int(match[2]) if match else 1)


def _file_of(name: str) -> str:
    return f"workflows/{name}{WORKFLOW_SUFFIX}"


def workflow_names(root: Path) -> list[str]:
    """Return the ids of a project's workflow files. Tests may lie beside them; they are none."""
    return [name for name in names_in(root / "workflows", WORKFLOW_SUFFIX) if not name.endswith(".test")]


def names_in(folder: Path, suffix: str) -> Iterator[str]:
    """Yield the names of the files below `folder` without the suffix, sorted."""
    for path in sorted(folder.rglob(f"*{suffix}")):
        if path.is_file():
            yield path.relative_to(folder).as_posix().removesuffix(suffix)
