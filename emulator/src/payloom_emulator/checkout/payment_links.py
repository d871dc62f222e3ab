"""What a payment link keeps of its parameters, at create and at update, and what its sessions take over."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from payloom_emulator.catalog import shipping_rates
from payloom_emulator.checkout import create_session
from payloom_emulator.connect import fees, liability
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import elements, is_object, members, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.checkout import PaymentLink
    from payloom_emulator.objects.params.checkout import CheckoutSessionCreateParamsInvoiceCreation
    from payloom_emulator.objects.params.shared import CustomFieldParams

_INTENT_DATA: dict[str, object] = {
    "capture_method": None,
    "description": None,
    "metadata": {},
    "setup_future_usage": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "transfer_group": None,
}
_SUBSCRIPTION_DATA: dict[str, object] = {
    "description": None,
    "invoice_settings": {"issuer": {"type": "self"}},
    "metadata": {},
    "trial_period_days": None,
    "trial_settings": None,
}
_CONSENT = {"payment_method_reuse_agreement": None, "promotions": None, "terms_of_service": None}


def shape(unit: UnitOfWork, params: JsonMapping, link: Mapping[str, object]) -> dict[str, object]:
    """Return the fields that these parameters set. link: the link before, or the draft of a new one."""
    if link["_mode"] != "payment":
        wrong = next((n for n in ("payment_intent_data", "application_fee_amount") if params.get(n)), None)
        if wrong:
            raise invalid(f"You can only use `{wrong}` for payment links without recurring prices.", wrong)
    for name in ("application_fee_amount", "application_fee_percent"):
        transfer = params.get("transfer_data", link.get("transfer_data"))
        fees.check(unit, params.get(name), transfer, param=name)
    changes: dict[str, object] = {}
    for name, value in params.items():
        maker = _MAKERS.get(name)
        if maker is not None:
            changes[name] = None if value == "" else maker(unit, value, link)
        elif name in _PLAIN:
            changes[name] = None if value == "" else value
    return changes


_PLAIN = frozenset({"application_fee_amount", "application_fee_percent", "on_behalf_of", "payment_method_options"})


def _after_completion(unit: UnitOfWork, value: object, link: object) -> object:
    del unit, link
    after = members(value)
    if after.get("type") == "redirect":
        return {"redirect": after.get("redirect"), "type": "redirect"}
    message = {"custom_message": members(after.get("hosted_confirmation")).get("custom_message")}
    return {"hosted_confirmation": message, "type": "hosted_confirmation"}


def _automatic_tax(unit: UnitOfWork, value: object, link: object) -> object:
    del link
    return {"enabled": bool(members(value).get("enabled")), "liability": liability.of_taxes(unit, value)}


def _custom_fields(unit: UnitOfWork, value: object, link: object) -> object:
    del unit, link
    rows = [create_session.custom_field(cast("CustomFieldParams", field)) for field in elements(value)]
    for row in rows:
        kind = str(row["type"])
        row[kind] = {name: inner for name, inner in members(row[kind]).items() if name != "value"}
    return rows


def _invoice_creation(unit: UnitOfWork, value: object, link: object) -> object:
    del link
    creation = create_session.invoice_creation(unit, cast("CheckoutSessionCreateParamsInvoiceCreation", value))
    return creation if members(value).get("invoice_data") else {**creation, "invoice_data": None}


def _names(unit: UnitOfWork, value: object, link: object) -> object:
    del unit, link
    return create_session.name_collection(members(value))


def _optional_items(unit: UnitOfWork, value: object, link: object) -> object:
    del link
    rows: list[object] = []
    for index, item in enumerate(elements(value)):
        sent_value = members(item)
        price = unit.get(kinds.PRICE, str(sent_value.get("price")), f"optional_items[{index}][price]")
        adjustable = sent_value.get("adjustable_quantity")
        fields = {"maximum": 99, "minimum": 0, **adjustable} if is_object(adjustable) else None
        rows.append({"adjustable_quantity": fields, "price": price["id"], "quantity": sent_value.get("quantity")})
    return rows


def _shipping_options(unit: UnitOfWork, value: object, link: Mapping[str, object]) -> object:
    rows: list[object] = []
    for index, option in enumerate(elements(value)):
        rate_id = str(members(option).get("shipping_rate"))
        rate = unit.get(kinds.SHIPPING_RATE, rate_id, f"shipping_options[{index}][shipping_rate]")
        amount = shipping_rates.amount_of(rate, str(link["currency"]))
        rows.append({"shipping_amount": amount, "shipping_rate": rate["id"]})
    return rows


def _transfer_data(unit: UnitOfWork, value: object, link: object) -> object:
    del unit, link
    return {"amount": members(value).get("amount"), "destination": members(value).get("destination")}


def _over(base: Mapping[str, object], field: str) -> Callable[[UnitOfWork, object, Mapping[str, object]], object]:
    def merge(unit: UnitOfWork, value: object, link: Mapping[str, object]) -> object:
        del unit
        return {**(members(link.get(field)) or base), **members(value)}

    return merge


def _subscription_data(unit: UnitOfWork, value: object, link: Mapping[str, object]) -> object:
    merged = {**(members(link.get("subscription_data")) or _SUBSCRIPTION_DATA), **members(value)}
    settings = members(members(value).get("invoice_settings"))
    if settings:
        issuer = liability.owner_of(unit, settings.get("issuer"), "subscription_data[invoice_settings][issuer]")
        merged["invoice_settings"] = {"issuer": issuer}
    return merged


_MAKERS: dict[str, Callable[[UnitOfWork, object, Mapping[str, object]], object]] = {
    "after_completion": _after_completion,
    "automatic_tax": _automatic_tax,
    "consent_collection": _over(_CONSENT, "consent_collection"),
    "custom_fields": _custom_fields,
    "invoice_creation": _invoice_creation,
    "managed_payments": _over({"enabled": False}, "managed_payments"),
    "name_collection": _names,
    "optional_items": _optional_items,
    "payment_intent_data": _over(_INTENT_DATA, "payment_intent_data"),
    "shipping_options": _shipping_options,
    "subscription_data": _subscription_data,
    "tax_id_collection": _over({"enabled": False, "required": "never"}, "tax_id_collection"),
    "transfer_data": _transfer_data,
}

_TAKEN_OVER = (
    "allow_promotion_codes",
    "automatic_tax",
    "billing_address_collection",
    "consent_collection",
    "custom_fields",
    "custom_text",
    "invoice_creation",
    "name_collection",
    "payment_intent_data",
    "payment_method_collection",
    "payment_method_options",
    "payment_method_types",
    "phone_number_collection",
    "shipping_address_collection",
    "shipping_options",
    "submit_type",
    "subscription_data",
    "tax_id_collection",
)


def session_params(link: PaymentLink) -> dict[str, object]:
    """Return what a session that the link opens is asked for, beside its lines."""
    sent = link["_params"]
    params: dict[str, object] = {name: sent[name] for name in _TAKEN_OVER if sent.get(name)}
    if link["_mode"] != "subscription":
        params.pop("payment_method_collection", None)
    shared = {name: sent[name] for name in ("on_behalf_of", "transfer_data") if sent.get(name)}
    place, fee = (
        ("subscription_data", "application_fee_percent")
        if link["_mode"] == "subscription"
        else ("payment_intent_data", "application_fee_amount")
    )
    if sent.get(fee) not in (None, ""):
        shared[fee] = sent[fee]
    if shared:
        params[place] = {**members(params.get(place)), **shared}
    return params


def changed_lines(unit: UnitOfWork, value: object, link: PaymentLink) -> list[dict[str, object]]:
    """Return the link's lines after an update, which may change quantities only."""
    del unit
    rows = [cast("dict[str, object]", {**line}) for line in link["_lines"]]
    for index, item in enumerate(elements(value)):
        sent_value = members(item)
        row = next((r for r in rows if r["id"] == text(sent_value.get("id"))), None)
        if row is None:
            raise invalid(
                f"No such line item: '{sent_value.get('id')}'", f"line_items[{index}][id]", "resource_missing"
            )
        row.update({n: v for n, v in sent_value.items() if n in {"quantity", "adjustable_quantity"}})
    return rows
