"""Runs the test files of a project: finds them, plays their cases in every way, and adds up what was reached."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from payloom.kit.clock import monotonic
from payloom.kit.diagnostics import Diagnostic
from payloom.project.loader import Project, load_project
from payloom.sandbox.errors import BadCaseFile, NothingToTest
from payloom.sandbox.project import SandboxProject, open_sandbox
from payloom.settings.offline import load_offline_settings
from payloom.testing.casefile import Case, CaseFile, find_case_files, load_case_file
from payloom.testing.coverage import Coverage, Spot
from payloom.testing.variants import CaseResult, VariantRunner


@dataclasses.dataclass(slots=True)
class Report:
    """The result of a test run. missed: spots never reached. untested: workflows no file is about."""

    results: list[CaseResult]
    missed: list[Spot]
    untested: list[str]
    reached: int
    spots: int
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether every case held in every variant."""
        return all(result.ok for result in self.results)


def load_case_files(project: Project, only: Sequence[Path] = ()) -> list[CaseFile]:
    """Return the project's test files, or those of `only`. Raises BadCaseFile, NothingToTest."""
    paths = [path.resolve() for path in only] or find_case_files(project.root)
    files: list[CaseFile] = []
    diagnostics: list[Diagnostic] = []
    for path in paths:
        file, wrong = load_case_file(path, project)
        diagnostics += wrong
        if file is not None:
            files.append(file)
    if diagnostics:
        raise BadCaseFile(diagnostics)
    if not files:
        raise NothingToTest(
            "there are no test files", hint="Write tests/NAME.test.yaml; see the guide to testing workflows."
        )
    return files


def chosen(files: Sequence[CaseFile], keywords: str | None) -> Iterator[Case]:
    """Yield the cases whose id holds every word of `wanted` (`not word`: does not hold it)."""
    words = re.findall(r"(not\s+)?(\S+)", keywords or "")
    for file in files:
        for case in file.cases:
            name = case.id.lower()
            if all((word.lower() in name) is not bool(no) for no, word in words):
                yield case


def open_project(root: Path) -> tuple[Project, SandboxProject]:
    """Return the project in `root` and an empty sandbox for it. Raises ProjectHasErrors."""
    settings = load_offline_settings(root, environ={})
    project = load_project(root, settings)
    project.ensure_valid()
    return project, SandboxProject(project, settings)


async def run_cases(
    root: Path,
    *,
    only: Sequence[Path] = (),
    keywords: str | None = None,
    variants: bool = True,
    done: Callable[[CaseResult], None] = lambda _: None,
) -> Report:
    """Play the chosen cases of the project in `root`.

    done: called after each case. Raises BadCaseFile, NothingToTest, ProjectHasErrors.
    """
    began = monotonic()
    settings = load_offline_settings(root, environ={})
    project = load_project(root, settings)
    sandbox = await open_sandbox(project, settings)
    files = load_case_files(project, only)
    coverage = Coverage(project.workflows)
    playing = VariantRunner(sandbox, variants=variants, seen=coverage.add)
    results: list[CaseResult] = []
    try:
        for case in chosen(files, keywords):
            result = await playing.run_case(case)
            results.append(result)
            done(result)
    finally:
        await sandbox.close()
    if not results:
        raise NothingToTest(f"no case fits {keywords!r}", hint="`payloom test --list` shows their names.")
    about = {name for file in files for name in file.workflows}
    called = {
        name
        for workflow_id in about
        if workflow_id in project.workflows
        for name in project.workflows[workflow_id].calls
    }
    tested = sorted((about | called) & set(project.workflows))
    reached, spots = coverage.counts(tested)
    return Report(
        results,
        [] if keywords or only else coverage.missed(tested),
        [] if keywords or only else sorted(set(project.workflows) - set(tested)),
        reached,
        spots,
        monotonic() - began,
    )
