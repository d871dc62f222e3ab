"""Stripe's part of the catalog: an Action per operation, a Family per event family, made when asked for.

`CatalogWithStripe` is the dictionary catalog that also answers for Stripe; looking up one action reads a few files.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

from payloom.connectors.stripe.catalog import aliases, events, operations
from payloom.connectors.stripe.catalog import tables as stripe_tables
from payloom.connectors.stripe.catalog.moved import lookup as moved
from payloom.connectors.stripe.catalog.schemas import Lazy
from payloom.workflows.catalog.catalog import (
    STRIPE_TABLES,
    Action,
    Family,
    MovedKind,
    Schema,
    StaticCatalog,
    TableShape,
)

VERB = "stripe"

MOVES_MONEY = frozenset({
    "application_fees.refunds.create", "charges.capture", "charges.create", "credit_notes.create", "invoices.pay",
    "payment_intents.capture", "payment_intents.confirm", "payment_intents.create",
    "payment_intents.increment_authorization",
    "payouts.create", "quotes.accept", "refunds.create", "subscription_items.create", "subscription_items.update",
    "subscriptions.create", "subscriptions.resume", "subscriptions.update", "subscription_schedules.create",
    "topups.create", "transfers.create", "transfers.reversals.create", "treasury.inbound_transfers.create",
    "treasury.outbound_payments.create", "treasury.outbound_transfers.create",
    "v2.money_management.outbound_payments.create", "v2.money_management.outbound_transfers.create",
    "v2.money_management.inbound_transfers.create",
})  # fmt: skip
_TOP_LEVEL_DOCS = frozenset({"checkout", "issuing", "radar", "tax", "terminal", "treasury", "identity", "entitlements"})


@functools.cache
def action(name: str) -> Action | None:
    """Return the action of a dotted operation name or alias; None for unknown names."""
    alias = aliases.by_name().get(name)
    operation = operations.find(alias.operation if alias else name)
    if operation is None:
        return None
    if alias and alias.fixed:
        base = _of_operation(operation)
        return dataclasses.replace(
            base, name=alias.name, aliases=(alias.label,), params=_without(base.params, alias),
            summary=f"{alias.label}: {operation.name} with {_fixed(alias)}.",
        )  # fmt: skip
    return _of_operation(operation)


def action_names(*, with_aliases: bool = True) -> Sequence[str]:
    """Return every operation's dotted name, and the aliases."""
    return sorted({*operations.names(), *(aliases.by_name() if with_aliases else ())})


class CatalogWithStripe(StaticCatalog):
    """A StaticCatalog that also knows Stripe's actions, event families and tables. mirrored: resources kept here."""

    mirrored: frozenset[str] = frozenset()

    def action(self, verb: str, name: str) -> Action | None:
        """Describe a call of the Stripe SDK, or what the project itself declares for other verbs."""
        return action(name) if verb == VERB else super().action(verb, name)

    def action_names(self, verb: str) -> Sequence[str]:
        """List the calls of the Stripe SDK, or the project's own actions for other verbs."""
        return action_names() if verb == VERB else super().action_names(verb)

    def moved(self, kind: MovedKind, name: str, of: str = "") -> str | None:
        """Return where an unknown name of Stripe's went."""
        if kind == "action":
            return moved.operation_hint(name, operations.names())
        return moved.family_hint(name) if kind == "family" else moved.action_hint(of, name)

    def family(self, name: str) -> Family | None:
        """Describe a family of Stripe's events, e.g. `payment_intent`."""
        return events.family(name)

    def family_names(self) -> Sequence[str]:
        """List the families of Stripe's events, sorted."""
        return sorted(events.families())

    def table(self, name: str) -> TableShape | None:
        """Describe a table of the project, or a resource of Stripe as a table (`stripe.customers`)."""
        if not name.startswith(STRIPE_TABLES):
            return super().table(name)
        stripe_table = stripe_tables.find(name)
        return None if stripe_table is None else stripe_table.shape(mirrored=stripe_table.resource in self.mirrored)

    def view_names(self) -> Sequence[str]:
        """List Stripe's resources that can be read as tables."""
        return stripe_tables.names()


def fill(catalog: StaticCatalog) -> None:
    """Put every action and family into a catalog held in dictionaries; takes about half a second."""
    for name in operations.names():
        operation = action(name)
        assert operation is not None
        catalog.add(operation)
    for alias in aliases.ALIASES:
        operation = action(alias.name) if alias.fixed else None
        if operation:
            catalog.add(operation)
    for name in events.families():
        found_family = events.family(name)
        assert found_family is not None
        catalog.families[name] = found_family


@functools.cache
def _of_operation(operation: operations.Operation) -> Action:
    return Action(
        verb=VERB,
        name=operation.name,
        summary=operation.summary,
        params=operation.params(),
        returns=operation.result(),
        writes=operation.method != "get",
        moves_money=operation.name in MOVES_MONEY,
        aliases=aliases.of_operation(operation.name),
        docs_url=_docs_url(operation),
    )


def _fixed(alias: aliases.Alias) -> str:
    return ", ".join(f"{key}: {str(value).lower()}" for key, value in alias.fixed.items())


def _without(params: Schema | None, alias: aliases.Alias) -> Schema | None:
    if params is None:
        return None
    properties = params["properties"]
    makers = {key: functools.partial(properties.__getitem__, key) for key in properties if key not in alias.fixed}
    return {**params, "properties": Lazy(makers)}


def _docs_url(operation: operations.Operation) -> str | None:
    service = operation.service
    if len(service) == 1 or (len(service) == 2 and service[0] in _TOP_LEVEL_DOCS):
        return f"https://docs.stripe.com/api/{'/'.join(service)}/{operation.function}"
    return None
