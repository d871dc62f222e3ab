"""Lets pytest collect the *.test.yaml files of Payloom projects: one item per case, with all its variants.

Loaded with every pytest run that finds this package installed, so it imports nothing before there is a file to read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from payloom.sandbox.project import SandboxProject
    from payloom.testing.casefile import Case

SUFFIX = ".test.yaml"
_STAGES = "_payloom_stages"


def _project_of(path: Path) -> Path | None:
    return next((folder for folder in path.parents if (folder / "payloom.yaml").is_file()), None)


def _untyped(node_class: type[pytest.Collector | pytest.Item]) -> Any:
    """Return the class without its types: pytest leaves the parameters of `from_parent` unannotated."""
    return node_class


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a test file that lies in a project."""
    if not file_path.name.endswith(SUFFIX) or _project_of(file_path) is None:
        return None
    return _untyped(WorkflowCases).from_parent(parent, path=file_path)


class CaseFailed(Exception):
    """A case does not hold; the text is for people."""


class WorkflowCases(pytest.File):
    """A test file."""

    def collect(self) -> Iterator[pytest.Item]:
        """Read the file."""
        from payloom.kit.errors import PayloomError  # noqa: PLC0415 - a command loads what it needs when it runs
        from payloom.testing.runner import load_case_files  # noqa: PLC0415 - only tests and drafts need the sandbox

        root = _project_of(self.path)
        assert root is not None
        try:
            sandbox = _sandbox(self.config, root)
            files = load_case_files(sandbox.project, [self.path])
        except PayloomError as error:
            raise self.CollectError(str(error)) from None
        for case in files[0].cases:
            item: WorkflowCase = _untyped(WorkflowCase).from_parent(self, name=case.name)
            item.case, item.sandbox = case, sandbox
            yield item


class WorkflowCase(pytest.Item):
    """A case. case, sandbox: set by the file that collects it."""

    case: Case
    sandbox: SandboxProject

    def runtest(self) -> None:
        """Play it in every way."""
        import asyncio  # noqa: PLC0415 - loads on first use

        from payloom.testing.variants import VariantRunner  # noqa: PLC0415 - only tests and drafts need the sandbox

        async def run_case() -> list[str]:
            if not self.sandbox.base:
                await self.sandbox.prepare()
            result = await VariantRunner(self.sandbox).run_case(self.case)
            return [
                f"{variant.variant}: {difference}" for variant in result.variants for difference in variant.differences
            ]

        if differences := asyncio.run(run_case()):
            raise CaseFailed("\n".join(differences))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show a failed case as lines, anything else as pytest does."""
        if isinstance(excinfo.value, CaseFailed):
            return f"{self.case.file.name}:{self.case.line}: {self.case.name}\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where it stands."""
        return self.path, self.case.line - 1, self.case.id


def _sandbox(config: pytest.Config, root: Path) -> SandboxProject:
    from payloom.testing.runner import open_project  # noqa: PLC0415 - only tests and drafts need the sandbox

    stages: dict[Path, SandboxProject] = config.__dict__.setdefault(_STAGES, {})
    if root not in stages:
        stages[root] = open_project(root)[1]
    return stages[root]
