"""Billing periods: months keep the anchor's day (the 31st becomes the 30th or 28th and comes back), all in UTC."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import TYPE_CHECKING

from payloom_emulator.kit.present import present

if TYPE_CHECKING:
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.params.shared import BillingCycleAnchorConfigParams

SECONDS = {"day": 86_400, "week": 604_800}
MONTHS = {"month": 1, "year": 12}


def at(anchor: int, interval: str, count: int, number: int) -> int:
    """Return the moment `number` times `count` intervals after `anchor` (Unix seconds; `number` may be negative)."""
    if interval in SECONDS:
        return anchor + SECONDS[interval] * count * number
    moment = dt.datetime.fromtimestamp(anchor, dt.UTC)
    month = moment.year * 12 + moment.month - 1 + MONTHS[interval] * count * number
    year, month = divmod(month, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())


def after(anchor: int, interval: str, count: int, moment: int) -> int:
    """Return the first boundary of the cycle through `anchor` that lies after `moment`."""
    length = SECONDS[interval] if interval in SECONDS else MONTHS[interval] * 2_629_746
    number = (moment - anchor) // (length * count) - 1
    while at(anchor, interval, count, number) <= moment:
        number += 1
    while at(anchor, interval, count, number - 1) > moment:
        number -= 1
    return at(anchor, interval, count, number)


def cycle(price: Price) -> tuple[str, int]:
    """Return a recurring price's (interval, interval_count)."""
    return present(price["recurring"])["interval"], present(price["recurring"])["interval_count"]


def next_on(config: BillingCycleAnchorConfigParams, moment: int) -> int:
    """Return the first moment after `moment` on the day (and month, time) a billing_cycle_anchor_config names.

    Both moments are Unix seconds.
    """
    now = dt.datetime.fromtimestamp(moment, dt.UTC)
    hour, minute, second = config.get("hour"), config.get("minute"), config.get("second")
    base = now.replace(
        day=1,
        hour=now.hour if hour is None else hour,
        minute=now.minute if minute is None else minute,
        second=now.second if second is None else second,
    )
    only_month, day_of_month = config.get("month"), config["day_of_month"]
    for step in range(25):
        year, month = divmod(base.year * 12 + base.month - 1 + step, 12)
        if only_month and month + 1 != only_month:
            continue
        day = min(day_of_month, calendar.monthrange(year, month + 1)[1])
        candidate = int(base.replace(year=year, month=month + 1, day=day).timestamp())
        if candidate > moment:
            return candidate
    raise AssertionError("a year has every month")
