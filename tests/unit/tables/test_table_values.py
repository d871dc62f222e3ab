"""What a column takes and what it refuses."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from payloom.tables.definition.spec import ColumnSpec, ColumnType
from payloom.tables.definition.values import Unfit, check

ID = "8b0f7d0e-2c1c-4c53-9a39-f1a6c1b0f3aa"
MOMENT = dt.datetime(2026, 1, 31, 10, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("int", 5, 5),
        ("int", -(2**63), -(2**63)),
        ("bool", False, False),
        ("number", 2, 2.0),
        ("string", "Grüße", "Grüße"),
        ("uuid", ID.upper(), ID),
        ("uuid", ID.replace("-", ""), ID),
        ("uuid", uuid.UUID(ID), ID),
        ("datetime", "2026-01-31T11:00:00+01:00", MOMENT),
        ("datetime", "2026-01-31T10:00:00Z", MOMENT),
        ("datetime", MOMENT.astimezone(dt.timezone(dt.timedelta(hours=5))), MOMENT),
        ("date", "2026-01-31", dt.date(2026, 1, 31)),
        ("date", MOMENT, dt.date(2026, 1, 31)),
        ("json", {"a": [1, None, {"at": MOMENT}]}, {"a": [1, None, {"at": "2026-01-31T10:00:00Z"}]}),
    ],
)
def test_a_fitting_value_is_stored_in_one_form(kind: ColumnType, value: Any, stored: Any) -> None:
    assert check(ColumnSpec("x", kind), value) == stored


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", 5.0),
        ("int", True),
        ("int", "5"),
        ("int", 2**63),
        ("bool", 1),
        ("bool", "true"),
        ("number", float("nan")),
        ("number", True),
        ("number", 10**400),
        ("string", 5),
        ("string", "a\x00b"),
        ("string", "\ud800"),
        ("string", "x" * 1_000_001),
        ("uuid", "nope"),
        ("uuid", 5),
        ("datetime", 1700000000),
        ("datetime", "2026-01-31T10:00:00"),
        ("datetime", "2026-02-31T10:00:00Z"),
        ("datetime", dt.datetime(2026, 1, 31)),  # noqa: DTZ001 - a naive one is the point
        ("date", "31.01.2026"),
        ("date", "2026-02-31"),
        ("json", {"a": object()}),
        ("json", {"a": "\x00"}),
        ("json", float("inf")),
        ("json", 2**63),
    ],
)
def test_nothing_is_converted_silently(kind: ColumnType, value: Any) -> None:
    with pytest.raises(Unfit):
        check(ColumnSpec("x", kind), value)


def test_a_value_outside_the_list_is_refused_with_the_list() -> None:
    with pytest.raises(Unfit, match="'payed' is not one of pending, paid"):
        check(ColumnSpec("status", "string", enum=("pending", "paid")), "payed")


def test_a_secret_is_masked_in_the_message() -> None:
    with pytest.raises(Unfit) as caught:
        check(ColumnSpec("x", "uuid"), "sk_test_" + "a1B2c3D4e5F6")
    assert "a1B2c3" not in str(caught.value)
