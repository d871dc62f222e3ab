"""What is stored as JSON comes back as it was, in the form in which it has always been stored."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from types import MappingProxyType
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from payloom.db.types import dump_json, load_json

MOMENT = dt.datetime(2026, 12, 1, 9, 30, tzinfo=dt.UTC)
NAMES = st.sampled_from(["id", "$map", "$timestamp", "$decimal", "$x", "a b", '"{"$'])
PLAIN = st.sampled_from([None, True, 7, 1.5, "x", '{"$timestamp":"x"}', '{"$', "$map", "é\ud800"])
TYPED = st.sampled_from(
    [MOMENT, MOMENT.date(), dt.timedelta(seconds=3), decimal.Decimal("1.20"), b"\0\xff", uuid.UUID(int=5)]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    PLAIN | TYPED,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=2).map(MappingProxyType)
        | st.tuples(inner)
    ),
    max_leaves=8,
)


def tagged(value: Any) -> Any:
    """Return a value as JSON's own types: the stored form, written out by hand."""
    if isinstance(value, dict | MappingProxyType):
        plain = {name: tagged(item) for name, item in value.items()}
        return {"$map": plain} if len(plain) == 1 and next(iter(plain)).startswith("$") else plain
    if isinstance(value, list | tuple):
        return [tagged(item) for item in value]
    forms: dict[type, Any] = {
        dt.datetime: lambda: {"$timestamp": value.isoformat()},
        dt.date: lambda: {"$date": value.isoformat()},
        dt.timedelta: lambda: {"$duration": int(value.total_seconds() * 1_000_000)},
        decimal.Decimal: lambda: {"$decimal": str(value)},
        bytes: lambda: {"$bytes": "AP8="},
        uuid.UUID: lambda: str(value),
    }
    return forms[type(value)]() if type(value) in forms else value


def read_back(value: Any) -> Any:
    """Return what comes back of a value: lists of tuples, dicts of other maps, texts of UUIDs."""
    if isinstance(value, dict | MappingProxyType):
        return {name: read_back(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [read_back(item) for item in value]
    return str(value) if isinstance(value, uuid.UUID) else value


@example({"at": MOMENT, "own": {"$timestamp": "not a moment"}})
@example({"$timestamp": {"$timestamp": MOMENT}})
@example([MappingProxyType({"$x": MOMENT}), {"$x": 1, "b": 2}])
@given(VALUES)
def test_a_value_comes_back_and_its_stored_form_does_not_change(value: Any) -> None:
    text = dump_json(value)
    assert load_json(text) == read_back(value)
    assert text == json.dumps(tagged(value), separators=(",", ":"))
