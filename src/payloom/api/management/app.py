"""The management API as one FastAPI application, mounted under `/api/_payloom`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payloom.api.http.errors import BadRequest, NoSuchRoute, WrongMethod, error_body, headers_of, internal_body
from payloom.api.http.middleware import request_id_of, set_route_label
from payloom.api.http.serialization import to_plain
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.editor import router as editor
from payloom.api.management.identity import me, session, users
from payloom.api.management.lazy_app import PREFIX
from payloom.api.management.models.answers import ErrorAnswer
from payloom.api.management.routes import (
    events,
    local_stripe,
    mails,
    overview,
    rows,
    runs,
    settings,
    sse,
    tables,
    workflows,
)
from payloom.api.management.schema import document
from payloom.kit.errors import PayloomError
from payloom.kit.redaction import redact
from payloom.tables.errors import VerbFailed


def create_management(parts: ManagementDependencies, auth: Callable[[Request], Awaitable[None]]) -> FastAPI:
    """Return the application."""

    def named(request: Request) -> None:
        route = request.scope.get("route")
        set_route_label(request, f"{PREFIX}{getattr(route, 'path', '')}")

    app = FastAPI(
        title="Payloom management API",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(named), Depends(auth)],
        generate_unique_id_function=lambda route: route.name,
        responses={"default": {"model": ErrorAnswer, "description": "Why it was not done."}},
    )
    # The editor's routes end in fixed words; `workflows` also has one that takes any id.
    for module in (
        me,
        session,
        users,
        overview,
        runs,
        events,
        tables,
        rows,
        mails,
        settings,
        sse,
        local_stripe,
        editor,
        workflows,
    ):
        app.include_router(module.router(parts))

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Any:
        return document(app)

    app.add_exception_handler(PayloomError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)
    app.add_exception_handler(404, _http)
    app.add_exception_handler(405, _http)
    return app


async def _known(request: Request, error: Any) -> Response:
    assert isinstance(error, PayloomError)
    body = error_body(error, request_id_of(request))
    # Managers see where it is and the facts that programs need.
    if error.where:
        body["error"]["where"] = redact(error.where)
    if facts := {key: value for key, value in error.data.items() if key not in {"errors", "fields"}}:
        body["error"]["data"] = redact(facts)
    # A workflow that names a column which is not there is broken; a request that does is only wrong.
    status = 400 if isinstance(error, VerbFailed) and error.status >= 500 else error.status
    return JSONResponse(to_plain(body), status, headers=dict(headers_of(error)))


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
