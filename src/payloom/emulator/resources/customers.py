"""Customers: who pays. https://docs.stripe.com/api/customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom.emulator.resource import ADDRESS, SHIPPING, Body, Resource, fixed, given, once
from payloom.emulator.wire.errors import invalid

if TYPE_CHECKING:
    from payloom.emulator.call import Call

INVOICE_SETTINGS = {
    "custom_fields": None,
    "default_payment_method": None,
    "footer": None,
    "rendering_options": None,
}


def _check(call: Call, customer: Body) -> None:
    email = call.params.get("email")
    if email and ("@" not in email or email.startswith("@") or email.endswith("@")):
        raise invalid(f"Invalid email address: {email}", "email", "email_invalid")
    del customer


def _creating(call: Call, draft: Body) -> None:
    _check(call, draft)
    draft["invoice_prefix"] = call.unit.emulator.ids.new("", 8).upper()


def _updating(call: Call, customer: Body, changes: Body) -> None:
    del changes
    _check(call, customer)


CUSTOMER = Resource(
    object="customer",
    prefix="cus_",
    id_length=14,
    path="/v1/customers",
    can=("create", "retrieve", "update", "list", "delete", "search"),
    fields=(
        given("address", shape=ADDRESS),
        given("balance", 0),
        given("business_name"),
        fixed("created"),
        fixed("currency"),
        fixed("customer_account"),
        fixed("default_source"),
        fixed("delinquent", False),
        given("description"),
        fixed("discount"),
        given("email"),
        given("individual_name"),
        given("invoice_prefix"),
        given("invoice_settings", INVOICE_SETTINGS),
        fixed("livemode", False),
        given("metadata", {}),
        given("name"),
        given("next_invoice_sequence", 1),
        given("phone"),
        given("preferred_locales", []),
        given("shipping", shape=SHIPPING),
        given("tax_exempt", "none"),
        once("test_clock", ref="test_helpers.test_clock"),
    ),
    on_create=("customer.created",),
    on_update=("customer.updated",),
    on_delete=("customer.deleted",),
    creating=_creating,
    updating=_updating,
    filters=("email", "test_clock"),
    search=("email", "metadata", "name", "phone"),
    tombstone=True,
)

RESOURCES = (CUSTOMER,)
