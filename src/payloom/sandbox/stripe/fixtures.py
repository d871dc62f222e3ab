"""Objects as Stripe shapes them, from little: the SDK's types give every field, a few rules give likely values.

`complete` fills what a case left out; `problems` says what in a case cannot be in such an object.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.json_types import is_list, is_map
from payloom.kit.suggest import did_you_mean
from payloom.workflows.expressions.left_out import moved_hint

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]

PREFIXES: Mapping[str, str] = {
    "account": "acct", "balance_transaction": "txn", "charge": "ch", "checkout.session": "cs_test", "coupon": "co",
    "credit_note": "cn", "customer": "cus", "dispute": "du", "invoice": "in", "invoiceitem": "ii", "line_item": "li",
    "payment_intent": "pi", "payment_link": "plink", "payment_method": "pm", "payout": "po", "price": "price",
    "product": "prod", "promotion_code": "promo", "quote": "qt", "refund": "re", "setup_intent": "seti",
    "subscription": "sub", "subscription_item": "si", "subscription_schedule": "sub_sched", "tax_rate": "txr",
    "transfer": "tr", "billing_portal.session": "bps",
}  # fmt: skip
_MAX_DEPTH = 4
_TYPES: Mapping[type[Any], str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}


def prefix(kind: str) -> str:
    """Return what ids of this kind of object begin with."""
    return PREFIXES.get(kind) or kind.rpartition(".")[2][:6]


def options(schema: Schema) -> list[Schema]:
    """Return the alternatives of a schema."""
    return [part for part in schema.get("anyOf", [schema]) if is_map(part)]


def types(schema: Schema) -> set[str]:
    """Return the JSON types a value of this schema may have; empty if anything goes."""
    names: set[str] = set()
    for part in options(schema):
        kind = part.get("type")
        if kind is None:
            return set()
        names |= {kind} if isinstance(kind, str) else set(kind)
    return names


def closed_object(schema: Schema) -> Schema | None:
    """Return the alternative that is an object with known fields."""
    return next((part for part in options(schema) if "properties" in part), None)


def item_schema(schema: Schema) -> Schema:
    """Return the schema of a list's items; the schema of anything if it says nothing about them."""
    for part in options(schema):
        if "array" in types(part):
            return part.get("items", {})
    return {}


def complete(schema: Schema | None, given: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return `given` with every field the schema has: null where that may be, else the plainest value there is."""
    if schema is None or "properties" not in schema:
        return copy.deepcopy(dict(given))
    out: dict[str, Any] = {}
    for name, part in schema["properties"].items():
        if name == "deleted":
            continue
        if name in given:
            out[name] = _given(part, given[name], depth)
        else:
            out[name] = plainest(part, depth)
    out |= {name: copy.deepcopy(value) for name, value in given.items() if name not in out}
    if {"data", "has_more"} <= out.keys():
        out["object"] = out.get("object") or "list"
    return out


def _given(schema: Schema, value: Any, depth: int) -> Any:
    inner = closed_object(schema)
    if is_map(value):
        return complete(inner, value, depth + 1) if inner is not None else copy.deepcopy(dict(value))
    if is_list(value):
        items = item_schema(schema)
        return [_given(items, item, depth + 1) for item in value]
    return value


def plainest(schema: Schema, depth: int = 0) -> Any:
    """Return the plainest value of a schema: null where that may be."""
    kinds = types(schema)
    if not kinds or "null" in kinds:
        return None
    if "string" in kinds:
        listed = next((part["enum"] for part in options(schema) if part.get("enum")), None)
        return listed[0] if listed else ""
    for kind, value in (("integer", 0), ("boolean", False), ("number", 0.0)):
        if kind in kinds:
            return value
    if "array" in kinds:
        return []
    inner = closed_object(schema)
    return complete(inner, {}, depth + 1) if inner is not None and depth < _MAX_DEPTH else {}


def fits(schema: Schema, value: Any) -> bool:
    """Whether a value may stand in a field of this schema, judged by its outermost type."""
    kinds = types(schema)
    if not kinds:
        return True
    if value is None:
        return "null" in kinds
    name = next((name for kind, name in _TYPES.items() if type(value) is kind), None)
    return name in kinds or (name == "integer" and "number" in kinds)


def is_whole(schema: Schema | None, value: Mapping[str, Any]) -> bool:
    """Whether Stripe sent an object: it says what it is and when it was made, in which mode, or a third of it is there.

    Stripe sends fields that its types do not have: some of older versions, and some that are new.
    """
    known: Mapping[str, Any] = (schema or {}).get("properties") or {}
    shares = 3 * sum(name in value for name in known) >= len(known) > 0
    return bool(known) and "object" in value and (shares or {"created", "livemode"} <= value.keys())


def problems(
    schema: Schema | None, value: Mapping[str, Any], path: Path = (), *, whole: bool | None = None
) -> Iterator[tuple[Path, str, str]]:
    """Yield `(path, message, hint)` for each field that Stripe's object does not have or has with another type.

    whole: the value is part of an object that Stripe sent, whose unknown fields are Stripe's own. None: look.
    """
    if schema is None or "properties" not in schema:
        return
    known = schema["properties"]
    name = schema.get("title") or "the object"
    below = whole or (True if whole is None and is_whole(schema, value) else whole)
    for key, item in value.items():
        here = (*path, key)
        if key not in known and below:
            continue
        if key not in known:
            yield here, f"{name} has no field {key!r}", moved_hint([schema], str(key)) or did_you_mean(str(key), known)
            continue
        part = known[key]
        if not fits(part, item):
            expected_types = " or ".join(sorted(types(part)))
            yield here, f"{key} of {name} is {expected_types}", ""
        elif is_map(item):
            yield from problems(closed_object(part), item, here, whole=below)
        elif is_list(item):
            items = item_schema(part)
            inner = closed_object(items)
            for at, entry in enumerate(item):
                if is_map(entry):
                    yield from problems(inner, entry, (*here, at), whole=below)


def likely(kind: str, action: str, given: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Return the fields an object most likely has in an event of this action, under what the case gives."""
    rules = _LIKELY.get(kind)
    fields: dict[str, Any] = {"created": now, "livemode": False}
    if rules is not None:
        fields |= rules(action, given, now)
    if kind != "event":
        fields["object"] = kind
    return fields


def _payment_intent(action: str, given: Mapping[str, Any], _now: int) -> dict[str, Any]:
    by_action = {
        "succeeded": "succeeded",
        "processing": "processing",
        "canceled": "canceled",
        "requires_action": "requires_action",
        "amount_capturable_updated": "requires_capture",
    }
    status = given.get("status") or by_action.get(action, "requires_payment_method")
    fields: dict[str, Any] = {"amount": given.get("amount", 2000), "currency": "usd", "status": status}
    if status == "succeeded":
        fields["latest_charge"] = "ch_" + str(given.get("id", "pi_1")).removeprefix("pi_")
    if action == "payment_failed" and "last_payment_error" not in given:
        error = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
        fields["last_payment_error"] = error
    return fields


def _session(action: str, given: Mapping[str, Any], _now: int) -> dict[str, Any]:
    paid_actions = ("completed", "async_payment_succeeded")
    mode = given.get("mode", "payment")
    is_done = action not in ("", "expired") or given.get("payment_status") == "paid"
    status = given.get("status") or ("complete" if is_done else action or "open")
    settled = "no_payment_required" if mode == "setup" else "paid"
    is_paid = action in paid_actions or (not action and status == "complete")
    payment_status = given.get("payment_status") or (settled if is_paid else "unpaid")
    fields: dict[str, Any] = {"mode": mode, "status": status, "payment_status": payment_status}
    if mode != "setup":
        total = given.get("amount_total", 2000)
        fields |= {"currency": "usd", "amount_total": total, "amount_subtotal": total}
    if mode == "payment" and payment_status == "paid":
        fields["payment_intent"] = "pi_" + str(given.get("id", "cs_1")).removeprefix("cs_").removeprefix("test_")
    return fields


def _charge(action: str, given: Mapping[str, Any], _now: int) -> dict[str, Any]:
    amount = given.get("amount", 2000)
    fields: dict[str, Any] = {"amount": amount, "currency": "usd"}
    fields["status"] = given.get("status") or ("failed" if action == "failed" else "succeeded")
    if action == "refunded":
        refunded = given.get("amount_refunded", amount)
        fields |= {"amount_refunded": refunded, "refunded": refunded == amount}
    return fields


def _refund(action: str, given: Mapping[str, Any], _now: int) -> dict[str, Any]:
    status = "failed" if action == "failed" else "succeeded"
    return {"amount": given.get("amount", 2000), "currency": "usd", "status": status}


def _subscription(action: str, given: Mapping[str, Any], now: int) -> dict[str, Any]:
    by_action = {"deleted": "canceled", "paused": "paused", "trial_will_end": "trialing"}
    status = given.get("status") or by_action.get(action, "active")
    month = 30 * 86400
    fields: dict[str, Any] = {"status": status, "currency": "usd", "start_date": now, "billing_cycle_anchor": now}
    if "items" not in given:
        name = "si_" + str(given.get("id", "sub_1")).removeprefix("sub_")
        item = {"id": name, "object": "subscription_item", "quantity": 1, "created": now}
        item |= {"current_period_start": now, "current_period_end": now + month}
        fields["items"] = {"object": "list", "data": [item], "has_more": False, "url": "/v1/subscription_items"}
    if status == "trialing":
        fields |= {"trial_start": now - 11 * 86400, "trial_end": now + 3 * 86400}
    return fields


def _invoice(action: str, given: Mapping[str, Any], _now: int) -> dict[str, Any]:
    names = ("amount_due", "total", "amount_remaining", "amount_paid")
    due = next((given[name] for name in names if given.get(name) is not None), 2000)
    by_action = {"paid": "paid", "payment_succeeded": "paid", "created": "draft", "voided": "void"}
    by_action["marked_uncollectible"] = "uncollectible"
    fields: dict[str, Any] = {"amount_due": due, "total": due, "subtotal": due, "currency": "usd"}
    fields["status"] = given.get("status") or by_action.get(action, "open")
    if action == "payment_failed":
        fields |= {"attempted": True, "attempt_count": 1}
    return fields


def _dispute(action: str, given: Mapping[str, Any], _now: int) -> dict[str, Any]:
    status = {"closed": "lost", "funds_reinstated": "won"}.get(action, "needs_response")
    return {"amount": given.get("amount", 2000), "currency": "usd", "status": status, "reason": "fraudulent"}


def _setup_intent(action: str, given: Mapping[str, Any], _now: int) -> dict[str, Any]:
    reached = action if action in ("succeeded", "canceled", "requires_action") else "requires_payment_method"
    fields: dict[str, Any] = {"status": given.get("status") or reached}
    if action == "setup_failed" and "last_setup_error" not in given:
        error = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
        fields["last_setup_error"] = error
    return fields


def _payout(action: str, given: Mapping[str, Any], now: int) -> dict[str, Any]:
    reached = action if action in ("paid", "failed", "canceled") else "pending"
    return {**_money(action, given, now), "status": given.get("status") or reached}


def _money(_action: str, given: Mapping[str, Any], _now: int) -> dict[str, Any]:
    return {"amount": given.get("amount", 2000), "currency": "usd"}


def _price(_action: str, given: Mapping[str, Any], _now: int) -> dict[str, Any]:
    kind = "recurring" if given.get("recurring") else "one_time"
    return {"active": True, "currency": "usd", "type": kind, "billing_scheme": "per_unit", "product": "prod_1"}


def _active(_action: str, _given: Mapping[str, Any], _now: int) -> dict[str, Any]:
    return {"active": True}


_LIKELY: Mapping[str, Any] = {
    "payment_intent": _payment_intent,
    "checkout.session": _session,
    "charge": _charge,
    "refund": _refund,
    "subscription": _subscription,
    "invoice": _invoice,
    "dispute": _dispute,
    "payout": _payout,
    "setup_intent": _setup_intent,
    "transfer": _money,
    "price": _price,
    "product": _active,
}
