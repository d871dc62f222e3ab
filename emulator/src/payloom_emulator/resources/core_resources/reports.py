"""Reports on the balance and its payouts, as files. https://docs.stripe.com/api/reporting/report_run."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.schemas.schema import Schema, StateMachine, Transition, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.json_shapes import integer, members

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork


class ReportRun(TypedDict):
    """One run of a report, with the parameters that it was asked for."""

    id: str
    parameters: dict[str, object]
    report_type: str
    status: str


REPORT_RUN: Kind[ReportRun] = Kind("reporting.report_run")

_COLUMNS = ("id", "type", "source", "amount", "fee", "net", "currency", "created", "available_on", "description")
_TYPES = {
    "balance.summary.1": "Balance summary",
    "balance_change_from_activity.itemized.1": "Itemized balance change from activity",
    "balance_change_from_activity.summary.1": "Balance change from activity",
    "payouts.itemized.1": "Itemized payouts",
    "payouts.summary.1": "Payouts",
}


def _type(unit: UnitOfWork, name: str) -> dict[str, object]:
    return {
        "id": name,
        "object": "reporting.report_type",
        "data_available_end": unit.now,
        "data_available_start": 0,
        "default_columns": list(_COLUMNS),
        "livemode": False,
        "name": _TYPES[name],
        "updated": unit.now,
        "version": 1,
    }


def _types(call: RequestContext[Params]) -> Mapping[str, object]:
    return list_of([_type(call.unit, name) for name in _TYPES], call.path, {"limit": 10, **call.params})


def _one_type(call: RequestContext[Params]) -> Mapping[str, object]:
    if call.ids["report_type"] not in _TYPES:
        raise missing("report_type", call.ids["report_type"])
    return _type(call.unit, call.ids["report_type"])


def _create(call: RequestContext[Params]) -> ReportRun:
    name, parameters = str(call.params.get("report_type")), members(call.params.get("parameters"))
    if name not in _TYPES:
        raise invalid(f"The local Stripe has no report of the type {name}. It has {', '.join(_TYPES)}.", "report_type")
    start, end = integer(parameters.get("interval_start")), integer(parameters.get("interval_end"))
    if start is not None and end is not None and start >= end:
        raise invalid("`interval_end` must be after `interval_start`.", "parameters[interval_end]")
    run = call.unit.create(REPORT_RUN, {"parameters": parameters, "report_type": name, "status": "pending"})
    call.unit.schedule_real_time("finish", run)
    return run


def _finish(unit: UnitOfWork, run: ReportRun) -> None:
    """Write the report: the balance transactions of the interval, those of payouts only where it is about them."""
    start, end = (integer(run["parameters"].get(f"interval_{word}")) for word in ("start", "end"))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for row in unit.list(kinds.BALANCE_TRANSACTION, oldest_first=True):
        about = not run["report_type"].startswith("payouts") or row["type"].startswith("payout")
        if about and (start is None or row["created"] >= start) and (end is None or row["created"] < end):
            writer.writerow([dict(row).get(column) for column in _COLUMNS])
    content, file_id = text.getvalue().encode(), unit.new_id("file")
    file = unit.create(
        kinds.FILE,
        {
            "id": file_id,
            "filename": f"{run['id']}.csv",
            "purpose": "finance_report_run",
            "size": len(content),
            "type": "csv",
            "url": f"{unit.environment.base_url}/v1/files/{file_id}/contents",
            "_content": base64.b64encode(content).decode(),
        },
    )
    unit.transition(run, "succeed", {"result": unit.snapshot(file), "succeeded_at": unit.now})


RUN = Resource(
    schema=Schema(
        object="reporting.report_run",
        prefix="frr_1",
        id_length=23,
        path="/v1/reporting/report_runs",
        fields=(
            read_only("created"),
            read_only("error"),
            read_only("livemode", False),
            read_only("parameters"),
            read_only("report_type"),
            read_only("result"),
            read_only("status", "pending"),
            read_only("succeeded_at"),
        ),
        machine=StateMachine(
            initial=("pending",),
            transitions=(Transition("succeed", {"pending"}, "succeeded", ("reporting.report_run.succeeded",)),),
            terminal={"succeeded"},
        ),
    ),
    endpoints=Endpoints(
        can=("retrieve", "list"), operations=(Operation("POST", "/v1/reporting/report_runs", _create),)
    ),
    timers={"finish": _finish},
)


TYPE = Resource(
    schema=Schema(object="reporting.report_type", prefix="", has_created=False),
    endpoints=Endpoints(
        can=(),
        operations=(
            Operation("GET", "/v1/reporting/report_types", _types),
            Operation("GET", "/v1/reporting/report_types/{report_type}", _one_type),
        ),
    ),
)


RESOURCES = (RUN, TYPE)
