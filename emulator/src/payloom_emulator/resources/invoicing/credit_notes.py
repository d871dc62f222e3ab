"""Credit notes: what of an invoice is taken back after it was final. https://docs.stripe.com/api/credit_notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing import older_shapes
from payloom_emulator.billing.invoices import credit_notes
from payloom_emulator.billing.machines import CREDIT_NOTE_MACHINE
from payloom_emulator.billing.savepoint import savepoint
from payloom_emulator.core.declarations.api_changes import Accepted, Change
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.schemas.schema import Schema, read_only, settable
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.api_versions import BASIL

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.objects.invoices import CreditNote
    from payloom_emulator.objects.params.credit_notes import (
        CreditNoteCreateParams,
        CreditNoteLineItemListParams,
        CreditNotePreviewLinesListParams,
        CreditNotePreviewParams,
    )


def _create(call: RequestContext[CreditNoteCreateParams]) -> CreditNote:
    call.unit.use_clock_of(call.unit.find(kinds.INVOICE, call.params["invoice"]))
    invoice, credit = credit_notes.work_out(call.unit, call.params)
    return credit_notes.issue(call.unit, invoice, credit, call.params)


def _preview(call: RequestContext[CreditNotePreviewParams]) -> CreditNote:
    call.unit.use_clock_of(call.unit.find(kinds.INVOICE, call.params["invoice"]))
    with savepoint(call.unit) as scratch:
        invoice, credit = credit_notes.work_out(scratch, call.params)
        return credit_notes.issue(scratch, invoice, credit, call.params)


def _preview_lines(call: RequestContext[CreditNotePreviewLinesListParams]) -> Mapping[str, object]:
    page = {n: call.params.get(n) for n in ("limit", "starting_after", "ending_before") if n in call.params}
    return list_of(_preview(call)["_lines"], call.path, {"limit": 10, **page})


def _lines(call: RequestContext[CreditNoteLineItemListParams]) -> Mapping[str, object]:
    note = call.unit.get(kinds.CREDIT_NOTE, call.ids["id"])
    return list_of(note["_lines"], call.path, {"limit": 10, **call.params})


def _void(call: ActionContext[Params, CreditNote]) -> CreditNote:
    return credit_notes.void(call.unit, call.target)


CREDIT_NOTE = Resource(
    schema=Schema(
        object="credit_note",
        prefix="cn_1",
        id_length=23,
        path="/v1/credit_notes",
        fields=(
            read_only("amount", 0),
            read_only("amount_shipping", 0),
            read_only("created"),
            read_only("currency"),
            read_only("customer"),
            read_only("customer_account"),
            read_only("customer_balance_transaction"),
            read_only("discount_amount", 0),
            read_only("discount_amounts", []),
            read_only("effective_at"),
            read_only("invoice"),
            read_only("lines"),
            read_only("livemode", False),
            settable("memo"),
            settable("metadata", {}),
            read_only("number"),
            read_only("out_of_band_amount"),
            read_only("pdf"),
            read_only("post_payment_amount", 0),
            read_only("pre_payment_amount", 0),
            read_only("pretax_credit_amounts", []),
            read_only("reason"),
            read_only("refunds", []),
            read_only("shipping_cost"),
            read_only("status", "issued"),
            read_only("subtotal", 0),
            read_only("subtotal_excluding_tax", 0),
            read_only("total", 0),
            read_only("total_excluding_tax", 0),
            read_only("total_taxes", []),
            read_only("type", "pre_payment"),
            read_only("voided_at"),
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
