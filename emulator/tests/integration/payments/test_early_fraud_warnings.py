"""A card's issuer reports a payment as fraud, and the shop has something to do until it is refunded or disputed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stripe
from emulator.tests.support.payments import ONE_CALL, types_of
from emulator.tests.support.request_params import request_params
from emulator.tests.support.stripe_fields import error_of, id_of
from tests.support.present import present

if TYPE_CHECKING:
    from payloom_emulator.embedded import RunningEmulator

CREATED, UPDATED = "radar.early_fraud_warning.created", "radar.early_fraud_warning.updated"


@pytest.fixture
def intent(client: stripe.StripeClient) -> stripe.PaymentIntent:
    """Return a payment that its issuer will report."""
    params = {**ONE_CALL, "amount": 2000, "payment_method": "pm_card_createIssuerFraudRecord"}
    return client.v1.payment_intents.create(request_params(params))


def warning_of(client: stripe.StripeClient, intent: stripe.PaymentIntent) -> stripe.radar.EarlyFraudWarning:
    (warning,) = client.v1.radar.early_fraud_warnings.list({"payment_intent": intent.id}).data
    return warning


def test_an_issuer_reports_a_payment_that_succeeded(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, intent: stripe.PaymentIntent
) -> None:
    assert intent.status == "succeeded"
    stripe_emulator.settle()
    warning = warning_of(client, intent)
    assert (warning.actionable, warning.charge, warning.payment_intent) == (True, intent.latest_charge, intent.id)
    event = client.v1.events.list({"type": CREATED}).data[0]
    assert event.data.object["id"] == warning.id


def test_a_refund_in_full_leaves_nothing_to_do(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, intent: stripe.PaymentIntent
) -> None:
    stripe_emulator.settle()
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 500})
    assert warning_of(client, intent).actionable is True
    assert UPDATED not in types_of(client)
    client.v1.refunds.create({"payment_intent": intent.id})
    assert warning_of(client, intent).actionable is False
    event = client.v1.events.list({"type": UPDATED}).data[0]
    assert present(event.data.previous_attributes)["actionable"] is True


def test_a_payment_that_was_refunded_before_the_report_needs_nothing(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, intent: stripe.PaymentIntent
) -> None:
    client.v1.refunds.create({"payment_intent": intent.id})
    stripe_emulator.settle()
    assert warning_of(client, intent).actionable is False


def test_a_warning_is_found_by_its_charge_and_read_with_it(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator, intent: stripe.PaymentIntent
) -> None:
    client.v1.payment_intents.create(request_params({**ONE_CALL, "amount": 100, "payment_method": "pm_card_visa"}))
    stripe_emulator.settle()
    charge_id = id_of(intent.latest_charge)
    (warning,) = client.v1.radar.early_fraud_warnings.list({"charge": charge_id}).data
    read = client.v1.radar.early_fraud_warnings.retrieve(warning.id, {"expand": ["charge", "payment_intent"]})
    assert isinstance(read.charge, stripe.Charge)
    assert isinstance(read.payment_intent, stripe.PaymentIntent)
    assert (read.charge.id, read.payment_intent.id) == (charge_id, intent.id)
    assert client.v1.radar.early_fraud_warnings.list({"charge": "ch_other"}).data == []


def test_a_warning_that_is_none_is_missing(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.radar.early_fraud_warnings.retrieve("issfr_none")
    assert (caught.value.http_status, error_of(caught.value)["code"]) == (404, "resource_missing")
