"""Customers: who pays. https://docs.stripe.com/api/customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing import customer_rules, older_shapes
from payloom_emulator.catalog import automatic_tax, tax_ids
from payloom_emulator.core.declarations.api_changes import Accepted, Change
from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import provided
from payloom_emulator.core.schemas.schema import (
    ADDRESS,
    SHIPPING,
    Schema,
    create_only,
    read_only,
    settable,
    update_only,
)
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import card_sources, payment_methods
from payloom_emulator.protocol.api_versions import BASIL
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import elements, is_object, members, text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.params.customers import CustomerCreateParams, CustomerUpdateParams

INVOICE_SETTINGS = {
    "custom_fields": None,
    "default_payment_method": None,
    "footer": None,
    "rendering_options": None,
}


def _tax_ids(unit: UnitOfWork, customer: Customer) -> Mapping[str, object]:
    rows = unit.list(kinds.TAX_ID, customer=customer["id"])
    return list_of(rows, f"/v1/customers/{customer['id']}/tax_ids")


def _subscriptions(unit: UnitOfWork, customer: Customer) -> Mapping[str, object]:
    rows = [s for s in unit.list(kinds.SUBSCRIPTION, customer=customer["id"]) if s["status"] != "canceled"]
    return list_of(rows, f"/v1/customers/{customer['id']}/subscriptions")


def _created(call: RequestContext[CustomerCreateParams], customer: Customer) -> Customer:
    """A method or a legacy token given at create is saved on the new customer."""
    unit = call.unit
    customer_rules.created(call, customer)
    if method_id := call.params.get("payment_method"):
        method = unit.get(kinds.PAYMENT_METHOD, method_id, "payment_method")
        payment_methods.attach(unit, method, customer["id"])
    if source := card_sources.given(call.params):
        card_sources.save(unit, customer, source, default=True)
    for index, data in enumerate(call.params.get("tax_id_data") or []):
        tax_ids.make(unit, data["type"], data["value"], customer["id"], f"tax_id_data[{index}]")
    _settle(call, customer)
    return customer


def _settle(call: RequestContext[CustomerCreateParams | CustomerUpdateParams], customer: Customer) -> None:
    """Keep how the cash balance is used, and from where the customer was last seen."""
    mode = text(members(members(call.params.get("cash_balance")).get("settings")).get("reconciliation_mode"))
    changes: dict[str, object] = {"_cash_settings": customer_rules.cash_settings(mode)} if mode else {}
    address = members(call.params.get("tax")).get("ip_address")
    if address is not None:
        changes["_ip_address"] = address or None
    if changes:
        call.unit.change(customer, changes, emits=())


def _updated(call: RequestContext[CustomerUpdateParams], customer: Customer) -> None:
    customer_rules.updated(call, customer)
    _settle(call, customer)
    if source := card_sources.given(call.params):
        card_sources.save(call.unit, customer, source, default=True)


def _check(call: RequestContext[CustomerCreateParams | CustomerUpdateParams], customer: Customer) -> None:
    email = call.params.get("email")
    if email and ("@" not in email or email.startswith("@") or email.endswith("@")):
        raise invalid(f"Invalid email address: {email}", "email", "email_invalid")
    settings = provided(call.params.get("invoice_settings"))
    default = settings.get("default_payment_method") if settings else None
    if default and default != call.params.get("payment_method"):
        param = "invoice_settings[default_payment_method]"
        payment_methods.check_owner(call.unit, default, customer.get("id"), param)


def _creating(call: RequestContext[CustomerCreateParams], draft: Customer) -> None:
    _check(call, draft)
    customer_rules.creating(call, draft)
    _offered(call, draft)
    draft["invoice_prefix"] = call.unit.environment.ids.new("", 8).upper()


def _offered(call: RequestContext[CustomerCreateParams], draft: Customer) -> None:
    """A method that comes with a new customer may be the default at once; `pm_card_visa` gets its own id first."""
    name = call.params.get("payment_method")
    if not name:
        return
    method = call.unit.get(kinds.PAYMENT_METHOD, name, "payment_method")
    settings = present(draft["invoice_settings"])
    if settings["default_payment_method"] == name:
        draft["invoice_settings"] = {**settings, "default_payment_method": method["id"]}
    call.params["payment_method"] = method["id"]


def _updating(call: RequestContext[CustomerUpdateParams], customer: Customer, changes: dict[str, object]) -> None:
    _check(call, customer)
    customer_rules.updating(call, customer, changes)


def _lists_on_customer(unit: UnitOfWork, view: dict[str, object], stored: dict[str, object]) -> None:
    """Before 2020-08-27 a customer came with its sources, subscriptions and tax ids."""
    for name in ("sources", "subscriptions", "tax_ids"):
        page = CUSTOMER.includes[name](unit, stored)
        assert is_object(page)
        rows = [unit.snapshot(row) for row in elements(page["data"]) if is_object(row)]
        view[name] = {**page, "data": rows, "total_count": len(rows)}


def _tax(unit: UnitOfWork, customer: Customer) -> dict[str, object]:
    """Where the customer is for taxes, by the address, and whether tax is collected there."""
    place = automatic_tax.locate(unit, customer)
    shipping = customer.get("shipping")
    sources = (("billing_address", customer["address"]), ("shipping_destination", shipping and shipping["address"]))
    location = next(
        (
            {"country": address["country"], "source": source, "state": address["state"]}
            for source, address in sources
            if address and address["country"]
        ),
        None,
    )
    return {
        "automatic_tax": "unrecognized_location"
        if place is None
        else "not_collecting"
        if place.reason in {"not_collecting", "not_supported"}
        else "supported",
        "ip_address": customer.get("_ip_address"),
        "location": location,
        "provider": "stripe",
    }


def _invoice_credit_balance(unit: UnitOfWork, customer: Customer) -> dict[str, int]:
    """The customer's balance by currency."""
    del unit
    currency = customer.get("currency")
    return {currency: customer["balance"]} if currency and customer["balance"] else {}


CUSTOMER = Resource(
    schema=Schema(
        object="customer",
        prefix="cus_",
        id_length=14,
        path="/v1/customers",
        fields=(
            settable("address", shape=ADDRESS),
            settable("balance", 0),
            settable("business_name"),
            read_only("created"),
            read_only("currency"),
            read_only("customer_account"),
            update_only("default_source", ref="card"),
            read_only("delinquent", False),
            settable("description"),
            read_only("discount"),
            settable("email"),
            settable("individual_name"),
            settable("invoice_prefix"),
            settable("invoice_settings", INVOICE_SETTINGS),
            read_only("livemode", False),
            settable("metadata", {}),
            settable("name"),
            settable("next_invoice_sequence", 1),
            settable("phone"),
            settable("preferred_locales", []),
            settable("shipping", shape=SHIPPING),
            settable("tax_exempt", "none"),
            create_only("test_clock", ref="test_helpers.test_clock"),
        ),
        on_create=("customer.created",),
        on_update=("customer.updated",),
        on_delete=("customer.deleted",),
        filters=("email", "test_clock"),
        search=("email", "metadata", "name", "phone"),
        tombstone=True,
    ),
    endpoints=Endpoints(
        can=("create", "retrieve", "update", "list", "delete", "search"),
        creating=_creating,
        created=_created,
        updating=_updating,
        updated=_updated,
        deleting=customer_rules.deleting,
    ),
    includes={
        "invoice_credit_balance": _invoice_credit_balance,
        "sources": card_sources.listed,
        "subscriptions": _subscriptions,
        "tax": _tax,
        "tax_ids": _tax_ids,
    },
    versions=(
        Change("2020-08-27", _lists_on_customer),
        Accepted(BASIL, "POST", "/v1/customers", older_shapes.OLD_DISCOUNTS),
        Accepted(BASIL, "POST", "/v1/customers/{}", older_shapes.OLD_DISCOUNTS),
    ),
)


RESOURCES = (CUSTOMER,)
