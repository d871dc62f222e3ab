"""A Stripe for stories: keeps objects and idempotency keys, answers from what a case gives or by sensible defaults.

It stands behind the real connector, so parameters are checked, keys are shortened, create calls are stamped and
looked up exactly as in production. Only the wire is missing.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from payloom.connectors.stripe.catalog import events
from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.client import StripeSettings
from payloom.connectors.stripe.connector import StripeConnector
from payloom.connectors.stripe.failures import StripeStepFailed, no_answer, refused
from payloom.connectors.stripe.parameters import Prepared
from payloom.kit import strict_json
from payloom.kit.clock import Clock, to_epoch
from payloom.sandbox.stripe.fixtures import closed_object, complete, fits, likely, options, prefix, types
from payloom.workflows.program.commands import StepFailure

Fault = Literal["refused", "lost", "fault", "fault_after", "busy", "timeout"]
"""refused: no connection, nothing happened. lost: it happened, the answer did not arrive. fault, fault_after: a 500,
saved under the key, nothing or something happened. busy: 429. timeout: no answer, nothing happened."""

KEYS_KEPT = dt.timedelta(hours=24)
_PAGING = frozenset({"limit", "starting_after", "ending_before", "expand", "all", "page", "query"})
_AFTER: Mapping[str, Mapping[str, Any]] = {
    "cancel": {"status": "canceled"},
    "capture": {"status": "succeeded", "captured": True},
    "confirm": {"status": "succeeded"},
    "expire": {"status": "expired"},
    "finalize_invoice": {"status": "open"},
    "send_invoice": {"status": "open"},
    "mark_uncollectible": {"status": "uncollectible"},
    "pay": {"status": "paid", "paid": True},
    "void_invoice": {"status": "void"},
    "accept": {"status": "accepted"},
    "release": {"status": "released"},
    "resume": {"status": "active"},
    "reject": {"status": "rejected"},
}


@dataclasses.dataclass(frozen=True, slots=True)
class Write:
    """A call that changed something at Stripe. key: its idempotency key as the workflow made it."""

    call: str
    params: Mapping[str, Any]
    key: str | None
    answer: Any
    account: str | None = None


@dataclasses.dataclass(slots=True)
class _Saved:
    at: dt.datetime
    print: str
    answer: Any = None
    failure: StripeStepFailed | None = None


class FakeStripe:
    """What Stripe holds and has done in one story; outlives its processes."""

    def __init__(
        self, clock: Clock, objects: Sequence[Mapping[str, Any]] = (), answers: Mapping[str, Any] | None = None
    ) -> None:
        """objects: what there is already. answers: call → fields of the answer, `{error: …}`, or a list of such."""
        self.clock = clock
        self.objects: dict[str, dict[str, Any]] = {}
        self.writes: list[Write] = []
        self.reads: list[tuple[str, Mapping[str, Any]]] = []
        self.made: dict[str, str] = {}
        """The key of the call that made an object, by the object's id."""
        self._key: str | None = None
        self.attempts: list[tuple[str, str | None]] = []
        self._answers = copy.deepcopy(dict(answers or {}))
        self._saved: dict[str, _Saved] = {}
        self._numbers: dict[str, int] = {}
        self._created: dict[str, int] = {}
        for one in objects:
            self.put(one)

    def give(self, answers: Mapping[str, Any]) -> None:
        """Say what calls answer; see the class."""
        self._answers = copy.deepcopy(dict(answers))

    def put(self, given: Mapping[str, Any], *, created: int = 0) -> None:
        """Keep an object as Stripe's present state of it, unless a newer one is here."""
        identity = given.get("id")
        if isinstance(identity, str) and created >= self._created.get(identity, 0):
            self.objects[identity] = copy.deepcopy(dict(given))
            self._created[identity] = created

    # -- one request -------------------------------------------------------------------------------------------------

    def request(
        self, operation: Operation, prepared: Prepared, key: str | None, account: str | None, fault: Fault | None
    ) -> Any:
        """Answer one request, or fail it in Stripe's words; raises StripeStepFailed."""
        self.attempts.append((operation.name, key))
        if fault == "refused":
            raise StripeStepFailed(_words("stripe_unreachable", "Stripe cannot be reached", 502), "retry")
        if fault == "busy":
            raise StripeStepFailed(_words("rate_limit", "Too many requests", 503), "retry", retry_after=1.0)
        if fault == "timeout":
            raise no_answer(operation.name, 30.0)
        if operation.method == "get":
            if fault is not None:
                raise no_answer(operation.name, None, "ConnectionError")
            self.reads.append((operation.name, dict(prepared.body)))
            return copy.deepcopy(self._read(operation, prepared))
        return self._write(operation, prepared, key, account, fault)

    def _write(
        self, operation: Operation, prepared: Prepared, key: str | None, account: str | None, fault: Fault | None
    ) -> Any:
        mark = strict_json.canonical([operation.name, prepared.path, prepared.body, account])
        keeps = key is not None and operation.method != "delete"
        saved = self._saved.get(key) if keeps and key is not None else None
        if saved is not None and self.clock.now() - saved.at < KEYS_KEPT:
            return self._repeat(saved, mark, operation, fault)
        failure: StripeStepFailed | None = None
        answer: Any = None
        self._key = key
        if fault == "fault":
            failure = _fault(operation)
        else:
            try:
                answer = self._change(operation, prepared)
            except StripeStepFailed as error:
                failure = error
            else:
                self.writes.append(Write(operation.name, _shown(operation, prepared), key, answer, account))
            if fault == "fault_after" and failure is None:
                failure = _fault(operation)
        # Stripe does not save what it refused before it began.
        if keeps and key is not None and (failure is None or failure.outcome == "unknown"):
            self._saved[key] = _Saved(self.clock.now(), mark, answer, failure)
        if fault == "lost":
            raise no_answer(operation.name, None, "ConnectionError")
        if failure is not None:
            raise failure
        return copy.deepcopy(answer)

    def _repeat(self, saved: _Saved, mark: str, operation: Operation, fault: Fault | None) -> Any:
        if saved.print != mark:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
            )
            raise refused("idempotency_error", message, status=400, type="idempotency_error", action=operation.name)
        if fault == "lost":
            raise no_answer(operation.name, None, "ConnectionError")
        if saved.failure is not None:
            raise StripeStepFailed(saved.failure.failure, "unknown", replayed=True)
        return copy.deepcopy(saved.answer)

    # -- what there is -----------------------------------------------------------------------------------------------

    def _given(self, operation: Operation) -> Any:
        found = self._answers.get(operation.name)
        if isinstance(found, list):
            return found.pop(0) if found else None
        return found

    def _read(self, operation: Operation, prepared: Prepared) -> Any:
        given = self._given(operation)
        if isinstance(given, Mapping) and "error" in given:
            raise _error(given["error"], operation)
        if operation.function in ("list", "search"):
            if isinstance(given, Mapping):
                return {"object": "list", "has_more": False, "data": [], **given}
            return self._page(operation, prepared)
        identity = prepared.path[-1] if prepared.path else ""
        found = self.objects.get(identity)
        if isinstance(given, Mapping):
            return complete(operation.result(), {**(found or {"id": identity}), **given})
        if found is not None:
            return complete(operation.result(), found)
        if not prepared.path:
            return complete(operation.result(), {})
        raise refused(
            "resource_missing",
            f"No such object: '{identity}'",
            status=404,
            hint="in a test: add it to given.stripe.objects",
            type="invalid_request_error",
            code="resource_missing",
            param="id",
        )

    def _page(self, operation: Operation, prepared: Prepared) -> dict[str, Any]:
        page = operation.result() or {}
        item = page.get("properties", {}).get("data", {}).get("items", {})
        kind = item.get("title")
        there = [] if "starting_after" in prepared.body else list(self.objects.values())
        found = [one for one in there if one.get("object") == kind and _matches(one, prepared.body)]
        data = [complete(item, one) for one in found]
        limit = prepared.body.get("limit")
        return {"object": "list", "url": operation.url, "has_more": False, "data": data[:limit]}

    # -- what changes ------------------------------------------------------------------------------------------------

    def _change(self, operation: Operation, prepared: Prepared) -> dict[str, Any]:
        given = self._given(operation)
        if isinstance(given, Mapping) and "error" in given:
            raise _error(given["error"], operation)
        more = dict(given) if isinstance(given, Mapping) else {}
        schema = operation.result() or {}
        kind = str(schema.get("title") or operation.service[-1])
        if operation.method == "delete":
            identity = prepared.path[-1]
            gone = self.objects.pop(identity, {})
            if operation.name == "subscriptions.cancel":
                return self._stored({**gone, "id": identity, "object": kind, "status": "canceled", **more})
            return {"id": identity, "object": kind, "deleted": True, **more}
        if operation.path_names and operation.function != "create":
            identity = prepared.path[0]
            before = self.objects.get(identity, {"id": identity, "object": kind})
            changed = {**before, **_echo(schema, prepared.body), **_AFTER.get(operation.function, {}), **more}
            known = schema.get("properties", changed)
            return self._stored(complete(schema, {name: value for name, value in changed.items() if name in known}))
        return self._stored(self._new(schema, kind, prepared, more))

    def _new(self, schema: Mapping[str, Any], kind: str, prepared: Prepared, more: dict[str, Any]) -> dict[str, Any]:
        identity = self._next_id(kind)
        echoed = _echo(schema, prepared.body)
        # A new invoice is a draft; "open" would say that it has been finalized.
        found = likely(kind, "created" if kind == "invoice" else "", echoed, to_epoch(self.clock.now()))
        if kind == "payment_intent":
            found |= {"client_secret": f"{identity}_secret_story", "latest_charge": None}
        if kind in ("checkout.session", "billing_portal.session", "payment_link"):
            found["url"] = f"https://stripe.test/{kind}/{identity}"
        if kind == "refund":
            found |= self._refunded(echoed)
        known = schema.get("properties", found)
        fields = {"id": identity, **{key: value for key, value in found.items() if key in known}, **echoed, **more}
        return complete(schema, fields)

    def _next_id(self, kind: str) -> str:
        while True:
            self._numbers[kind] = self._numbers.get(kind, 0) + 1
            identity = f"{prefix(kind)}_{self._numbers[kind]}"
            if identity not in self.objects:
                self.made[identity] = self._key or ""
                return identity

    def _refunded(self, echoed: Mapping[str, Any]) -> dict[str, Any]:
        paid = self.objects.get(str(echoed.get("payment_intent") or echoed.get("charge")), {})
        return {name: paid[name] for name in ("amount", "currency") if name in paid}

    def _stored(self, made: dict[str, Any]) -> dict[str, Any]:
        if isinstance(made.get("id"), str):
            self.objects[made["id"]] = copy.deepcopy(made)
        return made


class FakeStripeConnector(StripeConnector):
    """The real connector with a story's Stripe where the wire would be."""

    def __init__(
        self, stripe: FakeStripe, crash_point: Callable[[str], None], fault: Callable[[Operation], Fault | None]
    ) -> None:
        """reached: told about every boundary. fault: says what goes wrong with the next request."""
        super().__init__(StripeSettings("sk_test_story"), stripe.clock)
        self._stripe = stripe
        self._reached = crash_point
        self._fault = fault

    async def _call(self, operation: Operation, prepared: Prepared, options: Mapping[str, Any], seconds: float) -> Any:  # noqa: ARG002 - time does not pass here
        self._reached("")
        key, account = options.get("idempotency_key"), options.get("stripe_account")
        try:
            answer = self._stripe.request(operation, prepared, key, account, self._fault(operation))
        finally:
            if operation.method != "get":
                self._reached(f"stripe {operation.name}")
        return answer

    async def close(self) -> None:
        """Nothing is open."""


def _words(kind: str, message: str, status: int) -> StepFailure:
    return StepFailure(kind, message, status=status)


def _fault(operation: Operation) -> StripeStepFailed:
    return StripeStepFailed(_words("stripe_fault", f"Stripe failed to answer {operation.name}", 502), "unknown")


def _error(given: Any, operation: Operation) -> StripeStepFailed:
    """Return the failure a case asks for: `{code, message, status, type, decline_code, param}`, or just a code."""
    told = {"code": given} if isinstance(given, str) else dict(given)
    code = str(told.get("code") or "card_declined")
    declined = told.get("type") == "card_error" or code in ("card_declined", "expired_card", "incorrect_cvc")
    status = int(told.get("status") or (402 if declined else 400))
    data = {key: told.get(key) for key in ("type", "decline_code", "param", "code")}
    data["type"] = data["type"] or ("card_error" if declined else "invalid_request_error")
    failure = StepFailure(code, str(told.get("message") or f"{operation.name}: {code}"), status=status, data=data)
    if status == 429:
        return StripeStepFailed(failure, "retry")
    return StripeStepFailed(failure, "unknown" if status >= 500 else "refused")


def _shown(operation: Operation, prepared: Prepared) -> dict[str, Any]:
    """Return the parameters as a case writes them: with the placeholders' values, without our own mark."""
    ids = dict(zip(operation.path_names, prepared.path, strict=False))
    if len(ids) == 1:
        ids = {"id": next(iter(ids.values()))}
    body = copy.deepcopy(prepared.body)
    metadata = body.get("metadata")
    if isinstance(metadata, dict) and metadata.pop("payloom_step", None) is not None and not metadata:
        del body["metadata"]
    return {**ids, **body}


def _echo(schema: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that come back as fields of the object."""
    known = schema.get("properties", {})
    return {name: value for name, value in body.items() if name in known and _same_shape(known[name], value)}


def _same_shape(schema: Mapping[str, Any], value: Any) -> bool:
    if isinstance(value, list):
        return "array" in types(schema) and all(not isinstance(one, Mapping) for one in value)
    if isinstance(value, Mapping):
        inner = closed_object(schema)
        if inner is None:
            return any("object" in types(one) for one in options(schema))
        known = inner["properties"]
        return all(name in known and _same_shape(known[name], item) for name, item in value.items())
    return fits(schema, value)


def _matches(one: Mapping[str, Any], filters: Mapping[str, Any]) -> bool:
    for name, wanted in filters.items():
        if name in _PAGING or (name == "status" and wanted == "all"):
            continue
        if name == "lookup_keys":
            if one.get("lookup_key") not in wanted:
                return False
        elif isinstance(wanted, Mapping):
            value = one.get(name) or 0
            if not _in_range(value, wanted):
                return False
        elif name in one and one[name] != wanted:
            return False
    return True


def _in_range(value: Any, bounds: Mapping[str, Any]) -> bool:
    tests = {"gte": value >= bounds.get("gte", value), "gt": "gt" not in bounds or value > bounds["gt"]}
    tests |= {"lte": value <= bounds.get("lte", value), "lt": "lt" not in bounds or value < bounds["lt"]}
    return all(tests.values())


def family_kind(family: str) -> tuple[str, Mapping[str, Any] | None]:
    """Return the kind of object a family's events bring, and its schema."""
    known = events.family(family)
    schema = known.object_schema if known is not None else None
    return (str(schema.get("title") or family), schema) if schema is not None else (family, None)
