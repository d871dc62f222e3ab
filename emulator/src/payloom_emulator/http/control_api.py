"""Control for tests and people: `/_emulator/…`. None of it exists at Stripe."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, cast

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from payloom_emulator.billing import settings
from payloom_emulator.core.errors import EmulatorError, NoSuchCall
from payloom_emulator.http import onboarding_page
from payloom_emulator.http.acting import act
from payloom_emulator.http.control_key import with_control_key
from payloom_emulator.http.same_site import own_pages_only
from payloom_emulator.http.seeding import replay_calls
from payloom_emulator.http.trigger import TRIGGERS, trigger
from payloom_emulator.kit.durations import parse_duration
from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.json_shapes import elements, integer, is_array, is_object, members, text
from payloom_emulator.runtime import challenges
from payloom_emulator.runtime.delivery_faults import SCHEDULES, DeliveryFaults
from payloom_emulator.runtime.requests.call_faults import CallFault
from payloom_emulator.runtime.webhook_secrets import roll

if TYPE_CHECKING:
    from starlette.requests import Request

    from payloom_emulator.http.seeding import Step
    from payloom_emulator.runtime.emulator import Emulator

Params = Mapping[str, object]
Handler = Callable[["Emulator", Params], object]


def routes() -> list[Route]:
    """Return the control routes."""
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/_emulator", _about),
        ("POST", "/_emulator/reset", _reset),
        ("POST", "/_emulator/seed", _seed),
        ("GET", "/_emulator/clock", _read_clock),
        ("POST", "/_emulator/clock", _move_clock),
        ("POST", "/_emulator/fail-next", _fail_next),
        ("GET", "/_emulator/deliveries", _deliveries),
        ("POST", "/_emulator/redeliver", _redeliver),
        ("POST", "/_emulator/delivery", _switches),
        ("POST", "/_emulator/webhook_endpoints/{id}/roll", _roll),
        ("GET", "/_emulator/calls", _calls),
        ("GET", "/_emulator/calls/{id}", _call_made),
        ("POST", "/_emulator/act", _act),
        ("POST", "/_emulator/limits", _limits),
        ("GET", "/_emulator/trigger", _triggers),
        ("POST", "/_emulator/trigger", _trigger),
        ("POST", "/_emulator/billing", _billing),
    ]
    return [
        *(_steering(path, _endpoint(handler), method) for method, path, handler in table),
        _steering("/_emulator/snapshot", _snapshot, "GET", "POST"),
        _steering("/_emulator/restore", _restore, "POST"),
        Route("/health", _endpoint(_health), methods=["GET"]),
        Route("/b/{slug}", _payment_link, methods=["GET"]),
        *onboarding_page.routes(),
        Route("/_emulator/3ds/{intent}/{outcome:str}", _three_d_secure, methods=["POST"]),
    ]


def _steering(path: str, endpoint: Callable[[Request], Awaitable[Response]], *methods: str) -> Route:
    """Return a route for programs of this machine and holders of the control key, and for no page of another site."""
    return Route(path, own_pages_only(with_control_key(endpoint)), methods=list(methods))


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def run(request: Request) -> Response:
        emulator: Emulator = request.app.state.emulator
        try:
            params: dict[str, object] = dict(request.query_params)
            if request.method == "POST":
                params.update(await _body(request))
            params.update(request.path_params)
            result = handler(emulator, params)
        except EmulatorError as error:
            return JSONResponse({"error": error.to_dict()}, error.status)
        except StripeError as error:
            return JSONResponse(error.body(request.url.path), error.status)
        return JSONResponse(result)

    return run


async def _body(request: Request) -> dict[str, object]:
    raw = await request.body()
    if not raw:
        return {}
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(await request.form())
    value = await request.json()
    if not is_object(value):
        raise EmulatorError("The body must be a JSON object.")
    return value


def _health(emulator: Emulator, params: Params) -> object:
    del emulator, params
    return {"status": "ok"}


def _about(emulator: Emulator, params: Params) -> object:
    del params
    return {
        "base_url": emulator.base_url,
        "account": emulator.config.account,
        "api_version": emulator.config.api_version,
        "now": emulator.clock.now(),
        "operations": len(emulator.router.routes),
    }


def _reset(emulator: Emulator, params: Params) -> object:
    del params
    emulator.reset()
    return {"reset": True}


def _seed(emulator: Emulator, params: Params) -> object:
    """Run the calls of a seed file: `{"calls": [{"method", "path", "params", "as"?}]}`; see `seeding.py`."""
    return replay_calls(emulator, [cast("Step", members(step)) for step in elements(params.get("calls"))])


def _read_clock(emulator: Emulator, params: Params) -> object:
    del params
    return {"now": emulator.clock.now(), "offset": emulator.clock.offset}


def _move_clock(emulator: Emulator, params: Params) -> object:
    """`{"advance": "30d"}` (or seconds), or `{"to": 1893456000}`."""
    now = emulator.clock.now()
    if params.get("to") is not None:
        moment = _whole(params, "to", now)
    elif params.get("advance") is not None:
        moment = now + _seconds(params["advance"])
    else:
        raise EmulatorError('Say how far: {"advance": "30d"} or {"to": 1893456000}.')
    if moment < now:
        raise EmulatorError(f"The clock is at {now} and does not go back.", hint="POST /_emulator/reset to start over.")
    ran = emulator.timers.advance(moment)
    return {"now": emulator.clock.now(), "offset": emulator.clock.offset, "timers": ran}


def _seconds(value: object) -> int:
    if isinstance(value, int | float):
        return int(value)
    text = str(value)
    seconds = integer(text)
    if seconds is not None:
        return seconds
    try:
        duration = parse_duration(text)
    except ValueError as error:
        raise EmulatorError(str(error)) from error
    return int(duration.total_seconds())


def _whole(params: Params, name: str, default: int) -> int:
    """Return a whole number, also one that came as text."""
    return round(_number(params, name, default))


def _number(params: Params, name: str, default: float) -> float:
    """Return a number, also one that came as text. Raises EmulatorError when it is none."""
    value = params.get(name, default)
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise EmulatorError(f"{name} is {value!r}, not a number.")
    return number


def _word(params: Params, name: str) -> str:
    return text(params.get(name)) or ""


def _fail_next(emulator: Emulator, params: Params) -> object:
    """Take `{status, method, path, count, when: "before"|"after", seconds, error: {…}}`; see `Fault`."""
    error = dict(members(params.get("error")))
    error.update({k: params[k] for k in ("type", "code", "message") if k in params})
    fault = CallFault(
        status=_whole(params, "status", 500),
        method=_word(params, "method"),
        path=_word(params, "path"),
        count=_whole(params, "count", 1),
        before=params.get("when", "before") == "before",
        seconds=_number(params, "seconds", 0),
        error=error,
    )
    emulator.faults.add(fault)
    return {"armed": True}


def _deliveries(emulator: Emulator, params: Params) -> object:
    return {"data": emulator.delivery.rows(event=_word(params, "event") or None, limit=_whole(params, "limit", 100))}


def _redeliver(emulator: Emulator, params: Params) -> object:
    event = _word(params, "event")
    if not event:
        raise EmulatorError('Name the event: {"event": "evt_…"}.')
    return {"planned": emulator.delivery.redeliver(event, _word(params, "endpoint") or None)}


def _switches(emulator: Emulator, params: Params) -> object:
    """Take `{seed, duplicate, reorder, delay, drop, delay_seconds, paused, schedule}`; shares are 0 to 1."""
    names = ("seed", "duplicate", "reorder", "delay", "drop", "delay_seconds")
    if any(n in params for n in names):
        emulator.delivery.faults = DeliveryFaults(
            seed=_whole(params, "seed", 0),
            duplicate=_number(params, "duplicate", 0),
            reorder=_number(params, "reorder", 0),
            delay=_number(params, "delay", 0),
            drop=_number(params, "drop", 0),
            delay_seconds=_number(params, "delay_seconds", 5),
        )
    if "paused" in params:
        emulator.delivery.paused = bool(params["paused"])
    if "schedule" in params:
        emulator.delivery.schedule = _schedule(params["schedule"])
    emulator.delivery.wake()
    faults = emulator.delivery.faults
    return {
        **{n: getattr(faults, n) for n in names},
        "paused": emulator.delivery.paused,
        "schedule": emulator.delivery.schedule,
    }


def _schedule(schedule: object) -> tuple[float, ...]:
    """Return the seconds between attempts: of a schedule that has a name, or as they are listed."""
    if is_array(schedule):
        return tuple(_number({"schedule": seconds}, "schedule", 0) for seconds in schedule)
    if str(schedule) not in SCHEDULES:
        raise EmulatorError(f"There is no schedule {schedule!r}.", hint=f"There are {', '.join(SCHEDULES)}.")
    return SCHEDULES[str(schedule)]


def _roll(emulator: Emulator, params: Params) -> object:
    """Take `{expires_in_hours: 0 to 24}`: how long the old secret signs too. Nothing given: it ends at once."""
    return roll(emulator, str(params["id"]), _number(params, "expires_in_hours", 0))


def _calls(emulator: Emulator, params: Params) -> object:
    return {"data": emulator.calls.rows(_word(params, "path"))[-_whole(params, "limit", 100) :]}


def _act(emulator: Emulator, params: Params) -> object:
    """Take `{"id": "pi_…", "action": "refund"}`."""
    return act(emulator, _word(params, "id"), _word(params, "action"))


def _call_made(emulator: Emulator, params: Params) -> object:
    logged = emulator.calls.find(str(params["id"]))
    if logged is None:
        raise NoSuchCall(f"No call {params['id']} is known.", hint="GET /_emulator/calls lists the last 1,000.")
    row, answer = logged
    return {**row, "answer": answer}


def _limits(emulator: Emulator, params: Params) -> object:
    """`{"rate_limit": 25, "latency": 0.2}`; null lifts the limit."""
    if "rate_limit" in params:
        emulator.limiter.limit = None if params["rate_limit"] is None else _whole(params, "rate_limit", 0)
    if "latency" in params:
        emulator.latency = _number(params, "latency", 0) if params["latency"] is not None else 0.0
    return {"rate_limit": emulator.limiter.limit, "latency": emulator.latency}


def _billing(emulator: Emulator, params: Params) -> object:
    """`{"retry_days": [3, 5, 7], "after_retries": "cancel"|"unpaid"|"past_due", "draft_seconds": 3600, …}`."""
    with emulator.store.transaction():
        return dataclasses.asdict(settings.write(emulator.store, params))


def _trigger(emulator: Emulator, params: Params) -> object:

    return trigger(emulator, str(params.get("event", "")))


def _triggers(emulator: Emulator, params: Params) -> object:

    del emulator, params
    return {"data": sorted(TRIGGERS)}


async def _snapshot(request: Request) -> Response:
    return Response(request.app.state.emulator.store.snapshot(), media_type="application/vnd.sqlite3")


async def _restore(request: Request) -> Response:
    emulator: Emulator = request.app.state.emulator
    emulator.restore(await request.body())
    emulator.delivery.invalidate()
    emulator.delivery.wake()
    return JSONResponse({"restored": True})


async def _payment_link(request: Request) -> Response:
    """Create a session for a customer who follows a payment link, and redirect to its page."""
    emulator: Emulator = request.app.state.emulator
    rows = emulator.store.query(
        "SELECT account FROM links WHERE object = 'payment_link' AND value = ?", (request.path_params["slug"],)
    )
    account = rows[0][0] if rows else None
    status, body = emulator.call("POST", f"/v1/payment_links/visits/{request.path_params['slug']}", account=account)
    if status != 200:
        return JSONResponse(body, status)
    return RedirectResponse(str(body["url"]), 303)


async def _three_d_secure(request: Request) -> Response:

    emulator: Emulator = request.app.state.emulator
    params = {**dict(request.query_params), **await _body(request)}
    intent, outcome = request.path_params["intent"], request.path_params["outcome"]
    headers = {"Access-Control-Allow-Origin": "*"}
    try:
        result = challenges.complete_challenge(emulator, intent, outcome, str(params.get("client_secret", "")))
    except StripeError as error:
        return JSONResponse(error.body(request.url.path), error.status, headers=headers)
    emulator.delivery.wake()
    return JSONResponse(result, headers=headers)
