"""The local Stripe: one object that answers calls, and the ASGI application around it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
from collections import deque
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from payloom_emulator.core.clock import EmulatorClock
from payloom_emulator.core.config import EmulatorConfig, Endpoint
from payloom_emulator.core.errors import EmulatorError
from payloom_emulator.core.ids import Ids
from payloom_emulator.core.request_context import Call
from payloom_emulator.core.store import Store
from payloom_emulator.core.unit_of_work import Unit
from payloom_emulator.http import control_api
from payloom_emulator.http.asgi import WireApp
from payloom_emulator.kit.clock import Clock, SystemClock
from payloom_emulator.presentation import versions
from payloom_emulator.presentation.expand import render
from payloom_emulator.protocol import auth
from payloom_emulator.protocol.errors import CardError, StripeError, not_emulated, unknown_url
from payloom_emulator.protocol.form import decode
from payloom_emulator.protocol.params import check, operations, table
from payloom_emulator.runtime.delivery import Delivery
from payloom_emulator.runtime.idempotency import Idempotency, Saved, fingerprint
from payloom_emulator.runtime.registry import RESOURCES, seed
from payloom_emulator.runtime.router import Router
from payloom_emulator.runtime.timers import Timers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from payloom_emulator.core.schema import Body, Resource

CALLS_KEPT = 1000

_NOT_KEPT = frozenset({400, 401, 403, 404, 409, 429})


@dataclasses.dataclass(slots=True)
class Request:
    """A call as it comes in. params: nested, leaves are strings (or JSON values when `typed`)."""

    method: str
    path: str
    params: dict[str, Any]
    authorization: str | None = None
    version: str | None = None
    idempotency_key: str | None = None
    account: str | None = None
    typed: bool = False


@dataclasses.dataclass(slots=True)
class Answer:
    """What goes out."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    text: str | None = None  # the saved bytes of a replay

    def payload(self) -> bytes:
        """Return the body as Stripe writes it: indented JSON."""
        return (self.text if self.text is not None else json.dumps(self.body, indent=2, ensure_ascii=False)).encode()


class Emulator:
    """A local Stripe. `call` answers exactly as HTTP does, without the network."""

    def __init__(self, config: EmulatorConfig | None = None, *, clock: Clock | None = None) -> None:
        """Open the store and make the endpoints the configuration names."""
        self.config = config or EmulatorConfig()
        try:
            versions.known(self.config.api_version)
        except StripeError as error:
            raise EmulatorError(error.message, where="api_version") from None
        self.base_url = self.config.base_url
        self._system = clock or SystemClock()
        self.store = Store(self.config.store)
        self.clock = EmulatorClock(self.store, self._system)
        self.ids = Ids(self.config.seed)
        self.delivery = Delivery(self, self.config.schedule)
        self.timers = Timers(self)
        self.idempotency = Idempotency(self.store)
        self.faults = control_api.Faults()
        self.calls: deque[dict[str, Any]] = deque(maxlen=CALLS_KEPT)
        self.latency = self.config.latency
        self.limiter = control_api.Limiter(self.config.rate_limit)
        self._resources = {r.object: r for r in RESOURCES}
        self.router = Router(RESOURCES)
        self._keys = {k.key: k for k in self.config.keys}
        self.begin()

    def begin(self) -> None:
        """Make what a new account has: the endpoints of the configuration, unless the store has them."""
        with self.store.transaction():
            unit = self.unit(self.config.account)
            seed(unit, self.config.endpoints)
            unit.flush()
        self.delivery.endpoints_changed()

    def reset(self) -> None:
        """Forget everything, also the clock's offset, and begin anew."""
        self.store.clear()
        self.faults.clear()
        self.calls.clear()
        self.delivery.reset()
        self.latency, self.limiter.limit = self.config.latency, self.config.rate_limit
        self.ids = Ids(self.config.seed)
        self.begin()

    # --- lookups -------------------------------------------------------------------------------------------------

    def resource(self, object_name: str) -> Resource | None:
        """Return the declaration of an object name, or None."""
        return self._resources.get(object_name)

    def declared(self, object_name: str) -> Resource:
        """Return the declaration of an object name that exists."""
        return self._resources[object_name]

    def premade(self, unit: Unit, object_name: str, object_id: str) -> Body | None:
        """Return a fresh one of the objects everyone has (`pm_card_visa`), or None."""
        resource = self._resources.get(object_name)
        return resource.premade(unit, object_id) if resource is not None and resource.premade is not None else None

    def real_now(self) -> float:
        """Return real Unix seconds; signatures carry these, receivers compare them with their own clocks."""
        return self._system.now().timestamp()

    def unit(self, account: str | None = None, **more: Any) -> Unit:
        """Begin a unit of work; the caller holds the store's transaction and flushes."""
        return Unit(self, account or self.config.account, **more)

    def planned(self) -> None:
        """A timer was planned: the ticker looks again."""
        self.timers.wake()

    # --- answering -----------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        params: dict[str, Any] | None = None,
        *,
        key: str = "sk_test_local_payloom_emulator",
        version: str | None = None,
        idempotency_key: str | None = None,
        account: str | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Answer a call made inside the process, through the same checks as HTTP; return (status, body)."""
        bare, _, query = path.partition("?")
        given = {**decode(query), **{k: _text(v) for k, v in (params or {}).items() if v is not None}}
        request = Request(method, bare, given, f"Bearer {key}", version, idempotency_key, account)
        answer = self.answer(request)
        self.delivery.wake()
        self.timers.pass_time()
        return answer.status, json.loads(answer.payload())

    def answer(self, request: Request) -> Answer:
        """Answer one request. Never raises: what goes wrong is an answer too."""
        request_id = self.ids.new("req_", 14)
        version = request.version or self.config.api_version
        headers = {"Request-Id": request_id}
        try:
            answer = self._answer(request, request_id)
        except StripeError as error:
            answer = Answer(error.status, error.body(request_id), dict(error.headers))
        except Exception as error:  # noqa: BLE001 - a bug of ours must reach the caller as Stripe's 500, and be found
            control_api.report(error)
            failed = StripeError(
                f"The local Stripe failed: {type(error).__name__}: {error}. This is a bug in it, not in your code.",
                status=500,
                type="api_error",
            )
            answer = Answer(500, failed.body(request_id), {"Stripe-Should-Retry": "false"})
        answer.headers = {**headers, "Stripe-Version": version, **answer.headers}
        if request.idempotency_key:
            answer.headers.setdefault("Idempotency-Key", request.idempotency_key)
            answer.headers.setdefault("Original-Request", request_id)
        self._log(request, answer, request_id)
        return answer

    def _log(self, request: Request, answer: Answer, request_id: str) -> None:
        self.calls.append(
            {
                "id": request_id,
                "method": request.method,
                "path": request.path,
                "params": {k: v for k, v in request.params.items() if k != "file"},
                "status": answer.status,
                "idempotency_key": request.idempotency_key,
                "version": answer.headers["Stripe-Version"],
                "replayed": "Idempotent-Replayed" in answer.headers,
                "at": self.clock.now(),
            }
        )

    def caller(self, authorization: str | None, account: str | None) -> auth.Caller:
        """Return who calls, or raise 401/403."""
        key = auth.read_key(authorization)
        if key is None:
            raise auth.no_key()
        configured = self._keys.get(key)
        kind = auth.kind_of(key)
        if self._keys and configured is None:
            raise StripeError(f"Invalid API Key provided: {auth.masked(key)}", status=401)
        home = configured.account if configured else self.config.account
        if account and account != home:
            found = self.store.read(home, account)
            if found is None or found[0]["object"] != "account" or found[1]:
                raise StripeError(
                    f"The provided key '{auth.masked(key)}' does not have access to account '{account}' "
                    "(or that "
                    "account does not exist). Application access may have been revoked.",
                    status=403,
                    code="account_invalid",
                )
            home = account
        return auth.Caller(kind, key, home, configured.permissions if configured else None)

    def _answer(self, request: Request, request_id: str) -> Answer:
        caller = self.caller(request.authorization, request.account)
        version = versions.known(request.version) if request.version else self.config.api_version
        found = self.router.find(request.method, request.path)
        if found is None:
            raise self._nothing_there(request)
        route, ids = found
        operation = (request.method, route.template)
        auth.authorize(caller, *operation)
        self.limiter.count(self.real_now())
        key = request.idempotency_key if request.method == "POST" else None
        mark = fingerprint(request.params) if key else ""
        if key:
            saved = self.idempotency.find(caller.account, key, request.path, mark, self.clock.now())
            if saved is not None:
                again = {"Idempotent-Replayed": "true", "Original-Request": saved.request_id}
                return Answer(saved.status, {}, again, saved.body)
        fault = self.faults.take(request.method, request.path)
        if fault is not None and fault.before:
            answer = fault.answer(request_id)
        else:
            params = request.params
            if not route.operation.private:
                versions.refuse(operation, params, version)
                extra = versions.accepted(operation, version)
                params = check(operation, params, extra=dict(extra), typed=request.typed)
            answer = self._run(
                Call(self._unit_for(caller, request, request_id), params, ids, caller, version, request.path), route
            )
            if fault is not None:
                answer = fault.answer(request_id)
        # Stripe keeps no answer of a call that it refused before it began.
        if key and not (fault is not None and fault.before and fault.status in _NOT_KEPT):
            kept = Saved(answer.status, answer.payload().decode(), request_id)
            self.idempotency.save(
                caller.account, key, operation=request.path, fingerprint=mark, answer=kept, now=self.clock.now()
            )
        return answer

    def _unit_for(self, caller: auth.Caller, request: Request, request_id: str) -> Unit:
        return self.unit(caller.account, request_id=request_id, idempotency_key=request.idempotency_key)

    def _run(self, call: Call, route: Any) -> Answer:
        expand = call.params.pop("expand", None)
        public = call.caller.kind == "publishable"
        try:
            with self.store.transaction():
                try:
                    result = route.operation.handler(call)
                    shown = render(call.unit, result, call.version, expand, public=public)
                except CardError as error:
                    call.unit.flush()
                    return self._refusal(error, call)
                call.unit.flush()
        except StripeError as error:
            return self._refusal(error, call)
        return Answer(200, shown, {})

    def _refusal(self, error: StripeError, call: Call) -> Answer:
        """Return an error's answer; objects it carries are shown like any other."""
        public = call.caller.kind == "publishable"
        with self.store.transaction():
            error.more = {
                k: render(call.unit, v, call.version, public=public) if isinstance(v, dict) and "object" in v else v
                for k, v in error.more.items()
            }
            call.unit.discard_dirty()
        return Answer(error.status, error.body(call.unit.request_id), dict(error.headers))

    def _nothing_there(self, request: Request) -> StripeError:
        for method, template in operations():
            if method == request.method and _matches(template, request.path):
                return not_emulated(f"{method} {template.replace('{}', '{id}')}")
        return unknown_url(request.method, request.path)


def _matches(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.rstrip("/").split("/")
    return len(wanted) == len(given) and all(w in {"{}", g} for w, g in zip(wanted, given, strict=True))


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return {k: _text(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_text(v) for v in value]
    return str(value)


def create_app(config: EmulatorConfig | None = None, *, emulator: Emulator | None = None) -> Starlette:
    """Return the application: /v1 and /v2, /_emulator, and the pages. `app.state.emulator` is the Emulator."""
    local = emulator or Emulator(config)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        tasks = [asyncio.create_task(local.delivery.run()), asyncio.create_task(local.timers.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            local.store.close()

    wire = WireApp(local)
    routes: list[BaseRoute] = [
        Mount("/v1", app=wire),
        Mount("/v2", app=wire),
        *control_api.routes(),
        *_pages(),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.emulator = local
    return app


def _pages() -> list[BaseRoute]:
    try:
        from payloom_emulator.http.pages.routing import routes  # noqa: PLC0415 - the API works without its pages
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("payloom_emulator.http.pages"):
            raise
        return []
    return list(routes)


__all__ = ["Answer", "Emulator", "EmulatorConfig", "Endpoint", "Request", "Route", "create_app", "table"]
