"""Payment method configurations: which kinds of payment methods intents offer when nobody names any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.kit.kind import Kind
from payloom_emulator.payments import test_cards
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import members, text, texts
from payloom_emulator.protocol.param_types import operations, type_of

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping

CONFIGURATION: Kind[dict[str, object]] = Kind("payment_method_configuration")
DEFAULT_ID = "pmc_1LocalStripeDefault00000"
# What is on where nobody said anything.
_ON = frozenset({"apple_pay", "card", "google_pay", "link"})
_NO_METHODS = frozenset({"active", "expand", "metadata", "name", "parent"})
_WALLETS = frozenset({"apple_pay", "google_pay"})
# The currencies that a method takes, of those that take few.
_CURRENCIES = {
    **dict.fromkeys(("bancontact", "eps", "giropay", "ideal", "multibanco", "sepa_debit", "sofort"), ("eur",)),
    **dict.fromkeys(("cashapp", "us_bank_account"), ("usd",)),
    **dict.fromkeys(("boleto", "pix"), ("brl",)),
    **dict.fromkeys(("grabpay", "paynow"), ("sgd",)),
    "acss_debit": ("cad", "usd"),
    "affirm": ("cad", "usd"),
    "au_becs_debit": ("aud",),
    "bacs_debit": ("gbp",),
    "blik": ("pln",),
    "fpx": ("myr",),
    "konbini": ("jpy",),
    "oxxo": ("mxn",),
    "p24": ("eur", "pln"),
    "promptpay": ("thb",),
    "swish": ("sek",),
    "twint": ("chf",),
}


def method_names() -> list[str]:
    """Return the kinds of payment methods that a configuration has, by Stripe's names."""
    node = type_of(operations()["POST", "/v1/payment_method_configurations"])
    return sorted(set(node.fields) - _NO_METHODS)


def preferences(unit: UnitOfWork, params: JsonMapping, before: JsonMapping, parent_id: str | None) -> dict[str, object]:
    """Return each method's members: the caller's preference, or the parent's value, or Stripe's own."""
    parent = members(unit.find(CONFIGURATION, parent_id))
    methods: dict[str, object] = {}
    for name in method_names():
        former = members(members(before.get(name)).get("display_preference"))
        wanted_preference = members(members(params.get(name)).get("display_preference")).get("preference")
        preference = str(wanted_preference or former.get("preference") or "none")
        inherited = members(members(parent.get(name)).get("display_preference")).get("value")
        value = preference if preference != "none" else inherited or ("on" if name in _ON else "off")
        methods[name] = {
            "available": value == "on" and (name in test_cards.KINDS or name in _WALLETS),
            "display_preference": {"overridable": None, "preference": preference, "value": value},
        }
    return methods


def default(unit: UnitOfWork) -> dict[str, object]:
    """Return the account's default configuration, making it the first time."""
    existing = unit.find(CONFIGURATION, DEFAULT_ID)
    if existing is not None:
        return existing
    methods = preferences(unit, {}, {}, None)
    return unit.create(CONFIGURATION, {"id": DEFAULT_ID, "is_default": True, "name": "Default", **methods})


def chosen(unit: UnitOfWork, params: JsonMapping) -> dict[str, object] | None:
    """Return the configuration that the parameters name, or the default one where it was changed."""
    named = text(params.get("payment_method_configuration"))
    if not named or named == DEFAULT_ID:
        return unit.find(CONFIGURATION, DEFAULT_ID)
    configuration = unit.get(CONFIGURATION, named, "payment_method_configuration")
    if not configuration["active"]:
        raise invalid(
            f"The payment method configuration {named} is not active.",
            "payment_method_configuration",
        )
    return configuration


def details(configuration: JsonMapping | None) -> dict[str, object]:
    """Return `payment_method_configuration_details`."""
    if configuration is None:
        return {"id": DEFAULT_ID, "parent": None}
    return {"id": configuration["id"], "parent": configuration["parent"]}


def offered(
    configuration: JsonMapping | None, params: JsonMapping, currency: str | None, fallback: list[str]
) -> list[str]:
    """Return the types that an intent offers by its configuration, or `fallback` where types or none are named."""
    named = texts(params.get("payment_method_types")) or texts(params.get("allowed_payment_method_types"))
    if configuration is None or named:
        return fallback
    excluded = set(texts(params.get("excluded_payment_method_types")))
    types = [
        name
        for name in test_cards.KINDS
        if members(members(configuration.get(name)).get("display_preference")).get("value") == "on"
        and name not in excluded
        and (currency is None or currency in _CURRENCIES.get(name, (currency,)))
    ]
    return types or ["card"]
