"""A likely value for every parameter, by its type and its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payloom_emulator.protocol.param_types import Ref, TypeNode, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 6

REFERENCES = {
    "account": "@account",
    "charge": "@charge",
    "configuration": "@portal_configuration",
    "coupon": "@coupon",
    "credit_note": "@credit_note",
    "customer": "@customer",
    "default_payment_method": "@payment_method",
    "default_source": "@attached_source",
    "default_tax_rates": "@tax_rate",
    "destination": "@account",
    "entitlement_feature": "@feature",
    "from_subscription": "@subscription",
    "invoice": "@invoice",
    "invoice_line_item": "@line",
    "meter": "@meter",
    "on_behalf_of": "@account",
    "payment_intent": "@payment_intent",
    "payment_method": "@payment_method",
    "plan": "@plan",
    "price": "@price",
    "product": "@product",
    "products": "@product",
    "promotion_code": "@promotion_code",
    "quote": "@quote",
    "setup_intent": "@setup_intent",
    "shipping_rate": "@shipping_rate",
    "shipping_rates": "@shipping_rate",
    "source": "tok_visa",
    "source_transaction": "@charge",
    "subscription": "@subscription",
    "subscription_item": "@subscription_item",
    "tax_rate": "@tax_rate",
    "tax_rates": "@tax_rate",
    "test_clock": "@test_clock",
    "transfer": "@transfer",
    "account_tax_ids": "@tax_id",
    "default_price": "@price",
    "file": "@file",
}
RECURRING = ("subscription", "quote", "create_preview")
TEXTS = {
    "account_number": "000123456789",
    "cancel_url": "https://shop.example/cancel",
    "city": "Berlin",
    "code": "SPRING",
    "country": "US",
    "currency": "usd",
    "custom_unit_amount": "500",
    "ip_address": "127.0.0.1",
    "iban": "DE89370400440532013000",
    "invoice_prefix": "MUG",
    "locale": "en",
    "lookup_key": "key-1",
    "month": "5",
    "national_id": "8001010000",
    "phone": "+15555550100",
    "postal_code": "10115",
    "preferred_language": "en",
    "routing_number": "110000000",
    "state": "CA",
    "statement_descriptor": "MUG SHOP",
    "statement_descriptor_suffix": "MUG",
    "statement_descriptor_suffix_kana": "MUG",
    "statement_descriptor_prefix": "MUG",
    "sort_code": "108800",
    "swift_code": "AAAA-US-B3",
    "tax_code": "txcd_10000000",
    "timezone": "Etc/UTC",
    "user_agent": "Browser/1",
    "bank": "abn_amro",
    "nickname": "Nick",
    "number": "INV-0001",
    "cryptogram": "AgAAAAAAAIR8CQrXSohbQAAAAAA=",
    "transaction_id": "3DS-1",
    "electronic_commerce_indicator": "05",
    "version": "2.1.0",
    "unit_label": "seat",
    "key": "color",
    "value": "blue",
    "preferred_locales": "en",
    "line1": "Street 1",
    "unit_amount_decimal": "150.5",
    "mcc": "5734",
}
INTEGERS = {
    "exp_month": 11,
    "exp_year": 2035,
    "year": 1990,
    "month": 5,
    "day": 5,
    "interval_count": 2,
    "day_of_month": 5,
    "hour": 5,
    "minute": 5,
    "second": 5,
    "limit": 1,
    "percent_off": 25,
    "percentage": 20,
    "application_fee_percent": 10,
    "amount_percent": 10,
    "days_until_due": 10,
    "days_before": 10,
    "trial_period_days": 10,
    "max_redemptions": 10,
    "quantity": 3,
    "amount": 150,
    "iterations": 1,
    "count": 3,
}


# Switches that would hide everything beside them.
_OFF = frozenset({"cancel_now"})


def is_time(name: str) -> bool:
    """Return whether a number of this name is a moment."""
    return name.endswith(("_at", "_date", "_after", "_before", "trial_end", "due_date", "timestamp")) or name in {
        "backdate_start_date",
        "billing_cycle_anchor",
        "cancel_at",
        "date",
        "expires_at",
        "created",
        "trial_end",
        "start",
        "end",
        "gte",
        "lte",
        "gt",
        "lt",
    }


def example(node: TypeNode, path: tuple[str, ...], operation: str) -> Any:
    """Return a likely value of a type at a path."""
    name = next((part for part in reversed(path) if part not in {"[]", "{}"}), "")
    match node.kind:
        case "u":
            return example(_chosen(node, name), path, operation)
        case "a":
            return [example(type_of(node.item), (*path, "[]"), operation)]
        case "m":
            return {
                "usd" if name == "currency_options" else "k1": example(type_of(node.item), (*path, "{}"), operation)
            }
        case "o":
            return filled(node, path, operation)
        case "e":
            return next((choice for choice in node.choices if choice != ""), "")
        case "b":
            return name not in _OFF
        case "i" | "n":
            return "@now+864000" if is_time(name) else INTEGERS.get(name, 150 if "amount" in name else 3)
        case _:
            return _text(name, path, operation)


def filled(node: TypeNode, path: tuple[str, ...], operation: str) -> dict[str, Any]:
    """Return an object with all its members; far inside, those that are required."""
    deep = len([part for part in path if part not in {"[]", "{}"}]) >= DEEPEST
    return {
        name: example(type_of(ref), (*path, name), operation)
        for name, ref in node.fields.items()
        if not deep or name in node.required
    }


def variants(node: TypeNode, name: str, operation: str) -> list[Any]:
    """Return a parameter's likely values: one for each kind that its `type` can name, if the kinds are beside it."""
    whole = example(node, (name,), operation)
    inner, listed = node, node.kind in {"a", "u"}
    while inner.kind in {"a", "u"}:
        inner = type_of(inner.item) if inner.kind == "a" else _chosen(inner, name)
    value = whole[0] if isinstance(whole, list) and whole else whole
    if inner.kind != "o" or not isinstance(value, dict) or "type" not in inner.fields:
        return [whole]
    kinds = [str(kind) for kind in type_of(inner.fields["type"]).choices if str(kind) in inner.fields]
    if not kinds:
        return [whole]
    common = {field: member for field, member in value.items() if field not in kinds}
    rows = [{**common, "type": kind, kind: value[kind]} for kind in kinds]
    return [[row] for row in rows] if listed and isinstance(whole, list) else rows


def _chosen(node: TypeNode, name: str) -> TypeNode:
    members = [type_of(ref) for ref in node.either]
    order = {"o": 0, "a": 1, "m": 1, "i": 2 if is_time(name) else 3, "n": 2, "e": 3, "s": 2, "b": 2}
    return min((m for m in members if m.choices != ("",)), key=lambda m: order.get(m.kind, 5))


def _text(name: str, path: tuple[str, ...], operation: str) -> str:
    if name in REFERENCES:
        recurring = name == "price" and any(word in operation + "".join(path) for word in RECURRING)
        return "@monthly" if recurring else REFERENCES[name]
    if name in TEXTS:
        return TEXTS[name]
    if "url" in name or name == "website":
        return f"https://shop.example/{name}"
    if "email" in name:
        return "bob@example.com"
    if name.endswith("_decimal"):
        return "1.5"
    if name.startswith("logo") or name in {"icon", "document", "front", "back", "additional_verification", "receipt"}:
        return "@file"
    return f"T {name}"[:12]


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give each value that holds no other, with its path."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for inner in value:
            yield from leaves(inner, (*path, "[]"))
    else:
        yield path, value


def required_of(node: TypeNode, operation: str) -> dict[str, Any]:
    """Return what an operation must be sent, by its type."""
    return {name: example(type_of(node.fields[name]), (name,), operation) for name in node.required}


def ref_of(node: TypeNode, name: str) -> Ref:
    """Return the type of a member."""
    return node.fields[name]
