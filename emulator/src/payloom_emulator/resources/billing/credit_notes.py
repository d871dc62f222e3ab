"""Credit notes: what of an invoice is taken back after it was final. https://docs.stripe.com/api/credit_notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing import older_shapes
from payloom_emulator.billing.invoices import credit_notes
from payloom_emulator.billing.machines import CREDIT_NOTE_MACHINE
from payloom_emulator.billing.savepoint import rehearsal
from payloom_emulator.core.api_changes import Accepted, Change
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schema import Body, Schema, fixed, given
from payloom_emulator.protocol.api_versions import BASIL

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call


def _create(call: Call) -> Body:
    call.unit.follow(call.unit.find("invoice", call.params["invoice"]))
    invoice, credit = credit_notes.work_out(call.unit, call.params)
    return credit_notes.issue(call.unit, invoice, credit, call.params)


def _preview(call: Call) -> Body:
    call.unit.follow(call.unit.find("invoice", call.params["invoice"]))
    with rehearsal(call.unit) as scratch:
        invoice, credit = credit_notes.work_out(scratch, call.params)
        return credit_notes.issue(scratch, invoice, credit, call.params)


def _preview_lines(call: Call) -> Body:
    page = {n: call.params.pop(n) for n in ("limit", "starting_after", "ending_before") if n in call.params}
    return list_of(_preview(call)["_lines"], call.path, {"limit": 10, **page})


def _lines(call: Call) -> Body:
    note = call.unit.get("credit_note", call.ids["id"])
    return list_of(note["_lines"], call.path, {"limit": 10, **call.params})


def _void(call: Call) -> Body:
    return credit_notes.void(call.unit, call.target)


CREDIT_NOTE = Resource(
    schema=Schema(
        object="credit_note",
        prefix="cn_1",
        id_length=23,
        path="/v1/credit_notes",
        fields=(
            fixed("amount", 0),
            fixed("amount_shipping", 0),
            fixed("created"),
            fixed("currency"),
            fixed("customer"),
            fixed("customer_account"),
            fixed("customer_balance_transaction"),
            fixed("discount_amount", 0),
            fixed("discount_amounts", []),
            fixed("effective_at"),
            fixed("invoice"),
            fixed("lines"),
            fixed("livemode", False),
            given("memo"),
            given("metadata", {}),
            fixed("number"),
            fixed("out_of_band_amount"),
            fixed("pdf"),
            fixed("post_payment_amount", 0),
            fixed("pre_payment_amount", 0),
            fixed("pretax_credit_amounts", []),
            fixed("reason"),
            fixed("refunds", []),
            fixed("shipping_cost"),
            fixed("status", "issued"),
            fixed("subtotal", 0),
            fixed("subtotal_excluding_tax", 0),
            fixed("total", 0),
            fixed("total_excluding_tax", 0),
            fixed("total_taxes", []),
            fixed("type", "pre_payment"),
            fixed("voided_at"),
        ),
        machine=CREDIT_NOTE_MACHINE,
        on_create=("credit_note.created",),
        on_update=("credit_note.updated",),
        filters=("customer", "invoice"),
    ),
    endpoints=Endpoints(
        can=("retrieve", "update", "list"),
        actions={"void": _void},
        operations=(
            Operation("POST", "/v1/credit_notes", _create),
            Operation("GET", "/v1/credit_notes/preview", _preview),
            Operation("GET", "/v1/credit_notes/preview/lines", _preview_lines),
            Operation("GET", "/v1/credit_notes/{id}/lines", _lines),
        ),
    ),
    versions=(
        Change(BASIL, older_shapes.credit_note_before_basil, expandable=("refund",)),
        Accepted(BASIL, "POST", "/v1/credit_notes", {"refund": ["s"]}),
    ),
)

CREDIT_NOTE_LINE_ITEM = Resource(
    schema=Schema(object="credit_note_line_item", prefix="cnli_1", has_created=False),
    endpoints=Endpoints(can=()),
    versions=(Change(BASIL, older_shapes.credit_note_line_before_basil),),
)

RESOURCES = (CREDIT_NOTE, CREDIT_NOTE_LINE_ITEM)
