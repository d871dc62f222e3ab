"""What Stripe lets one do with the object of each event: read it again, or not; queue for it, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from payloom.connectors.stripe.catalog import events, operations
from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe
from payloom.inbox.service import Inbox
from payloom.kit.clock import ManualClock
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.publishing.versions import Versions
from payloom.sandbox.stripe.specimens import object_of_event
from payloom.workflows.loading.loader import load_workflow

if TYPE_CHECKING:
    from payloom.inbox.service import InboxEvent
    from payloom.runs.registry import StartPlan

GONE = {
    "account.external_account.deleted", "apps.install.deleted", "coupon.deleted", "customer.deleted",
    "customer.discount.deleted", "customer.source.deleted", "customer.tax_id.deleted", "invoice.deleted",
    "invoiceitem.deleted", "person.deleted", "plan.deleted", "price.deleted", "product.deleted",
    "test_helpers.test_clock.deleted",
}  # fmt: skip
PREVIEWS = {"invoice.upcoming"}
NOT_BY_ONE_ID = {
    "account.application", "account.external_account", "application_fee.refund", "balance", "balance_settings",
    "billing_portal.session", "capability", "cash_balance", "customer.discount", "customer.source",
    "customer_cash_balance_transaction", "entitlements.active_entitlement_summary",
    "financial_connections.authorization", "person", "reserve.hold", "reserve.plan", "reserve.release",
    "sigma.scheduled_query_run", "source.transaction", "tax.settings",
}  # fmt: skip
"""Families whose objects Stripe gives nobody by one id alone."""
NAMELESS = {
    "balance", "balance_settings", "cash_balance", "entitlements.active_entitlement_summary", "tax.settings",
}  # fmt: skip


def plan(event_type: str, more: str, object_of: dict[str, Any] | None = None) -> StartPlan:
    """Return how the engine starts a workflow on an event of this type."""
    family, action = events.split_type(event_type)
    text = f"name: N\ndescription: N.\non: {{stripe: {family}, actions: [{action}]{more}}}\nsteps:\n  - log: hello\n"
    catalog = CatalogWithStripe()
    loaded = load_workflow(text, workflow_id="n", file="n.yaml", catalog=catalog)
    assert loaded.workflow is not None, loaded.diagnostics
    versions = Versions(None, ManualClock())  # type: ignore[arg-type] - nothing is read from it here
    versions._current["n"] = loaded.workflow
    (start,) = PublishedWorkflows(versions, catalog).starts(event_of(event_type, object_of))
    return start


def event_of(event_type: str, object_of: dict[str, Any] | None = None) -> InboxEvent:
    family, action = events.split_type(event_type)
    whole = object_of_event(family, action, {}, 1_790_000_000) if object_of is None else object_of
    inbox = Inbox(None, ManualClock(), ["whsec_x"], livemode=False)  # type: ignore[arg-type] - nothing is read from it here
    common = {"id": "evt_1", "object": "event", "created": 1_790_000_000, "livemode": False}
    return inbox.parse({**common, "type": event_type, "data": {"object": whole}})


@pytest.mark.parametrize("event_type", events.event_types())
def test_only_what_can_be_read_again_is_read_again(event_type: str) -> None:
    family, _ = events.split_type(event_type)
    start = plan(event_type, ", fresh: true")
    assert start.failure is None
    if event_type in GONE | PREVIEWS or family in NOT_BY_ONE_ID:
        assert start.fresh is None
    else:
        assert start.fresh is not None
        reading = operations.find(start.fresh)
        assert reading is not None
        assert (reading.function, len(reading.path_names)) == ("retrieve", 1)


@pytest.mark.parametrize("event_type", events.event_types())
def test_only_what_has_an_id_has_a_lane_of_its_own(event_type: str) -> None:
    """`payloom test` sends what Stripe sends: no id where there is none."""
    family, _ = events.split_type(event_type)
    nameless = event_type in PREVIEWS or family in NAMELESS
    assert (event_of(event_type).object_id is None) is nameless
    start = plan(event_type, "")
    assert start.failure is None
    assert (start.lane is not None) is (family in events.STATEFUL and not nameless)


@pytest.mark.parametrize("identity", [{}, {"id": "upcoming_in_1"}])
def test_a_preview_is_taken_as_it_came(identity: dict[str, str]) -> None:
    """Also when Stripe, in some version, gives it a name of its own."""
    start = plan("invoice.upcoming", "", {"object": "invoice", "customer": "cus_1", **identity})
    assert (start.failure, start.fresh, start.lane) == (None, None, None)


def test_a_lane_that_the_file_names_holds_for_previews_too() -> None:
    start = plan("invoice.upcoming", ', queue: "${{ object.customer }}"', {"object": "invoice", "customer": "cus_1"})
    assert start.lane == "n:cus_1"


def test_an_ended_subscription_is_read_again_and_keeps_its_place() -> None:
    start = plan("customer.subscription.deleted", "")
    assert (start.fresh, start.lane) == ("subscriptions.retrieve", "n:sub_1")
