"""Makes an event happen the way it happens at Stripe: by the calls that lead to it. `payloom emulator trigger <event>`.

Each event is a short list of calls (see `seeding.py`); nothing is made up, so everything around the event is there too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.core.errors import EmulatorError, UnknownTrigger
from payloom_emulator.http.seeding import replay_calls
from payloom_emulator.kit.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.http.seeding import Step
    from payloom_emulator.runtime.emulator import Emulator


def _post(path: str, name: str | None = None, /, **params: object) -> Step:
    step: Step = {"method": "POST", "path": path, "params": params}
    if name:
        step["as"] = name
    return step


def _with(step: Step, **params: object) -> Step:
    """Return the step with further parameters."""
    return {**step, "params": {**step.get("params", {}), **params}}


def _declined(step: Step) -> Step:
    """Return the step as one that a bank declines."""
    return {**step, "declines": True}


def _delete(path: str) -> Step:
    return {"method": "DELETE", "path": path}


_RETURN = "https://example.com/return"


_VERSION = "2026-10-28.endive"


_CUSTOMER = _post(
    "/v1/customers", "customer", email="jenny@example.com", name="Jenny Rosen", description="(made by a trigger)"
)


_PRODUCT = _post("/v1/products", "product", name="myproduct", description="(made by a trigger)")


_PRICE = _post("/v1/prices", "price", product="{product.id}", unit_amount=1500, currency="usd")


_MONTHLY = _post(
    "/v1/prices", "monthly", product="{product.id}", unit_amount=1500, currency="usd", recurring={"interval": "month"}
)


def _pay(method: str = "pm_card_visa", **more: object) -> Step:
    step = _post(
        "/v1/payment_intents",
        "pi",
        amount=2000,
        currency="usd",
        confirm=True,
        payment_method=method,
        return_url=_RETURN,
    )
    return _with(step, **more)


_DECLINED = _declined(_pay("pm_card_visa_chargeDeclined"))


_HELD = _pay(capture_method="manual")


_ATTACH = _post("/v1/payment_methods/pm_card_visa/attach", "pm", customer="{customer.id}")


_DEFAULT = _post("/v1/customers/{customer.id}", invoice_settings={"default_payment_method": "{pm.id}"})


_SUBSCRIBE = _post("/v1/subscriptions", "subscription", customer="{customer.id}", items=[{"price": "{monthly.id}"}])


_SUBSCRIBED = [_PRODUCT, _MONTHLY, _CUSTOMER, _ATTACH, _DEFAULT, _SUBSCRIBE]


_ITEM = _post(
    "/v1/invoiceitems", "item", customer="{customer.id}", amount=2000, currency="usd", description="(made by a trigger)"
)


_INVOICE = _post(
    "/v1/invoices", "invoice", customer="{customer.id}", auto_advance=False, pending_invoice_items_behavior="include"
)


_DRAFT = [_CUSTOMER, _ATTACH, _DEFAULT, _ITEM, _INVOICE]


_FINALIZE = _post("/v1/invoices/{invoice.id}/finalize", "final")


_SESSION = _post(
    "/v1/checkout/sessions",
    "session",
    mode="payment",
    success_url="https://httpbin.org/post",
    line_items=[{"price": "{price.id}", "quantity": 2}],
)


_CHECKOUT = [_PRODUCT, _PRICE, _SESSION]


_CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}


_CONFIRM = _post(
    "/v1/payment_pages/{session.id}/confirm",
    email="jenny@example.com",
    payment_method_data={"type": "card", "card": _CARD, "billing_details": {"name": "Jenny Rosen"}},
)


_SETTLE: Step = {"advance": "1m"}


_SEPA = {
    "type": "sepa_debit",
    "sepa_debit": {"iban": "DE89370400440532013000"},
    "billing_details": {"name": "J", "email": "j@example.com"},
}


_SEPA_FAILS = {**_SEPA, "sepa_debit": {"iban": "DE62370400440532013001"}}


def _debited(data: Mapping[str, object]) -> list[Step]:
    price = _post("/v1/prices", "price", product="{product.id}", unit_amount=1500, currency="eur")
    session: Step = {**_with(_SESSION, allowed_payment_method_types=["sepa_debit"]), "version": _VERSION}
    confirm = _post("/v1/payment_pages/{session.id}/confirm", email="j@example.com", payment_method_data=data)
    return [_PRODUCT, price, session, confirm, _SETTLE]


_FIRST_DISPUTE: Step = {"method": "GET", "path": "/v1/disputes?limit=1", "as": "disputes"}


_DISPUTED = [
    _pay("pm_card_createDispute"),
    _SETTLE,
    _FIRST_DISPUTE,
]


_SETUP = _post("/v1/setup_intents", "seti", confirm=True, payment_method="pm_card_visa", return_url=_RETURN)


_GRANTED = [
    _CUSTOMER,
    _post(
        "/v1/billing/credit_grants",
        "grant",
        customer="{customer.id}",
        amount={"type": "monetary", "monetary": {"currency": "usd", "value": 1000}},
        applicability_config={"scope": {"price_type": "metered"}},
    ),
]


_FUNDED = [
    _CUSTOMER,
    _post("/v1/test_helpers/customers/{customer.id}/fund_cash_balance", amount=1000, currency="usd"),
]


_LINKED = [
    _CUSTOMER,
    _post(
        "/v1/financial_connections/sessions",
        "session",
        account_holder={"type": "customer", "customer": "{customer.id}"},
        permissions=["balances", "payment_method"],
    ),
]


TRIGGERS: dict[str, list[Step]] = {
    "apps.install.created": [_post("/v1/apps/installs", app="com.example.app")],
    "balance_settings.updated": [
        _post("/v1/balance_settings", payments={"settlement_timing": {"delay_days_override": 7}})
    ],
    "billing.credit_balance_transaction.created": _GRANTED,
    "billing.credit_grant.created": _GRANTED,
    "billing.credit_grant.updated": [*_GRANTED, _post("/v1/billing/credit_grants/{grant.id}/void")],
    "cash_balance.funds_available": _FUNDED,
    "customer_cash_balance_transaction.created": _FUNDED,
    "financial_connections.account.created": _LINKED,
    "tax.settings.updated": [_post("/v1/tax/settings", defaults={"tax_behavior": "inclusive"})],
    "balance.available": [_pay(), {"advance": "8d"}],
    "charge.captured": [_HELD, _post("/v1/payment_intents/{pi.id}/capture")],
    "charge.dispute.closed": [*_DISPUTED, _post("/v1/disputes/{disputes.data.0.id}/close")],
    "charge.dispute.created": _DISPUTED,
    "charge.dispute.funds_withdrawn": _DISPUTED,
    "charge.dispute.updated": [
        *_DISPUTED,
        _post("/v1/disputes/{disputes.data.0.id}", evidence={"uncategorized_text": "x"}, submit=True),
    ],
    "charge.dispute.funds_reinstated": [
        *_DISPUTED,
        _post("/v1/disputes/{disputes.data.0.id}", evidence={"uncategorized_text": "winning_evidence"}),
        _SETTLE,
    ],
    "charge.expired": [_HELD, {"advance": "8d"}],
    "charge.failed": [_DECLINED],
    "charge.pending": _debited(_SEPA)[:-1],
    "charge.refund.updated": [_pay(), _post("/v1/refunds", payment_intent="{pi.id}"), _SETTLE],
    "charge.refunded": [_pay(), _post("/v1/refunds", payment_intent="{pi.id}")],
    "charge.succeeded": [_pay()],
    "charge.updated": [_pay(), _SETTLE],
    "checkout.session.async_payment_failed": _debited(_SEPA_FAILS),
    "checkout.session.async_payment_succeeded": _debited(_SEPA),
    "checkout.session.completed": [*_CHECKOUT, _CONFIRM],
    "checkout.session.expired": [*_CHECKOUT, _post("/v1/checkout/sessions/{session.id}/expire")],
    "coupon.created": [_post("/v1/coupons", "coupon", percent_off=20, duration="once")],
    "coupon.deleted": [
        _post("/v1/coupons", "coupon", percent_off=20, duration="once"),
        _delete("/v1/coupons/{coupon.id}"),
    ],
    "customer.created": [_CUSTOMER],
    "customer.deleted": [_CUSTOMER, _delete("/v1/customers/{customer.id}")],
    "customer.source.created": [_CUSTOMER, _post("/v1/customers/{customer.id}/sources", source="tok_visa")],
    "customer.subscription.created": _SUBSCRIBED,
    "customer.subscription.deleted": [
        *_SUBSCRIBED,
        _delete("/v1/subscriptions/{subscription.id}"),
    ],
    "customer.subscription.paused": [
        _PRODUCT,
        _MONTHLY,
        _CUSTOMER,
        _post(
            "/v1/subscriptions",
            "subscription",
            customer="{customer.id}",
            items=[{"price": "{monthly.id}"}],
            trial_period_days=4,
            trial_settings={"end_behavior": {"missing_payment_method": "pause"}},
            payment_settings={"save_default_payment_method": "on_subscription"},
        ),
        {"advance": "5d"},
    ],
    "customer.subscription.trial_will_end": [
        _PRODUCT,
        _MONTHLY,
        _CUSTOMER,
        _ATTACH,
        _DEFAULT,
        _with(_SUBSCRIBE, trial_period_days=2),
    ],
    "customer.subscription.updated": [
        *_SUBSCRIBED,
        _post("/v1/subscriptions/{subscription.id}", metadata={"foo": "bar"}),
    ],
    "customer.updated": [_CUSTOMER, _post("/v1/customers/{customer.id}", metadata={"foo": "bar"})],
    "invoice.created": _DRAFT,
    "invoice.finalized": [*_DRAFT, _FINALIZE],
    "invoice.paid": [*_DRAFT, _FINALIZE, _post("/v1/invoices/{invoice.id}/pay")],
    "invoice.payment_succeeded": [*_DRAFT, _FINALIZE, _post("/v1/invoices/{invoice.id}/pay")],
    "invoice.payment_failed": [
        _CUSTOMER,
        _post("/v1/payment_methods/pm_card_chargeCustomerFail/attach", "pm", customer="{customer.id}"),
        _DEFAULT,
        _ITEM,
        _INVOICE,
        _FINALIZE,
        _declined(_post("/v1/invoices/{invoice.id}/pay")),
    ],
    "invoice.updated": [*_DRAFT, _post("/v1/invoices/{invoice.id}", metadata={"foo": "bar"})],
    "invoice.voided": [*_DRAFT, _FINALIZE, _post("/v1/invoices/{invoice.id}/void")],
    "payment_intent.amount_capturable_updated": [_HELD],
    "payment_intent.canceled": [
        _post("/v1/payment_intents", "pi", amount=2000, currency="usd"),
        _post("/v1/payment_intents/{pi.id}/cancel"),
    ],
    "payment_intent.created": [_post("/v1/payment_intents", "pi", amount=2000, currency="usd")],
    "payment_intent.payment_failed": [_DECLINED],
    "payment_intent.processing": _debited(_SEPA)[:-1],
    "payment_intent.requires_action": [_pay("pm_card_threeDSecure2Required")],
    "payment_intent.succeeded": [_pay()],
    "payment_link.created": [
        _PRODUCT,
        _PRICE,
        _post("/v1/payment_links", line_items=[{"price": "{price.id}", "quantity": 1}]),
    ],
    "payment_method.attached": [_CUSTOMER, _ATTACH],
    "payment_method.detached": [_CUSTOMER, _ATTACH, _post("/v1/payment_methods/{pm.id}/detach")],
    "price.created": [_PRODUCT, _PRICE],
    "price.updated": [_PRODUCT, _PRICE, _post("/v1/prices/{price.id}", metadata={"foo": "bar"})],
    "product.created": [_PRODUCT],
    "product.deleted": [_PRODUCT, _delete("/v1/products/{product.id}")],
    "product.updated": [_PRODUCT, _post("/v1/products/{product.id}", metadata={"foo": "bar"})],
    "promotion_code.created": [
        _post("/v1/coupons", "coupon", percent_off=20, duration="once"),
        {**_post("/v1/promotion_codes", promotion={"type": "coupon", "coupon": "{coupon.id}"}), "version": _VERSION},
    ],
    "radar.early_fraud_warning.created": [_pay("pm_card_createIssuerFraudRecord"), _SETTLE],
    "radar.early_fraud_warning.updated": [
        _pay("pm_card_createIssuerFraudRecord"),
        _SETTLE,
        _post("/v1/refunds", payment_intent="{pi.id}"),
    ],
    "refund.created": [_pay(), _post("/v1/refunds", payment_intent="{pi.id}")],
    "refund.failed": [_pay("pm_card_refundFail"), _post("/v1/refunds", payment_intent="{pi.id}"), _SETTLE],
    "refund.updated": [_pay(), _post("/v1/refunds", payment_intent="{pi.id}"), _SETTLE],
    "setup_intent.canceled": [_post("/v1/setup_intents", "seti"), _post("/v1/setup_intents/{seti.id}/cancel")],
    "setup_intent.created": [_post("/v1/setup_intents", "seti")],
    "setup_intent.requires_action": [_with(_SETUP, payment_method="pm_card_authenticationRequired")],
    "setup_intent.setup_failed": [_declined(_with(_SETUP, payment_method="pm_card_chargeDeclined"))],
    "setup_intent.succeeded": [_SETUP],
}


class MadeEvent(TypedDict):
    """An event that followed."""

    id: str
    type: str


class Triggered(TypedDict):
    """What happened. objects: the ids of what the calls made, by name."""

    event: str
    made: list[MadeEvent]
    objects: dict[str, object]


def trigger(emulator: Emulator, event: str) -> Triggered:
    """Make `event` happen; return `{event, made: [ids of the events that followed], objects}`. Raises EmulatorError."""
    steps = TRIGGERS.get(event)
    if steps is None:
        near = closest(event, TRIGGERS)
        raise UnknownTrigger(
            f"The local Stripe cannot trigger {event!r}.",
            hint=f"Did you mean {near}?" if near else "`payloom emulator trigger --list` lists what it can trigger.",
        )
    before = _newest(emulator)
    known = replay_calls(emulator, steps)
    rows = emulator.store.query(
        "SELECT id, json_extract(body, '$.type') FROM objects WHERE object = 'event' AND seq > ? ORDER BY seq",
        (before,),
    )
    followed: list[MadeEvent] = [{"id": i, "type": t} for i, t in rows]
    if not any(m["type"] == event for m in followed):
        raise EmulatorError(f"{event} did not follow; what did: {', '.join(m['type'] for m in followed)}")
    return {"event": event, "made": followed, "objects": {name: body.get("id") for name, body in known.items()}}


def _newest(emulator: Emulator) -> int:
    return emulator.store.query("SELECT coalesce(max(seq), 0) FROM objects")[0][0]
