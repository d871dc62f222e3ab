from __future__ import annotations

import pytest
import stripe
from emulator.tests.support.billing_shop import Shop
from emulator.tests.support.stripe_fields import id_of
from tests.support.present import present


@pytest.fixture
def paid(shop: Shop) -> stripe.Invoice:
    customer = shop.customer()
    invoice = shop.v1.invoices.create({"customer": customer.id, "currency": "usd"})
    for amount in (1000, 500):
        shop.v1.invoice_items.create(
            {"customer": customer.id, "invoice": invoice.id, "amount": amount, "currency": "usd"}
        )
    shop.v1.invoices.finalize_invoice(invoice.id)
    return shop.v1.invoices.pay(invoice.id)


def test_a_credit_note_on_a_paid_invoice_refunds_or_credits(shop: Shop, paid: stripe.Invoice) -> None:
    note = shop.v1.credit_notes.create(
        {
            "invoice": paid.id,
            "lines": [{"type": "invoice_line_item", "invoice_line_item": paid.lines.data[0].id, "amount": 1000}],
            "refund_amount": 600,
            "credit_amount": 400,
            "reason": "product_unsatisfactory",
        }
    )
    assert (note.status, note.total, note.type, note.number) == ("issued", 1000, "post_payment", f"{paid.number}-CN-01")
    refund = shop.v1.refunds.retrieve(id_of(note.refunds[0].refund))
    assert refund.amount == 600
    assert shop.v1.customers.retrieve(id_of(paid.customer)).balance == -400
    assert shop.v1.invoices.retrieve(paid.id).post_payment_credit_notes_amount == 1000
    assert "credit_note.created" in shop.types()
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.credit_notes.create({"invoice": paid.id, "amount": 501, "credit_amount": 501})


def test_the_parts_must_make_the_whole(shop: Shop, paid: stripe.Invoice) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="must equal"):
        shop.v1.credit_notes.create({"invoice": paid.id, "amount": 500, "credit_amount": 400})


def test_a_credit_note_on_an_open_invoice_lowers_what_is_due(shop: Shop) -> None:
    customer = shop.customer()
    invoice = shop.v1.invoices.create({"customer": customer.id, "currency": "usd"})
    shop.v1.invoice_items.create({"customer": customer.id, "invoice": invoice.id, "amount": 1000, "currency": "usd"})
    shop.v1.invoices.finalize_invoice(invoice.id)
    preview = shop.v1.credit_notes.preview({"invoice": invoice.id, "amount": 300})
    assert preview.total == 300
    assert shop.v1.credit_notes.list({"invoice": invoice.id}).data == []
    note = shop.v1.credit_notes.create({"invoice": invoice.id, "amount": 300})
    assert note.type == "pre_payment"
    assert shop.v1.invoices.retrieve(invoice.id).amount_remaining == 700
    shop.v1.credit_notes.void_credit_note(note.id)
    assert shop.v1.invoices.retrieve(invoice.id).amount_remaining == 1000
    rest = shop.v1.credit_notes.create({"invoice": invoice.id, "amount": 1000})
    assert rest.number.endswith("-CN-02")
    assert shop.v1.invoices.retrieve(invoice.id).status == "paid"


def test_a_custom_line_is_taxed(shop: Shop, paid: stripe.Invoice) -> None:
    vat = shop.v1.tax_rates.create({"display_name": "VAT", "percentage": 10, "inclusive": False})
    note = shop.v1.credit_notes.create(
        {
            "invoice": paid.id,
            "lines": [
                {
                    "type": "custom_line_item",
                    "description": "Sorry",
                    "unit_amount": 100,
                    "quantity": 2,
                    "tax_rates": [vat.id],
                }
            ],
            "credit_amount": 220,
        }
    )
    assert (note.subtotal, note.total, present(note.total_taxes)[0].amount) == (200, 220, 20)
    assert [line.description for line in shop.v1.credit_notes.line_items.list(note.id).data] == ["Sorry"]
