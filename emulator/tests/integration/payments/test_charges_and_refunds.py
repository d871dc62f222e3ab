from __future__ import annotations

from typing import Any

import pytest
import stripe
from emulator.tests.support.payments import ONE_CALL, bank_debit, types_of
from emulator.tests.support.request_params import request_params
from emulator.tests.support.stripe_fields import error_of, id_of
from tests.support.present import present

from payloom_emulator.embedded import RunningEmulator


def paid(
    client: stripe.StripeClient, amount: int = 2000, method: str = "pm_card_visa", **more: Any
) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        request_params({**ONE_CALL, "amount": amount, "payment_method": method, **more})
    )


def test_a_full_refund_by_payment_intent(client: stripe.StripeClient, stripe_emulator: RunningEmulator) -> None:
    intent = paid(client)
    refund = client.v1.refunds.create({"payment_intent": intent.id, "reason": "requested_by_customer"})
    assert (refund.status, refund.amount, refund.reason) == ("succeeded", 2000, "requested_by_customer")
    charge = client.v1.charges.retrieve(id_of(intent.latest_charge), {"expand": ["refunds"]})
    assert charge.refunded is True
    assert [r.id for r in present(charge.refunds).data] == [refund.id]
    types = types_of(client)
    assert types.index("refund.created") < types.index("charge.refunded")
    stripe_emulator.settle()
    assert "refund.updated" in types_of(client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert caught.value.code == "charge_already_refunded"


def test_partial_refunds_add_up_and_more_than_is_left_is_refused(client: stripe.StripeClient) -> None:
    intent = paid(client)
    with pytest.raises(stripe.InvalidRequestError, match=r"\(\$20.01\) is greater than charge amount \(\$20.00\)"):
        client.v1.refunds.create({"charge": id_of(intent.latest_charge), "amount": 2001})
    client.v1.refunds.create({"charge": id_of(intent.latest_charge), "amount": 500})
    with pytest.raises(
        stripe.InvalidRequestError,
        match=r"Refund amount \(\$20.00\) is greater than unrefunded amount on charge \(\$15.00\)",
    ) as caught:
        client.v1.refunds.create({"charge": id_of(intent.latest_charge), "amount": 2000})
    assert caught.value.param == "amount"
    client.v1.refunds.create({"charge": id_of(intent.latest_charge)})
    charge = client.v1.charges.retrieve(id_of(intent.latest_charge))
    assert (charge.amount_refunded, charge.refunded) == (2000, True)
    assert len(client.v1.refunds.list({"payment_intent": intent.id}).data) == 2


def test_the_last_unit_can_be_refunded_and_then_nothing_more(client: stripe.StripeClient) -> None:
    """Through each address that makes a refund; a charge beside it stays whole."""
    bystander = paid(client)
    intent = paid(client)
    charge = id_of(intent.latest_charge)
    client.v1.refunds.create({"charge": charge, "amount": 1998})
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 1})
    assert client.v1.charges.retrieve(charge).refunded is False
    client.raw_request("post", f"/v1/charges/{charge}/refunds")
    refunded = client.v1.charges.retrieve(charge)
    assert (refunded.amount_refunded, refunded.refunded) == (2000, True)
    for params in ({"charge": charge}, {"payment_intent": intent.id, "amount": 1}):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.refunds.create(request_params(params))
        assert caught.value.code == "charge_already_refunded"
    other = client.v1.charges.retrieve(id_of(bystander.latest_charge))
    assert (other.amount_refunded, other.refunded) == (0, False)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_refund_of_nothing_is_refused(client: stripe.StripeClient, amount: int) -> None:
    intent = paid(client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id, "amount": amount})
    assert caught.value.param == "amount"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"amount": 100})


@pytest.mark.parametrize(
    ("currency", "part", "whole"), [("kwd", 1235, 1230), ("isk", 150, 100), ("ugx", 100050, 100000), ("jpy", None, 55)]
)
def test_parts_have_last_digits_that_the_currency_has(
    client: stripe.StripeClient, currency: str, part: int | None, whole: int
) -> None:
    """A refund and a capture of a part, as the payment itself."""
    params = {**ONE_CALL, "amount": 1_000_000, "currency": currency, "payment_method": "pm_card_visa"}
    for manual in (False, True):
        more = {"capture_method": "manual"} if manual else {}
        intent = client.v1.payment_intents.create(request_params({**params, **more}))

        def move(amount: int, *, manual: bool = manual, intent: str = intent.id) -> int:
            if manual:
                return client.v1.payment_intents.capture(intent, {"amount_to_capture": amount}).amount_received
            return client.v1.refunds.create({"payment_intent": intent, "amount": amount}).amount

        if part is not None:
            with pytest.raises(stripe.InvalidRequestError, match="last"):
                move(part)
        assert move(whole) == whole


def test_a_charge_that_failed_or_is_held_for_an_intent_is_not_refunded(client: stripe.StripeClient) -> None:
    uncaptured = paid(client, capture_method="manual")
    with pytest.raises(stripe.InvalidRequestError, match="You must cancel the PaymentIntent"):
        client.v1.refunds.create({"payment_intent": uncaptured.id})
    authorized = client.v1.charges.create({"amount": 2000, "currency": "usd", "source": "tok_visa", "capture": False})
    with pytest.raises(stripe.InvalidRequestError, match="cannot partially refund"):
        client.v1.refunds.create({"charge": authorized.id, "amount": 500})
    client.v1.refunds.create({"charge": authorized.id})
    assert client.v1.charges.retrieve(authorized.id).refunded is True
    with pytest.raises(stripe.CardError) as declined:
        paid(client, method="pm_card_chargeDeclined")
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge to refund"):
        client.v1.refunds.create({"charge": error_of(declined.value)["charge"]})


def test_a_refund_of_a_bank_debit_is_under_way_for_days(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    """Beside it one of a card, which is done at once."""
    intent = bank_debit(client)
    early = client.v1.refunds.create({"payment_intent": intent.id, "amount": 100})
    assert (early.status, early.pending_reason) == ("pending", "charge_pending")
    stripe_emulator.settle()
    late = client.v1.refunds.create({"payment_intent": intent.id, "amount": 100})
    assert (late.status, late.pending_reason) == ("pending", "processing")
    assert "pending_reason" not in client.v1.refunds.create({"payment_intent": paid(client).id})
    expected = [(intent, "pending", "pyr_1", "payment_refund"), (paid(client), "succeeded", "re_3", "refund")]
    for payment, status, prefix, kind in expected:
        refund = client.v1.refunds.create({"payment_intent": payment.id, "expand": ["balance_transaction"]})
        assert (refund.status, refund.id[: len(prefix)]) == (status, prefix)
        transaction = refund.balance_transaction
        assert isinstance(transaction, stripe.BalanceTransaction)
        assert (transaction.type, transaction.amount) == (kind, -refund.amount)
    stripe_emulator.settle()
    assert {refund.status for refund in client.v1.refunds.list().data} == {"succeeded"}


def test_a_refund_that_fails_later_takes_the_amount_back(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    intent = paid(client, method="pm_card_refundFail")
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    assert refund.status == "succeeded"
    stripe_emulator.settle()
    refund = client.v1.refunds.retrieve(refund.id)
    assert refund.status == "failed"
    assert client.v1.charges.retrieve(id_of(intent.latest_charge)).amount_refunded == 0
    assert "refund.failed" in types_of(client)


def test_a_pending_refund_settles(client: stripe.StripeClient, stripe_emulator: RunningEmulator) -> None:
    intent = paid(client, method="pm_card_pendingRefund")
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    assert refund.status == "pending"
    stripe_emulator.settle()
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.cancel(refund.id)


def test_an_intent_without_a_charge_has_nothing_to_refund(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge to refund"):
        client.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": "pi_unknown"})
    assert caught.value.code == "resource_missing"


def test_a_dispute_takes_the_money_and_winning_evidence_brings_it_back(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    intent = paid(client, method="pm_card_createDispute")
    stripe_emulator.settle()
    dispute = client.v1.disputes.list({"payment_intent": intent.id}).data[0]
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 2000)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert caught.value.code == "charge_disputed"
    dispute = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert dispute.status == "under_review"
    stripe_emulator.settle()
    assert client.v1.disputes.retrieve(dispute.id).status == "won"
    assert client.v1.refunds.create({"payment_intent": intent.id, "amount": 500}).status == "succeeded"
    seen = types_of(client)
    for expected in (
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ):
        assert expected in seen


def test_a_dispute_that_is_accepted_or_not_answered_is_lost(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    paid(client, method="pm_card_createDispute")
    paid(client, method="pm_card_createDisputeInquiry")
    stripe_emulator.settle()
    inquiry, dispute = client.v1.disputes.list().data
    assert inquiry.status == "warning_needs_response"
    assert client.v1.disputes.close(dispute.id).status == "lost"
    stripe_emulator.advance("30d")
    assert client.v1.disputes.retrieve(inquiry.id).status == "warning_closed"


def test_the_balance_adds_up(client: stripe.StripeClient, stripe_emulator: RunningEmulator) -> None:
    intent = paid(client, amount=10000)
    paid(client, amount=10000, method="pm_card_bypassPending")
    stripe_emulator.settle()
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 1000})
    balance = client.v1.balance.retrieve()
    assert balance.pending[0].amount == 10000 - 320 - 1000
    assert balance.available[0].amount == 10000 - 320
    assert [t.type for t in client.v1.balance_transactions.list().data] == ["refund", "charge", "charge"]


def test_a_legacy_charge_with_a_token(client: stripe.StripeClient) -> None:
    charge = client.v1.charges.create({"amount": 700, "currency": "usd", "source": "tok_visa"})
    assert (charge.status, charge.paid) == ("succeeded", True)
    with pytest.raises(stripe.CardError) as caught:
        client.v1.charges.create({"amount": 700, "currency": "usd", "source": "tok_chargeDeclined"})
    assert client.v1.charges.retrieve(error_of(caught.value)["charge"]).status == "failed"
    uncaptured = client.v1.charges.create({"amount": 700, "currency": "usd", "source": "tok_visa", "capture": False})
    assert client.v1.charges.capture(uncaptured.id, {"amount": 300}).amount_captured == 300


def test_a_saved_legacy_card_pays_and_one_that_fails_for_customers_declines_only_then(
    client: stripe.StripeClient,
) -> None:
    customer = client.v1.customers.create({"email": "a@example.com"})
    client.v1.customers.payment_sources.create(customer.id, {"source": "tok_chargeCustomerFail"})
    with pytest.raises(stripe.CardError):
        client.v1.charges.create({"amount": 700, "currency": "usd", "customer": customer.id})
    with pytest.raises(stripe.CardError):
        client.v1.customers.payment_sources.create(customer.id, {"source": "tok_chargeDeclined"})
