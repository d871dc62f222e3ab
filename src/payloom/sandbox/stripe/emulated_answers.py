"""The local Stripe in this process as the Stripe of a sandbox, so that a case meets what `payloom dev` meets.

A case gives objects in part, and never tells how they came about. The local Stripe makes those of its kinds as they
come about at Stripe (`object_maker`), so it answers what reads, lists, searches, and changes them. What a case only
names (the price `price_mug`) is made before the call that needs it. `plain_kinds` lists what is left.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.parameters import Prepared
from payloom.kit.clock import Clock
from payloom.kit.json_types import is_map
from payloom.sandbox.stripe.given_objects import GivenObjects, texts
from payloom.sandbox.stripe.object_maker import CountedIds, ObjectMaker, with_schema
from payloom.sandbox.stripe.plain_answers import PlainAnswers, given_error, page_url
from payloom.sandbox.stripe.specimens import given_object
from payloom_emulator.runtime.emulator import Emulator

_MISSING = re.compile(r"No such ([\w.]+): '([^']+)'")
_PARAMETER_ERRORS = frozenset(
    {"parameter_unknown", "parameter_missing", "parameter_invalid_empty", "parameter_invalid_integer"}
    | {"parameter_invalid_string_empty", "amount_too_small", "amount_too_large", "url_invalid", "email_invalid"}
)
"""What the local Stripe refuses whatever the state of its objects."""
_MOST_CREATED = 12
_NEEDED_STATES: Mapping[str, Mapping[str, str]] = {
    "refunds.create": {"payment_intent": "succeeded", "charge": "succeeded"},
    "payment_intents.capture": {"payment_intent": "requires_capture"},
    "invoices.finalize_invoice": {"invoice": "draft"},
    "checkout.sessions.expire": {"checkout.session": "open"},
}
"""The state in which a call makes sense, by the kind of object: that of an object of which a case does not say it."""


class EmulatedAnswers:
    """Answers by a local Stripe where it knows all that a call is about. See StripeAnswers."""

    def __init__(self, emulator: Emulator, clock: Clock) -> None:
        """emulator: reset before, and used by one scenario at a time."""
        self._plain = PlainAnswers(clock)
        self._emulated: set[str] = set()
        self.made = self._plain.made
        self.objects = self._plain.objects
        self._maker = ObjectMaker(emulator, self.objects)
        self._given = GivenObjects(self._maker, self.objects)
        self._stateless: dict[str, tuple[Mapping[str, Any], int]] = {}

    def put(self, given: Mapping[str, Any], *, created: int = 0, deleted: bool = False) -> None:
        """See StripeAnswers. The local Stripe takes the object over when a call needs it."""
        if not self._plain.put(given, created=created):
            return
        identity = str(given["id"])
        self._emulated.discard(identity)
        self._given.outdate([identity])
        if deleted:
            self._given.delete(identity)

    def hold(self, given: Mapping[str, Any], now: int) -> None:
        """See StripeAnswers."""
        whole = given_object(str(given["object"]), given, now)
        self.put(whole)
        if "status" not in given:
            self._stateless[str(whole["id"])] = (given, now)

    def name(self, customers: Iterable[str]) -> None:
        """See StripeAnswers."""
        self._plain.name(customers)

    # -- reads -------------------------------------------------------------------------------------------------------

    def read(self, operation: Operation, prepared: Prepared, given: Any) -> Any:
        """See StripeAnswers."""
        known = not (is_map(given) and "error" in given) and self._knows(operation, prepared)
        if not known:
            return self._plain.read(operation, prepared, given)
        is_page = operation.function in ("list", "search")
        status, body = self._call(operation, prepared)
        if status == 200 and not (is_page and is_map(given)):
            return self._page(body) if is_page else self._expanded(operation, prepared, body, given)
        if status == 400 and given is None:
            raise given_error({**body["error"], "status": status}, operation)
        return self._plain.read(operation, prepared, given)

    def _knows(self, operation: Operation, prepared: Prepared) -> bool:
        """Return whether the local Stripe holds all that a read is about."""
        if operation.service[0] == "v2":
            return False
        if operation.function not in ("list", "search"):
            identity = prepared.path[0] if prepared.path else ""
            if identity in self._emulated:
                return True
            if identity in self.objects:
                return self._given.storable(identity) and self._given.store([identity])
            if identity in self._plain.named:
                return self._maker.ensure("customer", identity) is not None
            return self._given.came_with_others(identity)
        kind = str(_page_item(operation).get("title"))
        if not self._maker.can_make(kind) and not prepared.path:
            return False
        foreign = [name for name in self.objects if name not in self._emulated and self._given.storable(name)]
        return self._given.store(foreign) and not self._about_other_objects(prepared)

    def _page(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a page without what only exists because a call or another object needed it."""
        unasked = (self._maker.named | self._maker.background) - self.objects.keys()
        data = [stripe_object for stripe_object in body["data"] if stripe_object.get("id") not in unasked]
        return {**body, "data": data, "has_more": bool(body.get("has_more")) and bool(data)}

    def _expanded(
        self, operation: Operation, prepared: Prepared, body: Mapping[str, Any], given: Any
    ) -> dict[str, Any]:
        """Return what was read, with what the case says of fields that are shown only when they are expanded."""
        stored = self.objects.get(str(body.get("id")), {})
        expanded = {str(path).partition(".")[0] for path in prepared.body.get("expand") or ()}
        includes = self._maker.emulator.includes(str(body.get("object")))
        more = {name: stored[name] for name in expanded & includes.keys() if name in stored}
        return with_schema(operation.result(), body, {**more, **(given or {})})

    # -- writes ------------------------------------------------------------------------------------------------------

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
        named = set(texts([*prepared.path, prepared.body]))
        foreign = [identity for identity in self.objects if identity in named and identity not in self._emulated]
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
            if (
                missing is not None
                and self._maker.find(missing[2]) is None
                and self._given.came_with_others(missing[2])
            ):
                continue
            if missing is not None and self._create(missing[1], missing[2], prepared):
                continue
            if self._give_state(operation, prepared):
                continue
            if status < 500 and (error.get("code") in _PARAMETER_ERRORS or self._is_about_known(error, prepared)):
                raise given_error({**error, "status": status}, operation)
            return None
        return None

    def _give_state(self, operation: Operation, prepared: Prepared) -> bool:
        """Bring objects whose state the case does not say to the one that a call needs; return whether one moved."""
        states = _NEEDED_STATES.get(operation.name, {})
        changed = False
        for identity in self._stateless.keys() & set(texts([*prepared.path, prepared.body])):
            given, now = self._stateless[identity]
            state = states.get(str(given["object"]))
            if state is not None:
                del self._stateless[identity]
                self.put(given_object(str(given["object"]), {**given, "status": state}, now))
                changed = self._given.store([identity]) or changed
        return changed

    def _is_about_known(self, error: Mapping[str, Any], prepared: Prepared) -> bool:
        """Return whether the local Stripe refuses because of objects whose state a case or a call before decided."""
        named = set(texts([*prepared.path, prepared.body]))
        known = self._emulated | self._given.held
        if error.get("code") == "resource_missing":
            missing = _MISSING.match(str(error.get("message")))
            return missing is not None and missing[2] in known
        if named & self._maker.named:
            return False
        return bool(named & known) or error.get("type") == "card_error"

    def _call(self, operation: Operation, prepared: Prepared, identity: str = "") -> tuple[int, dict[str, Any]]:
        """Send one request. identity: the id of the object that it creates."""
        ids = iter(prepared.path)
        path = re.sub(r"\{\w+\}", lambda _: str(next(ids)), operation.url)
        params = dict(prepared.body)
        if operation.name == "coupons.create":
            params.setdefault("id", identity)  # the only object whose id a caller chooses
        kind = str((operation.result() or {}).get("title"))
        return self._maker.send(operation.method.upper(), path, params, kind, identity)

    def _create(self, kind: str, identity: str, prepared: Prepared) -> bool:
        """Make what a case only names, in a state in which the call makes sense; return whether that is possible."""
        fields: dict[str, Any] = {}
        body = prepared.body
        if kind == "price" and body.get("mode", "subscription") == "subscription":
            fields["recurring"] = {"interval": "month"}
        if kind in ("payment_intent", "charge"):
            fields |= {"status": "succeeded", "latest_charge": "ch_" + identity.partition("_")[2]}
            fields |= {"amount": body["amount"]} if isinstance(body.get("amount"), int) else {}
        if self._maker.find(identity) is not None:
            return False
        return self._maker.ensure(kind, identity, fields) is not None

    def _keep(self, operation: Operation, body: Mapping[str, Any], given: Any) -> dict[str, Any]:
        """Keep an object as a case sees it: with what the case gives, and addresses that say what they are."""
        readable: dict[str, Any] = {}
        identity = body.get("id")
        if body.get("url") is not None and isinstance(identity, str):
            readable["url"] = page_url(str(body["object"]), identity)
        if body.get("client_secret") is not None:
            readable["client_secret"] = f"{identity}_secret_story"
        whole = with_schema(operation.result(), {**body, **readable}, given or {})
        if isinstance(identity, str):
            if readable:
                self._maker.lay_over(identity, readable)
            self._given.outdate([identity])
            self.objects[identity] = copy.deepcopy(whole)
            if not given:
                self._emulated.add(identity)
        return whole


def reset_emulator(emulator: Emulator) -> None:
    """Forget all objects and begin to count identifiers again."""
    emulator.reset()
    emulator.ids = CountedIds()


def _page_item(operation: Operation) -> Mapping[str, Any]:
    """Return the schema of the objects in a page that an operation answers with."""
    page = operation.result() or {}
    return page.get("properties", {}).get("data", {}).get("items", {})
