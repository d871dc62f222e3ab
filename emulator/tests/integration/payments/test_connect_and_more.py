from __future__ import annotations

import httpx
import pytest
import stripe
from emulator.tests.support.payments import ONE_CALL, types_of
from emulator.tests.support.request_params import request_params
from emulator.tests.support.stripe_fields import error_of, expanded, id_of
from tests.support.present import present

from payloom_emulator.embedded import RunningEmulator

TERMS = {"tos_acceptance": {"date": 1700000000, "ip": "127.0.0.1"}}


def connected(client: stripe.StripeClient) -> stripe.Account:
    return client.v1.accounts.create(
        request_params({"type": "custom", "country": "US", "capabilities": {"transfers": {"requested": True}}, **TERMS})
    )


def test_a_connected_account_is_enabled_once_it_accepted_the_terms(client: stripe.StripeClient) -> None:
    waiting = client.v1.accounts.create({"type": "express", "capabilities": {"card_payments": {"requested": True}}})
    assert (waiting.charges_enabled, present(waiting.capabilities).card_payments) == (False, "inactive")
    assert "tos_acceptance.date" in present(present(waiting.requirements).currently_due)
    done = client.v1.accounts.update(waiting.id, request_params(TERMS))
    assert (done.charges_enabled, present(done.capabilities).card_payments) == (True, "active")
    updated = client.v1.events.list({"type": "account.updated"}, {"stripe_account": done.id}).data
    assert {(each.account, each.data.object["id"]) for each in updated} == {(done.id, done.id)}
    assert "account.updated" not in types_of(client)
    assert client.v1.accounts.retrieve_current().id.startswith("acct_")
    assert client.v1.account_links.create(
        {
            "account": done.id,
            "type": "account_onboarding",
            "refresh_url": "https://a.example",
            "return_url": "https://a.example",
        }
    ).url.endswith(done.id)


def balances(client: stripe.StripeClient, account: stripe.Account) -> tuple[int, int]:
    """Return what the platform and the connected account have, available or not."""
    both = [client.v1.balance.retrieve(), client.v1.balance.retrieve({}, {"stripe_account": account.id})]
    totals = [sum(part.amount for part in [*each.available, *each.pending]) for each in both]
    return totals[0], totals[1]


def test_a_direct_charge_leaves_the_fee_with_the_platform(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    account = connected(client)
    params = {**ONE_CALL, "payment_method": "pm_card_visa", "application_fee_amount": 300}
    intent = client.v1.payment_intents.create(request_params(params), {"stripe_account": account.id})
    stripe_emulator.settle()
    assert balances(client, account) == (300, 2000 - 88 - 300)
    charge = client.v1.charges.retrieve(
        id_of(intent.latest_charge), {"expand": ["balance_transaction"]}, {"stripe_account": account.id}
    )
    assert [(part.type, part.amount) for part in expanded(charge.balance_transaction).fee_details] == [
        ("stripe_fee", 88),
        ("application_fee", 300),
    ]
    fee = client.v1.application_fees.retrieve(id_of(charge.application_fee))
    assert (fee.amount, id_of(fee.account)) == (300, account.id)
    assert "application_fee.created" in types_of(client)
    client.v1.refunds.create(
        {"charge": charge.id, "amount": 1000, "refund_application_fee": True}, {"stripe_account": account.id}
    )
    assert balances(client, account) == (150, 1612 - 1000 + 150)
    assert client.v1.application_fees.retrieve(fee.id).amount_refunded == 150
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payouts.create({"amount": 800, "currency": "usd"}, {"stripe_account": account.id})


def test_a_destination_charge_pays_the_account_and_keeps_the_fee(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    account = connected(client)
    intent = client.v1.payment_intents.create(
        request_params(
            {
                **ONE_CALL,
                "payment_method": "pm_card_visa",
                "application_fee_amount": 200,
                "transfer_data": {"destination": account.id},
            }
        )
    )
    stripe_emulator.settle()
    charge = client.v1.charges.retrieve(id_of(intent.latest_charge), {"expand": ["transfer", "application_fee"]})
    assert (expanded(charge.transfer).amount, expanded(charge.transfer).destination) == (2000, account.id)
    assert expanded(charge.application_fee).amount == 200
    assert balances(client, account) == (2000 - 88 - 2000 + 200, 2000 - 200)
    reversal = client.v1.transfers.reversals.create(expanded(charge.transfer).id, {"amount": 500})
    assert reversal.amount == 500
    assert client.v1.transfers.retrieve(expanded(charge.transfer).id).amount_reversed == 500
    assert balances(client, account) == (112 + 500, 1800 - 500)
    refund = client.v1.application_fees.refunds.create(expanded(charge.application_fee).id, {"amount": 50})
    assert client.v1.application_fees.retrieve(id_of(refund.fee)).amount_refunded == 50
    assert balances(client, account) == (612 - 50, 1300 + 50)
    back = client.v1.refunds.create(
        {"charge": charge.id, "amount": 1000, "reverse_transfer": True, "refund_application_fee": True}
    )
    assert client.v1.transfers.retrieve(expanded(charge.transfer).id).amount_reversed == 1500
    assert client.v1.application_fees.retrieve(id_of(refund.fee)).amount_refunded == 150
    assert balances(client, account) == (562 - 1000 + 1000 - 100, 1350 - 1000 + 100)
    assert id_of(back.transfer_reversal).startswith("trr_")


def test_a_payout_takes_what_is_available_and_arrives(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.create({"amount": 100, "currency": "usd"})
    assert caught.value.code == "balance_insufficient"
    client.v1.topups.create({"amount": 5000, "currency": "usd"})
    stripe_emulator.settle()
    payout = client.v1.payouts.create({"amount": 3000, "currency": "usd"})
    assert payout.status == "pending"
    stripe_emulator.advance("3d")
    assert client.v1.payouts.retrieve(payout.id).status == "paid"
    assert client.v1.balance.retrieve().available[0].amount == 2000
    assert "payout.paid" in types_of(client)
    other = client.v1.payouts.create({"amount": 1000, "currency": "usd"})
    assert client.v1.payouts.cancel(other.id).status == "canceled"


def test_customer_sessions_ephemeral_keys_and_features(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})
    session = client.v1.customer_sessions.create(
        {"customer": customer.id, "components": {"payment_element": {"enabled": True}}}
    )
    assert present(present(session.components).payment_element.features).payment_method_save == "disabled"
    key = client.v1.ephemeral_keys.create({"customer": customer.id}, {"stripe_version": "2026-10-28.endive"})
    assert present(key.secret).startswith("ek_test_")
    product = client.v1.products.create({"name": "Gold"})
    feature = client.v1.entitlements.features.create({"name": "Premium", "lookup_key": "premium"})
    client.v1.products.features.create(product.id, {"entitlement_feature": feature.id})
    assert client.v1.products.features.list(product.id).data[0].entitlement_feature.lookup_key == "premium"


def test_setup_intents_save_cards_and_then_pay_off_session(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    customer = client.v1.customers.create({})
    intent = client.v1.setup_intents.create(
        {
            "customer": customer.id,
            "payment_method": "pm_card_authenticationRequiredOnSetup",
            "confirm": True,
            "return_url": "https://a.example",
        }
    )
    assert intent.status == "requires_action"
    stripe_emulator.control(f"3ds/{intent.id}/complete", client_secret=intent.client_secret)
    intent = client.v1.setup_intents.retrieve(intent.id, {"expand": ["latest_attempt"]})
    assert (intent.status, expanded(intent.latest_attempt).status) == ("succeeded", "succeeded")
    paid = client.v1.payment_intents.create(
        request_params(
            {**ONE_CALL, "customer": customer.id, "payment_method": intent.payment_method, "off_session": True}
        )
    )
    assert paid.status == "succeeded"
    with pytest.raises(stripe.CardError) as caught:
        client.v1.setup_intents.create(
            {"payment_method": "pm_card_chargeDeclined", "confirm": True, "return_url": "https://a.example"}
        )
    assert error_of(caught.value)["setup_intent"]["last_setup_error"]["code"] == "card_declined"


def test_prices_with_tiers_custom_amounts_lookup_keys_and_other_currencies(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(
        {"name": "Seats", "default_price_data": {"currency": "usd", "unit_amount": 100}}
    )
    assert id_of(product.default_price).startswith("price_")
    tiered = client.v1.prices.create(
        {
            "product": product.id,
            "currency": "usd",
            "billing_scheme": "tiered",
            "tiers_mode": "graduated",
            "tiers": [{"up_to": 5, "unit_amount": 700}, {"up_to": "inf", "unit_amount": 650, "flat_amount": 100}],
            "recurring": {"interval": "month"},
            "lookup_key": "seats",
        }
    )
    assert not hasattr(tiered, "tiers")
    seen = client.v1.prices.retrieve(tiered.id, {"expand": ["tiers"]})
    assert [t.up_to for t in present(seen.tiers)] == [5, None]
    assert client.v1.prices.list({"lookup_keys": ["seats"]}).data[0].id == tiered.id
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.prices.create({"product": product.id, "currency": "usd", "unit_amount": 5, "lookup_key": "seats"})
    moved = client.v1.prices.create(
        {
            "product": product.id,
            "currency": "usd",
            "unit_amount": 5,
            "lookup_key": "seats",
            "transfer_lookup_key": True,
            "currency_options": {"eur": {"unit_amount": 4}},
        }
    )
    assert client.v1.prices.retrieve(tiered.id).lookup_key is None
    assert (
        present(client.v1.prices.retrieve(moved.id, {"expand": ["currency_options"]}).currency_options).to_dict()[
            "eur"
        ]["unit_amount"]
        == 4
    )
    gift = client.v1.prices.create(
        {"product": product.id, "currency": "usd", "custom_unit_amount": {"enabled": True, "minimum": 500}}
    )
    assert (gift.unit_amount, present(gift.custom_unit_amount).minimum) == (None, 500)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.products.delete(product.id)


def test_a_confirmation_token_carries_the_form_to_the_server_and_pays_once(
    client: stripe.StripeClient, stripe_emulator: RunningEmulator
) -> None:
    status, token = stripe_emulator.emulator.call(
        "POST",
        "/v1/confirmation_tokens",
        {
            "payment_method_data": {
                "type": "card",
                "card": {"number": "4242424242424242", "exp_month": "12", "exp_year": "2034", "cvc": "123"},
            },
            "return_url": "https://a.example",
        },
        key="pk_test_browser",
    )
    assert status == 200, token
    assert (
        present(present(client.v1.confirmation_tokens.retrieve(token["id"]).payment_method_preview).card).last4
        == "4242"
    )
    intent = client.v1.payment_intents.create(
        {"amount": 500, "currency": "usd", "confirm": True, "confirmation_token": token["id"]}
    )
    assert intent.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="already been used"):
        client.v1.payment_intents.create(
            {"amount": 500, "currency": "usd", "confirm": True, "confirmation_token": token["id"]}
        )


def page(url: str, method: str = "GET") -> tuple[int, str, httpx.Headers]:
    answer = httpx.request(method, url, trust_env=False)
    return answer.status_code, answer.text, answer.headers


def test_links_inside_objects_lead_somewhere(client: stripe.StripeClient) -> None:
    account = client.v1.accounts.create({"type": "express", "capabilities": {"card_payments": {"requested": True}}})
    back = "https://platform.example/back"
    link = client.v1.account_links.create(
        {"account": account.id, "type": "account_onboarding", "refresh_url": back, "return_url": back}
    )
    assert page(link.url)[0] == 200
    assert client.v1.accounts.retrieve(account.id).charges_enabled is False
    status, _, headers = page(link.url, "POST")
    assert (status, headers["Location"]) == (303, back)
    assert client.v1.accounts.retrieve(account.id).charges_enabled is True
    intent = client.v1.payment_intents.create(
        request_params({**ONE_CALL, "payment_method": "pm_card_visa", "description": "<b>Mug</b>"})
    )
    receipt = client.v1.charges.retrieve(id_of(intent.latest_charge)).receipt_url
    assert "$20.00" in page(present(receipt))[1]
    assert "&lt;b&gt;Mug" in page(present(receipt))[1]
    assert page(present(receipt) + "x")[0] == 404


def test_money_becomes_available_after_a_week(client: stripe.StripeClient, stripe_emulator: RunningEmulator) -> None:
    intent = client.v1.payment_intents.create(request_params({**ONE_CALL, "payment_method": "pm_card_visa"}))
    stripe_emulator.settle()
    charge = client.v1.charges.retrieve(id_of(intent.latest_charge), {"expand": ["balance_transaction"]})
    assert expanded(charge.balance_transaction).status == "pending"
    stripe_emulator.advance("8d")
    assert client.v1.balance_transactions.retrieve(expanded(charge.balance_transaction).id).status == "available"
    assert "balance.available" in types_of(client)
