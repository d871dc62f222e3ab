"""Legacy sources of type card as Stripe's samples use them: made of a token, saved on a customer, charged, removed."""

from __future__ import annotations

import pytest
import stripe
from emulator.tests.support.request_params import request_params
from tests.support.present import present


def test_a_source_is_made_saved_listed_charged_and_removed(client: stripe.StripeClient) -> None:
    source = client.v1.sources.create({"type": "card", "token": "tok_visa", "owner": {"email": "a@example.com"}})
    assert (source.status, source.type, present(source.card).last4) == ("chargeable", "card", "4242")
    assert present(client.v1.sources.retrieve(source.id).owner).email == "a@example.com"
    customer = client.v1.customers.create({"email": "a@example.com"})
    assert client.v1.customers.payment_sources.create(customer.id, {"source": source.id}).id == source.id
    assert client.v1.customers.retrieve(customer.id).default_source == source.id
    assert [s.id for s in client.v1.customers.payment_sources.list(customer.id).data] == [source.id]
    for params in ({"source": source.id}, {}):
        charge = client.v1.charges.create(
            request_params({"amount": 900, "currency": "usd", "customer": customer.id, **params})
        )
        assert (charge.status, present(charge.source).id, present(charge.source).object) == (
            "succeeded",
            source.id,
            "source",
        )
    client.v1.customers.payment_sources.delete(customer.id, source.id)
    assert client.v1.customers.retrieve(customer.id).default_source is None
    assert client.v1.sources.retrieve(source.id).status == "consumed"
    with pytest.raises(stripe.InvalidRequestError, match="consumed"):
        client.v1.charges.create({"amount": 900, "currency": "usd", "source": source.id})


def test_what_cannot_be_is_refused(client: stripe.StripeClient) -> None:
    declined = client.v1.sources.create({"type": "card", "token": "tok_chargeDeclined"})
    with pytest.raises(stripe.CardError):
        client.v1.charges.create({"amount": 900, "currency": "usd", "source": declined.id})
    with pytest.raises(stripe.StripeError, match="ideal"):
        client.v1.sources.create({"type": "ideal", "currency": "eur", "amount": 900})
    with pytest.raises(stripe.InvalidRequestError, match="token"):
        client.v1.sources.create({"type": "card"})
