"""The life cycles of Billing's objects, as tables."""

from __future__ import annotations

from payloom_emulator.core.schema import Machine, Move

UPDATED = ("customer.subscription.updated",)
LIVE = frozenset({"incomplete", "trialing", "active", "past_due", "unpaid", "paused"})

SUBSCRIPTION_MACHINE = Machine(
    initial=("incomplete", "trialing", "active", "past_due"),
    moves=(
        Move("activate", {"incomplete", "trialing", "past_due", "unpaid", "paused"}, "active", UPDATED),
        Move("try", {"incomplete", "active", "past_due", "unpaid", "paused"}, "trialing", UPDATED),
        Move("expire", {"incomplete"}, "incomplete_expired", UPDATED),
        Move("fall_behind", {"active", "trialing", "unpaid"}, "past_due", UPDATED),
        Move("give_up", {"active", "trialing", "past_due"}, "unpaid", UPDATED),
        Move("pause", {"active", "trialing", "past_due", "unpaid"}, "paused", UPDATED),
        Move("cancel", LIVE, "canceled", ("customer.subscription.deleted",)),
    ),
    terminal={"canceled", "incomplete_expired"},
)

INVOICE_MACHINE = Machine(
    initial=("draft",),
    moves=(
        Move("finalize", {"draft"}, "open", ("invoice.finalized",)),
        Move("pay", {"open", "uncollectible"}, "paid", ("invoice.paid", "invoice.payment_succeeded")),
        Move("void", {"open", "uncollectible"}, "void", ("invoice.voided",)),
        Move("mark_uncollectible", {"open"}, "uncollectible", ("invoice.marked_uncollectible",)),
    ),
    terminal={"paid", "void"},
)

INVOICE_PAYMENT_MACHINE = Machine(
    initial=("open", "paid"),
    moves=(
        Move("pay", {"open"}, "paid", ("invoice_payment.paid",)),
        Move("cancel", {"open"}, "canceled"),
    ),
    terminal={"paid", "canceled"},
)

SCHEDULE_MACHINE = Machine(
    initial=("not_started", "active"),
    moves=(
        Move("start", {"not_started"}, "active", ("subscription_schedule.updated",)),
        Move("release", {"not_started", "active"}, "released", ("subscription_schedule.released",)),
        Move("cancel", {"not_started", "active"}, "canceled", ("subscription_schedule.canceled",)),
        Move("complete", {"active"}, "completed", ("subscription_schedule.completed",)),
    ),
    terminal={"released", "canceled", "completed"},
)

QUOTE_MACHINE = Machine(
    initial=("draft",),
    moves=(
        Move("finalize", {"draft"}, "open", ("quote.finalized",)),
        Move("accept", {"open"}, "accepted", ("quote.accepted",)),
        Move("cancel", {"draft", "open"}, "canceled", ("quote.canceled",)),
    ),
    terminal={"accepted", "canceled"},
)

CREDIT_NOTE_MACHINE = Machine(
    initial=("issued",),
    moves=(Move("void", {"issued"}, "void", ("credit_note.voided",)),),
    terminal={"void"},
)

CLOCK_MACHINE = Machine(
    initial=("ready",),
    moves=(
        Move("advance", {"ready"}, "advancing", ("test_helpers.test_clock.advancing",)),
        Move("arrive", {"advancing"}, "ready", ("test_helpers.test_clock.ready",)),
        Move("break", {"advancing"}, "internal_failure", ("test_helpers.test_clock.internal_failure",)),
    ),
    terminal={"internal_failure"},
)
