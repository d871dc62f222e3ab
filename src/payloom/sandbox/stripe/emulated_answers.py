"""The local Stripe in this process as the Stripe of a sandbox, so that a case meets what `payloom dev` meets.

A case gives objects in part, and never tells how they came about. The local Stripe holds those that stand for
themselves (`given_objects`), so it answers what reads, lists, searches, and changes them. A call about any other object
of the case is answered by plain values (`PlainAnswers`). What a case only names (the price `price_mug`) is created
before the call that needs it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.parameters import Prepared
from payloom.kit.clock import Clock
from payloom.kit.json_types import is_map, is_sequence
from payloom.sandbox.stripe.fixtures import complete
from payloom.sandbox.stripe.given_objects import CREATABLE, GivenObjects
from payloom.sandbox.stripe.plain_answers import PlainAnswers, given_error, page_url
from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.core.ids import Ids
from payloom_emulator.runtime.emulator import Emulator

_MISSING = re.compile(r"No such (\w+): '([^']+)'")
_PARAMETER_ERRORS = frozenset(
    {"parameter_unknown", "parameter_missing", "parameter_invalid_empty", "parameter_invalid_integer"}
    | {"parameter_invalid_string_empty", "amount_too_small", "amount_too_large", "url_invalid", "email_invalid"}
)
"""What the local Stripe refuses whatever the state of its objects."""
_MOST_CREATED = 12
_COUNTED = "local_"
"""Marks the identifiers of objects that no call asked for, so that a case's `pi_1` is its own."""


class CountedIds(Ids):
    """Identifiers that count: `cus_1`, `cus_2` and so on; the next one can be set."""

    def __init__(self) -> None:
        """Begin at 1 for each prefix."""
        super().__init__(0)
        self.following: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def new(self, prefix: str, length: int = 24) -> str:
        """See Ids. The number of letters is Stripe's business: these count."""
        del length
        kind = prefix[: prefix.rfind("_") + 1] or prefix
        following = self.following.pop(kind, None)
        if following is not None:
            return following
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"{kind}{_COUNTED}{self._counts[kind]}"


class EmulatedAnswers:
    """Answers by a local Stripe where it knows all that a call is about. See StripeAnswers."""

    def __init__(self, emulator: Emulator, clock: Clock) -> None:
        """emulator: reset before, and used by one scenario at a time."""
        self._emulator = emulator
        self._plain = PlainAnswers(clock)
        self._emulated: set[str] = set()
        self._named: set[str] = set()
        self.made = self._plain.made
        self.objects = self._plain.objects
        self._given = GivenObjects(emulator, self._send, self.objects)

    def put(self, given: Mapping[str, Any], *, created: int = 0) -> None:
        """See StripeAnswers. From now on the object is the case's, and not the local Stripe's."""
        self._plain.put(given, created=created)
        self._emulated.discard(str(given.get("id")))
        self._given.outdate([str(given.get("id"))])

    def read(self, operation: Operation, prepared: Prepared, given: Any) -> Any:
        """See StripeAnswers."""
        if given is None and self._knows(operation, prepared):
            status, body = self._call(operation, prepared)
            if status == 200:
                is_page = operation.function in ("list", "search")
                return self._page(operation, body) if is_page else complete(operation.result(), body)
        return self._plain.read(operation, prepared, given)

    def _knows(self, operation: Operation, prepared: Prepared) -> bool:
        """Return whether the local Stripe holds all that a read is about."""
        if operation.function not in ("list", "search"):
            identity = prepared.path[0] if prepared.path else ""
            return identity in self._emulated or (self._given.storable(identity) and self._given.store([identity]))
        kind = _item_schema(operation).get("title")
        same_kind = [
            identity for identity, stripe_object in self.objects.items() if stripe_object.get("object") == kind
        ]
        foreign = [identity for identity in same_kind if identity not in self._emulated]
        known = bool(same_kind) and all(map(self._given.storable, foreign)) and self._given.store(foreign)
        return known and not self._about_other_objects(prepared)

    def _page(self, operation: Operation, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a page without what only exists because a call needed it."""
        item = _item_schema(operation)
        unasked = (self._named | self._given.incidental) - self.objects.keys()
        data = [
            complete(item, stripe_object) for stripe_object in body["data"] if stripe_object.get("id") not in unasked
        ]
        return {**body, "data": data, "has_more": bool(body.get("has_more")) and bool(data)}

    def change(self, operation: Operation, prepared: Prepared, given: Any, key: str | None) -> dict[str, Any]:
        """See StripeAnswers."""
        failing = is_map(given) and "error" in given
        if not failing and operation.service[0] != "v2" and not self._about_other_objects(prepared):
            body = self._emulate(operation, prepared, key)
            if body is not None:
                return self._keep(operation, body, given)
        self._given.outdate(prepared.path)
        return self._plain.change(operation, prepared, given, key)

    def _about_other_objects(self, prepared: Prepared) -> bool:
        """Return whether a call is about objects that the local Stripe cannot hold; put those it can into it."""
        texts = set(_texts([*prepared.path, prepared.body]))
        foreign = [identity for identity in self.objects if identity in texts and identity not in self._emulated]
        return not (all(map(self._given.storable, foreign)) and self._given.store(foreign))

    def _emulate(self, operation: Operation, prepared: Prepared, key: str | None) -> dict[str, Any] | None:
        """Return the local Stripe's object, or None where it cannot answer. Raises StripeStepFailed."""
        identity = self._plain.peek_id(operation) if operation.function == "create" else ""
        for _ in range(_MOST_CREATED):
            status, body = self._call(operation, prepared, identity)
            if status == 200:
                if identity:
                    self.made[str(body.get("id"))] = key or ""
                return body
            error: Mapping[str, Any] = body["error"]
            missing = _MISSING.match(str(error.get("message")))
            if missing is not None and self._create(missing[1], missing[2], prepared):
                continue
            if error.get("code") in _PARAMETER_ERRORS or self._is_about_emulated(error, prepared):
                raise given_error({**error, "status": status}, operation)
            return None
        return None

    def _is_about_emulated(self, error: Mapping[str, Any], prepared: Prepared) -> bool:
        """Return whether the local Stripe refuses because of objects whose whole history it knows."""
        texts = set(_texts([*prepared.path, prepared.body]))
        if texts & (self._named | self._given.held) or error.get("code") == "resource_missing":
            return False
        return bool(texts & self._emulated) or error.get("type") == "card_error"

    def _call(self, operation: Operation, prepared: Prepared, identity: str = "") -> tuple[int, dict[str, Any]]:
        """Send one request. identity: the id of the object that it creates."""
        ids = iter(prepared.path)
        path = re.sub(r"\{\w+\}", lambda _: str(next(ids)), operation.url)
        params = dict(prepared.body)
        if operation.name == "coupons.create":
            params.setdefault("id", identity)  # the only object whose id a caller chooses
        return self._send(operation.method.upper(), path, params, identity)

    def _send(self, method: str, path: str, params: dict[str, Any], identity: str) -> tuple[int, dict[str, Any]]:
        following = cast("CountedIds", self._emulator.ids).following
        if identity:
            # `cs_test_1` and `sub_sched_1` are counted by the call before; what a case names can have any word in it.
            counted = identity.rpartition("_")[2].isdigit()
            following[identity.rpartition("_")[0] + "_" if counted else identity.partition("_")[0] + "_"] = identity
        try:
            return self._emulator.call(method, path, params)
        finally:
            following.clear()

    def _create(self, kind: str, identity: str, prepared: Prepared) -> bool:
        """Create what a case only names; return whether that is possible."""
        if kind not in CREATABLE:
            return False
        path, params = CREATABLE[kind]
        if kind == "price" and prepared.body.get("mode", "subscription") == "subscription":
            params = {**params, "recurring": {"interval": "month"}}
        if kind == "coupon":
            params = {**params, "id": identity}
        status, body = self._send("POST", path, dict(params), identity)
        self._named |= {identity, str(body.get("product"))}
        return status == 200

    def _keep(self, operation: Operation, body: Mapping[str, Any], given: Any) -> dict[str, Any]:
        """Keep an object as a case sees it: with Stripe's whole schema, and what the case gives."""
        shown: dict[str, Any] = {}
        if body.get("url") is not None and "id" in body:
            shown["url"] = page_url(str(body["object"]), str(body["id"]))
        if body.get("client_secret") is not None:
            shown["client_secret"] = f"{body['id']}_secret_story"
        whole = complete(operation.result(), {**body, **shown, **(given or {})})
        if isinstance(whole.get("id"), str):
            self._given.outdate([whole["id"]])
            self.objects[whole["id"]] = copy.deepcopy(whole)
            if not given:
                self._emulated.add(whole["id"])
        return whole


def emulated_stripe(clock: Clock) -> Emulator:
    """Return a local Stripe for one sandbox. Reset it before each scenario with `reset_emulator`."""
    return Emulator(EmulatorConfig(base_url="https://stripe.test", seed=1), clock=clock)


def reset_emulator(emulator: Emulator) -> None:
    """Forget all objects and begin to count identifiers again."""
    emulator.reset()
    emulator.ids = CountedIds()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_map(value):
        for item in value.values():
            yield from _texts(item)
    elif is_sequence(value):
        for item in value:
            yield from _texts(item)


def _item_schema(operation: Operation) -> Mapping[str, Any]:
    """Return the schema of the objects in a page that an operation answers with."""
    page = operation.result() or {}
    return page.get("properties", {}).get("data", {}).get("items", {})
