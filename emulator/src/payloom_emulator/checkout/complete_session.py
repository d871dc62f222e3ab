"""A customer pays: the customer object, the intent, the subscription, and the end of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing import checkout_billing
from payloom_emulator.checkout import create_session
from payloom_emulator.checkout.confirm_params import collected
from payloom_emulator.core.differences import with_changes
from payloom_emulator.core.schemas.schema import ADDRESS, SHIPPING, overlay
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments import attempts, payment_intents, setup_intents
from payloom_emulator.payments.methods import payment_methods
from payloom_emulator.protocol.errors import CardError, StripeError, invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import integer, is_object

if TYPE_CHECKING:
    from payloom_emulator.checkout.confirm_params import ConfirmConsent, ConfirmParams
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.checkout import CheckoutSession, CheckoutSessionCustomField
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.intents import PaymentIntent
    from payloom_emulator.objects.payment_methods import PaymentMethod
    from payloom_emulator.objects.subscriptions import Subscription

COMPLETED = "checkout.session.completed"


def confirm(unit: UnitOfWork, session: CheckoutSession, params: ConfirmParams) -> CheckoutSession:
    """Confirm an open session as Stripe's page does; returns the session, still open when a challenge is needed.

    Raises CardError on a decline; the session stays open.
    """
    if session["status"] != "open":
        raise StripeError(
            f"This Checkout Session is no longer active. Its status is {session['status']}.",
            code="checkout_session_not_open",
        )
    _check_expected(session, params)
    _collect(unit, session, params)
    method = _method(unit, session, params)
    if session["mode"] == "setup":
        return _set_up(unit, session, method)
    if session["mode"] == "subscription":
        return _subscribe(unit, session, method)
    return _pay(unit, session, method)


def _check_expected(session: CheckoutSession, params: ConfirmParams) -> None:
    expected = params.get("expected_amount")
    if expected is None or expected == "" or session["mode"] == "setup":
        return
    if integer(expected) != session["amount_total"]:
        raise invalid(
            f"The amount changed: the session is about {session['amount_total']}, not {expected}. Load the page again.",
            "expected_amount",
            "checkout_amount_mismatch",
        )


def _collect(unit: UnitOfWork, session: CheckoutSession, params: ConfirmParams) -> None:
    before = session["customer_details"] or create_session.details()
    data = params.get("payment_method_data")
    method = unit.find(kinds.PAYMENT_METHOD, params.get("payment_method"))
    billing = (data.get("billing_details") if data else None) or (method["billing_details"] if method else None)
    email = before["email"] or params.get("email") or (billing or {}).get("email")
    if not email and not session["customer"]:
        raise parameter_missing("email")
    customer = unit.find(kinds.CUSTOMER, session["customer"]) or {}
    entered = params.get("address") or (billing or {}).get("address")
    address = overlay(ADDRESS, entered) if is_object(entered) and any(entered.values()) else before["address"]
    changes: dict[str, object] = {
        "customer_details": {
            **before,
            "email": email,
            "name": params.get("name") or (billing or {}).get("name") or before["name"] or customer.get("name"),
            "phone": params.get("phone") or before["phone"],
            "address": address,
        }
    }
    if session["shipping_address_collection"]:
        changes["collected_information"] = collected(params.get("shipping"))
    if session["custom_fields"]:
        changes["custom_fields"] = _custom(session, params.get("custom_fields") or {})
    changes.update(_consent(session, params.get("consent") or {}))
    create_session.tax_anew(unit, unit.change(session, changes, emits=()))


def _consent(session: CheckoutSession, consent: ConfirmConsent) -> dict[str, object]:
    collection = session["consent_collection"]
    if not collection:
        return {}
    if collection.get("terms_of_service") == "required" and consent.get("terms_of_service") != "accepted":
        raise invalid("The terms of service must be accepted.", "consent[terms_of_service]")
    return {"consent": {"promotions": consent.get("promotions"), "terms_of_service": consent.get("terms_of_service")}}


def _custom(session: CheckoutSession, values: dict[str, str]) -> list[CheckoutSessionCustomField]:
    filled: list[CheckoutSessionCustomField] = []
    for field in session["custom_fields"]:
        value = values.get(field["key"])
        if not value and not field["optional"]:
            raise parameter_missing(f"custom_fields[{field['key']}]")
        changed = field.copy()
        if field["type"] == "text":
            changed["text"] = with_changes(present(field["text"]), {"value": value or None})
        elif field["type"] == "numeric":
            changed["numeric"] = with_changes(present(field["numeric"]), {"value": value or None})
        else:
            changed["dropdown"] = with_changes(present(field["dropdown"]), {"value": value or None})
        filled.append(changed)
    return filled


def _needs_method(session: CheckoutSession) -> bool:
    if session["mode"] == "payment":
        return bool(session["amount_total"])
    if session["mode"] == "subscription":
        return bool(session["amount_total"]) or session["payment_method_collection"] != "if_required"
    return True


def _method(unit: UnitOfWork, session: CheckoutSession, params: ConfirmParams) -> PaymentMethod | None:
    method: PaymentMethod | None = None
    method_id, data = params.get("payment_method"), params.get("payment_method_data")
    if method_id:
        method = unit.get(kinds.PAYMENT_METHOD, method_id, "payment_method")
    elif data:
        method = payment_methods.make(unit, data)
    if method is None:
        if _needs_method(session):
            raise parameter_missing("payment_method")
        return None
    payment_methods.refuse_spent(method)
    offered = session["payment_method_types"]
    if method["type"] not in offered:
        raise invalid(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this Checkout Session. It takes: {', '.join(offered)}.",
            "payment_method",
        )
    if not any(method["billing_details"].values()) or not method["billing_details"]["email"]:
        details = session["customer_details"]
        billing = {
            **method["billing_details"],
            "email": present(details)["email"],
            "name": method["billing_details"]["name"] or present(details)["name"],
        }
        unit.change(method, {"billing_details": billing}, emits=())
    return method


def _saved(unit: UnitOfWork, session: CheckoutSession, customer: Customer) -> Customer:
    """Save on an existing customer what `customer_update` says is to be saved of what the page collected."""
    selected = {name for name, how in (session.get("_customer_update") or {}).items() if how == "auto"}
    details = session["customer_details"]
    collected = session["collected_information"]
    shipping = collected["shipping_details"] if collected else None
    changes: dict[str, object] = {
        name: value for name, value in (details or {}).items() if name in selected & {"name", "address"} and value
    }
    if "shipping" in selected and shipping:
        changes["shipping"] = overlay(SHIPPING, shipping)
    return unit.change(customer, changes) if changes else customer


def _customer(unit: UnitOfWork, session: CheckoutSession, *, required: bool) -> Customer | None:
    """Return the session's customer, making one where the session's rules say so."""
    if session["customer"]:
        return _saved(unit, session, unit.get(kinds.CUSTOMER, session["customer"]))
    if not required and session["customer_creation"] != "always":
        return None
    details = session["customer_details"]
    collected = session["collected_information"]
    shipping = collected["shipping_details"] if collected else None
    customer = unit.create(
        kinds.CUSTOMER,
        {
            "address": present(details)["address"],
            "email": present(details)["email"],
            "invoice_prefix": unit.environment.ids.new("", 8).upper(),
            "name": present(details)["name"],
            "phone": present(details)["phone"],
            "shipping": overlay(SHIPPING, shipping) if shipping else None,
        },
    )
    unit.change(session, {"customer": customer["id"]}, emits=())
    return customer


# --- payment --------------------------------------------------------------------------------------


def _pay(unit: UnitOfWork, session: CheckoutSession, method: PaymentMethod | None) -> CheckoutSession:
    data = session["_payment_intent_data"]
    card = present(session["payment_method_options"]).get("card")
    saving = data.get("setup_future_usage") or (card.get("setup_future_usage") if card else None)
    customer = _customer(unit, session, required=bool(saving) or present(session["invoice_creation"])["enabled"])
    if method is None or not session["amount_total"]:
        return complete(unit, session, "no_payment_required")
    create_session.require_chargeable(session["amount_total"], present(session["currency"]))
    intent = unit.find(kinds.PAYMENT_INTENT, session["payment_intent"])
    if intent is None:
        intent = _create_intent(unit, session, customer, method)
        unit.change(session, {"payment_intent": intent["id"]}, emits=())
    else:
        customer_id = customer["id"] if customer else intent["customer"]
        unit.change(intent, {"amount": session["amount_total"], "customer": customer_id}, emits=())
    attempts.pay(unit, intent, method, return_url=_return_url(unit, session), use_sdk=True)
    return _after_intent(unit, session, intent)


def prepare(unit: UnitOfWork, session: CheckoutSession) -> None:
    """Make the intent at once, as it was until 2022-08-01; since then it is made when the customer pays."""
    customer = unit.find(kinds.CUSTOMER, session["customer"])
    if session["mode"] == "payment" and session["amount_total"]:
        intent = _create_intent(unit, session, customer, None)
        unit.change(session, {"payment_intent": intent["id"]}, emits=())
    elif session["mode"] == "setup":
        intent = setup_intents.create(
            unit,
            customer=session["customer"],
            payment_method_types=session["payment_method_types"],
            _session=session["id"],
        )
        unit.change(session, {"setup_intent": intent["id"]}, emits=())


_PLAIN = frozenset(
    [
        "application_fee_amount",
        "capture_method",
        "description",
        "metadata",
        "on_behalf_of",
        "receipt_email",
        "setup_future_usage",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
    ]
)


def _create_intent(
    unit: UnitOfWork, session: CheckoutSession, customer: Customer | None, method: PaymentMethod | None
) -> PaymentIntent:
    data = session["_payment_intent_data"]
    collected = session["collected_information"]
    shipping = data.get("shipping") or (collected["shipping_details"] if collected else None)
    fields: dict[str, object] = {name: value for name, value in data.items() if name in _PLAIN and value != ""}
    return payment_intents.create(
        unit,
        amount=present(session["amount_total"]),
        currency=present(session["currency"]),
        customer=customer["id"] if customer else None,
        payment_method=method["id"] if method else None,
        invoice=None,
        payment_method_types=session["payment_method_types"],
        payment_method_options=session["payment_method_options"],
        shipping=overlay(SHIPPING, shipping) if shipping else None,
        _session=session["id"],
        **fields,
    )


def _return_url(unit: UnitOfWork, session: CheckoutSession) -> str:
    return f"{unit.environment.base_url}/_emulator/checkout/{session['id']}/finish"


def _after_intent(unit: UnitOfWork, session: CheckoutSession, intent: PaymentIntent) -> CheckoutSession:
    status = intent["status"]
    if status == "succeeded":
        return complete(unit, session, "paid")
    if status in {"processing", "requires_capture"}:
        return complete(unit, session, "unpaid")
    action = intent["next_action"]
    if status == "requires_action" and action and action["type"].endswith(("_display_details", "microdeposits")):
        return complete(unit, session, "unpaid")
    return session


# --- subscription ---------------------------------------------------------------------------------


def _subscribe(unit: UnitOfWork, session: CheckoutSession, method: PaymentMethod | None) -> CheckoutSession:
    customer = _customer(unit, session, required=True)
    assert customer is not None
    subscription = unit.find(kinds.SUBSCRIPTION, session.get("_subscription"))
    if subscription is None or subscription["status"] in {"incomplete_expired", "canceled"}:
        if method is not None:
            payment_methods.attach(unit, method, customer["id"])
        subscription = checkout_billing.start_subscription(unit, session, customer=customer, payment_method=method)
        unit.change(session, {"_subscription": subscription["id"]}, emits=())
    elif method is not None and subscription["status"] == "incomplete":
        payment_methods.attach(unit, method, customer["id"])
        unit.change(subscription, {"default_payment_method": method["id"]}, emits=())
        intent = _intent_of(unit, session)
        if intent is not None:
            attempts.pay(unit, intent, method, return_url=_return_url(unit, session), use_sdk=True)
    return _after_subscription(unit, session, subscription)


def _intent_of(unit: UnitOfWork, session: CheckoutSession) -> PaymentIntent | None:
    intents = unit.list(kinds.PAYMENT_INTENT, _session=session["id"], limit=1)
    return intents[0] if intents else None


def _after_subscription(unit: UnitOfWork, session: CheckoutSession, subscription: Subscription) -> CheckoutSession:
    if subscription["status"] == "incomplete":
        intent = _intent_of(unit, session)
        error = intent["last_payment_error"] if intent else None
        if intent is not None and intent["status"] == "requires_payment_method" and error:
            raise CardError(
                str(error["message"]),
                code=error.get("code") or "card_declined",
                decline_code=error.get("decline_code"),
                charge=error.get("charge"),
                payment_intent=intent,
                payment_method=error.get("payment_method"),
            )
        return session
    changes: dict[str, object] = {"subscription": subscription["id"], "invoice": subscription.get("latest_invoice")}
    unit.change(session, changes, emits=())
    trial = subscription["status"] == "trialing" or not session["amount_total"]
    intent = _intent_of(unit, session)
    waits = intent is not None and intent["status"] == "processing"
    return complete(
        unit, session, "unpaid" if waits else "no_payment_required" if trial and not session["amount_total"] else "paid"
    )


# --- setup ----------------------------------------------------------------------------------------


def _set_up(unit: UnitOfWork, session: CheckoutSession, method: PaymentMethod | None) -> CheckoutSession:
    assert method is not None
    customer = _customer(unit, session, required=False)
    intent = unit.find(kinds.SETUP_INTENT, session["setup_intent"])
    if intent is None:
        data = session["_setup_intent_data"]
        more: dict[str, object] = {
            name: value for name, value in data.items() if name in {"description", "metadata", "on_behalf_of"} and value
        }
        intent = setup_intents.create(
            unit,
            customer=customer["id"] if customer else None,
            payment_method_types=session["payment_method_types"],
            _session=session["id"],
            **more,
        )
        unit.change(session, {"setup_intent": intent["id"]}, emits=())
    setup_intents.set_up(unit, intent, method, return_url=_return_url(unit, session), use_sdk=True)
    return complete(unit, session, "no_payment_required") if intent["status"] == "succeeded" else session


# --- the end --------------------------------------------------------------------------------------


def complete(unit: UnitOfWork, session: CheckoutSession, payment_status: str) -> CheckoutSession:
    """Close the session: it is complete, and everyone hears of it."""
    unit.unschedule("expire", session)
    if session["mode"] == "payment" and present(session["invoice_creation"])["enabled"]:
        unit.change(session, {"invoice": checkout_billing.invoice_for(unit, session)["id"]}, emits=())
    changes: dict[str, object] = {"payment_status": payment_status, "url": None}
    if session["automatic_tax"]["enabled"]:
        changes["automatic_tax"] = {**session["automatic_tax"], "status": "complete"}
    unit.transition(session, "complete", changes)
    return session


def intent_changed(unit: UnitOfWork, intent: PaymentIntent) -> None:
    """An intent of a session changed after the confirm returned: a challenge ended, or a debit settled."""
    session = unit.find(kinds.CHECKOUT_SESSION, intent.get("_session"))
    if session is None:
        return
    if session["status"] == "open":
        if intent["object"] == "setup_intent":
            if intent["status"] == "succeeded":
                complete(unit, session, "no_payment_required")
        elif session["mode"] == "subscription":
            subscription = unit.find(kinds.SUBSCRIPTION, session.get("_subscription"))
            if subscription is not None and subscription["status"] != "incomplete":
                _after_subscription(unit, session, subscription)
        else:
            _after_intent(unit, session, intent)
    elif session["status"] == "complete" and session["payment_status"] == "unpaid":
        if intent["status"] == "succeeded":
            unit.change(session, {"payment_status": "paid"}, emits=("checkout.session.async_payment_succeeded",))
        elif intent["status"] == "requires_payment_method":
            unit.emit("checkout.session.async_payment_failed", session)
