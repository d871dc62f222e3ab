"""The editor's endpoints: workflow files as documents, checking, editing, completing and trying them."""

from __future__ import annotations

from fastapi import APIRouter

from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.editor import catalog_routes, completion, sources, test_runs, versions
from payloom.api.management.editor.checking import Checker
from payloom.api.management.editor.files import Files


def router(parts: ManagementDependencies) -> APIRouter:
    """Return the routes."""
    publisher = parts.publisher
    checker, files = Checker(publisher), Files(publisher)
    routes = APIRouter()
    routes.include_router(catalog_routes.router(publisher))
    warmup = completion.CompletionWarmup()
    routes.include_router(completion.router(publisher))
    routes.include_router(sources.router(publisher, checker, files, warmup.begin))
    routes.include_router(versions.router(publisher, checker, files, parts.database))
    routes.include_router(test_runs.router(parts, checker, files))
    return routes
