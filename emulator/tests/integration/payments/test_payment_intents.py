from __future__ import annotations

import pytest
import stripe
from emulator.tests.support.checked_client import client_of
from emulator.tests.support.payments import ONE_CALL, bank_debit, types_of
from emulator.tests.support.request_params import request_params
from emulator.tests.support.stripe_fields import error_of, expanded, id_of
from tests.support.present import present

from payloom_emulator.embedded import RunningEmulator


def test_a_card_payment_succeeds_in_one_call_and_its_events_come_in_order(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    intent = client.v1.payment_intents.create(
        request_params({**ONE_CALL, "payment_method": "pm_card_visa", "metadata": {"order": "7"}})
    )
    assert intent.status == "succeeded"
    assert intent.amount_received == 2000
    stripe_emulator.settle()
    assert types_of(client) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
    ]
    charge = client.v1.charges.retrieve(id_of(intent.latest_charge), {"expand": ["balance_transaction"]})
    assert charge.metadata["order"] == "7"
    assert expanded(charge.balance_transaction).net == 2000 - 88


def test_create_then_confirm_goes_through_the_states(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 1099, "currency": "eur"})
    assert intent.status == "requires_payment_method"
    assert present(intent.client_secret).startswith(f"{intent.id}_secret_")
    intent = client.v1.payment_intents.update(intent.id, {"payment_method": "pm_card_visa"})
    assert intent.status == "requires_confirmation"
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        client.v1.payment_intents.confirm(intent.id)
    intent = client.v1.payment_intents.confirm(intent.id, {"return_url": "https://shop.example/done"})
    assert intent.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(intent.id, {"return_url": "https://shop.example/done"})
    assert caught.value.code == "payment_intent_unexpected_state"
    assert error_of(caught.value)["payment_intent"]["id"] == intent.id


@pytest.mark.parametrize(
    ("method", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ],
)
def test_a_declined_card_answers_402_and_the_attempt_is_kept(
    client: stripe.StripeClient, method: str, code: str, decline_code: str | None
) -> None:
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create(request_params({**ONE_CALL, "payment_method": method}))
    error = caught.value
    assert (error.http_status, error.code) == (402, code)
    body = error_of(error)
    assert body.get("decline_code") == decline_code
    intent = client.v1.payment_intents.retrieve(body["payment_intent"]["id"])
    assert intent.status == "requires_payment_method"
    assert present(intent.last_payment_error).code == code
    assert intent.payment_method is None
    assert client.v1.charges.retrieve(body["charge"]).status == "failed"
    assert types_of(client) == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]


def test_a_raw_card_number_declines_as_its_table_row_says_and_another_can_be_tried(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(
        request_params(
            {
                "amount": 500,
                "currency": "usd",
                "payment_method_data": {
                    "type": "card",
                    "card": {"number": "4000000000000002", "exp_month": 12, "exp_year": 2034, "cvc": "123"},
                },
            }
        )
    )
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.confirm(intent.id, {"return_url": "https://a.example"})
    intent = client.v1.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa", "return_url": "https://a.example"}
    )
    assert intent.status == "succeeded"
    assert intent.last_payment_error is None


def test_three_d_secure_redirects_then_succeeds(client: stripe.StripeClient, stripe_emulator: RunningEmulator) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_threeDSecure2Required",
            "return_url": "https://shop.example/back?x=1",
        }
    )
    assert intent.status == "requires_action"
    assert present(intent.next_action).type == "redirect_to_url"
    assert f"/_emulator/3ds/{intent.id}" in present(present(present(intent.next_action).redirect_to_url).url)
    done = stripe_emulator.control(f"3ds/{intent.id}/complete", client_secret=intent.client_secret)
    assert done["status"] == "succeeded"
    assert done["return_url"] == (
        f"https://shop.example/back?x=1&payment_intent={intent.id}&payment_intent_client_secret={intent.client_secret}&redirect_status=succeeded"
    )
    charge = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]}).latest_charge
    assert (
        present(present(present(expanded(charge).payment_method_details).card).three_d_secure).result == "authenticated"
    )
    assert types_of(client)[:4] == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


def test_a_failed_challenge_takes_the_intent_back(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_authenticationRequired",
            "return_url": "https://shop.example",
        }
    )
    stripe_emulator.control(f"3ds/{intent.id}/fail", client_secret=intent.client_secret)
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == "requires_payment_method"
    assert present(intent.last_payment_error).code == "payment_intent_authentication_failure"


def test_without_a_return_url_stripe_js_is_asked_to_handle_the_challenge(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(
        request_params({**ONE_CALL, "payment_method": "pm_card_threeDSecure2Required"})
    )
    assert present(intent.next_action).type == "use_stripe_sdk"


def test_off_session_a_card_that_wants_authentication_is_declined(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "a@example.com"})
    method = client.v1.payment_methods.attach("pm_card_authenticationRequired", {"customer": customer.id})
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create(
            request_params({**ONE_CALL, "customer": customer.id, "payment_method": method.id, "off_session": True})
        )
    assert caught.value.code == "authentication_required"
    assert error_of(caught.value)["payment_method"]["id"] == method.id


def test_manual_capture_in_part_releases_the_rest(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    intent = client.v1.payment_intents.create(
        request_params({**ONE_CALL, "payment_method": "pm_card_visa", "capture_method": "manual"})
    )
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 2000)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 2001})
    assert caught.value.code == "amount_too_large"
    intent = client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1500})
    assert (intent.status, intent.amount_received, intent.amount_capturable) == ("succeeded", 1500, 0)
    assert "payment_intent.amount_capturable_updated" in types_of(client)
    assert "charge.captured" in types_of(client)


def test_an_authorisation_lapses_after_seven_days(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    intent = client.v1.payment_intents.create(
        request_params({**ONE_CALL, "payment_method": "pm_card_visa", "capture_method": "manual"})
    )
    stripe_emulator.advance("8d")
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "automatic")
    assert "charge.expired" in types_of(client)


def test_cancel_and_what_cannot_be_cancelled(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    assert client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"}).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.cancel(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "usd", "amount_too_small"),
        (29, "gbp", "amount_too_small"),
        (100000000, "usd", "amount_too_large"),
        (0, "usd", "parameter_invalid_integer"),
    ],
)
def test_amounts_stripe_would_not_charge_are_refused(
    client: stripe.StripeClient, amount: int, currency: str, code: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create({"amount": amount, "currency": currency})
    assert (caught.value.code, caught.value.param) == (code, "amount")


def test_a_sepa_debit_is_processing_and_settles_with_time(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    intent = bank_debit(client)
    assert intent.status == "processing"
    assert client.v1.payment_intents.retrieve(intent.id).status == "processing"
    stripe_emulator.settle()
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert "payment_intent.processing" in types_of(client)


def test_a_failing_sepa_debit_fails_later(client: stripe.StripeClient, stripe_emulator: RunningEmulator) -> None:
    method = client.v1.payment_methods.create(
        {
            "type": "sepa_debit",
            "sepa_debit": {"iban": "DE62370400440532013001"},
            "billing_details": {"name": "J", "email": "j@example.com"},
        }
    )
    intent = client.v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "eur",
            "confirm": True,
            "payment_method": method.id,
            "return_url": "https://a.example",
        }
    )
    stripe_emulator.settle()
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == "requires_payment_method"
    assert types_of(client)[-2:] == ["charge.failed", "payment_intent.payment_failed"]


def test_us_bank_account_wants_microdeposits_first(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    data = {
        "type": "us_bank_account",
        "us_bank_account": {
            "account_number": "000123456789",
            "routing_number": "110000000",
            "account_holder_type": "individual",
        },
        "billing_details": {"name": "J"},
    }
    intent = client.v1.payment_intents.create(
        request_params(
            {
                "amount": 900,
                "currency": "usd",
                "confirm": True,
                "payment_method_data": data,
                "return_url": "https://a.example",
            }
        )
    )
    assert present(intent.next_action).type == "verify_with_microdeposits"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.verify_microdeposits(intent.id, {"amounts": [1, 2]})
    assert client.v1.payment_intents.verify_microdeposits(intent.id, {"amounts": [32, 45]}).status == "processing"
    stripe_emulator.settle()
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_setup_future_usage_attaches_the_card_after_success(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "a@example.com"})
    intent = client.v1.payment_intents.create(
        request_params(
            {**ONE_CALL, "customer": customer.id, "payment_method": "pm_card_visa", "setup_future_usage": "off_session"}
        )
    )
    assert client.v1.payment_methods.retrieve(id_of(intent.payment_method)).customer == customer.id
    again = client.v1.payment_intents.create(
        request_params(
            {**ONE_CALL, "customer": customer.id, "payment_method": intent.payment_method, "off_session": True}
        )
    )
    assert again.status == "succeeded"


def test_a_method_used_once_without_a_customer_cannot_be_used_again(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(request_params({**ONE_CALL, "payment_method": "pm_card_visa"}))
    with pytest.raises(stripe.InvalidRequestError, match="previously used"):
        client.v1.payment_intents.create(request_params({**ONE_CALL, "payment_method": intent.payment_method}))


def test_a_publishable_key_needs_the_client_secret_and_sees_less(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd", "metadata": {"secret": "x"}})
    browser = client_of(stripe_emulator.url, "pk_test_browser", stripe_version="2026-08-26.dahlia")
    with pytest.raises(stripe.InvalidRequestError):
        browser.v1.payment_intents.retrieve(intent.id)
    seen = browser.v1.payment_intents.retrieve(intent.id, {"client_secret": present(intent.client_secret)}).to_dict()
    assert "metadata" not in seen
    assert seen["status"] == "requires_payment_method"
    with pytest.raises(stripe.PermissionError):
        browser.v1.customers.list()


def test_endive_refuses_payment_method_types_and_dahlia_takes_them(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(
            request_params({"amount": 500, "currency": "usd", "payment_method_types": ["card"]})
        )
    assert caught.value.code == "payment_method_types_no_longer_supported"
    older = client_of(stripe_emulator.url, stripe_version="2026-08-26.dahlia")
    intent = older.v1.payment_intents.create(
        request_params({"amount": 500, "currency": "usd", "payment_method_types": ["card"]})
    )
    assert intent.payment_method_types == ["card"]
    assert intent.automatic_payment_methods is None
