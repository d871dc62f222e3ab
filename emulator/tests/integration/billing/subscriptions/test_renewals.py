from __future__ import annotations

import time

import pytest
from emulator.tests.support.billing_shop import Shop, data, day
from emulator.tests.support.stripe_fields import id_of
from tests.support.present import present

from payloom_emulator.embedded import RunningEmulator

YEAR_OF_MONTHS = 12


def test_a_renewal_is_announced_drafted_finalized_an_hour_later_and_paid(shop: Shop) -> None:
    shop.begin("2030-01-31")
    subscription = shop.subscribe(shop.customer().id, shop.price().id)
    seen = len(shop.events())
    shop.advance("2030-02-22")
    since = [t for t in shop.types()[seen:] if t.startswith(("invoice", "customer"))]
    assert since == ["invoice.upcoming"]
    upcoming = data(shop.events("invoice.upcoming")[0])["object"]
    assert (upcoming["total"], upcoming["status"], upcoming["billing_reason"]) == (2000, "draft", "subscription_cycle")
    assert "id" not in upcoming
    shop.advance("2030-02-28 00:10")
    draft = shop.invoice(subscription.id)
    assert (draft.status, draft.auto_advance, draft.total) == ("draft", True, 2000)
    assert draft.automatically_finalizes_at == draft.created + 3600
    assert (day(draft.period_start), day(draft.period_end)) == ("2030-01-31", "2030-02-28")
    line = draft.lines.data[0]
    assert (day(line.period.start), day(line.period.end)) == ("2030-02-28", "2030-03-31")
    shop.advance("2030-02-28 02:00")
    assert shop.invoice(subscription.id).status == "paid"
    renewal = [t for t in shop.types() if not t.startswith(("test_helpers", "charge.updated", "balance"))][-10:]
    assert renewal == [
        "invoice.created",
        "customer.subscription.updated",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    ]
    previous = data(shop.events("customer.subscription.updated")[-1])["previous_attributes"]
    assert set(previous) == {"items", "latest_invoice"}


def test_the_31st_comes_back_after_short_months(shop: Shop) -> None:
    shop.begin("2028-01-31")
    subscription = shop.subscribe(shop.customer().id, shop.price().id)
    ends = []
    for until in ("2028-03-01", "2028-04-01", "2028-05-01", "2028-06-01"):
        shop.advance(until)
        item = shop.v1.subscription_items.list({"subscription": subscription.id}).data[0]
        ends.append(day(item.current_period_end))
    assert ends == ["2028-03-31", "2028-04-30", "2028-05-31", "2028-06-30"]


def test_renewals_that_fail_are_tried_three_times_and_then_the_subscription_is_canceled(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer = shop.customer()
    subscription = shop.subscribe(customer.id, shop.price().id)
    shop.switch_card(customer.id, "pm_card_chargeCustomerFail")
    shop.advance("2030-02-01 02:00")
    invoice = shop.invoice(subscription.id)
    assert (invoice.status, invoice.attempt_count, day(present(invoice.next_payment_attempt))) == (
        "open",
        1,
        "2030-02-04",
    )
    assert shop.status(subscription.id) == "past_due"
    assert shop.v1.customers.retrieve(customer.id).delinquent is True
    failing = [t for t in shop.types() if t.endswith("failed") or t == "customer.subscription.updated"]
    assert failing[-4:] == [
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.payment_failed",
        "customer.subscription.updated",
    ]
    shop.advance("2030-02-09 03:00")
    assert shop.invoice(subscription.id).attempt_count == 3
    shop.advance("2030-02-16 03:00")
    ended = shop.v1.subscriptions.retrieve(subscription.id)
    assert (ended.status, present(ended.cancellation_details).reason) == ("canceled", "payment_failed")
    invoice = shop.v1.invoices.retrieve(invoice.id)
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 4, None)
    assert "customer.subscription.deleted" in shop.types()


@pytest.mark.parametrize("outcome", ["unpaid", "past_due"])
def test_after_the_last_retry_the_setting_decides(shop: Shop, stripe_emulator: RunningEmulator, outcome: str) -> None:
    stripe_emulator.control("billing", after_retries=outcome, retry_days=[1])
    shop.begin("2030-01-01")
    customer = shop.customer()
    subscription = shop.subscribe(customer.id, shop.price().id)
    shop.switch_card(customer.id, "pm_card_chargeCustomerFail")
    shop.advance("2030-02-03")
    assert shop.status(subscription.id) == outcome
    if outcome == "unpaid":
        shop.advance("2030-03-02")
        draft = shop.invoice(subscription.id)
        assert (draft.status, draft.auto_advance) == ("draft", False)


def test_a_past_due_subscription_is_active_again_once_paid(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer = shop.customer()
    subscription = shop.subscribe(customer.id, shop.price().id)
    shop.switch_card(customer.id, "pm_card_chargeCustomerFail")
    shop.advance("2030-02-01 02:00")
    shop.switch_card(customer.id, "pm_card_visa")
    shop.advance("2030-02-04 03:00")
    invoice = shop.invoice(subscription.id)
    assert (invoice.status, invoice.attempt_count) == ("paid", 2)
    assert shop.status(subscription.id) == "active"
    assert shop.v1.customers.retrieve(customer.id).delinquent is False


def test_canceling_at_the_periods_end_ends_it_there_without_another_invoice(shop: Shop) -> None:
    shop.begin("2030-01-15")
    subscription = shop.subscribe(shop.customer().id, shop.price().id)
    wished = shop.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (wished.status, day(present(wished.cancel_at)), wished.canceled_at) == (
        "active",
        "2030-02-15",
        wished.canceled_at,
    )
    previous = data(shop.events("customer.subscription.updated")[-1])["previous_attributes"]
    assert previous["cancel_at_period_end"] is False
    assert previous["cancel_at"] is None
    shop.advance("2030-02-15 00:01")
    ended = shop.v1.subscriptions.retrieve(subscription.id)
    assert (ended.status, day(present(ended.ended_at))) == ("canceled", "2030-02-15")
    assert len(shop.v1.invoices.list().data) == 1
    assert shop.types("customer.subscription")[-1] == "customer.subscription.deleted"


def test_a_cancellation_at_the_periods_end_can_be_taken_back(shop: Shop) -> None:
    shop.begin("2030-01-15")
    subscription = shop.subscribe(shop.customer().id, shop.price().id, cancel_at_period_end=True)
    resumed = shop.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    assert (resumed.cancel_at, resumed.canceled_at, resumed.cancel_at_period_end) == (None, None, False)
    shop.advance("2030-02-15 02:00")
    assert shop.status(subscription.id) == "active"


def test_canceling_now_is_final_and_holds_what_was_not_collected(shop: Shop) -> None:
    shop.begin("2030-01-01")
    subscription = shop.subscribe(shop.customer().id, shop.price().id)
    shop.advance("2030-02-01 00:10")
    ended = shop.v1.subscriptions.cancel(
        subscription.id, {"cancellation_details": {"feedback": "unused", "comment": "bye"}}
    )
    assert ended.status == "canceled"
    assert present(ended.cancellation_details).to_dict() == {
        "comment": "bye",
        "feedback": "unused",
        "feedback_option": None,
        "reason": "cancellation_requested",
    }
    shop.advance("2030-02-03")
    assert (shop.invoice(subscription.id).status, shop.invoice(subscription.id).auto_advance) == ("draft", False)
    assert shop.v1.subscriptions.list().data == []
    assert [s.id for s in shop.v1.subscriptions.list({"status": "ended"}).data] == [subscription.id]


def test_paused_collection_voids_its_invoices_until_it_resumes(shop: Shop) -> None:
    shop.begin("2030-01-01")
    subscription = shop.subscribe(shop.customer().id, shop.price().id)
    shop.v1.subscriptions.update(
        subscription.id, {"pause_collection": {"behavior": "void", "resumes_at": 1_898_553_600}}
    )
    shop.advance("2030-02-01 02:00")
    assert shop.invoice(subscription.id).status == "void"
    assert shop.status(subscription.id) == "active"
    shop.advance("2030-03-01 02:00")
    assert shop.v1.subscriptions.retrieve(subscription.id).pause_collection is None
    assert shop.invoice(subscription.id).status == "paid"


def test_a_paused_subscription_is_resumed_with_a_new_cycle(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer = shop.customer(card=None)
    subscription = shop.subscribe(
        customer.id,
        shop.price().id,
        trial_period_days=7,
        trial_settings={"end_behavior": {"missing_payment_method": "pause"}},
    )
    shop.advance("2030-01-20")
    paused = shop.v1.subscriptions.retrieve(subscription.id)
    assert (paused.status, present(paused.status_details).paused.subscription.type) == (
        "paused",
        "trial_end_without_payment_method",
    )
    shop.switch_card(customer.id, "pm_card_visa")
    resumed = shop.v1.subscriptions.resume(subscription.id, {"billing_cycle_anchor": {"type": "now"}})
    assert resumed.status == "active"
    assert day(resumed.billing_cycle_anchor) == "2030-01-20"
    assert shop.invoice(subscription.id).status == "paid"
    assert "customer.subscription.resumed" in shop.types()


def test_a_year_of_monthly_renewals_with_dunning_runs_in_seconds(shop: Shop, stripe_emulator: RunningEmulator) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(customer.id, shop.price().id)
    began = time.monotonic()
    for month in range(YEAR_OF_MONTHS):
        failing = month % 4 == 3
        shop.switch_card(customer.id, "pm_card_chargeCustomerFail" if failing else "pm_card_visa")
        stripe_emulator.advance("28d")
        stripe_emulator.advance("3d")
        if failing:
            shop.switch_card(customer.id, "pm_card_visa")
            stripe_emulator.advance("4d")
    seconds = time.monotonic() - began
    invoices = list(shop.v1.invoices.list({"subscription": subscription.id, "limit": 100}).auto_paging_iter())
    assert len(invoices) >= YEAR_OF_MONTHS
    assert {i.status for i in invoices if i.status != "draft"} == {"paid"}
    assert any(i.attempt_count > 1 for i in invoices)
    assert shop.status(subscription.id) == "active"
    assert seconds < 5, f"{seconds:.1f} s"


def test_items_of_different_rhythms_are_billed_each_in_its_own(shop: Shop) -> None:
    shop.begin("2030-01-10")
    monthly, yearly = shop.price(1000), shop.price(10000, "year", name="Support")
    subscription = shop.v1.subscriptions.create(
        {"customer": shop.customer().id, "items": [{"price": monthly.id}, {"price": yearly.id}]}
    )
    assert shop.invoice(subscription.id).total == 11000
    shop.advance("2030-02-10 02:00")
    assert shop.invoice(subscription.id).total == 1000
    ends = sorted(day(i.current_period_end) for i in shop.v1.subscription_items.list({"subscription": subscription.id}))
    assert ends == ["2030-03-10", "2031-01-10"]


def test_a_date_to_cancel_at_inside_a_later_period_gives_back_the_rest(shop: Shop) -> None:
    shop.begin("2030-06-01")
    customer = shop.customer()
    subscription = shop.subscribe(customer.id, shop.price(3000).id, cancel_at=1_908_748_800)
    assert day(present(subscription.cancel_at)) == "2030-06-27"
    shop.advance("2030-06-27 00:01")
    assert shop.status(subscription.id) == "canceled"
    assert [i.amount for i in shop.v1.invoice_items.list({"pending": True}).data] == [-400]


def test_deleting_a_customer_ends_their_subscriptions(shop: Shop) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(customer.id, shop.price().id)
    shop.v1.customers.delete(customer.id)
    assert shop.status(subscription.id) == "canceled"
    assert [t for t in shop.types() if t.endswith("deleted")] == ["customer.subscription.deleted", "customer.deleted"]


def test_a_card_that_wants_3ds_at_each_renewal_asks_for_action(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer = shop.customer()
    subscription = shop.subscribe(customer.id, shop.price().id)
    shop.switch_card(customer.id, "pm_card_authenticationRequired")
    shop.advance("2030-02-01 02:00")
    assert shop.status(subscription.id) == "past_due"
    assert {"invoice.payment_action_required", "invoice.payment_failed"} <= set(shop.types())


def test_a_canceled_payment_intent_is_replaced_at_the_next_attempt(shop: Shop) -> None:
    customer = shop.customer("pm_card_chargeCustomerFail")
    subscription = shop.subscribe(customer.id, shop.price().id)
    payment = shop.v1.invoice_payments.list({"invoice": id_of(subscription.latest_invoice)}).data[0]
    shop.v1.payment_intents.cancel(id_of(payment.payment.payment_intent))
    shop.switch_card(customer.id, "pm_card_visa")
    assert shop.v1.invoices.pay(id_of(subscription.latest_invoice)).status == "paid"
    statuses = sorted(
        p.status for p in shop.v1.invoice_payments.list({"invoice": id_of(subscription.latest_invoice)}).data
    )
    assert statuses == ["canceled", "paid"]


def test_a_detached_card_is_not_charged(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer = shop.customer()
    subscription = shop.subscribe(customer.id, shop.price().id)
    shop.v1.payment_methods.detach(id_of(present(customer.invoice_settings).default_payment_method))
    shop.advance("2030-02-01 02:00")
    assert shop.status(subscription.id) == "past_due"
    assert shop.invoice(subscription.id).attempt_count == 1
