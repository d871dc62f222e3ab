"""A customer's cash balance can be read; it is empty."""

from __future__ import annotations

import pytest
import stripe


def test_a_customers_cash_balance_is_empty(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"email": "a@example.com"})
    balance = client.v1.customers.cash_balance.retrieve(customer.id)
    assert (balance.customer, balance.available, balance.settings.reconciliation_mode) == (
        customer.id,
        None,
        "automatic",
    )
    with pytest.raises(stripe.InvalidRequestError, match="cus_nobody"):
        client.v1.customers.cash_balance.retrieve("cus_nobody")
