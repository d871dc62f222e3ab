"""Legacy cards of customers: tokens saved with `source`, still used by samples. https://docs.stripe.com/api/cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core import test_cards
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.schema import Body, Operation, Resource
from payloom_emulator.protocol.errors import CardError, invalid, missing, parameter_missing
from payloom_emulator.protocol.metadata import merge as merge_metadata
from payloom_emulator.resources import payment_methods, tokens

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call
    from payloom_emulator.core.unit_of_work import Unit


def _token(unit: Unit, source: object, param: str) -> tuple[Body, test_cards.Card, Body | None]:
    """Return (legacy card object, test card, data) of a token id or of inline card data."""
    if isinstance(source, dict):
        card = payment_methods.check_card(unit, source, param)
        return tokens.card_object(unit, card, source), card, source
    token = unit.get("token", str(source), param)
    if token["used"]:
        raise invalid(f"You cannot use a Stripe token more than once: {source}.", param, "token_already_used")
    if token["type"] != "card":
        raise invalid("Only card tokens can be used here by the local Stripe.", param)
    unit.change(token, {"used": True}, emits=())
    return dict(token["card"]), payment_methods.card_of(token), None


def save(unit: Unit, customer: Body, source: object, param: str = "source", *, default: bool = False) -> Body:
    """Save a card on a customer. The first one (or `default`) becomes the default source."""
    if isinstance(source, str) and source.startswith("src_"):
        return _attach(unit, customer, unit.get("source", source, param), default=default)
    shown, card, _data = _token(unit, source, param)
    if card.decline and not card.attaches:
        raise payment_methods.decline(test_cards.DECLINES[card.decline])
    name = next((n for n, c in test_cards.BY_NAME.items() if c is card), None)
    checked = {**shown, "customer": customer["id"], "cvc_check": "pass" if shown["cvc_check"] else None}
    stored = unit.create("card", {**checked, "_number": card.number, "_name": name}, emits=("customer.source.created",))
    if default or not customer["default_source"]:
        unit.change(customer, {"default_source": stored["id"]})
    return stored


def _attach(unit: Unit, customer: Body, source: Body, *, default: bool) -> Body:
    if source["customer"]:
        raise invalid(f"The source {source['id']} belongs to a customer already.", "source")
    card = payment_methods.card_of(source)
    if card.decline and not card.attaches:
        raise payment_methods.decline(test_cards.DECLINES[card.decline])
    unit.change(source, {"customer": customer["id"]}, emits=("customer.source.created",))
    if default or not customer["default_source"]:
        unit.change(customer, {"default_source": source["id"]})
    return unit.get("source", source["id"])


def method_of(unit: Unit, source_id: str, param: str) -> Body:
    """Return the payment method that stands for a legacy card or token."""
    found: Body | None = None
    if source_id.startswith("tok_"):
        shown, card, _data = _token(unit, source_id, param)
        shown = {**shown, "_number": card.number}
    else:
        found = unit.find("card", source_id) or unit.find("source", source_id)
        if found is None:
            raise missing("source", source_id, param=param, status=400)
        if found.get("status", "chargeable") != "chargeable":
            raise invalid(f"The source {source_id} is {found['status']} and cannot be used again.", param)
        # A source of type card carries the card it was made of.
        inner = found.get("_card") or found
        shown = {**inner, **{n: found.get(n) for n in ("customer", "_number", "_name")}}
        card = payment_methods.card_of(found)
        existing = unit.find("payment_method", found.get("_method"))
        if existing is not None:
            return existing
    data = {"exp_month": shown["exp_month"], "exp_year": shown["exp_year"], "cvc": "123"}
    billing = {**payment_methods.BILLING_DETAILS, "name": shown.get("name")}
    method = unit.create(
        "payment_method",
        {
            "type": "card",
            "billing_details": billing,
            "card": payment_methods.card_fields(unit, card, data, billing),
            "customer": shown.get("customer"),
            "_number": card.number,
            "_name": shown.get("_name"),
            "_source_object": {k: v for k, v in (found or shown).items() if not k.startswith("_")},
        },
    )
    if found is not None:
        unit.change(found, {"_method": method["id"]}, emits=())
    return method


def method_for_charge(call: Call) -> Body:
    """Return what a legacy charge is paid with: `source`, or the customer's default source."""
    unit = call.unit
    if call.params.get("source"):
        source = call.params["source"]
        if isinstance(source, dict):
            return payment_methods.make(unit, {"type": "card", "card": source}, "source")
        return method_of(unit, source, "source")
    if not call.get("customer"):
        raise invalid("Must provide source or customer.", "source", "parameter_missing")
    customer = unit.get("customer", call.params["customer"], "customer")
    if not customer["default_source"]:
        raise invalid("Cannot charge a customer that has no active card", "card", "missing")
    return method_of(unit, customer["default_source"], "source")


def _create(call: Call) -> Body:
    call.need("source")
    customer = call.unit.get("customer", call.ids["customer"])
    return save(call.unit, customer, call.params["source"])


def _list(call: Call) -> Body:
    customer = call.unit.get("customer", call.ids["customer"])
    return list_of(_saved(call.unit, customer), call.path, {"limit": 10, **call.params})


def _saved(unit: Unit, customer: Body) -> list[Body]:
    return [r for kind in ("card", "source") for r in unit.list(kind, customer=customer["id"])]


def _one(call: Call) -> Body:
    card = call.unit.get("source" if call.ids["id"].startswith("src_") else "card", call.ids["id"])
    if card["customer"] != call.ids["customer"]:
        raise missing("source", call.ids["id"])
    return card


def _update(call: Call) -> Body:
    names = (
        "address_city",
        "address_country",
        "address_line1",
        "address_line2",
        "address_state",
        "address_zip",
        "exp_month",
        "exp_year",
        "name",
        "metadata",
    )
    changes = {n: call.params[n] for n in names if n in call.params}
    for name, code in (("exp_month", "invalid_expiry_month"), ("exp_year", "invalid_expiry_year")):
        if name in changes:
            if not str(changes[name]).isdigit():
                raise CardError("Your card's expiration date is invalid.", code=code, param=name)
            changes[name] = int(changes[name])
    if "metadata" in changes:
        changes["metadata"] = merge_metadata(_one(call)["metadata"], changes["metadata"])
    return call.unit.change(_one(call), changes)


def _delete(call: Call) -> Body:
    card = _one(call)
    customer = call.unit.get("customer", call.ids["customer"])
    if card["object"] == "source":  # a source is detached and can never be used again
        gone = call.unit.change(card, {"customer": None, "status": "consumed"}, emits=("customer.source.deleted",))
    else:
        gone = call.unit.delete(card)
    if customer["default_source"] == card["id"]:
        rest = _saved(call.unit, customer)
        call.unit.change(customer, {"default_source": rest[0]["id"] if rest else None})
    return gone


def listed(unit: Unit, customer: Body) -> Body:
    """Return the `sources` list of a customer."""
    rows = _saved(unit, customer)
    return {
        "object": "list",
        "data": rows,
        "has_more": False,
        "total_count": len(rows),
        "url": f"/v1/customers/{customer['id']}/sources",
    }


CARD = Resource(
    object="card",
    prefix="card_1",
    id_length=23,
    filters=("customer",),
    on_update=("customer.source.updated",),
    on_delete=("customer.source.deleted",),
    has_created=False,
    has_livemode=False,
    operations=(
        Operation("POST", "/v1/customers/{customer}/sources", _create),
        Operation("GET", "/v1/customers/{customer}/sources", _list),
        Operation("GET", "/v1/customers/{customer}/sources/{id}", _one),
        Operation("POST", "/v1/customers/{customer}/sources/{id}", _update),
        Operation("DELETE", "/v1/customers/{customer}/sources/{id}", _delete),
    ),
)

RESOURCES = (CARD,)

__all__ = ["CARD", "RESOURCES", "listed", "method_for_charge", "method_of", "parameter_missing", "save"]
