from __future__ import annotations

from typing import Any

import pytest
import stripe
from emulator.tests.support.billing_shop import Shop, data, day
from emulator.tests.support.request_params import request_params
from tests.support.present import present


def draft(shop: Shop, customer: stripe.Customer, *amounts: int, **more: Any) -> stripe.Invoice:
    invoice = shop.v1.invoices.create(request_params({"customer": customer.id, "currency": "usd", **more}))
    for amount in amounts:
        shop.v1.invoice_items.create(
            {
                "customer": customer.id,
                "invoice": invoice.id,
                "amount": amount,
                "currency": "usd",
                "description": f"Item {amount}",
            }
        )
    return shop.v1.invoices.retrieve(invoice.id)


def test_an_invoice_by_hand_goes_from_draft_to_open_to_paid(shop: Shop) -> None:
    customer = shop.customer()
    invoice = draft(shop, customer, 1000, 500)
    assert (invoice.status, invoice.total, invoice.billing_reason, invoice.number) == ("draft", 1500, "manual", None)
    assert [line.amount for line in invoice.lines.data] == [1000, 500]
    assert present(invoice.lines.data[0].parent).type == "invoice_item_details"
    final = shop.v1.invoices.finalize_invoice(invoice.id)
    assert (final.status, final.amount_due, final.number) == ("open", 1500, f"{customer.invoice_prefix}-0001")
    assert final.status_transitions.finalized_at is not None
    paid = shop.v1.invoices.pay(invoice.id)
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 1500, 0)
    expected = ["invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded"]
    assert [t for t in shop.types("invoice.") if t in expected] == expected
    assert shop.v1.customers.retrieve(customer.id).next_invoice_sequence == 2


def test_pending_items_join_when_asked_for(shop: Shop) -> None:
    customer = shop.customer()
    shop.v1.invoice_items.create({"customer": customer.id, "amount": 700, "currency": "usd"})
    empty = shop.v1.invoices.create({"customer": customer.id})
    assert (empty.total, empty.lines.data) == (0, [])
    full = shop.v1.invoices.create({"customer": customer.id, "pending_invoice_items_behavior": "include"})
    assert full.total == 700
    assert shop.v1.invoice_items.list({"pending": True}).data == []
    assert len(shop.v1.invoice_items.list({"invoice": full.id}).data) == 1


def test_an_empty_invoice_is_paid_as_soon_as_it_is_final(shop: Shop) -> None:
    invoice = draft(shop, shop.customer())
    assert shop.v1.invoices.finalize_invoice(invoice.id).status == "paid"


@pytest.mark.parametrize(
    ("move", "status", "event"),
    [
        ("void_invoice", "void", "invoice.voided"),
        ("mark_uncollectible", "uncollectible", "invoice.marked_uncollectible"),
    ],
)
def test_open_invoices_are_voided_or_written_off(shop: Shop, move: str, status: str, event: str) -> None:
    invoice = draft(shop, shop.customer(), 1000)
    with pytest.raises(stripe.InvalidRequestError):
        getattr(shop.v1.invoices, move)(invoice.id)
    shop.v1.invoices.finalize_invoice(invoice.id)
    assert getattr(shop.v1.invoices, move)(invoice.id).status == status
    assert event in shop.types()
    payment = shop.v1.invoice_payments.list({"invoice": invoice.id}).data[0]
    assert payment.status == ("canceled" if status == "void" else "open")


def test_written_off_invoices_can_still_be_paid_and_void_ones_cannot(shop: Shop) -> None:
    customer = shop.customer()
    invoice = draft(shop, customer, 1000)
    shop.v1.invoices.finalize_invoice(invoice.id)
    shop.v1.invoices.mark_uncollectible(invoice.id)
    assert shop.v1.invoices.pay(invoice.id).status == "paid"
    other = draft(shop, customer, 1000)
    shop.v1.invoices.finalize_invoice(other.id)
    shop.v1.invoices.void_invoice(other.id)
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.invoices.pay(other.id)


def test_only_drafts_can_be_deleted_and_changed(shop: Shop) -> None:
    customer = shop.customer()
    invoice = draft(shop, customer, 1000)
    changed = shop.v1.invoices.update(invoice.id, {"description": "Thanks", "metadata": {"a": "b"}})
    assert (changed.description, present(changed.metadata)["a"]) == ("Thanks", "b")
    assert shop.v1.invoices.delete(invoice.id).deleted is True
    assert len(shop.v1.invoice_items.list({"pending": True}).data) == 1
    final = draft(shop, customer, 1000)
    shop.v1.invoices.finalize_invoice(final.id)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.invoices.delete(final.id)
    assert "only delete draft invoices" in str(caught.value)
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.invoice_items.create({"customer": customer.id, "invoice": final.id, "amount": 1, "currency": "usd"})


def test_lines_are_added_changed_and_removed(shop: Shop) -> None:
    customer = shop.customer()
    invoice = draft(shop, customer, 1000)
    waiting = shop.v1.invoice_items.create({"customer": customer.id, "amount": 300, "currency": "usd"})
    longer = shop.v1.invoices.add_lines(
        invoice.id, {"lines": [{"invoice_item": waiting.id}, {"description": "Extra", "amount": 200}]}
    )
    assert longer.total == 1500
    extra = next(line for line in longer.lines.data if line.description == "Extra")
    changed = shop.v1.invoices.line_items.update(invoice.id, extra.id, {"amount": 250, "description": "More"})
    assert (changed.amount, changed.description) == (250, "More")
    shorter = shop.v1.invoices.remove_lines(invoice.id, {"lines": [{"id": extra.id, "behavior": "delete"}]})
    assert shorter.total == 1300
    assert [line.amount for line in shop.v1.invoices.line_items.list(invoice.id).data] == [1000, 300]


def test_a_declined_payment_answers_402_and_keeps_the_invoice_open(shop: Shop) -> None:
    customer = shop.customer("pm_card_chargeCustomerFail")
    invoice = draft(shop, customer, 1000)
    with pytest.raises(stripe.CardError) as caught:
        shop.v1.invoices.pay(invoice.id)
    assert caught.value.code == "card_declined"
    seen = shop.v1.invoices.retrieve(invoice.id)
    assert (seen.status, seen.attempt_count) == ("open", 1)
    assert "invoice.payment_failed" in shop.types()
    paid = shop.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid) == ("paid", 1000)
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        shop.v1.invoices.pay(invoice.id)


def test_an_invoice_left_to_itself_is_finalized_and_collected(shop: Shop) -> None:
    shop.begin("2030-01-01")
    invoice = draft(shop, shop.customer(), 1000, auto_advance=True)
    shop.advance("2030-01-01 00:30")
    assert shop.v1.invoices.retrieve(invoice.id).status == "draft"
    shop.advance("2030-01-01 01:01")
    assert shop.v1.invoices.retrieve(invoice.id).status == "paid"


def test_sent_invoices_have_a_due_date_and_say_so_when_it_passes(shop: Shop) -> None:
    shop.begin("2030-01-01")
    invoice = draft(shop, shop.customer(card=None), 1000, collection_method="send_invoice", days_until_due=5)
    sent = shop.v1.invoices.send_invoice(invoice.id)
    assert (sent.status, day(present(sent.due_date))) == ("open", "2030-01-06")
    shop.advance("2030-01-07")
    assert [t for t in shop.types() if t in {"invoice.sent", "invoice.overdue"}] == ["invoice.sent", "invoice.overdue"]


def test_credit_and_debt_of_the_customer_are_settled_with_the_invoice(shop: Shop) -> None:
    customer = shop.customer()
    shop.v1.customers.balance_transactions.create(customer.id, {"amount": -400, "currency": "usd"})
    invoice = draft(shop, customer, 1000)
    final = shop.v1.invoices.finalize_invoice(invoice.id)
    assert (final.starting_balance, final.amount_due, final.ending_balance) == (-400, 600, 0)
    shop.v1.invoices.void_invoice(invoice.id)
    assert shop.v1.customers.retrieve(customer.id).balance == -400
    kinds = [t.type for t in shop.v1.customers.balance_transactions.list(customer.id).data]
    assert kinds == ["unapplied_from_invoice", "applied_to_invoice", "adjustment"]


def test_less_than_can_be_charged_is_carried_over(shop: Shop) -> None:
    customer = shop.customer()
    invoice = draft(shop, customer, 20)
    assert shop.v1.invoices.finalize_invoice(invoice.id).status == "paid"
    assert shop.v1.customers.retrieve(customer.id).balance == 20


def test_invoices_are_listed_by_what_they_are(shop: Shop) -> None:
    customer = shop.customer()
    first = draft(shop, customer, 1000)
    subscription = shop.subscribe(customer.id, shop.price().id)
    assert [i.id for i in shop.v1.invoices.list({"status": "draft"}).data] == [first.id]
    assert [i.id for i in shop.v1.invoices.list({"subscription": subscription.id}).data] == [
        subscription.latest_invoice
    ]
    assert len(shop.v1.invoices.search({"query": "status:'paid'"}).data) == 1


def test_tax_is_added_or_contained_line_by_line(shop: Shop) -> None:
    customer = shop.customer()
    vat = shop.v1.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": False})
    within = shop.v1.tax_rates.create({"display_name": "MwSt", "percentage": 19, "inclusive": True})
    invoice = draft(shop, customer, 1000, default_tax_rates=[vat.id])
    assert (invoice.subtotal, invoice.total, invoice.total_excluding_tax) == (1000, 1190, 1000)
    assert present(invoice.total_taxes)[0].to_dict() == {
        "amount": 190,
        "tax_behavior": "exclusive",
        "tax_rate_details": {"tax_rate": vat.id},
        "taxability_reason": "not_available",
        "taxable_amount": 1000,
        "type": "tax_rate_details",
    }
    contained = draft(shop, customer, 1190, default_tax_rates=[within.id])
    assert (contained.total, contained.total_excluding_tax, present(contained.total_taxes)[0].amount) == (
        1190,
        1000,
        190,
    )
    exempt = shop.customer(tax_exempt="exempt")
    assert draft(shop, exempt, 1000, default_tax_rates=[vat.id]).total == 1000


def test_subscriptions_are_taxed_by_item_or_default(shop: Shop) -> None:
    customer, price = shop.customer(), shop.price(1000)
    vat = shop.v1.tax_rates.create({"display_name": "VAT", "percentage": 7.5, "inclusive": False})
    subscription = shop.subscribe(customer.id, price.id, default_tax_rates=[vat.id])
    assert shop.invoice(subscription.id).total == 1075
    item = shop.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id, "tax_rates": [vat.id]}]}
    )
    assert present(shop.invoice(item.id).lines.data[0].taxes)[0].amount == 75


def test_tiers_count_as_graduated_or_volume(shop: Shop) -> None:
    customer = shop.customer()
    tiers = [{"up_to": 10, "unit_amount": 100}, {"up_to": "inf", "unit_amount": 50, "flat_amount": 300}]
    graduated = shop.price(billing_scheme="tiered", tiers_mode="graduated", tiers=tiers)
    volume = shop.price(billing_scheme="tiered", tiers_mode="volume", tiers=tiers)
    assert shop.invoice(shop.subscribe(customer.id, graduated.id, quantity=15).id).total == 1000 + 250 + 300
    assert shop.invoice(shop.subscribe(customer.id, volume.id, quantity=15).id).total == 750 + 300


def test_metered_prices_bill_what_was_used_in_the_past_period(shop: Shop) -> None:
    shop.begin("2030-01-01")
    customer = shop.customer()
    meter = shop.v1.billing.meters.create(
        {"display_name": "Calls", "event_name": "api_call", "default_aggregation": {"formula": "sum"}}
    )
    price = shop.price(10, recurring={"usage_type": "metered", "meter": meter.id})
    subscription = shop.subscribe(customer.id, price.id)
    assert (subscription.status, shop.invoice(subscription.id).total) == ("active", 0)
    for value in ("60", "40"):
        shop.advance(shop.v1.test_helpers.test_clocks.retrieve(present(shop.clock).id).frozen_time + 86400)
        shop.v1.billing.meter_events.create(
            {"event_name": "api_call", "payload": {"stripe_customer_id": customer.id, "value": value}}
        )
    shop.advance("2030-02-01 02:00")
    invoice = shop.invoice(subscription.id)
    line = invoice.lines.data[0]
    assert (invoice.total, line.quantity, day(line.period.start)) == (1000, 100, "2030-01-01")
    summary = shop.v1.billing.meters.event_summaries.list(
        meter.id, {"customer": customer.id, "start_time": line.period.start, "end_time": line.period.end}
    )
    assert [s.aggregated_value for s in summary.data] == [100]


def test_meter_events_are_checked(shop: Shop) -> None:
    customer = shop.customer()
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.billing.meter_events.create({"event_name": "nothing", "payload": {"stripe_customer_id": customer.id}})
    assert caught.value.code == "no_meter"
    shop.v1.billing.meters.create({"display_name": "C", "event_name": "c", "default_aggregation": {"formula": "count"}})
    event = {"event_name": "c", "payload": {"stripe_customer_id": customer.id}, "identifier": "one"}
    shop.v1.billing.meter_events.create(request_params(event))
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.billing.meter_events.create(request_params(event))
    assert caught.value.code == "duplicate_meter_event"


def test_updates_say_what_changed(shop: Shop) -> None:
    invoice = draft(shop, shop.customer(), 1000)
    shop.v1.invoices.update(invoice.id, {"footer": "Bye"})
    assert data(shop.events("invoice.updated")[-1])["previous_attributes"] == {"footer": None}
