"""The services behind the editor's routes, one set for each application."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.editor.checking import Checker
from payloom.api.management.editor.completion_warmup import CompletionWarmup
from payloom.api.management.editor.files import Files
from payloom.api.management.editor.project_files import ProjectFiles
from payloom.api.management.editor.source_service import SourceService
from payloom.api.management.editor.test_run_inputs import TestRunInputs
from payloom.api.management.editor.version_history import VersionHistory
from payloom.project.publish_rights import PublishRights


@dataclasses.dataclass(frozen=True, slots=True)
class EditorServices:
    """What the editor's routes work with."""

    checker: Checker
    files: Files
    project_files: ProjectFiles
    sources: SourceService
    history: VersionHistory
    test_run_inputs: TestRunInputs
    warmup: CompletionWarmup


def create_editor_services(dependencies: ManagementDependencies) -> EditorServices:
    """Return the services of one application; all of them share one checker and one set of files."""
    publisher = dependencies.publisher
    checker, files = Checker(publisher), Files(publisher)
    rights = PublishRights(dependencies.database, dependencies.clock, dependencies.settings.studio_publish)
    return EditorServices(
        checker=checker,
        files=files,
        project_files=ProjectFiles(publisher),
        sources=SourceService(publisher, checker, files, rights),
        history=VersionHistory(publisher, checker, files, dependencies.database),
        test_run_inputs=TestRunInputs(dependencies, checker),
        warmup=CompletionWarmup(),
    )


async def editor_services(request: Request) -> EditorServices:
    """Return the editor's services of the application that serves the request."""
    services: EditorServices = request.app.state.editor
    return services


Editor = Annotated[EditorServices, Depends(editor_services)]
