"""Every resource the local Stripe has, and what a new account begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.connect.accounts import home, use_configured_name
from payloom_emulator.objects import kinds
from payloom_emulator.resources.apps import installs, secrets
from payloom_emulator.resources.billing import (
    alerts,
    billing_portal,
    credit_grants,
    meters,
    plans,
    quotes,
    subscription_schedules,
    subscriptions,
    test_clocks,
    usage_records,
)
from payloom_emulator.resources.connect import (
    accounts,
    ephemeral_keys,
    event_destinations,
    external_accounts,
    persons,
    sessions,
    transfers,
    webhook_endpoints,
)
from payloom_emulator.resources.core_resources import (
    balance,
    balance_settings,
    customers,
    events,
    files,
    payouts,
    reference_lists,
    reports,
)
from payloom_emulator.resources.financial_connections import accounts as linked_accounts
from payloom_emulator.resources.financial_connections import sessions as linking_sessions
from payloom_emulator.resources.invoicing import (
    credit_notes,
    customer_balance_transactions,
    invoice_items,
    invoice_payments,
    invoices,
    rendering_templates,
)
from payloom_emulator.resources.payment_methods import (
    card_sources,
    cash_balances,
    checkout_sessions,
    configurations,
    domains,
    payment_links,
    payment_methods,
    sources,
)
from payloom_emulator.resources.payments import (
    charges,
    confirmation_tokens,
    disputes,
    early_fraud_warnings,
    mandates,
    payment_intents,
    payment_records,
    refunds,
    setup_intents,
    three_d_secure,
    tokens,
)
from payloom_emulator.resources.products import (
    coupons,
    entitlements,
    features,
    prices,
    products,
    shipping_rates,
    tax_rates,
    trial_offers,
)
from payloom_emulator.resources.radar import payment_evaluations, value_lists
from payloom_emulator.resources.tax import associations, calculations, registrations, transactions
from payloom_emulator.resources.v2 import accounts as accounts_v2
from payloom_emulator.resources.v2 import meter_events
from payloom_emulator.resources.v2 import persons as persons_v2
from payloom_emulator.runtime import webhook_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from payloom_emulator.core.config import Endpoint
    from payloom_emulator.core.declarations.resource import Reaction, Resource
    from payloom_emulator.core.unit_of_work import UnitOfWork

RESOURCES: tuple[Resource, ...] = (
    *(
        resource
        for file in (
            events,
            accounts,
            balance,
            card_sources,
            cash_balances,
            charges,
            checkout_sessions,
            confirmation_tokens,
            customers,
            disputes,
            early_fraud_warnings,
            domains,
            ephemeral_keys,
            event_destinations,
            external_accounts,
            persons,
            features,
            files,
            mandates,
            payment_intents,
            payment_links,
            payment_methods,
            payouts,
            prices,
            products,
            reference_lists,
            reports,
            refunds,
            sessions,
            setup_intents,
            shipping_rates,
            sources,
            tokens,
            transfers,
            webhook_endpoints,
            billing_portal,
            coupons,
            credit_notes,
            customer_balance_transactions,
            invoice_items,
            invoices,
            invoice_payments,
            meters,
            plans,
            quotes,
            subscription_schedules,
            subscriptions,
            tax_rates,
            test_clocks,
            usage_records,
            alerts,
            balance_settings,
            configurations,
            credit_grants,
            trial_offers,
            entitlements,
            rendering_templates,
            calculations,
            transactions,
            registrations,
            associations,
            installs,
            linked_accounts,
            linking_sessions,
            payment_records,
            three_d_secure,
            payment_evaluations,
            secrets,
            value_lists,
            accounts_v2,
            meter_events,
            persons_v2,
        )
        for resource in file.RESOURCES
    ),
)


def subscribers_of(resources: Iterable[Resource]) -> dict[str, tuple[Reaction, ...]]:
    """Return fact to the rules that react to it, in the order in which the resources declare them."""
    subscribers: dict[str, tuple[Reaction, ...]] = {}
    for resource in resources:
        for fact, rules in resource.reacts.items():
            subscribers[fact] = (*subscribers.get(fact, ()), *rules)
    return subscribers


def seed_account(unit: UnitOfWork, endpoints: tuple[Endpoint, ...]) -> None:
    """Make what a new account has, unless it is there already."""
    if unit.account == unit.environment.config.account:
        home(unit)
        use_configured_name(unit)
    existing = {(e["url"], s) for e in unit.list(kinds.WEBHOOK_ENDPOINT) for s in webhook_secrets.secrets_of(e, 0)}
    for endpoint in endpoints:
        if (endpoint.url, endpoint.secret) not in existing:
            unit.create(
                kinds.WEBHOOK_ENDPOINT,
                {
                    "url": endpoint.url,
                    "enabled_events": list(endpoint.events),
                    "api_version": endpoint.api_version,
                    "_secret": endpoint.secret,
                    "_connect": endpoint.connect,
                },
            )
