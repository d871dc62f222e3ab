"""Every operation of Stripe that writes: its answer is lost, and a day or a month later the step is tried again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from payloom.connectors.port import Attempt, StepFailed
from payloom.connectors.stripe.catalog import effects, events, operations
from payloom.connectors.stripe.catalog.evidence import Caused, State
from payloom.connectors.stripe.catalog.operations import Operation
from payloom.connectors.stripe.client import StripeSettings
from payloom.connectors.stripe.connector import StripeConnector
from payloom.connectors.stripe.failures import refused
from payloom.connectors.stripe.parameters import Prepared
from payloom.connectors.stripe.step_host import StripeHost
from payloom.kit.clock import ManualClock
from payloom.workflows.program.commands import Do

pytestmark = pytest.mark.anyio

NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
KEY = "run_1:0"
WRITES = [name for name in operations.names() if operations.find(name).method != "get"]  # type: ignore[union-attr] - every name has an operation

REJECTED, NOT_REJECTED = {"requirements": {"disabled_reason": "rejected.fraud"}}, {"requirements": {}}
DEPOSITS = {"next_action": {"type": "verify_with_microdeposits"}}
OPEN, CANCELED = {"status": "open"}, {"status": "canceled"}
CHANGES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "accounts.reject": (NOT_REJECTED, REJECTED),
    "accounts.unreject": (REJECTED, NOT_REJECTED),
    "apps.installs.uninstall": ({"status": "installed"}, {"status": "uninstalling"}),
    "billing.alerts.activate": ({"status": "inactive"}, {"status": "active"}),
    "billing.alerts.archive": ({"status": "active"}, {"status": "archived"}),
    "billing.alerts.deactivate": ({"status": "active"}, {"status": "inactive"}),
    "billing.credit_grants.void_grant": ({"voided_at": None}, {"voided_at": 1_790_000_000}),
    "billing.feedback_options.deactivate": ({"status": "active"}, {"status": "inactive"}),
    "billing.meters.deactivate": ({"status": "active"}, {"status": "inactive"}),
    "billing.meters.reactivate": ({"status": "inactive"}, {"status": "active"}),
    "charges.capture": ({"captured": False}, {"captured": True}),
    "checkout.sessions.expire": (OPEN, {"status": "expired"}),
    "climate.orders.cancel": (OPEN, CANCELED),
    "credit_notes.void_credit_note": ({"status": "issued"}, {"status": "void"}),
    "customers.payment_sources.verify": ({"status": "new"}, {"status": "verified"}),
    "disputes.close": ({"status": "needs_response"}, {"status": "lost"}),
    "financial_connections.accounts.disconnect": ({"status": "active"}, {"status": "disconnected"}),
    "identity.verification_sessions.cancel": ({"status": "requires_input"}, CANCELED),
    "identity.verification_sessions.redact": ({"redaction": None}, {"redaction": {"status": "processing"}}),
    "invoice_rendering_templates.archive": ({"status": "active"}, {"status": "archived"}),
    "invoice_rendering_templates.unarchive": ({"status": "archived"}, {"status": "active"}),
    "invoices.attach_payment": (
        {"payments": {"data": []}},
        {"payments": {"data": [{"payment": {"payment_intent": "pi_1"}}]}},
    ),
    "invoices.finalize_invoice": ({"status": "draft"}, OPEN),
    "invoices.mark_uncollectible": (OPEN, {"status": "uncollectible"}),
    "invoices.pay": (OPEN, {"status": "paid"}),
    "invoices.remove_lines": ({"lines": {"data": [{"id": "text"}]}}, {"lines": {"data": [{"id": "il_2"}]}}),
    "invoices.void_invoice": (OPEN, {"status": "void"}),
    "issuing.authorizations.approve": ({"approved": False}, {"approved": True}),
    "issuing.authorizations.decline": (
        {"approved": False, "status": "pending"},
        {"approved": False, "status": "closed"},
    ),
    "issuing.disputes.submit": ({"status": "unsubmitted"}, {"status": "submitted"}),
    "payment_intents.cancel": ({"status": "requires_capture"}, CANCELED),
    "payment_intents.capture": ({"status": "requires_capture"}, {"status": "succeeded"}),
    "payment_intents.confirm": ({"status": "requires_confirmation"}, {"status": "succeeded"}),
    "payment_intents.increment_authorization": ({"amount": 0}, {"amount": 1}),
    "payment_intents.verify_microdeposits": (DEPOSITS, {"next_action": None}),
    "payment_methods.attach": ({"customer": None}, {"customer": "cus_1"}),
    "payment_methods.detach": ({"customer": "cus_1"}, {"customer": None}),
    "payment_records.report_payment_attempt_canceled": (
        {"amount_canceled": {"value": 0}},
        {"amount_canceled": {"value": 900}},
    ),
    "payment_records.report_payment_attempt_failed": (
        {"amount_failed": {"value": 0}},
        {"amount_failed": {"value": 900}},
    ),
    "payment_records.report_payment_attempt_guaranteed": (
        {"amount_guaranteed": {"value": 0}},
        {"amount_guaranteed": {"value": 900}},
    ),
    "payouts.cancel": ({"status": "pending"}, CANCELED),
    "payouts.reverse": ({"reversed_by": None}, {"reversed_by": "po_back"}),
    "quotes.accept": (OPEN, {"status": "accepted"}),
    "quotes.cancel": (OPEN, CANCELED),
    "quotes.finalize_quote": ({"status": "draft"}, OPEN),
    "refunds.cancel": ({"status": "requires_action"}, CANCELED),
    "reviews.approve": ({"open": True}, {"open": False}),
    "setup_intents.cancel": ({"status": "requires_confirmation"}, CANCELED),
    "setup_intents.confirm": ({"status": "requires_confirmation"}, {"status": "succeeded"}),
    "setup_intents.verify_microdeposits": (DEPOSITS, {"next_action": None}),
    "sources.verify": ({"status": "pending"}, {"status": "chargeable"}),
    "subscription_schedules.cancel": ({"status": "active"}, CANCELED),
    "subscription_schedules.release": ({"status": "active"}, {"status": "released"}),
    "subscriptions.cancel": ({"status": "active"}, CANCELED),
    "subscriptions.migrate": ({"billing_mode": {"type": "classic"}}, {"billing_mode": {"type": "flexible"}}),
    "subscriptions.pause": ({"status": "active"}, {"status": "paused"}),
    "subscriptions.resume": ({"status": "paused"}, {"status": "active"}),
    "terminal.readers.cancel_action": ({"action": {"type": "collect_inputs"}}, {"action": None}),
    "terminal.readers.collect_inputs": ({"action": None}, {"action": {"type": "collect_inputs"}}),
    "terminal.readers.refund_payment": ({"action": None}, {"action": {"type": "refund_payment"}}),
    "test_helpers.issuing.authorizations.capture": ({"status": "pending"}, {"status": "closed"}),
    "test_helpers.issuing.authorizations.expire": ({"status": "pending"}, {"status": "expired"}),
    "test_helpers.issuing.authorizations.reverse": ({"status": "pending"}, {"status": "reversed"}),
    "test_helpers.issuing.personalization_designs.activate": ({"status": "review"}, {"status": "active"}),
    "test_helpers.issuing.personalization_designs.deactivate": ({"status": "active"}, {"status": "inactive"}),
    "test_helpers.issuing.personalization_designs.reject": ({"status": "review"}, {"status": "rejected"}),
    "test_helpers.refunds.expire": ({"status": "requires_action"}, {"status": "failed"}),
    "test_helpers.test_clocks.advance": ({"frozen_time": 0}, {"frozen_time": 1}),
    "test_helpers.treasury.inbound_transfers.fail": ({"status": "processing"}, {"status": "failed"}),
    "test_helpers.treasury.inbound_transfers.return_inbound_transfer": ({"returned": False}, {"returned": True}),
    "test_helpers.treasury.inbound_transfers.succeed": ({"status": "processing"}, {"status": "succeeded"}),
    "three_d_secure.authentications.cancel": ({"status": "requires_challenge"}, CANCELED),
    "three_d_secure.authentications.submit": ({"status": "requires_submission"}, {"status": "succeeded"}),
    "topups.cancel": ({"status": "pending"}, CANCELED),
    "treasury.financial_accounts.close": (OPEN, {"status": "closed"}),
    "treasury.inbound_transfers.cancel": ({"status": "processing"}, CANCELED),
    "treasury.outbound_payments.cancel": ({"status": "processing"}, CANCELED),
    "treasury.outbound_transfers.cancel": ({"status": "processing"}, CANCELED),
    "v2.core.accounts.close": ({"closed": None}, {"closed": True}),
    "v2.core.event_destinations.disable": ({"status": "enabled"}, {"status": "disabled"}),
    "v2.core.event_destinations.enable": ({"status": "disabled"}, {"status": "enabled"}),
    "v2.core.vault.gb_bank_accounts.archive": ({"archived": False}, {"archived": True}),
    "v2.core.vault.gb_bank_accounts.unarchive": ({"archived": True}, {"archived": False}),
    "v2.core.vault.us_bank_accounts.archive": ({"archived": False}, {"archived": True}),
    "v2.core.vault.us_bank_accounts.confirm_microdeposits": (
        {"verification": {"status": "awaiting_verification"}},
        {"verification": {"status": "verified"}},
    ),
    "v2.core.vault.us_bank_accounts.send_microdeposits": (
        {"verification": {"status": "unverified"}},
        {"verification": {"status": "awaiting_verification"}},
    ),
    "v2.core.vault.us_bank_accounts.unarchive": ({"archived": True}, {"archived": False}),
    "v2.money_management.outbound_payments.cancel": ({"status": "processing"}, CANCELED),
    "v2.money_management.outbound_setup_intents.cancel": ({"status": "requires_action"}, CANCELED),
    "v2.money_management.payout_intents.cancel": ({"status": "pending"}, CANCELED),
    "v2.money_management.payout_intents.confirm": ({"status": "requires_action"}, {"status": "processing"}),
    "v2.money_management.payout_methods.archive": ({"archived": False}, {"archived": True}),
    "v2.money_management.payout_methods.unarchive": ({"archived": True}, {"archived": False}),
    "v2.money_management.recipient_verifications.acknowledge": (
        {"status": "awaiting_acknowledgement"},
        {"status": "acknowledged"},
    ),
    **{
        f"test_helpers.issuing.cards.{action}": ({"shipping": {"status": "pending"}}, {"shipping": {"status": status}})
        for action, status in (
            ("deliver_card", "delivered"),
            ("fail_card", "failure"),
            ("return_card", "returned"),
            ("ship_card", "shipped"),
            ("submit_card", "submitted"),
        )
    },
    **{
        f"test_helpers.treasury.{kind}.{action}": ({"status": "processing"}, {"status": status})
        for kind, singular in (("outbound_payments", "outbound_payment"), ("outbound_transfers", "outbound_transfer"))
        for action, status in (("fail", "failed"), ("post", "posted"), (f"return_{singular}", "returned"))
    },
    **{
        f"terminal.readers.{action}": ({"action": None}, {"action": {"type": action, action: {of: value}}})
        for action, of, value in (
            ("collect_payment_method", "payment_intent", "text"),
            ("confirm_payment_intent", "payment_intent", "text"),
            ("process_payment_intent", "payment_intent", "text"),
            ("process_setup_intent", "setup_intent", "text"),
        )
    },
}
"""What Stripe shows of an object before and after each call that changes its state."""
MORE_ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "disputes.update": {"submit": True},
    "invoices.attach_payment": {"payment_intent": "pi_1"},
    "payment_methods.attach": {"customer": "cus_1"},
    "subscriptions.migrate": {"billing_mode": {"type": "flexible"}},
}
BY_EVENT: Mapping[str, str] = {
    "billing.credit_grants.expire": "billing.credit_grant.updated",
    "customers.tax_ids.create": "customer.tax_id.created",
    "disputes.update": "charge.dispute.updated",
    "files.create": "file.created",
    "invoices.add_lines": "invoice.updated",
    "invoices.send_invoice": "invoice.sent",
    "payment_intents.apply_customer_balance": "payment_intent.partially_funded",
    "subscription_items.update": "customer.subscription.updated",
    "subscription_schedules.update": "subscription_schedule.updated",
    "subscriptions.update": "customer.subscription.updated",
    "test_helpers.test_clocks.create": "test_helpers.test_clock.created",
}
TAKEN_AWAY: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "customers.delete_discount": ({"discount": {"id": "di_1"}}, {"discount": None}),
    "subscriptions.delete_discount": ({"discounts": ["di_1"]}, {"discounts": []}),
}
ONE_OF_A_KIND = {
    "apple_pay_domains.create": {"domain_name": "text"},
    "billing.meters.create": {"event_name": "text"},
    "payment_method_domains.create": {"domain_name": "text"},
    "products.features.create": {"entitlement_feature": {"id": "text"}},
    "radar.value_list_items.create": {"value_list": "text", "value": "text"},
}
BY_THEIR_NATURE_TWICE = ("link", "session", "token", "ping", "refresh", "preview", "validate", "display", "subscribe")
"""What may be made again without harm, beside updates: parts of the names of operations."""


def sample(schema: Mapping[str, Any]) -> Any:
    """Return the plainest value that fits a parameter."""
    if "anyOf" in schema:
        return sample(next(part for part in schema["anyOf"] if part.get("type") != "null"))
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        return [sample(schema.get("items", {}))]
    if kind == "object":
        known = schema.get("properties", {})
        return {name: sample(known[name]) for name in schema.get("required", ())}
    return {"integer": 1, "number": 1, "boolean": True}.get(str(kind), "text")


def arguments(operation: Operation) -> dict[str, Any]:
    """Return the least that the call needs."""
    schema = operation.params()
    needed = {name: sample(schema["properties"][name]) for name in schema["required"]}
    return {**needed, **dict.fromkeys(operation.path_names, "one_1"), **MORE_ARGUMENTS.get(operation.name, {})}


class OneCall(StripeConnector):
    """A Stripe that knows one call, and whether it happened."""

    def __init__(self, operation: Operation, *, happened: bool) -> None:
        super().__init__(StripeSettings("sk_test_x"), ManualClock(NOW))
        self.operation, self.happened, self.sent = operation, happened, 0
        self.identity = {"id": "one_1", "object": (operation.result() or {}).get("title")}

    @property
    def deletes(self) -> bool:
        """Whether there is nothing left of the object."""
        name = self.operation.name
        deletes = self.operation.method == "delete" or name == "apps.secrets.delete_where"
        return deletes and name not in {**CHANGES, **TAKEN_AWAY, "ephemeral_keys.delete": ()}

    def state(self) -> dict[str, Any]:
        name = self.operation.name
        before, after = {**CHANGES, **TAKEN_AWAY}.get(name, ({}, ONE_OF_A_KIND.get(name, {})))
        return {**self.identity, **(after if self.happened else before)}

    def answer(self) -> dict[str, Any]:
        if self.operation.name in TAKEN_AWAY:
            return {"object": "discount", "deleted": True, self.operation.service[-1][:-1]: "one_1"}
        if self.operation.name == "payouts.reverse":
            return {"id": "po_back", "object": "payout"}
        if self.operation.name == "apps.secrets.delete_where":
            return {**arguments(self.operation), "object": "apps.secret", "deleted": True}
        if self.operation.method == "delete" and self.operation.name not in CHANGES:
            kind = {"object": self.identity["object"]} if self.identity["object"] else {}
            return {"id": "one_1", **kind, "deleted": True}
        return self.state()

    async def _call(self, operation: Operation, prepared: Prepared, options: Mapping[str, Any], seconds: float) -> Any:
        if operation.name == self.operation.name:
            if self.happened and self.deletes:
                raise refused("resource_missing", "No such object", status=404)
            self.sent += 1
            self.happened = True
            return self.answer()
        assert operation.method == "get", operation.name
        if operation.name == "events.list":
            return {"data": [self.event()] if self.happened else [], "has_more": False}
        if operation.function == "list":
            stamped = {**self.state(), "metadata": {"payloom_step": KEY}}
            return {"data": [stamped] if self.happened else [], "has_more": False}
        if prepared.path == ["po_back"]:
            return self.answer()
        assert not self.deletes
        return self.state()

    def event(self) -> dict[str, Any]:
        kind = BY_EVENT.get(self.operation.name)
        return {"type": kind, "data": {"object": self.state()}, "request": {"idempotency_key": KEY}}


ALSO_TWICE = {"ephemeral_keys.delete"}


async def tried_again(operation: Operation, *, happened: bool, after: dt.timedelta) -> tuple[OneCall, Any]:
    stripe = OneCall(operation, happened=happened)
    do = Do("0", "stripe", operation.name, {"with": arguments(operation)}, KEY)
    attempt = Attempt("run_1", 2, NOW - after, in_doubt=True)
    try:
        return stripe, await StripeHost(stripe).perform(do, attempt)
    except StepFailed as failed:
        return stripe, failed.failure


def found(name: str) -> Operation:
    operation = operations.find(name)
    assert operation is not None
    return operation


def late(operation: Operation) -> dt.timedelta:
    """Return how much later Stripe has forgotten a key."""
    return dt.timedelta(days=31 if operation.service[0] == "v2" else 2)


DELETES = {name for name in WRITES if found(name).method == "delete" and not name.startswith("v2.")}
"""Version 1 keeps no keys for these."""


def may_be_made_twice(name: str) -> bool:
    return any(part in name for part in BY_THEIR_NATURE_TWICE)


@pytest.mark.fault("A15")
@pytest.mark.parametrize("name", WRITES)
async def test_what_happened_is_found_and_not_done_again(name: str) -> None:
    operation = found(name)
    stripe, result = await tried_again(operation, happened=True, after=late(operation))
    if getattr(result, "kind", None) == "outcome_unknown":
        assert stripe.sent == 0
        assert name not in {**CHANGES, **BY_EVENT, **TAKEN_AWAY, **ONE_OF_A_KIND}
        assert operation.method != "delete"
        assert operation.function != "update"
    elif stripe.sent:
        assert stripe.sent == 1
        assert name not in {**CHANGES, **BY_EVENT, **TAKEN_AWAY, **ONE_OF_A_KIND}
        assert operation.function in ("update", "update_lines") or may_be_made_twice(name) or name in SETTING_AGAIN
    else:
        assert {key: value for key, value in result.items() if key != "metadata"} == stripe.answer()


SETTING_AGAIN = {
    "apps.secrets.create",
    "billing.meter_event_adjustments.create",
    "customers.funding_instructions.create",
    "ephemeral_keys.create",
    "ephemeral_keys.delete",
    "radar.payment_evaluations.create",
    "reporting.report_runs.create",
    "sources.create",
    "tax.calculations.create",
}
"""The other calls that Stripe itself takes twice without harm."""


@pytest.mark.fault("A15")
@pytest.mark.parametrize("name", WRITES)
async def test_what_did_not_happen_is_done_once(name: str) -> None:
    operation = found(name)
    stripe, result = await tried_again(operation, happened=False, after=late(operation))
    if getattr(result, "kind", None) == "outcome_unknown":
        # Whether it is known never depends on what happened.
        again, other = await tried_again(operation, happened=True, after=late(operation))
        assert (stripe.sent, again.sent, other.kind) == (0, 0, "outcome_unknown")
    else:
        assert stripe.sent == 1
        assert result == stripe.answer()


@pytest.mark.parametrize("name", sorted(DELETES - ALSO_TWICE))
async def test_a_deletion_whose_answer_was_lost_a_moment_ago_is_looked_for(name: str) -> None:
    stripe, result = await tried_again(found(name), happened=True, after=dt.timedelta(seconds=2))
    assert (stripe.sent, result) == (0, stripe.answer())


@pytest.mark.parametrize("name", sorted({**CHANGES, **TAKEN_AWAY}))
async def test_a_change_that_is_not_there_to_be_read_is_an_error_in_stripes_words(name: str) -> None:
    """Nobody is told that something was done to an object that does not exist."""

    class Missing(OneCall):
        async def _call(
            self, operation: Operation, prepared: Prepared, options: Mapping[str, Any], seconds: float
        ) -> Any:
            raise refused("resource_missing", "No such object", status=404)

    operation = found(name)
    do = Do("0", "stripe", name, {"with": arguments(operation)}, KEY)
    with pytest.raises(StepFailed) as caught:
        await StripeHost(Missing(operation, happened=False)).perform(
            do, Attempt("run_1", 2, NOW - late(operation), in_doubt=True)
        )
    assert caught.value.failure.kind == "resource_missing"


@pytest.mark.parametrize("name", WRITES)
def test_every_operation_says_what_shows_that_it_happened(name: str) -> None:
    operation = found(name)
    evidence = effects.evidence_of(operation, stamped=False)
    listed = operations.find(".".join((*operation.service, "list"))) is not None
    assert evidence is not None or (operation.function == "create" and listed)
    if isinstance(evidence, Caused):
        assert set(evidence.types) <= set(events.event_types())
    if isinstance(evidence, State):
        reading = operations.find(evidence.read or ".".join((*operation.service, "retrieve")))
        assert reading is not None
        assert len(reading.path_names) == len(operation.path_names)
        for sign in evidence.signs:
            field = at(reading.result() or {}, sign.path)
            assert field is not None, sign.path
            words = [word for word in sign.values if isinstance(word, str)]
            assert set(words) <= set(field.get("enum", words))


def at(schema: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
    """Return the schema of a field, through lists and unions."""
    if not path:
        return schema
    if schema.get("type") == "array":
        return at(schema["items"], path)
    if "anyOf" in schema:
        return next((got for part in schema["anyOf"] if (got := at(part, path)) is not None), None)
    name, _, rest = path.partition(".")
    known = schema.get("properties", {})
    return at(known[name], rest) if name in known else None


@pytest.mark.parametrize("days", [1, 40])
async def test_events_older_than_a_month_prove_nothing(days: int) -> None:
    operation = found("invoices.send_invoice")
    stripe, result = await tried_again(operation, happened=False, after=dt.timedelta(days=days))
    assert (stripe.sent, getattr(result, "kind", None)) == ((1, None) if days == 1 else (0, "outcome_unknown"))


async def test_an_event_of_another_call_is_not_ours() -> None:
    class Other(OneCall):
        def event(self) -> dict[str, Any]:
            return {**super().event(), "request": {"idempotency_key": "run_2:0"}}

    operation = found("invoices.send_invoice")
    stripe = Other(operation, happened=True)
    do = Do("0", "stripe", operation.name, {"with": {"id": "one_1"}}, KEY)
    await StripeHost(stripe).perform(do, Attempt("run_1", 2, NOW - dt.timedelta(days=2), in_doubt=True))
    assert stripe.sent == 1


async def test_an_object_too_full_of_metadata_for_a_stamp_is_not_made_twice() -> None:
    operation = found("customers.create")
    stripe = OneCall(operation, happened=True)
    full = {f"key{number}": "x" for number in range(50)}
    do = Do("0", "stripe", operation.name, {"with": {"metadata": full}}, KEY)
    with pytest.raises(StepFailed) as caught:
        await StripeHost(stripe).perform(do, Attempt("run_1", 2, NOW - dt.timedelta(days=2), in_doubt=True))
    assert (caught.value.failure.kind, stripe.sent) == ("outcome_unknown", 0)
