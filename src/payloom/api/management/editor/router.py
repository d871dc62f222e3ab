"""The editor's endpoints: workflow files as documents, checking, editing, completing and trying them."""

from __future__ import annotations

from fastapi import APIRouter

from payloom.api.management.dependencies import Parts
from payloom.api.management.editor import catalog_routes, completion, sources, test_runs, versions
from payloom.api.management.editor.checking import Checker
from payloom.api.management.editor.files import Files


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    bench = parts.workbench
    checker, files = Checker(bench), Files(bench)
    routes = APIRouter()
    routes.include_router(catalog_routes.router(bench))
    warmth = completion.Warmth()
    routes.include_router(completion.router(bench))
    routes.include_router(sources.router(bench, checker, files, warmth.begin))
    routes.include_router(versions.router(bench, checker, files, parts.database))
    routes.include_router(test_runs.router(parts, checker, files))
    return routes
