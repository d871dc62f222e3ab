"""Payment methods: what people pay with. https://docs.stripe.com/api/payment_methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import provided
from payloom_emulator.core.schemas.schema import Schema, overlay, read_only, settable
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments import test_cards
from payloom_emulator.payments.methods import card_sources, debited_accounts, payment_methods, test_banks
from payloom_emulator.payments.methods.payment_methods import BILLING_DETAILS
from payloom_emulator.protocol.errors import StripeError, invalid
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.params.customers import CustomerPaymentMethodListParams
    from payloom_emulator.objects.params.payment_methods import (
        PaymentMethodAttachParams,
        PaymentMethodCreateParams,
        PaymentMethodUpdateParams,
    )
    from payloom_emulator.objects.payment_methods import PaymentMethod


_LEGACY = ("card_", "src_", "ba_")


def builtin_payment_method(unit: UnitOfWork, object_id: str) -> PaymentMethod | None:
    """Return a fresh payment method for `pm_card_visa` and its like, the one of a legacy card by its id, or None."""
    if object_id.startswith(_LEGACY):
        stands_for = unit.find(kinds.PAYMENT_METHOD, f"{card_sources.STANDS_FOR}{object_id}")
        known = unit.find(kinds.CARD, object_id) or unit.find(kinds.SOURCE, object_id)
        return card_sources.method_of(unit, object_id, "payment_method") if known else stands_for
    if not object_id.startswith("pm_"):
        return None
    name = object_id.removeprefix("pm_")
    billing = overlay(BILLING_DETAILS, {})
    if name.startswith("card_"):
        card = test_cards.BY_NAME.get(name.removeprefix("card_"))
        if card is None:
            return None
        fields = {
            "card": payment_methods.card_fields(unit, card, None, None),
            "_number": card.number,
            "_name": name.removeprefix("card_"),
        }
        return unit.create(kinds.PAYMENT_METHOD, {"type": "card", "billing_details": billing, **fields})
    account = test_banks.BANK_NAMES.get(name)
    if account is None:
        return None
    billing = overlay(BILLING_DETAILS, {"email": "jenny@example.com", "name": "Jenny Rosen"})
    shape = debited_accounts.fields(account.kind, account.account)
    fields = {account.kind: shape, "_account": account.account, "_verified": True}
    return unit.create(kinds.PAYMENT_METHOD, {"type": account.kind, "billing_details": billing, **fields})


def _creating(call: RequestContext[PaymentMethodCreateParams], draft: PaymentMethod) -> None:
    if original_id := call.params.get("payment_method"):
        original = call.unit.get(kinds.PAYMENT_METHOD, original_id, "payment_method")
        copied = {name: value for name, value in original.items() if name not in {"id", "created", "customer"}}
        draft.update(cast("PaymentMethod", copied))
        return
    draft.update(cast("PaymentMethod", payment_methods.build(call.unit, call.params)))


def _updating(
    call: RequestContext[PaymentMethodUpdateParams], method: PaymentMethod, changes: dict[str, object]
) -> None:
    if not method["customer"]:
        raise invalid(
            "You must save this PaymentMethod to a customer before you can update it.",
        )
    if new := call.params.get("card"):
        dates = {name: new.get(name) for name in ("exp_month", "exp_year") if new.get(name)}
        changes["card"] = {**present(method["card"]), **dates}
        if networks := new.get("networks"):
            networks_before = present(method["card"])["networks"]
            changes["card"] = {
                **present(method["card"]),
                **dates,
                "networks": {"available": ["visa"], **(networks_before or {}), "preferred": networks.get("preferred")},
            }
    if (bank := call.params.get("us_bank_account")) and method["type"] == "us_bank_account":
        changes["us_bank_account"] = {**members(method.get("us_bank_account")), **bank}
    if "billing_details" in call.params:
        changes["billing_details"] = overlay(method["billing_details"], call.params["billing_details"] or {})


def _attach(call: ActionContext[PaymentMethodAttachParams, PaymentMethod]) -> PaymentMethod:
    customer_id = call.params.get("customer")
    if not customer_id:
        raise invalid("Must provide customer or customer_account.", code="parameter_missing")
    customer = call.unit.get(kinds.CUSTOMER, customer_id, "customer")
    return payment_methods.attach(call.unit, call.target, customer["id"])


def _detach(call: ActionContext[Params, PaymentMethod]) -> PaymentMethod:
    method: PaymentMethod = call.target
    if not method["customer"]:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    customer = call.unit.find(kinds.CUSTOMER, method["customer"])
    if (
        customer
        and (invoice_settings := present(customer["invoice_settings"]))["default_payment_method"] == method["id"]
    ):
        settings = {**invoice_settings, "default_payment_method": None}
        call.unit.change(customer, {"invoice_settings": settings})
    legacy = call.unit.find(kinds.CARD, method["id"].removeprefix(card_sources.STANDS_FOR))
    if legacy is not None:
        call.unit.delete(legacy)
        if customer and customer["default_source"] == legacy["id"]:
            call.unit.change(customer, {"default_source": None})
    changes: dict[str, object] = {"customer": None, "_spent": True, "_detached": True}
    return call.unit.change(method, changes, emits=("payment_method.detached",))


def _of_customer(call: RequestContext[CustomerPaymentMethodListParams]) -> Mapping[str, object]:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    return call.page(
        kinds.PAYMENT_METHOD,
        customer=customer["id"],
        type=provided(call.params.get("type")),
        allow_redisplay=call.params.get("allow_redisplay"),
    )


def _one_of_customer(call: RequestContext[Params]) -> PaymentMethod:
    customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])
    method = call.unit.get(kinds.PAYMENT_METHOD, call.ids["payment_method"])
    if method["customer"] != customer["id"]:
        raise StripeError(
            "The payment method is not attached to this customer.",
            status=404,
            code="resource_missing",
            param="payment_method",
        )
    return method


PAYMENT_METHOD = Resource(
    schema=Schema(
        object="payment_method",
        prefix="pm_1",
        id_length=23,
        path="/v1/payment_methods",
        fields=(
            settable("allow_redisplay", "unspecified"),
            read_only("billing_details"),
            read_only("created"),
            read_only("customer"),
            read_only("customer_account"),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("shared_payment_granted_token"),
            read_only("type"),
        ),
        on_update=("payment_method.updated",),
        filters=("customer", "type", "allow_redisplay"),
    ),
    endpoints=Endpoints(
        creating=_creating,
        updating=_updating,
        actions={"attach": _attach, "detach": _detach},
        operations=(
            Operation("GET", "/v1/customers/{customer}/payment_methods", _of_customer),
            Operation("GET", "/v1/customers/{customer}/payment_methods/{payment_method}", _one_of_customer),
        ),
    ),
    builtin=builtin_payment_method,
)


RESOURCES = (PAYMENT_METHOD,)
