"""Periods and amounts without a server."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from payloom_emulator.billing.pricing import amounts, periods, totals
from payloom_emulator.billing.pricing.rounding import rounded, share
from payloom_emulator.objects.params.shared import BillingCycleAnchorConfigParams


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp())


def day(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("anchor", "interval", "count", "expected"),
    [
        ("2030-01-31", "month", 1, ["2030-02-28", "2030-03-31", "2030-04-30"]),
        ("2028-01-30", "month", 1, ["2028-02-29", "2028-03-30", "2028-04-30"]),
        ("2028-02-29", "year", 1, ["2029-02-28", "2030-02-28", "2031-02-28"]),
        ("2030-11-30", "month", 3, ["2031-02-28", "2031-05-30", "2031-08-30"]),
        ("2030-01-01", "week", 2, ["2030-01-15", "2030-01-29", "2030-02-12"]),
        ("2030-12-31", "day", 1, ["2031-01-01", "2031-01-02", "2031-01-03"]),
    ],
)
def test_boundaries_keep_the_anchors_day(anchor: str, interval: str, count: int, expected: list[str]) -> None:
    start = at(anchor)
    assert [day(periods.at(start, interval, count, n)) for n in (1, 2, 3)] == expected
    for number in range(1, 4):
        boundary = periods.at(start, interval, count, number)
        assert periods.after(start, interval, count, boundary - 1) == boundary
        assert periods.after(start, interval, count, boundary) > boundary


def test_an_anchor_in_the_future_has_boundaries_before_it() -> None:
    assert day(periods.after(at("2030-03-01"), "month", 1, at("2030-01-15"))) == "2030-02-01"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"day_of_month": 31}, "2030-02-28"),
        ({"day_of_month": 1}, "2030-03-01"),
        ({"day_of_month": 15, "month": 1}, "2031-01-15"),
    ],
)
def test_an_anchor_config_finds_the_next_such_day(config: BillingCycleAnchorConfigParams, expected: str) -> None:
    assert day(periods.next_on(config, at("2030-02-10"))) == expected


def test_halves_round_away_from_zero_and_shares_add_up() -> None:
    assert [rounded(Decimal(x)) for x in ("0.5", "1.5", "-0.5", "2.4")] == [1, 2, -1, 2]
    assert share(1000, 1, 3) + share(1000, 2, 3) == 1000


def test_lines_are_worded_as_stripe_words_them() -> None:
    price: Any = {
        "currency": "usd",
        "unit_amount_decimal": "2000",
        "recurring": {"interval": "month", "interval_count": 1},
    }
    assert amounts.wording(price, 2, "Gold") == "2 × Gold (at $20.00 / month)"
    price["recurring"] = {"interval": "month", "interval_count": 3}
    assert amounts.wording(price, 1, "Gold") == "1 × Gold (at $20.00 / every 3 months)"
    price["unit_amount_decimal"] = "0.25"
    assert amounts.wording(price, 1, "Call") == "1 × Call (at $0.0025 / every 3 months)"
    yen: Any = {**price, "currency": "jpy", "unit_amount_decimal": "500"}
    assert amounts.wording(yen, 1, "Gold") == "1 × Gold (at ¥500 / every 3 months)"


def rate(percentage: float, *, inclusive: bool) -> dict:
    return {"id": f"txr_{percentage}", "percentage": percentage, "inclusive": inclusive}


@pytest.mark.parametrize(
    ("amount", "rates", "taxes"),
    [
        (999, [rate(19, inclusive=False)], [190]),
        (1190, [rate(19, inclusive=True)], [190]),
        (1000, [rate(5, inclusive=False), rate(9.975, inclusive=False)], [50, 100]),
        (-500, [rate(10, inclusive=False)], [-50]),
    ],
)
def test_taxes_are_whole_minor_units_per_line(amount: int, rates: list[Any], taxes: list[int]) -> None:
    assert [t["amount"] for t in totals.taxes_of(amount, rates, "none")] == taxes
    assert [t["amount"] for t in totals.taxes_of(amount, rates, "exempt")] == [0] * len(rates)
