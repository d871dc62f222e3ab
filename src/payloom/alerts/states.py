"""When an alert fires, repeats and ends: a pure function of its last state and a new value.

ok ──▶ pending ──▶ firing ──▶ ok     pending only for rules that must hold; ok after five minutes without the condition
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Literal

from payloom.settings.sections.alert_rules import AlertRule

State = Literal["ok", "pending", "firing"]
Notice = Literal["firing", "worse", "reminder", "resolved"]
CLEAR_AFTER = dt.timedelta(minutes=5)
"""How long a condition must be gone before the alert ends: one that comes and goes is one alert."""
WORSE = 10
"""A value that has grown by this factor since the last message is reported again."""


@dataclasses.dataclass(frozen=True, slots=True)
class AlertState:
    """An alert as it was last left; see `models.alerts`."""

    state: State
    since: dt.datetime
    clear_since: dt.datetime | None = None
    sent_value: float | None = None
    sent_at: dt.datetime | None = None


def exceeds(rule: AlertRule, value: float | None, threshold: float) -> bool:
    """Whether a value calls for the alert."""
    return value is not None and (value < threshold if rule.below else value >= threshold)


def next_state(
    last: AlertState, rule: AlertRule, value: float | None, *, threshold: float, now: dt.datetime, remind: float | None
) -> tuple[AlertState, Notice | None]:
    """Return the state after a look, and what to tell people, if anything."""
    bad = exceeds(rule, value, threshold)
    if last.state == "firing":
        return _firing(last, rule, value, bad=bad, now=now, remind=remind)
    if not bad:
        return (last if last.state == "ok" else AlertState("ok", now)), None
    began = last.since if last.state == "pending" else now
    if (now - began).total_seconds() < rule.holds:
        return AlertState("pending", began), None
    return AlertState("firing", began, None, value, now), "firing"


def _firing(
    last: AlertState, rule: AlertRule, value: float | None, *, bad: bool, now: dt.datetime, remind: float | None
) -> tuple[AlertState, Notice | None]:
    if not bad:
        clear_since = last.clear_since or now
        if now - clear_since < CLEAR_AFTER:
            return dataclasses.replace(last, clear_since=clear_since), None
        return AlertState("ok", now), "resolved"
    reported = dataclasses.replace(last, clear_since=None, sent_value=value, sent_at=now)
    if not rule.below and value is not None and last.sent_value and value >= WORSE * last.sent_value:
        return reported, "worse"
    if remind is not None and last.sent_at is not None and (now - last.sent_at).total_seconds() >= remind:
        return reported, "reminder"
    return dataclasses.replace(last, clear_since=None), None
