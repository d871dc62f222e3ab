"""What Stripe answers in a sandbox when only plain values are asked for: objects by id, fields by Stripe's schema.

A case's objects are kept as given. A new object has what was sent, likely values (fixtures), and the plainest rest.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from payloom.connectors.stripe.catalog import effects, events
from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.failures import StripeStepFailed, refused
from payloom.connectors.stripe.parameters import Prepared
from payloom.kit.clock import Clock, to_epoch
from payloom.kit.json_types import is_list, is_map
from payloom.sandbox.stripe.fixtures import closed_object, complete, fits, likely, options, prefix, types
from payloom.workflows.program.commands import StepFailure

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


class PlainAnswers:
    """Answers requests from the objects that are kept, and by likely values. See StripeAnswers."""

    def __init__(self, clock: Clock) -> None:
        """clock: dates new objects."""
        self._clock = clock
        self.objects: dict[str, dict[str, Any]] = {}
        self.made: dict[str, str] = {}
        self.named: set[str] = set()
        """The ids of customers that exist although nothing describes them."""
        self._created: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def put(self, given: Mapping[str, Any], *, created: int = 0, deleted: bool = False) -> bool:
        """See StripeAnswers. Returns whether the object is kept."""
        identity = given.get("id")
        if not isinstance(identity, str) or created < self._created.get(identity, 0):
            return False
        self.objects[identity] = copy.deepcopy(dict(given))
        self._created[identity] = created
        del deleted
        return True

    def hold(self, given: Mapping[str, Any], now: int) -> None:
        """See StripeAnswers."""
        self.put({**likely(str(given["object"]), "", given, now), **given})

    def name(self, customers: Iterable[str]) -> None:
        """See StripeAnswers."""
        self.named.update(customers)

    def read(self, operation: Operation, prepared: Prepared, given: Any) -> Any:
        """See StripeAnswers."""
        if is_map(given) and "error" in given:
            raise given_error(given["error"], operation)
        if operation.function in ("list", "search"):
            if is_map(given):
                return {"object": "list", "has_more": False, "data": [], **given}
            return self._page(operation, prepared)
        identity = prepared.path[-1] if prepared.path else ""
        stored = self.objects.get(identity)
        if is_map(given):
            return complete(operation.result(), {**(stored or {"id": identity}), **given})
        if stored is not None or identity in self.named:
            return complete(operation.result(), stored or {"id": identity})
        if not prepared.path:
            return complete(operation.result(), {})
        raise missing(identity)

    def _page(self, operation: Operation, prepared: Prepared) -> dict[str, Any]:
        page = operation.result() or {}
        item = page.get("properties", {}).get("data", {}).get("items", {})
        kind = item.get("title")
        there = [] if "starting_after" in prepared.body else list(self.objects.values())
        matching = [
            stripe_object
            for stripe_object in there
            if stripe_object.get("object") == kind and _matches(stripe_object, prepared.body)
        ]
        data = [complete(item, stripe_object) for stripe_object in matching]
        limit = prepared.body.get("limit")
        return {"object": "list", "url": operation.url, "has_more": False, "data": data[:limit]}

    def change(self, operation: Operation, prepared: Prepared, given: Any, key: str | None) -> dict[str, Any]:
        """See StripeAnswers."""
        if is_map(given) and "error" in given:
            raise given_error(given["error"], operation)
        more = dict(given) if is_map(given) else {}
        schema = operation.result() or {}
        kind = str(schema.get("title") or operation.service[-1])
        if operation.method == "delete":
            identity = prepared.path[-1]
            removed = self.objects.pop(identity, {})
            if operation.name == "subscriptions.cancel":
                return self._stored({**removed, "id": identity, "object": kind, "status": "canceled", **more})
            return {"id": identity, "object": kind, "deleted": True, **more}
        if operation.path_names and operation.function != "create":
            identity = prepared.path[0]
            before = self.objects.get(identity, {"id": identity, "object": kind})
            effect = _AFTER.get(operation.function) or effects.after(operation, prepared.body)
            changed = {**before, **_echo(schema, prepared.body), **effect, **more}
            known = schema.get("properties", changed)
            return self._stored(complete(schema, {name: value for name, value in changed.items() if name in known}))
        return self._stored(self._new(schema, kind, prepared, more, key))

    def _new(
        self, schema: Mapping[str, Any], kind: str, prepared: Prepared, more: dict[str, Any], key: str | None
    ) -> dict[str, Any]:
        identity = self._next_id(kind, key)
        echoed = _echo(schema, prepared.body)
        # A new invoice is a draft; "open" would say that it has been finalized.
        values = likely(kind, "created" if kind == "invoice" else "", echoed, to_epoch(self._clock.now()))
        if kind == "payment_intent":
            values |= {"client_secret": f"{identity}_secret_story", "latest_charge": None}
        if kind in ("checkout.session", "billing_portal.session", "payment_link"):
            values["url"] = page_url(kind, identity)
        if kind == "refund":
            values |= self._refunded(echoed)
        known = schema.get("properties", values)
        fields = {"id": identity, **{key: value for key, value in values.items() if key in known}, **echoed, **more}
        return complete(schema, fields)

    def peek_id(self, operation: Operation) -> str:
        """Return the id that the object of a create call gets: the first free one of `re_1`, `re_2` and so on."""
        kind = str((operation.result() or {}).get("title") or operation.service[-1])
        number = 1
        while (identity := f"{prefix(kind)}_{number}") in self.objects or identity in self.made:
            number += 1
        return identity

    def _next_id(self, kind: str, key: str | None) -> str:
        while True:
            self._numbers[kind] = self._numbers.get(kind, 0) + 1
            identity = f"{prefix(kind)}_{self._numbers[kind]}"
            if identity not in self.objects and identity not in self.made:
                self.made[identity] = key or ""
                return identity

    def _refunded(self, echoed: Mapping[str, Any]) -> dict[str, Any]:
        paid = self.objects.get(str(echoed.get("payment_intent") or echoed.get("charge")), {})
        return {name: paid[name] for name in ("amount", "currency") if name in paid}

    def _stored(self, stripe_object: dict[str, Any]) -> dict[str, Any]:
        if isinstance(stripe_object.get("id"), str):
            self.objects[stripe_object["id"]] = copy.deepcopy(stripe_object)
        return stripe_object


def missing(identity: str) -> StripeStepFailed:
    """Return Stripe's refusal of a call about an object that does not exist."""
    return refused(
        "resource_missing",
        f"No such object: '{identity}'",
        status=404,
        hint="in a test: add it to given.stripe.objects",
        type="invalid_request_error",
        code="resource_missing",
        param="id",
    )


def given_error(given: Any, operation: Operation) -> StripeStepFailed:
    """Return the failure a case asks for: `{code, message, status, type, decline_code, param}`, or just a code."""
    error = {"code": given} if isinstance(given, str) else dict(given)
    code = str(error.get("code") or "card_declined")
    declined = error.get("type") == "card_error" or code in ("card_declined", "expired_card", "incorrect_cvc")
    status = int(error.get("status") or (402 if declined else 400))
    data = {key: error.get(key) for key in ("type", "decline_code", "param", "code")}
    data["type"] = data["type"] or ("card_error" if declined else "invalid_request_error")
    failure = StepFailure(code, str(error.get("message") or f"{operation.name}: {code}"), status=status, data=data)
    if status == 429:
        return StripeStepFailed(failure, "retry")
    return StripeStepFailed(failure, "unknown" if status >= 500 else "refused")


def page_url(kind: str, identity: str) -> str:
    """Return the address of one of Stripe's hosted pages, as a sandbox writes it."""
    return f"https://stripe.test/{kind}/{identity}"


def _echo(schema: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that come back as fields of the object."""
    known = schema.get("properties", {})
    return {name: value for name, value in body.items() if name in known and _same_shape(known[name], value)}


def _same_shape(schema: Mapping[str, Any], value: Any) -> bool:
    if is_list(value):
        return "array" in types(schema) and all(not is_map(item) for item in value)
    if is_map(value):
        inner = closed_object(schema)
        if inner is None:
            return any("object" in types(option) for option in options(schema))
        known = inner["properties"]
        return all(name in known and _same_shape(known[name], item) for name, item in value.items())
    return fits(schema, value)


def _matches(stripe_object: Mapping[str, Any], filters: Mapping[str, Any]) -> bool:
    for name, filter_value in filters.items():
        if name in _PAGING or (name == "status" and filter_value == "all"):
            continue
        if name == "lookup_keys":
            if stripe_object.get("lookup_key") not in filter_value:
                return False
        elif is_map(filter_value):
            value = stripe_object.get(name) or 0
            if not _in_range(value, filter_value):
                return False
        elif name in stripe_object and stripe_object[name] != filter_value:
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
