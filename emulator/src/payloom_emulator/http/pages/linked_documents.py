"""Pages that objects link to: the hosted invoice, receipts, payment links, mandates, microdeposits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

from payloom_emulator.http.pages.api_access import Access, Json
from payloom_emulator.http.pages.hosted_checkout.view import date
from payloom_emulator.http.pages.pdf import pdf
from payloom_emulator.http.pages.portal.view import method
from payloom_emulator.http.pages.rendering import money, page

if TYPE_CHECKING:
    from starlette.requests import Request


def _missing(message: str) -> Response:
    return page("missing.html", status=404, title="This page could not be found", message=message)


# --- payment links ---------------------------------------------------------------------------------------------------


async def paid(request: Request) -> Response:
    """Thank the person who paid through a payment link that names no page of its own."""
    del request
    return page("missing.html", title="Thank you", message="Your payment was successful.")


# --- invoices --------------------------------------------------------------------------------------------------------


def _invoice(request: Request) -> tuple[Access, Json | None]:
    """Return the invoice whose link is in the address, with its lines."""
    pages = Access(request)
    token, account = request.path_params["token"], request.path_params["account"]
    sql = "SELECT id FROM objects WHERE object = 'invoice' AND account = ? AND deleted = 0"
    for (invoice_id,) in pages.emulator.store.query(sql, (account,)):
        pages.account = account
        if (pages.stored(invoice_id) or {}).get("_token") == token:
            return pages, pages.get(f"/v1/invoices/{invoice_id}")
    return pages, None


def _facts(invoice: Json) -> list[tuple[str, str]]:
    facts = [
        ("Invoice number", str(invoice.get("number") or "—")),
        ("Billed to", str(invoice.get("customer_name") or invoice.get("customer_email") or "—")),
        ("Issued", date(invoice["created"])),
    ]
    if invoice.get("due_date"):
        facts.append(("Due", date(invoice["due_date"])))
    return facts


def _sums(invoice: Json) -> list[tuple[str, str]]:
    currency = invoice["currency"]
    discount = sum(entry["amount"] for entry in invoice.get("total_discount_amounts") or [])
    tax = sum(entry["amount"] for entry in invoice.get("total_taxes") or [])
    rows = [("Subtotal", money(invoice["subtotal"], currency))]
    rows += [("Discount", f"−{money(discount, currency)}")] if discount else []
    rows += [("Tax", money(tax, currency))] if tax else []
    rows.append(("Total", money(invoice["total"], currency)))
    if invoice["amount_paid"]:
        rows.append(("Paid", money(invoice["amount_paid"], currency)))
    if invoice["status"] == "open":
        rows.append(("Amount due", money(invoice["amount_remaining"], currency)))
    return rows


def _lines(invoice: Json) -> list[Json]:
    return [
        {
            "name": line.get("description") or "Item",
            "quantity": line.get("quantity") or 1,
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
            return _show_invoice(pages, invoice, problem=body["error"]["message"])
        action = (body.get("next_action") or {}).get("redirect_to_url") or {}
        return RedirectResponse(action.get("url") or here, status_code=303)
    return _show_invoice(pages, invoice)


def _pay(pages: Access, invoice: Json, method_id: str, here: str) -> tuple[int, Json]:
    """Confirm the invoice's PaymentIntent with the customer present, so that the bank may ask for authentication."""
    customer = invoice["customer"]
    status, body = pages.call("POST", f"/v1/payment_methods/{method_id}/attach", customer=customer)
    if status != 200:
        return status, body
    opened = pages.get(f"/v1/invoices/{invoice['id']}", expand=["payments"]) or {}
    payments = [entry["payment"] for entry in (opened.get("payments") or {}).get("data") or []]
    intent = next((entry["payment_intent"] for entry in payments if entry.get("payment_intent")), None)
    if intent is None:
        return pages.call("POST", f"/v1/invoices/{invoice['id']}/pay", payment_method=method_id, off_session="false")
    return pages.call("POST", f"/v1/payment_intents/{intent}/confirm", payment_method=method_id, return_url=here)


def _show_invoice(pages: Access, invoice: Json, *, problem: str | None = None) -> Response:
    return page(
        "invoice.html",
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
    text = [f"Invoice from {pages.merchant()}", "(Payloom local Stripe, test mode)", ""]
    text += [f"{name}: {value}" for name, value in _facts(invoice)] + [""]
    text += [f"{line['quantity']} x {line['name']}    {line['amount']}" for line in _lines(invoice)] + [""]
    text += [f"{name}: {value}" for name, value in _sums(invoice)]
    name = f"Invoice-{invoice.get('number') or invoice['id']}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(pdf(text), media_type="application/pdf", headers=headers)


# --- receipts, mandates, microdeposits -------------------------------------------------------------------------------


async def receipt(request: Request) -> Response:
    """Show the receipt of a charge."""
    pages = Access(request, request.path_params["charge"])
    charge = pages.get(f"/v1/charges/{request.path_params['charge']}")
    if charge is None:
        return _missing("There is no receipt at this address.")
    currency, details = charge["currency"], charge.get("payment_method_details") or {}
    shown = {"id": "", "type": details.get("type", "card"), **details}
    card = method(shown, None)["text"] if details.get("card") else str(details.get("type", "")).replace("_", " ")
    sums = [("Amount", money(charge["amount"], currency))]
    if charge["amount_refunded"]:
        sums.append(("Refunded", f"−{money(charge['amount_refunded'], currency)}"))
    facts = [("Date", date(charge["created"])), ("Paid with", card), ("Charge", charge["id"])]
    return page(
        "receipt.html",
        merchant=pages.merchant(),
        amount=money(charge["amount"], currency),
        about=charge.get("description"),
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


async def microdeposits(request: Request) -> Response:
    """Verify a bank account with the code of the deposit (SM11AA)."""
    intent_id = request.path_params["intent"]
    pages = Access(request, intent_id)
    kind = "setup_intents" if intent_id.startswith("seti_") else "payment_intents"
    intent = pages.get(f"/v1/{kind}/{intent_id}")
    if intent is None:
        return _missing("There is no payment at this address.")
    problem = None
    if request.method == "POST":
        code = str((await request.form()).get("code", "")).strip().upper()
        status, body = pages.call("POST", f"/v1/{kind}/{intent_id}/verify_microdeposits", descriptor_code=code)
        problem = None if status == 200 else body["error"]["message"]
        intent = pages.get(f"/v1/{kind}/{intent_id}") or intent
    waiting = (intent.get("next_action") or {}).get("type") == "verify_with_microdeposits"
    return page("microdeposits.html", waiting=waiting, problem=problem, state=intent["status"].replace("_", " "))
