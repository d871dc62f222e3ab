"""Ids sort by time, durations read as written, clocks move when advanced, misspelt names find similar ones."""

from __future__ import annotations

import datetime as dt

import pytest

from payloom.kit.clock import ManualClock, from_epoch, rfc3339, to_epoch
from payloom.kit.durations import parse_duration
from payloom.kit.errors import PayloomError
from payloom.kit.ids import new_id, new_token
from payloom.kit.suggest import closest, did_you_mean


def test_ids_are_unique_and_sort_in_the_order_they_were_made() -> None:
    ids = [new_id("run") for _ in range(2000)]
    assert ids == sorted(set(ids))
    assert all(run_id.startswith("run_") and len(run_id) == 30 for run_id in ids)


def test_tokens_hold_the_bits_they_promise() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert len(new_token(256)) >= 43


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("15m", 900), ("1h30m", 5400), ("14d", 14 * 86400), ("1w", 604_800), ("250ms", 0.25)],
)
def test_durations_read_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "5", "5 m", "-5m", "1.5h", "5y", "m5"])
def test_a_duration_that_is_none_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="write 30s, 15m"):
        parse_duration(text)


def test_a_manual_clock_moves_when_told() -> None:
    clock = ManualClock()
    before = clock.now()
    clock.advance(dt.timedelta(days=1))
    assert clock.now() - before == dt.timedelta(days=1)
    assert rfc3339(from_epoch(to_epoch(before))) == "2026-01-01T00:00:00Z"


def test_misspelt_names_find_what_was_meant() -> None:
    assert closest("stauts", ["status", "amount"]) == "status"
    assert did_you_mean("zzz", ["status"]) == ""


def test_an_error_says_what_where_and_what_to_do() -> None:
    class Lost(PayloomError):
        """The row is lost."""

        code = "lost"

    error = Lost(hint="Look under the sofa.", where="a.yaml:1:2", row=7)
    assert str(error) == "a.yaml:1:2: The row is lost. (Look under the sofa.)"
    assert error.to_dict() == {
        "code": "lost",
        "message": "The row is lost.",
        "hint": "Look under the sofa.",
        "where": "a.yaml:1:2",
        "row": 7,
    }
