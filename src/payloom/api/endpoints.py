"""The user's endpoints: `/api/<path>` of every workflow with an `api:` trigger. A run's `return` is the answer.

Order of the checks: address and method, where the request comes from, who asks, how often, what is sent. Nothing of a
request reaches a workflow before all of them hold.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from payloom.api.http.audit import actor_of
from payloom.api.http.caller_errors import caller_error
from payloom.api.http.client_address import client_key
from payloom.api.http.current_user import SessionAuth, as_user
from payloom.api.http.errors import BadRequest, NoSuchRoute, WrongMethod, error_body
from payloom.api.http.middleware import request_id_of, set_route_label
from payloom.api.http.request_body import MAX_BODY, body_bytes, read_json_object, read_query, refuse_card_numbers
from payloom.api.http.same_origin import SAFE_METHODS, cors_headers, is_foreign, refuse_foreign
from payloom.api.http.serialization import to_plain
from payloom.api.limits.guest_limits import MAX_GUEST_BODY, GuestLimits
from payloom.api.limits.rate_limit import Counters, SharedLimiter
from payloom.audit.trail import AuditNote, AuditTrail
from payloom.auth.accounts import Account
from payloom.kit import strict_json
from payloom.kit.errors import PayloomError
from payloom.kit.suggest import closest
from payloom.runs.intake.callers import Caller, RunResponse
from payloom.runs.start_rights import Person, permit_start
from payloom.workflows.program import json_schema
from payloom.workflows.program.program import ApiTrigger, Workflow

_NO_BODY = frozenset({"GET", "DELETE", "HEAD"})
_KEY = re.compile(r"[A-Za-z0-9_.:-]{8,128}")


class Runs(Protocol):
    """Runs workflows for a caller who waits."""

    async def call(
        self, workflow_id: str, inputs: Mapping[str, Any], *, caller: Caller | None = None, trigger_index: int = 0
    ) -> RunResponse:
        """Run and answer; a request with the `dedupe` value of an earlier one gets that one's answer."""
        ...


@dataclasses.dataclass(slots=True)
class Endpoint:
    """One way into a workflow."""

    workflow: Workflow
    index: int
    trigger: ApiTrigger
    pattern: re.Pattern[str]
    limiter: SharedLimiter | None

    @property
    def route(self) -> str:
        """The address as the file says it."""
        return f"/api{self.trigger.path}"

    @property
    def limit(self) -> tuple[object, ...]:
        """What makes a count of callers go on after a publish."""
        return (self.workflow.id, self.trigger.method, self.trigger.path, self.trigger.rate_limit)


def endpoints_of(workflows: Mapping[str, Workflow], counters: Counters) -> list[Endpoint]:
    """Return every endpoint; addresses without names come first, so that /orders/new wins over /orders/{id}."""
    endpoints: list[Endpoint] = []
    for workflow in workflows.values():
        for index, trigger in enumerate(workflow.triggers):
            if isinstance(trigger, ApiTrigger):
                limit = trigger.rate_limit
                purpose = f"{workflow.id}\n{trigger.method} {trigger.path}"
                limiter = SharedLimiter(purpose, limit.count, limit.seconds, counters) if limit else None
                endpoints.append(Endpoint(workflow, index, trigger, _pattern(trigger.path), limiter))
    return sorted(endpoints, key=lambda endpoint: (endpoint.trigger.path.count("{"), endpoint.trigger.path))


def _pattern(path: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", path)
    text = "".join(f"(?P<{piece}>[^/]+)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces))
    return re.compile(text)


class Endpoints:
    """Serves the endpoints of one project."""

    def __init__(
        self,
        workflows: Callable[[], Mapping[str, Workflow]],
        runs: Runs,
        session_auth: SessionAuth,
        *,
        origin: str,
        in_dev: bool,
        own: Mapping[str, str],
        counters: Counters,
        audit: AuditTrail,
        guest_rate: tuple[int, float] | None = None,
    ) -> None:
        """workflows: returns those that are served now, another mapping after each publish.

        origin: the site's own origin. in_dev: answers say how a developer opens the run.

        own: Payloom's own addresses under /api with their methods, for saying what they take. counters: of calls with a
        `rate_limit`, for every process. guest_rate: calls per seconds of one endpoint by one guest's address, where the
        endpoint has no limit of its own.
        """
        self._workflows = workflows
        self._built_for: Mapping[str, Workflow] | None = None
        self._endpoints: Sequence[Endpoint] = ()
        self.runs = runs
        self.session_auth = session_auth
        self.origin = origin
        self.in_dev = in_dev
        self.own = own
        self.counters = counters
        self.audit = audit
        self._guests = GuestLimits(guest_rate)

    @property
    def endpoints(self) -> Sequence[Endpoint]:
        """The endpoints of what is served now. One that stays as it was keeps counting its callers."""
        current = self._workflows()
        if current is not self._built_for:
            limiters = {endpoint.limit: endpoint.limiter for endpoint in self._endpoints}
            built = endpoints_of(current, self.counters)
            for endpoint in built:
                endpoint.limiter = limiters.get(endpoint.limit) or endpoint.limiter
            self._endpoints, self._built_for = built, current
        return self._endpoints

    def route(self) -> Route:
        """Return the one route under which all endpoints are; it must come after Payloom's own."""
        methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        return Route("/api/{path:path}", self.serve, methods=methods)

    async def serve(self, request: Request) -> Response:
        """Serve one request."""
        path = "/" + request.path_params["path"]
        matching = [(endpoint, match) for endpoint in self.endpoints if (match := endpoint.pattern.fullmatch(path))]
        method = request.headers.get("access-control-request-method", "") if request.method == "OPTIONS" else ""
        wanted_method = method or ("GET" if request.method == "HEAD" else request.method)
        endpoint, match = next(
            ((endpoint, match) for endpoint, match in matching if endpoint.trigger.method == wanted_method),
            (None, None),
        )
        if endpoint is None or match is None:
            raise self._no_endpoint(path, wanted_method, [endpoint.trigger.method for endpoint, _ in matching])
        set_route_label(request, endpoint.route)
        cors = cors_headers(request, endpoint.trigger.cors)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=cors)
        try:
            response = await self._answer(request, endpoint, match, with_cookies=not cors)
        except PayloomError as error:
            if not cors or error.status >= 500:
                raise
            response = JSONResponse(error_body(error, request_id_of(request)), error.status)
        response.headers.update(cors)
        return response

    async def _answer(
        self, request: Request, endpoint: Endpoint, match: re.Match[str], *, with_cookies: bool
    ) -> Response:
        trigger = endpoint.trigger
        visitor = await self._visitor(request, trigger, with_cookies=with_cookies)
        if endpoint.limiter is not None:
            await endpoint.limiter.check(visitor.id if visitor else client_key(request))
        elif visitor is None:
            self._guests.check_rate(request, f"{trigger.method} {trigger.path}")
        raw = await self._inputs(request, endpoint, match, is_guest=visitor is None)
        workflow, now = self._current(endpoint)
        user = as_user(visitor) if visitor else None
        person = Person(visitor.email if visitor else "guest", user=user)
        permit = permit_start(person, "endpoint", workflow, raw, triggers=[now], from_query=trigger.method in _NO_BODY)
        inputs = permit.inputs or {}
        call = Caller(
            user=permit.user,
            user_id=permit.user_id,
            http={"method": trigger.method, "path": request.url.path},
            dedupe=_request_key(request, inputs),
        )
        answer = await self.runs.call(endpoint.workflow.id, inputs, caller=call, trigger_index=endpoint.index)
        if visitor is not None and not isinstance(trigger.auth, str) and trigger.method not in SAFE_METHODS:
            # What only some roles may do, such as refunds.
            details = {"run": answer.run_id, "endpoint": f"{trigger.method} {endpoint.route}"}
            await self.audit.write(
                actor_of(request, visitor), AuditNote("workflow.started", workflow.id, details=details)
            )
        return self._respond(request, answer)

    def _current(self, endpoint: Endpoint) -> tuple[Workflow, ApiTrigger]:
        """Return the workflow and its trigger as they are now: a publish can come in while the body does."""
        now = self._workflows().get(endpoint.workflow.id)
        if now is endpoint.workflow:
            return endpoint.workflow, endpoint.trigger
        trigger = now.triggers[endpoint.index] if now is not None and endpoint.index < len(now.triggers) else None
        address = (endpoint.trigger.method, endpoint.trigger.path)
        if now is None or not isinstance(trigger, ApiTrigger) or (trigger.method, trigger.path) != address:
            raise NoSuchRoute(f"there is no endpoint {endpoint.route} any more", hint="It was just changed; ask again.")
        return now, trigger

    def _respond(self, request: Request, answer: RunResponse) -> Response:
        headers = {"payloom-run-id": answer.run_id}
        if answer.state == "running":
            # The work goes on; a page that asks again with the same dedupe value gets the answer then.
            body: Any = {"run_id": answer.run_id, "status": "running"}
        elif answer.state == "failed" and answer.body is None:
            error = caller_error(answer.failure, answer.status, answer.run_id, in_dev=self.in_dev)
            body = {"error": error | {"request_id": request_id_of(request)}}
        else:
            body = answer.body
        return JSONResponse(to_plain(body), answer.status, headers=headers)

    async def _visitor(self, request: Request, trigger: ApiTrigger, *, with_cookies: bool) -> Account | None:
        if not with_cookies and is_foreign(request, self.origin):
            # An allowed other site may call, but never as the person who is signed in here.
            request.scope["state"]["visitor"] = None
        elif trigger.method not in SAFE_METHODS:
            refuse_foreign(request, self.origin)
        return await self.session_auth.allowed(request, trigger.auth)

    async def _inputs(
        self, request: Request, endpoint: Endpoint, match: re.Match[str], *, is_guest: bool
    ) -> dict[str, Any]:
        properties = (endpoint.workflow.input or {}).get("properties", {})
        path = match.groupdict()
        refuse_card_numbers([path, request.headers.get("idempotency-key")])
        in_query = endpoint.trigger.method in _NO_BODY
        limit = MAX_GUEST_BODY if is_guest else MAX_BODY
        values = read_query(request) if in_query else await read_json_object(request, limit)
        if is_guest:
            self._guests.check_bytes(request, len(request.url.query) if in_query else body_bytes(request))
        if both := sorted(set(path) & set(values)):
            raise BadRequest(f"{both[0]} is in the address already", hint="Leave it out of the body or query.")
        if in_query:
            return {**values, **path}
        read = {name: json_schema.from_text(value, properties.get(name, {})) for name, value in path.items()}
        return {**values, **read}

    def _no_endpoint(self, path: str, method: str, methods: Sequence[str]) -> PayloomError:
        if f"/api{path}" in self.own:
            methods = [self.own[f"/api{path}"]]
        if methods:
            allowed = sorted(set(methods))
            return WrongMethod(
                f"/api{path} does not take {method}", hint=f"It takes {' or '.join(allowed)}.", allow=allowed
            )
        known = {_with_values(endpoint.trigger.path, path): endpoint.trigger.path for endpoint in self.endpoints}
        guess = known.get(closest(path, known) or "")
        return NoSuchRoute(
            f"there is no endpoint /api{path[:200]}", hint=f"Did you mean /api{guess}?" if guess else None
        )


def _with_values(pattern: str, path: str) -> str:
    """Return the pattern with its names replaced by what stands there in `path`, so that both can be compared."""
    segments = path.split("/")
    parts = pattern.split("/")
    return "/".join(
        segments[at] if part.startswith("{") and at < len(segments) else part for at, part in enumerate(parts)
    )


def _request_key(request: Request, inputs: Mapping[str, Any]) -> str | None:
    """Return the caller's own name for the request, bound to what it asks for: a guessed key gives nothing away."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise BadRequest(
            "the header Idempotency-Key is not usable", hint="Send 8 to 128 letters, digits, or one of _ . : -"
        )
    digest = hashlib.sha256(strict_json.canonical(to_plain(inputs)).encode()).hexdigest()
    return f"{key}:{digest[:32]}"
