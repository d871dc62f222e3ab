"""For every operation of Stripe that writes: how one can see afterwards that it happened.

A test goes over all operations of the SDK: a new one is declared here before its calls can be made again safely.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from payloom.connectors.stripe.catalog.evidence import (
    Caused,
    Evidence,
    Gone,
    Hidden,
    Repeatable,
    Sign,
    Stamped,
    State,
    Unique,
    values_at,
)
from payloom.connectors.stripe.catalog.operations import Operation

_AGAIN: Final = Repeatable()
_HIDDEN: Final = Hidden()

CREATES: Mapping[str, Evidence] = {
    **dict.fromkeys(
        (
            "account_links.create", "account_sessions.create", "accounts.login_links.create", "apps.secrets.create",
            "billing.meter_event_adjustments.create", "billing_portal.sessions.create", "customer_sessions.create",
            "customers.funding_instructions.create", "ephemeral_keys.create", "financial_connections.sessions.create",
            "radar.payment_evaluations.create", "reporting.report_runs.create", "sources.create",
            "tax.calculations.create", "terminal.connection_tokens.create", "terminal.onboarding_links.create",
            "test_helpers.confirmation_tokens.create", "tokens.create", "v2.billing.meter_event_session.create",
            "v2.core.account_links.create", "v2.core.account_tokens.create",
            "v2.core.accounts.person_tokens.create",
        ),
        _AGAIN,
    ),
    "apple_pay_domains.create": Unique(("domain_name",)),
    "billing.meters.create": Unique(("event_name",)),
    "customers.tax_ids.create": Caused(("customer.tax_id.created",)),
    "files.create": Caused(("file.created",)),
    "payment_method_domains.create": Unique(("domain_name",)),
    "products.features.create": Unique(("entitlement_feature.id",)),
    "radar.value_list_items.create": Unique(("value_list", "value")),
    "test_helpers.test_clocks.create": Caused(("test_helpers.test_clock.created",)),
    **dict.fromkeys(
        (
            "apps.installs.create", "billing.alerts.create", "billing.feedback_options.create",
            "billing.meter_events.create", "payment_method_configurations.create",
            "product_catalog.trial_offers.create", "tax.locations.create", "tax.registrations.create",
            "tax_ids.create", "terminal.configurations.create", "test_helpers.issuing.authorizations.create",
            "test_helpers.treasury.received_credits.create", "test_helpers.treasury.received_debits.create",
            "v2.billing.meter_event_adjustments.create", "v2.billing.meter_event_stream.create",
            "v2.billing.meter_events.create", "v2.commerce.product_catalog.imports.create", "v2.core.accounts.create",
            "v2.core.accounts.persons.create", "v2.core.event_destinations.create",
            "v2.core.vault.gb_bank_accounts.create", "v2.core.vault.us_bank_accounts.create",
            "v2.money_management.financial_addresses.create", "v2.money_management.inbound_transfers.create",
            "v2.money_management.outbound_payments.create", "v2.money_management.outbound_setup_intents.create",
            "v2.money_management.payout_intents.create",
            "v2.money_management.recipient_verifications.create",
        ),
        _HIDDEN,
    ),
}  # fmt: skip
"""Creates whose object cannot carry a stamp, or is in no list."""

UPDATES: Mapping[str, Evidence] = {
    "disputes.update": Caused(("charge.dispute.updated",)),
    "subscription_items.update": Caused(("customer.subscription.updated",)),
    "subscription_schedules.update": Caused(("subscription_schedule.updated",)),
    "subscriptions.update": Caused(("customer.subscription.updated",)),
}
"""Updates that do more than set fields to values: they add items, bill, or hand evidence in."""

DELETES: Mapping[str, Evidence] = {
    "customers.delete_discount": State((Sign("discount", (None,)),), "customers.retrieve", deleted="discount"),
    "ephemeral_keys.delete": _AGAIN,
    "subscriptions.cancel": State((Sign("status", ("canceled", "incomplete_expired")),)),
    "subscriptions.delete_discount": State(
        (Sign("discounts", (None, [])),), "subscriptions.retrieve", deleted="discount"
    ),
}
"""DELETE requests after which the object is not simply gone."""


def _status(*values: str) -> State:
    return State((Sign("status", values),))


def _shows(path: str, *values: Any) -> State:
    return State((Sign(path, values),))


def _same(path: str, argument: str, **more: Any) -> State:
    return State((Sign(path, argument=argument),), **more)


_REJECTED = tuple(
    f"rejected.{why}"
    for why in ("fraud", "incomplete_verification", "listed", "other", "platform_fraud", "platform_other",
                "platform_terms_of_service", "terms_of_service")
)  # fmt: skip
_CARDS = "issuing.cards.retrieve"
_AUTHORIZATIONS = "issuing.authorizations.retrieve"
_DESIGNS = "issuing.personalization_designs.retrieve"
_CHECKED_DEPOSITS = State((Sign("next_action.type", ("verify_with_microdeposits",), differs=True),))


def _card(status: str) -> State:
    return State((Sign("shipping.status", (status,)),), read=_CARDS)


def _authorization(status: str) -> State:
    return State((Sign("status", (status,)),), read=_AUTHORIZATIONS)


def _design(status: str) -> State:
    return State((Sign("status", (status,)),), read=_DESIGNS)


def _treasury(kind: str, status: str) -> State:
    return State((Sign("status", (status,)),), read=f"treasury.{kind}.retrieve")


_MONEY: Mapping[str, Evidence] = {
    "charges.capture": _shows("captured", True),
    "checkout.sessions.expire": _status("expired"),
    "credit_notes.void_credit_note": _status("void"),
    "disputes.close": _status("lost", "warning_closed"),
    "invoices.add_lines": Caused(("invoice.updated",)),
    "invoices.attach_payment": State(
        (Sign("payments.data.payment.payment_intent", argument="payment_intent"),), expand=("payments",)
    ),
    "invoices.create_preview": _AGAIN,
    "invoices.finalize_invoice": _status("open", "paid", "uncollectible", "void"),
    "invoices.mark_uncollectible": _status("uncollectible"),
    "invoices.pay": _status("paid"),
    "invoices.remove_lines": State((Sign("lines.data.id", argument="lines.id", differs=True),)),
    "invoices.send_invoice": Caused(("invoice.sent",)),
    "invoices.update_lines": _AGAIN,
    "invoices.void_invoice": _status("void"),
    "payment_intents.apply_customer_balance": Caused(("payment_intent.partially_funded", "payment_intent.succeeded")),
    "payment_intents.cancel": _status("canceled"),
    "payment_intents.capture": _status("succeeded"),
    "payment_intents.confirm": _status("processing", "requires_capture", "succeeded"),
    "payment_intents.increment_authorization": _same("amount", "amount"),
    "payment_intents.verify_microdeposits": _CHECKED_DEPOSITS,
    "payment_method_domains.validate": _AGAIN,
    "payment_methods.attach": _same("customer", "customer"),
    "payment_methods.detach": _shows("customer", None),
    "payouts.cancel": _status("canceled"),
    "payouts.reverse": State((Sign("reversed_by", (None,), differs=True),), follow="reversed_by"),
    "quotes.accept": _status("accepted"),
    "quotes.cancel": _status("canceled"),
    "quotes.finalize_quote": _status("open", "accepted"),
    "refunds.cancel": _status("canceled"),
    "reviews.approve": _shows("open", False),
    "setup_intents.cancel": _status("canceled"),
    "setup_intents.confirm": _status("processing", "succeeded"),
    "setup_intents.verify_microdeposits": _CHECKED_DEPOSITS,
    "subscription_schedules.cancel": _status("canceled"),
    "subscription_schedules.release": _status("released"),
    "subscriptions.migrate": _same("billing_mode.type", "billing_mode.type"),
    "subscriptions.pause": _status("paused"),
    "subscriptions.resume": State((Sign("status", ("paused",), differs=True),)),
    "topups.cancel": _status("canceled"),
}
"""What payments, invoices and subscriptions show."""
_OTHERS: Mapping[str, Evidence] = {
    "accounts.reject": _shows("requirements.disabled_reason", *_REJECTED),
    "accounts.unreject": State((Sign("requirements.disabled_reason", _REJECTED, differs=True),)),
    "apps.installs.uninstall": _status("uninstalling"),
    "apps.secrets.delete_where": Gone(),
    "billing.alerts.activate": _status("active"),
    "billing.alerts.archive": _status("archived"),
    "billing.alerts.deactivate": _status("inactive"),
    "billing.credit_grants.expire": Caused(("billing.credit_grant.updated",)),
    "billing.credit_grants.void_grant": State((Sign("voided_at", (None,), differs=True),)),
    "billing.feedback_options.deactivate": _status("inactive"),
    "billing.meters.deactivate": _status("inactive"),
    "billing.meters.reactivate": _status("active"),
    "climate.orders.cancel": _status("canceled"),
    "customers.payment_sources.verify": _status("verified"),
    "financial_connections.accounts.disconnect": _status("disconnected"),
    "identity.verification_sessions.cancel": _status("canceled"),
    "identity.verification_sessions.redact": _shows("redaction.status", "processing", "redacted"),
    "invoice_rendering_templates.archive": _status("archived"),
    "invoice_rendering_templates.unarchive": _status("active"),
    "issuing.authorizations.approve": _shows("approved", True),
    "issuing.authorizations.decline": State((Sign("approved", (False,)), Sign("status", ("closed",)))),
    "issuing.disputes.submit": _status("submitted", "won", "lost"),
    "sources.verify": _status("chargeable", "consumed"),
    "terminal.readers.cancel_action": _shows("action", None),
    "terminal.readers.collect_inputs": _shows("action.type", "collect_inputs"),
    "terminal.readers.set_reader_display": _AGAIN,
    "three_d_secure.authentications.cancel": _status("canceled"),
    "three_d_secure.authentications.submit": State((Sign("status", ("requires_submission",), differs=True),)),
    "treasury.financial_accounts.close": _status("closed"),
    "treasury.inbound_transfers.cancel": _status("canceled"),
    "treasury.outbound_payments.cancel": _status("canceled"),
    "treasury.outbound_transfers.cancel": _status("canceled"),
    **{
        f"terminal.readers.{action}": _same(f"action.{action}.{of}", of)
        for action, of in (
            ("collect_payment_method", "payment_intent"), ("confirm_payment_intent", "payment_intent"),
            ("process_payment_intent", "payment_intent"), ("process_setup_intent", "setup_intent"),
        )
    },
    "terminal.readers.refund_payment": _shows("action.type", "refund_payment"),
    **{
        f"financial_connections.accounts.{action}": _AGAIN for action in ("refresh", "subscribe", "unsubscribe")
    },
    **{
        f"payment_records.{action}": _HIDDEN
        for action in (
            "report_payment", "report_payment_attempt", "report_payment_attempt_informational", "report_refund",
        )
    },
    "payment_records.report_payment_attempt_canceled": State((Sign("amount_canceled.value", (0, None), differs=True),)),
    "payment_records.report_payment_attempt_failed": State((Sign("amount_failed.value", (0, None), differs=True),)),
    "payment_records.report_payment_attempt_guaranteed": State(
        (Sign("amount_guaranteed.value", (0, None), differs=True),)
    ),
    **{f"tax.transactions.{action}": _HIDDEN for action in ("create_from_calculation", "create_reversal")},
}  # fmt: skip
"""What all else of API v1 shows."""
_TEST_HELPERS: Mapping[str, Evidence] = {
    "issuing.authorizations.capture": _authorization("closed"),
    "issuing.authorizations.expire": _authorization("expired"),
    "issuing.authorizations.reverse": _authorization("reversed"),
    "issuing.cards.deliver_card": _card("delivered"),
    "issuing.cards.fail_card": _card("failure"),
    "issuing.cards.return_card": _card("returned"),
    "issuing.cards.ship_card": _card("shipped"),
    "issuing.cards.submit_card": _card("submitted"),
    "issuing.personalization_designs.activate": _design("active"),
    "issuing.personalization_designs.deactivate": _design("inactive"),
    "issuing.personalization_designs.reject": _design("rejected"),
    "refunds.expire": State((Sign("status", ("requires_action",), differs=True),), read="refunds.retrieve"),
    "test_clocks.advance": _same("frozen_time", "frozen_time"),
    "treasury.inbound_transfers.fail": _treasury("inbound_transfers", "failed"),
    "treasury.inbound_transfers.return_inbound_transfer": State(
        (Sign("returned", (True,)),), read="treasury.inbound_transfers.retrieve"
    ),
    "treasury.inbound_transfers.succeed": _treasury("inbound_transfers", "succeeded"),
    **{
        f"treasury.{kind}.{action}": _treasury(kind, status)
        for kind, singular in (("outbound_payments", "outbound_payment"), ("outbound_transfers", "outbound_transfer"))
        for action, status in (("fail", "failed"), ("post", "posted"), (f"return_{singular}", "returned"))
    },
    **dict.fromkeys(
        (
            "customers.fund_cash_balance", "issuing.authorizations.finalize_amount",
            "issuing.authorizations.increment", "issuing.authorizations.respond",
            "issuing.transactions.create_force_capture", "issuing.transactions.create_unlinked_refund",
            "issuing.transactions.refund", "terminal.readers.present_payment_method",
            "terminal.readers.succeed_input_collection", "terminal.readers.timeout_input_collection",
        ),
        _HIDDEN,
    ),
}  # fmt: skip
"""What Stripe's helpers for tests show, without their common beginning."""
_V2: Mapping[str, Evidence] = {
    "core.accounts.close": _shows("closed", True),
    "core.event_destinations.disable": _status("disabled"),
    "core.event_destinations.enable": _status("enabled"),
    "core.event_destinations.ping": _AGAIN,
    "core.vault.gb_bank_accounts.archive": _shows("archived", True),
    "core.vault.gb_bank_accounts.unarchive": _shows("archived", False),
    "core.vault.us_bank_accounts.archive": _shows("archived", True),
    "core.vault.us_bank_accounts.confirm_microdeposits": _shows("verification.status", "verified"),
    "core.vault.us_bank_accounts.send_microdeposits": _shows(
        "verification.status", "awaiting_verification", "verified"
    ),
    "core.vault.us_bank_accounts.unarchive": _shows("archived", False),
    "money_management.outbound_payments.cancel": _status("canceled"),
    "money_management.outbound_setup_intents.cancel": _status("canceled"),
    "money_management.payout_intents.cancel": _status("canceled"),
    "money_management.payout_intents.confirm": _status("pending", "processing", "posted"),
    "money_management.payout_intents.refresh_fx_quote": _AGAIN,
    "money_management.payout_intents.refresh_recipient_verification": _AGAIN,
    "money_management.payout_methods.archive": _shows("archived", True),
    "money_management.payout_methods.unarchive": _shows("archived", False),
    "money_management.recipient_verifications.acknowledge": _status("acknowledged", "consumed"),
    "money_management.test_helpers.financial_addresses.credit": _HIDDEN,
    "money_management.transactions.refresh_regulatory_receipt": _AGAIN,
    "test_helpers.money_management.recipient_verifications": _HIDDEN,
}
"""What API v2 shows, without its common beginning."""
STATES: Mapping[str, Evidence] = {
    **_MONEY,
    **_OTHERS,
    **{f"test_helpers.{name}": evidence for name, evidence in _TEST_HELPERS.items()},
    **{f"v2.{name}": evidence for name, evidence in _V2.items()},
}
"""Every other operation that writes."""


def evidence_of(operation: Operation, *, stamped: bool) -> Evidence | None:
    """Return what shows that an operation happened; None of one that nobody declared.

    stamped: the call's object carries the step's key and can be listed.
    """
    if stamped:
        return Stamped()
    for declared in (CREATES, UPDATES, DELETES, STATES):
        if operation.name in declared:
            return declared[operation.name]
    if operation.method == "delete":
        return Gone()
    return _AGAIN if operation.function == "update" else None


def caused_types(name: str) -> tuple[str, ...]:
    """Return the types of the events that show that an operation happened; none if something else shows it."""
    declared = UPDATES.get(name) or STATES.get(name) or CREATES.get(name)
    return declared.types if isinstance(declared, Caused) else ()


def after(operation: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an object that show that an operation happened, as far as they are declared."""
    declared = STATES.get(operation.name)
    fields: dict[str, Any] = {}
    for sign in declared.signs if isinstance(declared, State) else ():
        values = list(sign.values) if sign.argument is None else values_at(arguments, sign.argument)
        if not sign.differs and "." not in sign.path and values:
            fields[sign.path] = values[0]
    return fields
