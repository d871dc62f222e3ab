"""The life cycles of Billing's objects, as tables."""

from __future__ import annotations

from payloom_emulator.core.schemas.schema import StateMachine, Transition

UPDATED = ("customer.subscription.updated",)


LIVE = frozenset({"incomplete", "trialing", "active", "past_due", "unpaid", "paused"})


SUBSCRIPTION_MACHINE = StateMachine(
    initial=("incomplete", "trialing", "active", "past_due"),
    transitions=(
        Transition("activate", {"incomplete", "trialing", "past_due", "unpaid", "paused"}, "active", UPDATED),
        Transition("start_trial", {"incomplete", "active", "past_due", "unpaid", "paused"}, "trialing", UPDATED),
        Transition("expire", {"incomplete"}, "incomplete_expired", UPDATED),
        Transition("mark_past_due", {"active", "trialing", "unpaid"}, "past_due", UPDATED),
        Transition("mark_unpaid", {"active", "trialing", "past_due"}, "unpaid", UPDATED),
        Transition("pause", {"active", "trialing", "past_due", "unpaid"}, "paused", UPDATED),
        Transition("cancel", LIVE, "canceled", ("customer.subscription.deleted",)),
    ),
    terminal={"canceled", "incomplete_expired"},
)


INVOICE_MACHINE = StateMachine(
    initial=("draft",),
    transitions=(
        Transition("finalize", {"draft"}, "open", ("invoice.finalized",)),
        Transition("pay", {"open", "uncollectible"}, "paid", ("invoice.paid", "invoice.payment_succeeded")),
        Transition("void", {"open", "uncollectible"}, "void", ("invoice.voided",)),
        Transition("mark_uncollectible", {"open"}, "uncollectible", ("invoice.marked_uncollectible",)),
    ),
    terminal={"paid", "void"},
)


INVOICE_PAYMENT_MACHINE = StateMachine(
    initial=("open", "paid"),
    transitions=(
        Transition("pay", {"open"}, "paid", ("invoice_payment.paid",)),
        Transition("cancel", {"open"}, "canceled"),
    ),
    terminal={"paid", "canceled"},
)


SCHEDULE_MACHINE = StateMachine(
    initial=("not_started", "active"),
    transitions=(
        Transition("start", {"not_started"}, "active", ("subscription_schedule.updated",)),
        Transition("release", {"not_started", "active"}, "released", ("subscription_schedule.released",)),
        Transition("cancel", {"not_started", "active"}, "canceled", ("subscription_schedule.canceled",)),
        Transition("complete", {"active"}, "completed", ("subscription_schedule.completed",)),
    ),
    terminal={"released", "canceled", "completed"},
)


QUOTE_MACHINE = StateMachine(
    initial=("draft",),
    transitions=(
        Transition("finalize", {"draft"}, "open", ("quote.finalized",)),
        Transition("accept", {"open"}, "accepted", ("quote.accepted",)),
        Transition("cancel", {"draft", "open"}, "canceled", ("quote.canceled",)),
    ),
    terminal={"accepted", "canceled"},
)


CREDIT_NOTE_MACHINE = StateMachine(
    initial=("issued",),
    transitions=(Transition("void", {"issued"}, "void", ("credit_note.voided",)),),
    terminal={"void"},
)


CLOCK_MACHINE = StateMachine(
    initial=("ready",),
    transitions=(
        Transition("advance", {"ready"}, "advancing", ("test_helpers.test_clock.advancing",)),
        Transition("arrive", {"advancing"}, "ready", ("test_helpers.test_clock.ready",)),
        Transition("break", {"advancing"}, "internal_failure", ("test_helpers.test_clock.internal_failure",)),
    ),
    terminal={"internal_failure"},
)
