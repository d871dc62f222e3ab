"""What is found out about an expression before it runs."""

from __future__ import annotations

from typing import Any

import pytest

from payloom.workflows.expressions.check import fits, infer
from payloom.workflows.expressions.expression import compile_expression


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


TYPES: dict[str, Any] = {
    "event": closed(action={"type": "string", "enum": ["completed", "expired"]}),
    "object": {
        **closed(
            amount_total={"type": ["integer", "null"]},
            status={"anyOf": [{"type": "string", "enum": ["open", "complete"]}, {"type": "null"}]},
            customer={"type": ["string", "null"], "x-expandable": "customer"},
            metadata={"type": "object", "additionalProperties": {"type": "string"}},
            lines={"$ref": "#/$defs/Lines"},
            tax={"type": "number"},
        ),
        "$defs": {"Lines": closed(data={"type": "array", "items": closed(price={"type": "integer"})})},
    },
    "inputs": None,
    "row": closed(paid_at={"type": "string", "format": "date-time"}, id={"type": "string"}),
}


@pytest.mark.parametrize(
    "source",
    [
        "event.action == 'completed' && object.amount_total > 1000",
        "object.metadata?.order_id ?? 'none'",
        "inputs.anything.at[0].all == 1",
        "object.lines.data.map(l, l.price)",
        "sum(object.lines.data.map(l, l.price)) / 2",
        "timestamp(row.paid_at) < now()",
        "row.paid_at == '2026-01-01T00:00:00Z'",
        "money(object.amount_total, 'usd')",
        "object.status != null && object.amount_total + 1 > 2",
        "object.tax > 1",
        "{'a': 1}.a + 1",
        "[1, 2].map(x, string(x)).join()",
        "max(object.amount_total, 3) + 1",
        "has(object.metadata.x)",
    ],
)
def test_nothing_is_said_about_what_may_be_right(source: str) -> None:
    assert infer(compile_expression(source), TYPES).problems == ()


@pytest.mark.parametrize(
    ("source", "place", "code", "words"),
    [
        ("evnt.action", "evnt", "F001", "did you mean 'event'"),
        ("event.acton == 'x'", "event.acton", "F001", "did you mean 'action'"),
        ("object['statu']", "object['statu']", "F001", "did you mean 'status'"),
        ("object.lines.data.map(l, l.prize)", "l.prize", "F001", "did you mean 'price'"),
        ("row?.nme", "row?.nme", "F001", "no field `nme`"),
        ("event.action == 'complete'", "'complete'", "F003", "did you mean 'completed'"),
        ("event.action in ['completed', 'done']", "'done'", "F003", "none of the possible values"),
        ("object.amount_total == '100'", "object.amount_total == '100'", "F003", "never finds them equal"),
        ("object.amount_total + 'x'", "object.amount_total + 'x'", "F003", "convert with string()"),
        ("object.amount_total * 1.19", "object.amount_total * 1.19", "F003", "int() or double()"),
        ("object.customer.email", "object.customer.email", "F003", "id of a customer"),
        ("money(1.5, 'usd')", "1.5", "F003", "whole minor units"),
        ("object ? 1 : 2", "object", "F003", "must be bool"),
        ("object.amount_total && true", "object.amount_total", "F003", "must be bool"),
        ("!object.status", "object.status", "F003", "must be bool"),
        ("object.lines.data['a']", "object.lines.data['a']", "F003", "is a list"),
        ("object.lines.data.price", "object.lines.data.price", "F003", ".map(x, x.price)"),
        ("row.id.map(x, x)", "row.id", "F003", "must be list or map"),
        ("row.id.filter(x, 1)", "1", "F003", "must be bool"),
        ("object.amount_total.lower()", "object.amount_total", "F003", "must be string"),
        ("1 in object.status", "object.status", "F003", "list or map"),
        ("now() - 1", "now() - 1", "F003", "timestamp"),
    ],
)
def test_what_cannot_be_right_is_reported_at_its_place(source: str, place: str, code: str, words: str) -> None:
    problems = {
        (source[slice(*problem.span)], problem.code): f"{problem.message} {problem.hint}"
        for problem in infer(compile_expression(source), TYPES).problems
    }
    assert (place, code) in problems
    assert words in problems[place, code]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("object.amount_total > 1", {"type": "boolean"}),
        ("1 + 2", {"type": "integer"}),
        ("row.id + 'x'", {"type": "string"}),
        ("inputs.x", None),
        ("{'a': row.id}", {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}),
        ("[row].map(r, r.id)", {"type": "array", "items": {"type": "string"}}),
        ("now()", {"type": "string", "format": "date-time", "x-type": "timestamp"}),
    ],
)
def test_the_type_of_the_result_is_inferred(source: str, expected: Any) -> None:
    assert infer(compile_expression(source), TYPES).type == expected


def test_types_fit_when_they_share_a_kind() -> None:
    assert fits({"type": ["integer", "null"]}, {"type": "integer"})
    assert fits({"type": "integer"}, {"type": "number"})
    assert fits(None, {"type": "integer"})
    assert fits({"type": "string"}, {"anyOf": [{"type": "array"}, {"type": "string"}]})
    assert not fits({"type": "number", "x-type": "float"}, {"type": "integer"})
    assert not fits({"type": "string"}, {"type": "integer"})
