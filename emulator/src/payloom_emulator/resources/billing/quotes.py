"""Quotes: an offer that becomes an invoice or a subscription when accepted. https://docs.stripe.com/api/quotes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.billing import quotes
from payloom_emulator.billing.machines import QUOTE_MACHINE
from payloom_emulator.connect import liability
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import Download, provided
from payloom_emulator.core.schemas.schema import Schema, read_only, settable
from payloom_emulator.kit.pdf import pdf
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import integer
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.params.quotes import (
        QuoteComputedUpfrontLineItemsListParams,
        QuoteCreateParams,
        QuoteFinalizeQuoteParams,
        QuoteLineItemListParams,
        QuoteUpdateParams,
    )
    from payloom_emulator.objects.subscriptions import Quote

MONTH = 30 * 86_400


_PLAIN = ("application_fee_amount", "application_fee_percent", "collection_method", "description", "footer", "header",
          "on_behalf_of", "transfer_data")  # fmt: skip


def _create(call: RequestContext[QuoteCreateParams]) -> Quote:
    unit, params = call.unit, call.params
    if origin := params.get("from_quote"):
        source = unit.get(kinds.QUOTE, origin["quote"], "from_quote[quote]")
        copied = {
            k: source[k] for k in (*_PLAIN, "customer", "default_tax_rates", "invoice_settings", "subscription_data")
        }
        values: dict[str, object] = {
            **copied,
            "from_quote": {"is_revision": bool(origin.get("is_revision")), "quote": source["id"]},
            "_items": [dict(i) for i in source["_items"]],
            "_discounts": source["_discounts"],
        }
    else:
        values = {"invoice_settings": dict(INVOICE_SETTINGS), "_items": [], "_discounts": []}
    values.update(_values(call, cast("Quote", values)))
    customer = unit.find(kinds.CUSTOMER, cast("Quote", values).get("customer"))
    unit.use_clock_of(customer)
    values["expires_at"] = params.get("expires_at") or unit.now + MONTH
    values["test_clock"] = params.get("test_clock") or (customer or {}).get("test_clock")
    values.setdefault("subscription_data", quotes.subscription_data({}, unit))
    values["metadata"] = merge_metadata({}, params.get("metadata") or {})
    values.update(quotes.amount_fields(unit, cast("Quote", values)))
    return unit.create(kinds.QUOTE, values)


def _values(call: RequestContext[QuoteCreateParams | QuoteUpdateParams], current: Quote) -> dict[str, object]:
    unit, params = call.unit, call.params
    values: dict[str, object] = {name: provided(params.get(name)) for name in _PLAIN if name in params}
    if customer_id := params.get("customer"):
        values["customer"] = unit.get(kinds.CUSTOMER, customer_id, "customer")["id"]
    if "line_items" in params:
        values["_items"] = quotes.read_items(unit, params["line_items"], current.get("_items") or [])
    if "discounts" in params:
        values["_discounts"] = params["discounts"] or []
    if "default_tax_rates" in params:
        rates = params["default_tax_rates"] or []
        values["default_tax_rates"] = [unit.get(kinds.TAX_RATE, r, "default_tax_rates")["id"] for r in rates]
    if "invoice_settings" in params:
        values["invoice_settings"] = {
            **(current.get("invoice_settings") or INVOICE_SETTINGS),
            **params["invoice_settings"],
            "issuer": liability.owner_of(unit, params["invoice_settings"].get("issuer"), "invoice_settings[issuer]"),
        }
    if "subscription_data" in params:
        values["subscription_data"] = quotes.subscription_data(params["subscription_data"], unit)
    if "automatic_tax" in params:
        on = params["automatic_tax"]["enabled"]
        values["automatic_tax"] = {
            "enabled": on,
            "liability": liability.of_taxes(unit, params["automatic_tax"]),
            "provider": "stripe" if on else None,
            "status": "complete" if on else None,
        }
    return values


def _update(call: RequestContext[QuoteUpdateParams]) -> Quote:
    unit, params = call.unit, call.params
    quote = unit.get(kinds.QUOTE, call.ids["id"])
    unit.use_clock_of(quote)
    if quote["status"] != "draft" and set(params) - {"metadata", "expand"}:
        raise invalid("Only draft quotes can be changed.", None, "quote_not_editable")
    changes = _values(call, quote)
    if expires_at := params.get("expires_at"):
        changes["expires_at"] = expires_at
    if "metadata" in params:
        changes["metadata"] = merge_metadata(quote["metadata"], params["metadata"])
    changes.update(quotes.amount_fields(unit, cast("Quote", {**quote, **changes})))
    return unit.change(quote, changes, emits=())


def _finalize(call: ActionContext[QuoteFinalizeQuoteParams, Quote]) -> Mapping[str, object]:
    quote, unit = call.target, call.unit
    _need(quote, "finalize", "draft")
    if not quote["_items"]:
        raise invalid("A quote needs line items before it can be finalized.", "line_items")
    if not quote["customer"]:
        raise invalid("A quote needs a customer before it can be finalized.", "customer")
    customer = unit.get(kinds.CUSTOMER, quote["customer"])
    expires = call.params.get("expires_at") or quote["expires_at"]
    transitions = {**quote["status_transitions"], "finalized_at": unit.now}
    number = (
        f"QT-{(customer.get('invoice_prefix') or 'LOCAL')}-{len(unit.list(kinds.QUOTE, customer=customer['id'])):04d}-1"
    )
    unit.transition(quote, "finalize", {"expires_at": expires, "number": number, "status_transitions": transitions})
    unit.schedule("expire", quote, expires)
    return quote


def _need(quote: Quote, move: str, status: str) -> None:
    if not QUOTE_MACHINE.allows(move, quote["status"]):
        raise invalid(f"This quote is {quote['status']}; only a quote that is {status} can do that.")


def _accept(call: ActionContext[Params, Quote]) -> Quote:
    _need(call.target, "accept", "open")
    return quotes.accept(call.unit, call.target)


def _cancel(call: ActionContext[Params, Quote]) -> Quote:
    _need(call.target, "cancel", "draft or open")
    return _close(call.unit, call.target)


def _close(unit: UnitOfWork, quote: Quote) -> Quote:
    transitions = {**quote["status_transitions"], "canceled_at": unit.now}
    unit.unschedule("expire", quote)
    return unit.transition(quote, "cancel", {"status_transitions": transitions})


def _expire(unit: UnitOfWork, quote: Quote) -> None:
    if quote["status"] == "open":
        _close(unit, quote)


def _line_items(call: RequestContext[QuoteLineItemListParams]) -> Mapping[str, object]:
    quote = call.unit.get(kinds.QUOTE, call.ids["id"])
    return list_of(quotes.line_items(call.unit, quote), call.path, {"limit": 10, **call.params})


def _upfront_items(call: RequestContext[QuoteComputedUpfrontLineItemsListParams]) -> Mapping[str, object]:
    quote = call.unit.get(kinds.QUOTE, call.ids["id"])
    return list_of(quotes.line_items(call.unit, quote), call.path, {"limit": 10, **call.params})


INVOICE_SETTINGS = {
    "custom_fields": None,
    "days_until_due": None,
    "description": None,
    "footer": None,
    "issuer": {"type": "self"},
}


def _pdf(call: RequestContext[Params]) -> Download:
    """Answer a quote that was finalized as a plain PDF."""
    quote = call.unit.get(kinds.QUOTE, call.ids["id"])
    if quote["status"] == "draft":
        raise invalid("You can only download the PDF of a quote that was finalized.")
    code = quote["currency"] or "usd"
    rows = [f"Quote {quote['number']}", f"From {call.unit.environment.config.business['name']}", ""]
    rows += [
        f"{line['quantity']} x {line['description']}    {money.shown(integer(line['amount_total']) or 0, code)}"
        for line in quotes.line_items(call.unit, quote)
    ]
    rows += ["", f"Total: {money.shown(quote['amount_total'], code)}"]
    return Download(pdf(rows), "application/pdf", f"{quote['number']}.pdf")


QUOTE = Resource(
    schema=Schema(
        object="quote",
        prefix="qt_1",
        id_length=23,
        path="/v1/quotes",
        fields=(
            read_only("amount_subtotal", 0),
            read_only("amount_total", 0),
            read_only("application"),
            settable("application_fee_amount"),
            settable("application_fee_percent"),
            read_only("automatic_tax", quotes.NO_AUTOMATIC_TAX),
            settable("collection_method", "charge_automatically"),
            read_only("computed"),
            read_only("created"),
            read_only("currency"),
            read_only("customer"),
            read_only("customer_account"),
            read_only("default_tax_rates", []),
            settable("description"),
            read_only("discounts", []),
            read_only("expires_at"),
            settable("footer"),
            read_only("from_quote"),
            settable("header"),
            read_only("invoice"),
            read_only("invoice_settings"),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("number"),
            settable("on_behalf_of"),
            read_only("status", "draft"),
            read_only("status_transitions", {"accepted_at": None, "canceled_at": None, "finalized_at": None}),
            read_only("subscription"),
            read_only("subscription_data"),
            read_only("subscription_schedule"),
            read_only("test_clock"),
            read_only("total_details"),
            settable("transfer_data"),
        ),
        machine=QUOTE_MACHINE,
        on_create=("quote.created",),
        filters=("customer", "status", "test_clock"),
    ),
    endpoints=Endpoints(
        can=("retrieve", "list"),
        actions={"finalize": _finalize, "accept": _accept, "cancel": _cancel},
        operations=(
            Operation("POST", "/v1/quotes", _create),
            Operation("POST", "/v1/quotes/{id}", _update),
            Operation("GET", "/v1/quotes/{id}/line_items", _line_items),
            Operation("GET", "/v1/quotes/{id}/pdf", _pdf),
            Operation("GET", "/v1/quotes/{id}/computed_upfront_line_items", _upfront_items),
        ),
    ),
    includes={
        "line_items": lambda unit, quote: list_of(
            quotes.line_items(unit, quote), f"/v1/quotes/{quote['id']}/line_items", {"limit": 10}
        )
    },
    timers={"expire": _expire},
)


RESOURCES = (QUOTE,)
