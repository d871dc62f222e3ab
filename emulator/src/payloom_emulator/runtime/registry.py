"""Every resource the local Stripe has: the list of the files that declare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.events import EVENT
from payloom_emulator.core.schema import Resource
from payloom_emulator.resources import (
    accounts,
    balance,
    billing_side,
    card_sources,
    cash_balances,
    charges,
    checkout_sessions,
    confirmation_tokens,
    customers,
    disputes,
    domains,
    ephemeral_keys,
    event_destinations,
    features,
    files,
    mandates,
    payment_intents,
    payment_links,
    payment_methods,
    payouts,
    prices,
    products,
    refunds,
    sessions,
    setup_intents,
    shipping_rates,
    sources,
    tokens,
    transfers,
    webhook_endpoints,
)

if TYPE_CHECKING:
    from payloom_emulator.core.config import Endpoint
    from payloom_emulator.core.unit_of_work import Unit

_FILES = (
    accounts,
    balance,
    card_sources,
    cash_balances,
    charges,
    checkout_sessions,
    confirmation_tokens,
    customers,
    disputes,
    domains,
    ephemeral_keys,
    event_destinations,
    features,
    files,
    mandates,
    payment_intents,
    payment_links,
    payment_methods,
    payouts,
    prices,
    products,
    refunds,
    sessions,
    setup_intents,
    shipping_rates,
    sources,
    tokens,
    transfers,
    webhook_endpoints,
)

RESOURCES: tuple[Resource, ...] = (EVENT, *(r for f in (*_FILES, *billing_side.FILES) for r in f.RESOURCES))


def seed(unit: Unit, endpoints: tuple[Endpoint, ...]) -> None:
    """Make what a new account has, unless it is there already."""
    if unit.account == unit.emulator.config.account:
        accounts.home(unit)
    existing = {(e["url"], s) for e in unit.list("webhook_endpoint") for s in webhook_endpoints.secrets_of(e, 0)}
    for endpoint in endpoints:
        if (endpoint.url, endpoint.secret) not in existing:
            unit.create(
                "webhook_endpoint",
                {
                    "url": endpoint.url,
                    "enabled_events": list(endpoint.events),
                    "api_version": endpoint.api_version,
                    "_secret": endpoint.secret,
                    "_connect": endpoint.connect,
                },
            )
