"""Pages that objects link to: the hosted invoice, receipts, payment links, mandates, microdeposits."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from starlette.responses import RedirectResponse, Response

from payloom_emulator.http.pages.api_access import Access, error_message
from payloom_emulator.http.pages.hosted_checkout.view import date
from payloom_emulator.http.pages.portal.view import named
from payloom_emulator.http.pages.rendering import money, page
from payloom_emulator.kit.pdf import pdf
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.json_shapes import members, text

if TYPE_CHECKING:
    from starlette.requests import Request

    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.intents import PaymentIntent, SetupIntent
    from payloom_emulator.objects.invoices import Invoice


def _missing(message: str) -> Response:
    return page("missing.html", status=404, title="This page could not be found", message=message)


# --- payment links ---------------------------------------------------------------------------------------------------


async def paid(request: Request) -> Response:
    """Thank the person who paid through a payment link that names no page of its own."""
    del request
    return page("missing.html", title="Thank you", message="Your payment was successful.")


# --- invoices --------------------------------------------------------------------------------------------------------


def _invoice(request: Request) -> tuple[Access, Invoice | None]:
    """Return the invoice whose link is in the address, with its lines."""
    pages = Access(request)
    token, account = request.path_params["token"], request.path_params["account"]
    sql = "SELECT id FROM objects WHERE object = 'invoice' AND account = ? AND deleted = 0"
    for (invoice_id,) in pages.emulator.store.query(sql, (account,)):
        pages.account = account
        stored = pages.stored(kinds.INVOICE, invoice_id)
        if stored and stored["_token"] == token:
            return pages, pages.read(kinds.INVOICE, invoice_id)
    return pages, None


def _facts(invoice: Invoice) -> list[tuple[str, str]]:
    facts = [
        ("Invoice number", invoice["number"] or "—"),
        ("Billed to", invoice["customer_name"] or invoice["customer_email"] or "—"),
        ("Issued", date(invoice["created"])),
    ]
    if due_date := invoice["due_date"]:
        facts.append(("Due", date(due_date)))
    return facts


def _sums(invoice: Invoice) -> list[tuple[str, str]]:
    currency = invoice["currency"]
    discount = sum(entry["amount"] for entry in invoice["total_discount_amounts"] or [])
    tax = sum(entry["amount"] for entry in invoice["total_taxes"] or [])
    rows = [("Subtotal", money(invoice["subtotal"], currency))]
    rows += [("Discount", f"−{money(discount, currency)}")] if discount else []
    rows += [("Tax", money(tax, currency))] if tax else []
    rows.append(("Total", money(invoice["total"], currency)))
    if invoice["amount_paid"]:
        rows.append(("Paid", money(invoice["amount_paid"], currency)))
    if invoice["status"] == "open":
        rows.append(("Amount due", money(invoice["amount_remaining"], currency)))
    return rows


class _Line(TypedDict):
    name: str
    quantity: int
    amount: str


def _lines(invoice: Invoice) -> list[_Line]:
    return [
        {
            "name": line["description"] or "Item",
            "quantity": line["quantity"] or 1,
            "amount": money(line["amount"], invoice["currency"]),
        }
        for line in invoice["lines"]["data"]
    ]


async def hosted_invoice(request: Request) -> Response:
    """Show an invoice; while it is open, take a card for it."""
    pages, invoice = _invoice(request)
    if invoice is None:
        return _missing("There is no invoice at this address.")
    if request.method == "POST" and invoice["status"] == "open":
        here = str(request.url.replace(query=""))
        status, body = _pay(pages, invoice, str((await request.form()).get("payment_method", "")), here)
        if status != 200:
            return _show_invoice(pages, invoice, problem=error_message(body))
        redirect = members(members(body.get("next_action")).get("redirect_to_url"))
        return RedirectResponse(text(redirect.get("url")) or here, status_code=303)
    return _show_invoice(pages, invoice)


def _pay(pages: Access, invoice: Invoice, method_id: str, here: str) -> tuple[int, JsonMapping]:
    """Confirm the invoice's PaymentIntent with the customer present, so that the bank may ask for authentication."""
    customer = invoice["customer"]
    status, body = pages.call("POST", f"/v1/payment_methods/{method_id}/attach", customer=customer)
    if status != 200:
        return status, body
    payments = pages.rows(kinds.INVOICE_PAYMENT, invoice=invoice["id"])
    intent = next((id_ for entry in payments if (id_ := entry["payment"].get("payment_intent"))), None)
    if intent is None:
        return pages.call("POST", f"/v1/invoices/{invoice['id']}/pay", payment_method=method_id, off_session="false")
    return pages.call("POST", f"/v1/payment_intents/{intent}/confirm", payment_method=method_id, return_url=here)


def _show_invoice(pages: Access, invoice: Invoice, *, problem: str | None = None) -> Response:
    return page(
        "documents/invoice.html",
        status=402 if problem else 200,
        merchant=pages.merchant(),
        invoice=invoice,
        problem=problem,
        amount=money(
            invoice["amount_remaining"] if invoice["status"] == "open" else invoice["total"], invoice["currency"]
        ),
        facts=_facts(invoice),
        lines=_lines(invoice),
        sums=_sums(invoice),
        key=pages.publishable_key,
        account=pages.connected,
    )


async def invoice_pdf(request: Request) -> Response:
    """Answer an invoice as a plain PDF."""
    pages, invoice = _invoice(request)
    if invoice is None:
        return _missing("There is no invoice at this address.")
    rows = [f"Invoice from {pages.merchant()}", "(Payloom local Stripe, test mode)", ""]
    rows += [f"{name}: {value}" for name, value in _facts(invoice)] + [""]
    rows += [f"{line['quantity']} x {line['name']}    {line['amount']}" for line in _lines(invoice)] + [""]
    rows += [f"{name}: {value}" for name, value in _sums(invoice)]
    name = f"Invoice-{invoice['number'] or invoice['id']}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(pdf(rows), media_type="application/pdf", headers=headers)


# --- receipts, mandates, microdeposits -------------------------------------------------------------------------------


async def receipt(request: Request) -> Response:
    """Show the receipt of a charge."""
    pages = Access(request, request.path_params["charge"])
    charge = pages.read(kinds.CHARGE, request.path_params["charge"])
    if charge is None:
        return _missing("There is no receipt at this address.")
    currency, details = charge["currency"], members(charge["payment_method_details"])
    kind = text(details.get("type")) or ""
    card = named("card", members(details["card"])) if details.get("card") else kind.replace("_", " ")
    sums = [("Amount", money(charge["amount"], currency))]
    if charge["amount_refunded"]:
        sums.append(("Refunded", f"−{money(charge['amount_refunded'], currency)}"))
    facts = [("Date", date(charge["created"])), ("Paid with", card), ("Charge", charge["id"])]
    return page(
        "documents/receipt.html",
        merchant=pages.merchant(),
        amount=money(charge["amount"], currency),
        about=charge["description"],
        state="Paid" if charge["paid"] else "Not paid",
        facts=facts,
        sums=sums,
    )


async def mandate(request: Request) -> Response:
    """Say what a debit mandate is; the text a bank would want is not ours to write."""
    del request
    message = (
        "With this mandate the payer allows the merchant to debit the bank account given. Test mode: nothing moves."
    )
    return page("missing.html", title="Direct debit mandate", message=message)


def _intent(pages: Access, intent_id: str) -> PaymentIntent | SetupIntent | None:
    if intent_id.startswith("seti_"):
        return pages.read(kinds.SETUP_INTENT, intent_id)
    return pages.read(kinds.PAYMENT_INTENT, intent_id)


async def microdeposits(request: Request) -> Response:
    """Verify a bank account with the code of the deposit (SM11AA)."""
    intent_id = request.path_params["intent"]
    pages = Access(request, intent_id)
    intent = _intent(pages, intent_id)
    if intent is None:
        return _missing("There is no payment at this address.")
    problem = None
    if request.method == "POST":
        code = str((await request.form()).get("code", "")).strip().upper()
        path = f"/v1/{intent['object']}s/{intent_id}/verify_microdeposits"
        status, body = pages.call("POST", path, descriptor_code=code)
        problem = None if status == 200 else error_message(body)
        intent = _intent(pages, intent_id) or intent
    waiting = members(intent["next_action"]).get("type") == "verify_with_microdeposits"
    return page(
        "documents/microdeposits.html", waiting=waiting, problem=problem, state=intent["status"].replace("_", " ")
    )
