"""The management API as one FastAPI application, mounted under `/api/_payloom`."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payloom.api.http.errors import BadRequest, NoSuchRoute, WrongMethod, error_body, headers_of, internal_body
from payloom.api.http.middleware import request_id_of, set_route_label
from payloom.api.http.request_body import check_json_body
from payloom.api.http.serialization import MaskedJSONResponse, to_plain
from payloom.api.management.access.audit import AuditMiddleware, record_with_the_change
from payloom.api.management.access.auth import ManagementAuth
from payloom.api.management.access.limits import StaffLimits
from payloom.api.management.access.repeats import Repeats
from payloom.api.management.bulk_runner import BulkRunner
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.editor.routes import catalog, completion, files, sources, test_runs, versions
from payloom.api.management.editor.services import create_editor_services
from payloom.api.management.identity import account_sessions, me, session, users
from payloom.api.management.injection import Auth, Dependencies
from payloom.api.management.lazy_app import PREFIX
from payloom.api.management.models.answers import ErrorAnswer
from payloom.api.management.openapi_document import openapi_document
from payloom.api.management.routes import (
    alerts,
    audit,
    bulk,
    events,
    local_stripe,
    mails,
    overview,
    runs,
    settings,
    sse,
    workflows,
)
from payloom.api.management.routes.data import rows, tables
from payloom.kit.errors import PayloomError
from payloom.kit.secrets.redaction import redact
from payloom.kit.validation.messages import LONGEST_FIELD, MOST_PROBLEMS, message
from payloom.tables.errors import VerbFailed

_IDENTITY = (me, session, users, account_sessions)
_OPERATIONS = (overview, alerts, runs, events, tables, rows, mails, settings, sse, local_stripe, audit, bulk)
_EXACT = (users, catalog, completion, files, sources, versions)
"""Whose answers go out as they are: the links that an admin asks for, and files as the editor will save them."""
_EDITOR = (catalog, completion, files, sources, versions, test_runs)


def create_management(dependencies: ManagementDependencies) -> FastAPI:
    """Return the application, ready to serve."""
    app = management_app()
    app.add_middleware(AuditMiddleware, trail=dependencies.audit)
    app.state.dependencies = dependencies
    app.state.limits = StaffLimits(dependencies.counters)
    app.state.repeats = Repeats(dependencies.counters)
    app.state.bulk = BulkRunner(dependencies, app.state.limits)
    app.state.editor = create_editor_services(dependencies)
    app.state.auth = ManagementAuth(
        dependencies.session_auth,
        dependencies.settings.admin_token,
        dependencies.settings.origin,
        dependencies.counters,
        access=dependencies.settings.access,
        clock=dependencies.clock,
    )
    return app


def management_app() -> FastAPI:
    """Return the application without its collaborators: enough to describe it, not to serve it."""
    app = FastAPI(
        title="Payloom management API",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(_label_route), Depends(_authenticate), Depends(_check_body)],
        generate_unique_id_function=_operation_id,
        responses={"default": {"model": ErrorAnswer, "description": "Why it was not done."}},
    )
    # The editor's routes end in fixed words; `workflows` also has one that takes any id, so it comes last.
    for module in (*_IDENTITY, *_OPERATIONS, *_EDITOR, workflows):
        exact = module in _EXACT
        app.include_router(module.router, default_response_class=JSONResponse if exact else MaskedJSONResponse)
    app.add_api_route("/openapi.json", _get_openapi, include_in_schema=False)
    app.add_exception_handler(PayloomError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)
    app.add_exception_handler(404, _http)
    app.add_exception_handler(405, _http)
    return app


async def _label_route(request: Request) -> None:
    route = request.scope.get("route")
    set_route_label(request, f"{PREFIX}{getattr(route, 'path', '')}")


async def _authenticate(request: Request, auth: Auth, dependencies: Dependencies) -> None:
    await auth(request)
    if (caller := request.scope["state"].get("caller")) is not None:
        limits: StaffLimits = request.app.state.limits
        await limits.check(request, caller)
    record_with_the_change(request, dependencies.database, dependencies.audit)


async def _check_body(request: Request) -> None:
    await check_json_body(request)
    if (caller := request.scope["state"].get("caller")) is not None:
        repeats: Repeats = request.app.state.repeats
        await repeats.refuse(request, caller)


def _operation_id(route: APIRoute) -> str:
    return route.name


async def _get_openapi(request: Request) -> Any:
    return openapi_document(request.app)


async def _known(request: Request, error: Any) -> Response:
    assert isinstance(error, PayloomError)
    repeats: Repeats = request.app.state.repeats
    await repeats.forget(request)
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
    fields = [
        {"field": ".".join(map(str, problem["loc"][1:]))[:LONGEST_FIELD], "message": message(problem)}
        for problem in error.errors()[:MOST_PROBLEMS]
    ]
    names = ", ".join(dict.fromkeys(field["field"] or "the body" for field in fields[:5]))[:200]
    hint = (
        f"{fields[0]['field'] or 'The body'}: {fields[0]['message']}" if len(fields) == 1 else "See `fields` for each."
    )
    return await _known(request, BadRequest(f"invalid request: {names}", hint=hint, errors=fields))


async def _http(request: Request, error: Any) -> Response:
    status = getattr(error, "status_code", 404)
    if status == 405:
        return await _known(request, WrongMethod(f"{request.url.path} does not take {request.method}"))
    if status == 404:
        return await _known(request, NoSuchRoute(f"there is nothing at {request.url.path[:200]}"))
    return await _known(request, BadRequest(str(getattr(error, "detail", error))))
