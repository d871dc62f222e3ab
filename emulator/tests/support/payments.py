"""Parameters and steps of payments that several tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.tests.support.request_params import request_params

if TYPE_CHECKING:
    import stripe

    from payloom_emulator.embedded import RunningEmulator

URLS = {"success_url": "https://shop.example/thanks?s={CHECKOUT_SESSION_ID}", "cancel_url": "https://shop.example/cart"}

ONE_CALL = {
    "amount": 2000,
    "currency": "usd",
    "confirm": True,
    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
}


def bank_debit(client: stripe.StripeClient) -> stripe.PaymentIntent:
    """Confirm a SEPA debit of 9.00 EUR, which takes days to settle, and return its intent."""
    details = {
        "type": "sepa_debit",
        "sepa_debit": {"iban": "DE89370400440532013000"},
        "billing_details": {"name": "J", "email": "j@example.com"},
    }
    params = {
        "amount": 900,
        "currency": "eur",
        "confirm": True,
        "payment_method": client.v1.payment_methods.create(request_params(details)).id,
        "allowed_payment_method_types": ["sepa_debit"],
        "mandate_data": {"customer_acceptance": {"type": "offline"}},
        "return_url": "https://a.example",
    }
    return client.v1.payment_intents.create(request_params(params))


def types_of(client: stripe.StripeClient) -> list[str]:
    """Return the types of the latest hundred events, oldest first."""
    return [e.type for e in reversed(client.v1.events.list({"limit": 100}).data)]


def pay(
    running: RunningEmulator, session: stripe.checkout.Session, key: str = "pk_test_browser_1", **params: Any
) -> tuple[int, dict[str, Any]]:
    """Pay a Checkout session as its page does. Returns the HTTP status and the body."""
    return running.emulator.call(
        "POST", f"/v1/payment_pages/{session.id}/confirm", {"email": "jenny@example.com", **params}, key=key
    )


def card(number: str) -> dict[str, Any]:
    """Return the payment method data of a card."""
    return {
        "type": "card",
        "card": {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"},
        "billing_details": {"name": "Jenny"},
    }
