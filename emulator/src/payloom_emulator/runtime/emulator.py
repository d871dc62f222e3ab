"""The local Stripe: one object that answers calls, and the ASGI application around it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, cast

from payloom_emulator.core.clock import EmulatorClock
from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.core.errors import EmulatorError
from payloom_emulator.core.ids import Ids
from payloom_emulator.core.request_context import Download, RequestContext
from payloom_emulator.core.store import SEARCHED, Store
from payloom_emulator.core.unit_of_work import UnitOfWork
from payloom_emulator.ledger import balance
from payloom_emulator.presentation import versions
from payloom_emulator.presentation.expand import render
from payloom_emulator.presentation.versions import VersionHistory
from payloom_emulator.protocol import api_versions, auth, lengths, older_params
from payloom_emulator.protocol.api_versions import known_version
from payloom_emulator.protocol.errors import CardError, StripeError, not_emulated, unknown_url
from payloom_emulator.protocol.form import decode
from payloom_emulator.protocol.json_shapes import integer, is_object, members, texts
from payloom_emulator.protocol.param_types import anonymous, operations, placeholder_names
from payloom_emulator.protocol.params import check
from payloom_emulator.runtime import bug_report
from payloom_emulator.runtime.delivery import Delivery
from payloom_emulator.runtime.registry import RESOURCES, seed_account, subscribers_of
from payloom_emulator.runtime.requests import relations, uncovered_params
from payloom_emulator.runtime.requests.call_faults import CallFaults
from payloom_emulator.runtime.requests.call_log import CallLog
from payloom_emulator.runtime.requests.idempotency import Idempotency, Saved, fingerprint
from payloom_emulator.runtime.requests.messages import Answer, Request
from payloom_emulator.runtime.requests.rate_limiter import RateLimiter
from payloom_emulator.runtime.requests.router import Router
from payloom_emulator.runtime.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from payloom_emulator.core.declarations.resource import Include, Reaction, Rule
    from payloom_emulator.core.request_context import Params
    from payloom_emulator.core.schemas.schema import Schema
    from payloom_emulator.kit.clock import Clock
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.runtime.requests.router import Route

_NOT_KEPT = frozenset({400, 401, 403, 404, 409, 429})


class Emulator:
    """A local Stripe. `call` answers exactly as HTTP does, without the network.

    It is the `Environment` of its rules.
    """

    def __init__(self, config: EmulatorConfig | None = None, *, clock: Clock | None = None) -> None:
        """Open the store and make the endpoints the configuration names."""
        self.config = config or EmulatorConfig()
        try:
            known_version(self.config.api_version)
        except StripeError as error:
            raise EmulatorError(error.message, where="api_version") from None
        self.base_url = self.config.base_url
        self.store = Store(self.config.store)
        self.clock = EmulatorClock(self.store, clock)
        self.ids = Ids(self.config.seed)
        self.delivery = Delivery(self, self.config.schedule)
        self.timers = Timers(self, self.delivery, self.timer)
        self.idempotency = Idempotency(self.store)
        self.faults = CallFaults()
        self.calls = CallLog()
        self.latency = self.config.latency
        self.limiter = RateLimiter(self.config.rate_limit)
        self._resources = {r.schema.object: r for r in RESOURCES}
        self._subscribers = subscribers_of(RESOURCES)
        self.history = VersionHistory((r.schema.object, r.versions) for r in RESOURCES)
        self.router = Router(RESOURCES)
        self._keys = {k.key: k for k in self.config.keys}
        if not self.store.meta(SEARCHED):
            self.store.relink(self._links_of)
        self._count()
        self.ensure_account()

    def _count(self) -> None:
        if not self.store.meta(balance.SUMMED):
            balance.count(self.store)

    def restore(self, data: bytes) -> None:
        """Replace everything by what the store's `snapshot` returned."""
        self.store.restore(data)
        self._count()

    def _links_of(self, body: dict[str, object]) -> Mapping[str, str | None]:
        schema = self.find_schema(str(body["object"]))
        return schema.links(body) if schema is not None else {}

    def ensure_account(self) -> None:
        """Make what a new account has: the endpoints of the configuration, unless the store has them."""
        with self.store.transaction():
            unit = self.unit(self.config.account)
            seed_account(unit, self.config.endpoints)
            unit.flush()
        self.delivery.invalidate()

    def reset(self) -> None:
        """Forget everything, also the clock's offset, and begin anew."""
        self.store.clear()
        self.faults.clear()
        self.calls.clear()
        self.delivery.reset()
        self.latency, self.limiter.limit = self.config.latency, self.config.rate_limit
        self.ids = Ids(self.config.seed)
        self.ensure_account()

    # --- what the rules need (`Environment`) -----------------------------------------------------------------------

    @property
    def outbox(self) -> Delivery:
        """Where events go."""
        return self.delivery

    def find_schema(self, object_name: str) -> Schema | None:
        """Return the schema of an object name, or None."""
        resource = self._resources.get(object_name)
        return resource.schema if resource is not None else None

    def schema(self, object_name: str) -> Schema:
        """Return the schema of an object name that exists."""
        return self._resources[object_name].schema

    def includes(self, object_name: str) -> Mapping[str, Include]:
        """Return the fields that are shown only when expanded."""
        resource = self._resources.get(object_name)
        return resource.includes if resource is not None else {}

    def builtin(self, unit: UnitOfWork, object_name: str, object_id: str) -> Mapping[str, object] | None:
        """Return a fresh one of the objects every account has (`pm_card_visa`), or None."""
        resource = self._resources.get(object_name)
        return resource.builtin(unit, object_id) if resource is not None and resource.builtin is not None else None

    def subscribers(self, fact: str) -> tuple[Reaction, ...]:
        """Return what reacts to a fact, in declared order."""
        return self._subscribers.get(fact, ())

    def timer_added(self, due: int) -> None:
        """A timer was planned: the ticker looks again if that is soon."""
        self.timers.wake_for(due)

    def run_timers(self, until: int, test_clock: str) -> int:
        """Run what is due by `until` on a test clock; return how many timers ran."""
        return self.timers.run_due(until, test_clock)

    # --- lookups -------------------------------------------------------------------------------------------------

    def timer(self, object_name: str, name: str) -> Rule | None:
        """Return what the timer `name` of an object runs, or None when there is no such timer."""
        resource = self._resources.get(object_name)
        return resource.timers.get(name) if resource is not None else None

    def unit(
        self,
        account: str | None = None,
        *,
        now: int | None = None,
        test_clock: str | None = None,
        request_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> UnitOfWork:
        """Begin a unit of work; the caller holds the store's transaction and flushes."""
        return UnitOfWork(
            self,
            account or self.config.account,
            now=now,
            test_clock=test_clock,
            request_id=request_id,
            idempotency_key=idempotency_key,
        )

    # --- answering -----------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        params: JsonMapping | None = None,
        *,
        key: str | None = None,
        version: str | None = None,
        idempotency_key: str | None = None,
        account: str | None = None,
        source: str = "API",
    ) -> tuple[int, dict[str, Any]]:
        """Answer a call made inside the process, through the same checks as HTTP; return (status, body).

        key: the account's own secret key if none is given. source: "DASHBOARD" for the local Stripe's own pages.
        """
        bare, _, query = path.partition("?")
        call_params = {
            **decode(query),
            **{k: _text(v) for k, v in (params or {}).items() if v is not None},
        }
        authorization = f"Bearer {key or self.config.secret_key}"
        request = Request(method, bare, call_params, authorization, version, idempotency_key, account, source=source)
        answer = self.answer(request)
        self.delivery.wake()
        self.timers.run_due_unserved()
        return answer.status, json.loads(answer.payload())

    def answer(self, request: Request) -> Answer:
        """Answer one request. Never raises: what goes wrong is an answer too."""
        request_id = self.ids.new("req_", 14)
        try:
            answer = self._answer(request, request_id)
        except StripeError as error:
            account = (
                (request.account or self.config.account) if error.logged and error.status not in {401, 403} else ""
            )
            answer = Answer(error.status, error.body(request.path, request_id, account), dict(error.headers))
        except Exception as error:  # noqa: BLE001 - a bug of ours must reach the caller as Stripe's 500, and be found
            bug_report.report_bug(error)
            failed = StripeError(
                f"The local Stripe failed: {type(error).__name__}: {error}. This is a bug in it, not in your code.",
                status=500,
                type="api_error",
            )
            body = failed.body(request.path, request_id, self.config.account)
            answer = Answer(500, body, {"Stripe-Should-Retry": "false"})
        answer.add_call_headers(request, request_id, request.version or self.config.api_version)
        self._log(request, answer, request_id)
        return answer

    def _log(self, request: Request, answer: Answer, request_id: str) -> None:
        account = request.account or self.config.account
        row = self.calls.add(request, answer, request_id, account=account, at=self.clock.now())
        if row is not None:
            self.delivery.cli.logged(account, row)

    def authenticate(self, authorization: str | None, account: str | None, *, any_key: bool = False) -> auth.Caller:
        """Return who calls, or raise 401/403. any_key: keys beside the configured ones are taken, too."""
        key = auth.read_key(authorization)
        if key is None:
            raise auth.no_key()
        if key.startswith(auth.STREAM_TOKEN):
            return self._of_session(key)
        configured = self._keys.get(key)
        kind = auth.kind_of(key)
        if self._keys and configured is None and not any_key:
            raise StripeError(f"Invalid API Key provided: {auth.masked(key)}", status=401)
        home = configured.account if configured else self.config.account
        if account and account != home:
            row = self.store.read(home, account)
            if row is None or row[0]["object"] != "account" or row[1]:
                raise StripeError(
                    f"The provided key '{auth.masked(key)}' does not have access to account '{account}' (or that account does not exist). Application access may have been revoked.",
                    status=403,
                    code="account_invalid",
                )
            home = account
        return auth.Caller(kind, key, home, configured.permissions if configured else None)

    def _of_session(self, token: str) -> auth.Caller:
        """Return who streams meter events with a session's token, or raise when the session is over."""
        account, _, session = token.removeprefix(auth.STREAM_TOKEN).partition(".")
        row = self.store.read(account, session)
        if row is None or row[0].get("authentication_token") != token:
            raise StripeError(f"Invalid API Key provided: {auth.masked(token)}", status=401)
        if (integer(row[0].get("_expires")) or 0) <= self.clock.now():
            raise StripeError(
                "The meter event session has expired. Make a new one.",
                status=401,
                type="temporary_session_expired",
                code="billing_meter_event_session_expired",
            )
        return auth.Caller("secret", token, account)

    def _answer(self, request: Request, request_id: str) -> Answer:
        caller = self.authenticate(request.authorization, request.account, any_key=request.any_key)
        version = api_versions.known_version(request.version) if request.version else self.config.api_version
        match = self.router.find(request.method, request.path)
        if match is None:
            raise self._nothing_there(request)
        route, ids = match
        operation = (request.method, anonymous(route.operation.like or route.template))
        auth.authorize(caller, *operation)
        self.limiter.count(self.clock.real())
        key = request.idempotency_key if request.method == "POST" else None
        mark = fingerprint(request.params) if key else ""
        if key:
            saved = self.idempotency.find(caller.account, key, request.path, mark, self.clock.now())
            if saved is not None:
                again = {"Idempotent-Replayed": "true", "Original-Request": saved.request_id}
                return Answer(saved.status, {}, again, saved.body)
        fault = self.faults.take(request.method, request.path)
        if fault is not None and fault.before:
            answer = fault.answer(request.path, request_id, caller.account)
        else:
            params = request.params
            if not route.operation.private:
                versions.refuse(operation, params, version)
                extra = self.history.accepted(operation, version)
                older_params.refuse_uncovered(operation, params, version, extra)
                params = check(operation, params, extra=extra, typed=request.typed)
                lengths.check(route.template, params)
                relations.check(request.method, route.template, params)
                uncovered_params.refuse(operation, params)
            answer = self._run(
                RequestContext(self._unit_for(caller, request, request_id), params, ids, caller, version, request.path),
                route,
            )
            if fault is not None:
                answer = fault.answer(request.path, request_id, caller.account)
        # Stripe keeps no answer of a call that it refused before it began.
        if key and not (fault is not None and fault.before and fault.status in _NOT_KEPT):
            saved_answer = Saved(answer.status, answer.payload().decode(), request_id)
            self.idempotency.save(
                caller.account, key, operation=request.path, fingerprint=mark, answer=saved_answer, now=self.clock.now()
            )
        return answer

    def _unit_for(self, caller: auth.Caller, request: Request, request_id: str) -> UnitOfWork:
        return self.unit(caller.account, request_id=request_id, idempotency_key=request.idempotency_key)

    def _run(self, call: RequestContext[dict[str, object]], route: Route) -> Answer:
        expand = texts(call.params.pop("expand", None))
        public = call.caller.kind == "publishable"
        try:
            with self.store.transaction():
                try:
                    result = route.operation.handler(call)
                    if isinstance(result, Download):
                        call.unit.finish()
                        return _downloaded(result)
                    rendered = render(call.unit, result, call.version, expand, public=public)
                except CardError as error:
                    call.unit.finish()
                    return self._refusal(error, call)
                call.unit.finish()
        except StripeError as error:
            _name_placeholder(error, route, call.ids)
            _name_older(error, call.params)
            return self._refusal(error, call)
        return Answer(200, dict(members(rendered)), {})

    def _refusal(self, error: StripeError, call: RequestContext[Params]) -> Answer:
        """Return an error's answer; objects it carries are shown like any other."""
        public = call.caller.kind == "publishable"
        with self.store.transaction():
            error.more = {
                k: render(call.unit, v, call.version, public=public) if is_object(v) and "object" in v else v
                for k, v in error.more.items()
            }
            call.unit.discard_dirty()
        return Answer(error.status, error.body(call.path, call.unit.request_id, call.unit.account), dict(error.headers))

    def _nothing_there(self, request: Request) -> StripeError:
        for method, template in operations():
            if method == request.method and _matches(template, request.path):
                return not_emulated(f"{method} {template.replace('{}', '{id}')}")
        return unknown_url(request.method, request.path)


def _name_placeholder(error: StripeError, route: Route, ids: Mapping[str, str]) -> None:
    """Say by Stripe's name of the placeholder which id of the path names nothing."""
    if error.status != 404 or error.missing_id is None:
        return
    names = placeholder_names(route.operation.method, route.operation.path)
    for name, value in zip(names, ids.values(), strict=False):
        if value == error.missing_id:
            error.param = name


def _downloaded(download: Download) -> Answer:
    content = base64.b64encode(download.content).decode()
    return Answer(200, {"content": content, "filename": download.filename}, {}, download=download)


def _name_older(error: StripeError, params: Mapping[str, object]) -> None:
    """Say by its own name which parameter is wrong, where an older version's word was read as today's."""
    for name in ("coupon", "promotion_code"):
        if error.param == f"discounts[0][{name}]" and name in params:
            error.param = name


def _matches(template: str, path: str) -> bool:
    template_parts, parts = template.split("/"), path.rstrip("/").split("/")
    return len(template_parts) == len(parts) and all(w in {"{}", g} for w, g in zip(template_parts, parts, strict=True))


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if is_object(value):
        return {k: _text(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_text(v) for v in cast("Sequence[object]", value)]
    return str(value)
