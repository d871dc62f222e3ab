"""Billing credits: grants, their transactions, and what is left. https://docs.stripe.com/api/billing/credit-grant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing.invoices import credit_grants
from payloom_emulator.billing.invoices.credit_grants import CREDIT_GRANT, CREDIT_TRANSACTION
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema, read_only, settable
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import elements, integer, members, text
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.billing.invoices.credit_grants import CreditGrant
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.customers import Customer

_MOST_UNUSED = 100
_DEFAULT_PRIORITY, _LOWEST_PRIORITY = 50, 100


def _customer(call: RequestContext[Params]) -> Customer:
    return call.unit.get(kinds.CUSTOMER, required(text(call.params.get("customer")), "customer"), "customer")


def _create(call: RequestContext[Params]) -> CreditGrant:
    unit, params = call.unit, call.params
    customer = _customer(call)
    unit.use_clock_of(customer)
    monetary = members(members(params.get("amount")).get("monetary"))
    currency = money.currency(
        required(text(monetary.get("currency")), "amount[monetary][currency]"), "amount[monetary][currency]"
    )
    value = required(integer(monetary.get("value")), "amount[monetary][value]")
    if value < 1:
        raise invalid("Must be greater than 0.", "amount[monetary][value]", "parameter_invalid_integer")
    effective = integer(params.get("effective_at")) or unit.now
    expires = integer(params.get("expires_at"))
    if expires is not None and expires <= max(effective, unit.now):
        raise invalid("A grant must expire in the future, and after it takes effect.", "expires_at")
    priority = integer(params.get("priority", _DEFAULT_PRIORITY))
    if priority is None or not 0 <= priority <= _LOWEST_PRIORITY:
        raise invalid(f"The priority must be between 0 and {_LOWEST_PRIORITY}.", "priority")
    unused = [g for g in unit.list(CREDIT_GRANT, customer=customer["id"]) if credit_grants.ledger(unit, g) > 0]
    if len(unused) >= _MOST_UNUSED:
        raise invalid(f"A customer may have at most {_MOST_UNUSED} unused credit grants.", "customer")
    grant = unit.create(
        CREDIT_GRANT,
        {
            "amount": credit_grants.money(currency, value),
            "applicability_config": {"scope": _scope(unit, params)},
            "category": params.get("category") or "paid",
            "customer": customer["id"],
            "effective_at": effective,
            "expires_at": expires,
            "metadata": merge_metadata({}, params.get("metadata") or {}),
            "name": params.get("name"),
            "priority": priority,
            "test_clock": customer["test_clock"],
            "updated": unit.now,
        },
    )
    credit_grants.move(unit, grant, value, "credits_granted")
    if expires is not None:
        unit.schedule("expire", grant, expires)
    return grant


def _scope(unit: UnitOfWork, params: Params) -> dict[str, object]:
    param = "applicability_config[scope]"
    scope = members(members(params.get("applicability_config")).get("scope"))
    prices = elements(scope.get("prices"))
    if bool(prices) == bool(scope.get("price_type")):
        raise invalid("You must pass exactly one of `price_type` and `prices`.", param)
    for index, row in enumerate(prices):
        price = unit.get(kinds.PRICE, text(members(row).get("id")), f"{param}[prices][{index}][id]")
        if members(price["recurring"]).get("usage_type") != "metered":
            raise invalid(f"Credits pay metered prices only; {price['id']} is none.", f"{param}[prices][{index}][id]")
    return {"prices": [{"id": members(row)["id"]} for row in prices]} if prices else {"price_type": "metered"}


def _updating(call: ActionContext[Params, CreditGrant], grant: CreditGrant, changes: dict[str, object]) -> None:
    if "expires_at" in call.params:
        _open(call.unit, grant, "updated")
        expires = integer(call.params["expires_at"])
        if expires is not None and expires <= call.unit.now:
            raise invalid("A grant must expire in the future.", "expires_at")
        changes["expires_at"] = expires
        call.unit.unschedule("expire", grant)
        if expires is not None:
            call.unit.schedule("expire", grant, expires)
    changes["updated"] = call.unit.now


def _open(unit: UnitOfWork, grant: CreditGrant, word: str) -> None:
    """Raise unless the grant is neither voided nor expired."""
    if grant["voided_at"]:
        raise invalid(f"This credit grant was voided and cannot be {word}.")
    if grant["expires_at"] is not None and grant["expires_at"] <= unit.now:
        raise invalid(f"This credit grant has expired and cannot be {word}.")


def _expire(call: ActionContext[Params, CreditGrant]) -> CreditGrant:
    unit, grant = call.unit, call.target
    _open(unit, grant, "expired")
    unit.unschedule("expire", grant)
    unit.change(grant, {"expires_at": unit.now, "updated": unit.now})
    credit_grants.expire(unit, grant)
    return grant


def _void(call: ActionContext[Params, CreditGrant]) -> CreditGrant:
    unit, grant = call.unit, call.target
    _open(unit, grant, "voided")
    left = credit_grants.ledger(unit, grant)
    if left != grant["amount"]["monetary"]["value"]:
        raise invalid("A credit grant that was used cannot be voided. Expire it instead.")
    unit.unschedule("expire", grant)
    unit.change(grant, {"voided_at": unit.now, "updated": unit.now})
    credit_grants.move(unit, grant, -left, "credits_voided")
    return grant


def _summary(call: RequestContext[Params]) -> Mapping[str, object]:
    unit, customer = call.unit, _customer(call)
    unit.use_clock_of(customer)
    grants = _filtered(unit, customer, members(call.params.get("filter")))
    sums: dict[str, tuple[int, int]] = {}
    for grant in grants:
        currency = grant["amount"]["monetary"]["currency"]
        usable, whole = sums.get(currency, (0, 0))
        new = (usable + credit_grants.available(unit, grant), whole + credit_grants.ledger(unit, grant))
        sums[currency] = new
    return {
        "object": "billing.credit_balance_summary",
        "balances": [
            {
                "available_balance": credit_grants.money(currency, usable),
                "ledger_balance": credit_grants.money(currency, whole),
            }
            for currency, (usable, whole) in sorted(sums.items())
        ],
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
    }


def _filtered(unit: UnitOfWork, customer: Customer, wished: Params) -> list[CreditGrant]:
    """Return the grants of a customer that the filter of a summary names."""
    if wished.get("type") == "credit_grant":
        grant = unit.get(CREDIT_GRANT, text(wished.get("credit_grant")), "filter[credit_grant]")
        if grant["customer"] != customer["id"]:
            raise invalid("The credit grant is another customer's.", "filter[credit_grant]")
        return [grant]
    scope = members(wished.get("applicability_scope"))
    param = "filter[applicability_scope]"
    if not scope:
        raise invalid(f"Missing required param: {param}.", param, "parameter_missing")
    prices = [
        unit.get(kinds.PRICE, text(members(row).get("id")), f"{param}[prices]") for row in elements(scope.get("prices"))
    ]
    grants = credit_grants.in_order(unit, customer["id"])
    if prices:
        return [grant for grant in grants if any(credit_grants.covers(grant, price) for price in prices)]
    return [grant for grant in grants if "price_type" in members(grant["applicability_config"].get("scope"))]


def _transactions(call: RequestContext[Params]) -> Mapping[str, object]:
    customer = _customer(call)
    filters: dict[str, object] = {"_customer": customer["id"]}
    grant = text(call.params.get("credit_grant"))
    if grant:
        filters["credit_grant"] = call.unit.get(CREDIT_GRANT, grant, "credit_grant")["id"]
    return call.page(CREDIT_TRANSACTION, **filters)


RESOURCES = (
    Resource(
        schema=Schema(
            object="billing.credit_grant",
            prefix="credgr_test_",
            id_length=30,
            path="/v1/billing/credit_grants",
            fields=(
                read_only("amount"),
                read_only("applicability_config"),
                read_only("category"),
                read_only("created"),
                read_only("customer"),
                read_only("customer_account"),
                read_only("effective_at"),
                read_only("expires_at"),
                read_only("livemode", False),
                settable("metadata", {}),
                read_only("name"),
                read_only("priority"),
                read_only("test_clock"),
                read_only("updated"),
                read_only("voided_at"),
            ),
            on_create=("billing.credit_grant.created",),
            on_update=("billing.credit_grant.updated",),
            filters=("customer",),
        ),
        endpoints=Endpoints(
            can=("retrieve", "update", "list"),
            updating=_updating,
            actions={"expire": _expire, "void": _void},
            operations=(
                Operation("POST", "/v1/billing/credit_grants", _create),
                Operation("GET", "/v1/billing/credit_balance_summary", _summary),
            ),
        ),
        timers={"expire": credit_grants.expire},
    ),
    Resource(
        schema=Schema(
            object="billing.credit_balance_transaction",
            prefix="cbtxn_test_",
            id_length=30,
            path="/v1/billing/credit_balance_transactions",
            fields=(
                read_only("created"),
                read_only("credit"),
                read_only("credit_grant"),
                read_only("debit"),
                read_only("effective_at"),
                read_only("livemode", False),
                read_only("test_clock"),
                read_only("type"),
            ),
            on_create=("billing.credit_balance_transaction.created",),
            filters=("credit_grant", "_customer"),
        ),
        endpoints=Endpoints(
            can=("retrieve",), operations=(Operation("GET", "/v1/billing/credit_balance_transactions", _transactions),)
        ),
    ),
)
