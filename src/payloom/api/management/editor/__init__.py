"""The editor's endpoints: workflow files as documents, checking, editing, completing and trying them."""

from __future__ import annotations

from fastapi import APIRouter

from payloom.api.management.editor import catalogue_routes, completing, sources, trials, versions
from payloom.api.management.editor.checking import Checker
from payloom.api.management.editor.files import Files
from payloom.api.management.parts import Parts


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    bench = parts.workbench
    checker, files = Checker(bench), Files(bench)
    routes = APIRouter()
    routes.include_router(catalogue_routes.router(bench))
    warmth = completing.Warmth()
    routes.include_router(completing.router(bench))
    routes.include_router(sources.router(bench, checker, files, warmth.begin))
    routes.include_router(versions.router(bench, checker, files, parts.database))
    routes.include_router(trials.router(parts, checker, files))
    return routes
