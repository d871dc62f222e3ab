"""The management API as one FastAPI application, mounted under `/api/_payloom`."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payloom import __version__
from payloom.api.envelope import name_route, request_id_of
from payloom.api.errors import BadRequest, NoSuchRoute, WrongMethod, error_body, headers_of, internal_body
from payloom.api.management import data, editor, events, runs, workflows
from payloom.api.management.access import Gate
from payloom.api.management.parts import Parts
from payloom.kit.errors import PayloomError

PREFIX = "/api/_payloom"


def create_management(parts: Parts, gate: Gate) -> FastAPI:
    """Return the application."""

    def named(request: Request) -> None:
        route = request.scope.get("route")
        name_route(request, f"{PREFIX}{getattr(route, 'path', '')}")

    app = FastAPI(
        title="Payloom management",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(named), Depends(gate)],
    )
    # The editor's routes end in fixed words; `workflows` also has one that takes any id.
    for module in (runs, events, data, editor, workflows):
        app.include_router(module.router(parts))

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Any:
        return app.openapi()

    app.add_exception_handler(PayloomError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)
    app.add_exception_handler(404, _http)
    app.add_exception_handler(405, _http)
    return app


async def _known(request: Request, error: Any) -> Response:
    assert isinstance(error, PayloomError)
    return JSONResponse(error_body(error, request_id_of(request)), error.status, headers=dict(headers_of(error)))


async def _bug(request: Request, _error: Any) -> Response:
    return JSONResponse(internal_body(request_id_of(request)), 500)


async def _invalid(request: Request, error: Any) -> Response:
    found = [{"field": ".".join(map(str, one["loc"][1:])), "message": one["msg"]} for one in error.errors()]
    return await _known(request, BadRequest("the request is not understood", errors=found))


async def _http(request: Request, error: Any) -> Response:
    status = getattr(error, "status_code", 404)
    if status == 405:
        return await _known(request, WrongMethod(f"{request.url.path} does not take {request.method}"))
    if status == 404:
        return await _known(request, NoSuchRoute(f"there is nothing at {request.url.path[:200]}"))
    return await _known(request, BadRequest(str(getattr(error, "detail", error))))
