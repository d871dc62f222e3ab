"""What is planned for a subscription: renewal, its announcement, the end of a trial, the end of it all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing import settings
from payloom_emulator.billing.subscriptions import items

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.subscriptions import Subscription

DAY = 86_400


TIMERS = ("renew", "upcoming", "trial_will_end", "cancel", "expire", "resume_collection", "drop_update")


_RENEWING = frozenset({"trialing", "active", "past_due", "unpaid", "incomplete"})


def plan(unit: UnitOfWork, subscription: Subscription) -> None:
    """Plan afresh what follows from the subscription as it is now."""
    for timer in ("renew", "upcoming", "trial_will_end", "cancel"):
        unit.unschedule(timer, subscription)
    rows = items.of(unit, subscription)
    if subscription["status"] not in _RENEWING or not rows:
        return
    chosen = settings.read(unit.store)
    end = items.next_end(rows)
    unit.schedule("renew", subscription, end)
    notice = end - chosen.upcoming_days * DAY
    if chosen.upcoming_days and notice > unit.now and not subscription["cancel_at_period_end"]:
        unit.schedule("upcoming", subscription, notice)
    trial_end = subscription["trial_end"]
    if subscription["status"] == "trialing" and trial_end:
        early = trial_end - chosen.trial_notice_seconds
        if early > unit.now:
            unit.schedule("trial_will_end", subscription, early)
    cancel_at = subscription["cancel_at"]
    if cancel_at is not None and cancel_at < end:
        unit.schedule("cancel", subscription, cancel_at)


def announce_trial_end(unit: UnitOfWork, subscription: Subscription) -> None:
    """Send trial_will_end at once for a trial too short for the usual notice."""
    end = subscription["trial_end"]
    if subscription["status"] != "trialing" or end is None:
        return
    if end - settings.read(unit.store).trial_notice_seconds <= unit.now < end:
        unit.emit("customer.subscription.trial_will_end", subscription)


def trial_will_end(unit: UnitOfWork, subscription: Subscription) -> None:
    """Timer: the trial ends in three days."""
    if subscription["status"] == "trialing":
        unit.emit("customer.subscription.trial_will_end", subscription)


def clear(unit: UnitOfWork, subscription: Subscription) -> None:
    """Drop everything that was planned."""
    for timer in TIMERS:
        unit.unschedule(timer, subscription)
