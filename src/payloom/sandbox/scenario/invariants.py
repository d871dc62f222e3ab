"""The twelve invariants of money: `check_invariants` examines a system after a fault and reports what is wrong.

Storm tests, `payloom storm` and `payloom demo --check` call it. What was not observed (`None`) is not judged, and
`checked_invariants` says which invariants that leaves.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.engine.models import workers
from payloom.inbox.models import events
from payloom.kit.secrets.redaction import redact_text
from payloom.runs.models import runs, steps, waits
from payloom.runs.statuses import RUN_STATUSES

_OVER = frozenset({"succeeded", "failed", "refused", "canceled"})


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Violation:
    """An invariant that does not hold. number: 1 to 12."""

    number: int
    text: str

    def __str__(self) -> str:
        return f"I{self.number}: {self.text}"


@dataclasses.dataclass(frozen=True, slots=True)
class Effect:
    """Something that happened outside. key: the idempotency key it came with; action: as the journal names it."""

    key: str
    action: str


@dataclasses.dataclass(frozen=True, slots=True)
class Payment:
    """A payment at Stripe. captured, refunds: minor units. order: what it was for, if that is known."""

    id: str
    order: str | None
    currency: str
    captured: int
    refunds: Sequence[int] = ()
    disputed: bool = False

    @property
    def refunded(self) -> int:
        """The sum of the refunds."""
        return sum(self.refunds)


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """An order in our own tables. amount: what it costs; paid, refunded: what we noted. access: None if it has none."""

    id: str
    currency: str
    amount: int
    paid: int
    refunded: int
    access: bool | None = None
    payment: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that arrived. about: the order it is the receipt of, or None. marked: the outbox says it is a repeat."""

    message_id: str
    about: str | None
    marked: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """Something that runs out: coupon uses, stock. used may be negative to say that more was taken than there was."""

    name: str
    used: int
    most: int


@dataclasses.dataclass(frozen=True, slots=True)
class Counted:
    """A number that says how often something was applied."""

    what: str
    found: int | None
    expected: int


@dataclasses.dataclass(slots=True)
class Observations:
    """What an observer knows beside the rows; `None`: not observed.

    acknowledged: events answered with 2xx. sent: events that Stripe really made. answers: (status, was the store up?)
    to Stripe. starts: how many runs an event of a type has. opened_early: orders that were open before they were paid,
    at any instant. earlier: what `journal_of` gave before. replay: what a replay of the journals says otherwise.
    stores: (name, text) of everything that is kept. canaries: secrets that were put in. alive: ids of live workers.
    quiet: whether everything should have come to rest.
    """

    acknowledged: Collection[str] = ()
    sent: Collection[str] | None = None
    answers: Sequence[tuple[int, bool]] | None = None
    starts: Mapping[str, int] | None = None
    effects: Sequence[Effect] | None = None
    leaves: Callable[[str, str], bool] = lambda _verb, _action: True
    """Whether a step of this verb and action, once done, must be among the effects (a read at Stripe is not)."""
    counted: Sequence[Counted] = ()
    payments: Sequence[Payment] | None = None
    orders: Sequence[Order] | None = None
    opened_early: Sequence[str] | None = None
    mails: Sequence[SentMail] | None = None
    limits: Sequence[Limit] | None = None
    earlier: Mapping[tuple[str, str], Any] | None = None
    replay: Sequence[str] | None = None
    stores: Iterable[tuple[str, str]] | None = None
    canaries: Sequence[str] = ()
    alive: Collection[str] | None = None
    all_succeed: bool = False
    """Whether every run must succeed."""
    quiet: bool = True


class Rows:
    """Payloom's own rows, read once."""

    def __init__(self, tx: sa.Connection) -> None:
        """Read them."""
        self.events = {row.id: row.type for row in tx.execute(sa.select(events.c.id, events.c.type))}
        columns = ("id", "root_id", "workflow_id", "event_id", "status", "owner", "blocked", "wake_at", "failure")
        self.runs = tx.execute(sa.select(*(runs.c[name] for name in columns))).all()
        names = ("run_id", "path", "verb", "action", "status", "key", "seq", "value")
        self.steps = tx.execute(sa.select(*(steps.c[name] for name in names))).all()
        over = sa.select(runs.c.id).where(runs.c.finished_at.is_not(None))
        lost = (waits.c.kind == "call") & waits.c.family.in_(over)
        self.listening = set(tx.execute(sa.select(waits.c.run_id).where(~lost)).scalars())
        self.workers = set(tx.execute(sa.select(workers.c.id)).scalars())

    def keys(self) -> dict[str, Any]:
        """Steps that leave the machine, by idempotency key; a key that is used on (retry, `idempotency_key`) once."""
        return {step.key: step for step in self.steps if step.key is not None}


Check = Callable[[Rows, Observations], Iterator[str]]


def _refunds_within_captures(_rows: Rows, observations: Observations) -> Iterator[str]:
    for payment in observations.payments or ():
        if payment.refunded > payment.captured:
            yield f"payment {payment.id}: {payment.refunded} {payment.currency} given back of {payment.captured}"
    for order in observations.orders or ():
        if order.refunded > order.paid:
            yield f"order {order.id}: we noted {order.refunded} {order.currency} given back of {order.paid}"


def _one_charge_per_order(_rows: Rows, observations: Observations) -> Iterator[str]:
    charged = Counter(
        payment.order for payment in observations.payments or () if payment.order is not None and payment.captured > 0
    )
    for order, count in charged.items():
        if count > 1:
            yield f"order {order} was charged {count} times"


def _access_is_paid_for(_rows: Rows, observations: Observations) -> Iterator[str]:
    by_order = {
        payment.order: payment
        for payment in observations.payments or ()
        if payment.order is not None and payment.captured > 0
    }
    for order in observations.orders or ():
        if order.access is None:
            continue
        payment = by_order.get(order.id)
        paid = payment is not None and payment.captured >= order.amount and payment.currency == order.currency
        open_now = paid and payment is not None and payment.refunded < payment.captured and not payment.disputed
        if order.access and not open_now:
            yield f"order {order.id} is open, and {'was given back' if paid else 'was not paid in full'}"
        if open_now and not order.access and observations.quiet:
            yield f"order {order.id} is paid and not open"
    for order in observations.opened_early or ():
        yield f"order {order} was open before it was paid"


def _no_event_is_lost(rows: Rows, observations: Observations) -> Iterator[str]:
    for event in sorted(set(observations.acknowledged) - rows.events.keys()):
        yield f"event {event} was acknowledged and is not stored"
    if observations.sent is not None:
        for event in sorted(rows.events.keys() - set(observations.sent)):
            yield f"event {event} is stored, and Stripe never made it"
    for run in rows.runs:
        if run.status not in RUN_STATUSES:
            yield f"run {run.id} has the status {run.status!r}, which is unknown"
    if observations.starts is not None:
        started = Counter(run.event_id for run in rows.runs if run.event_id is not None)
        for event, kind in rows.events.items():
            if started[event] < observations.starts.get(kind, 0):
                yield f"event {event} ({kind}) has {started[event]} runs"


def _nothing_happens_twice(rows: Rows, observations: Observations) -> Iterator[str]:
    if observations.effects is not None:
        for key, count in Counter(effect.key for effect in observations.effects).items():
            if not key:
                yield f"{count} effects came without a key"
            elif count > 1:
                yield f"{count} times happened what goes by the key {key}"
    for count in observations.counted:
        if count.found != count.expected:
            yield f"{count.what}: {count.found} instead of {count.expected}"
    if observations.starts is not None:
        started = Counter(
            (run.event_id, run.workflow_id) for run in rows.runs if run.event_id and run.root_id == run.id
        )
        for (event, workflow), count in started.items():
            if count > max(1, observations.starts.get(rows.events.get(event, ""), 1)):
                yield f"event {event} started {workflow} {count} times"


def _one_receipt_per_order(_rows: Rows, observations: Observations) -> Iterator[str]:
    if observations.mails is None:
        return
    about: dict[str, list[SentMail]] = {}
    for mail in observations.mails:
        if mail.about is not None:
            about.setdefault(mail.about, []).append(mail)
    for order, receipts in about.items():
        if len({mail.message_id for mail in receipts}) > 1:
            yield f"order {order} has receipts with {len({mail.message_id for mail in receipts})} Message-IDs"
        elif len(receipts) > 2 or (len(receipts) == 2 and not any(mail.marked for mail in receipts)):
            yield f"order {order} has {len(receipts)} receipts and nothing says so"
    if observations.quiet:
        for order in observations.orders or ():
            if order.paid > 0 and order.id not in about:
                yield f"order {order.id} is paid and has no receipt"


def _both_ledgers_agree(_rows: Rows, observations: Observations) -> Iterator[str]:
    if observations.payments is None or observations.orders is None or not observations.quiet:
        return
    stripe_totals: dict[str, list[int]] = {}
    for payment in observations.payments:
        if payment.order is not None:
            total = stripe_totals.setdefault(payment.order, [0, 0])
            total[0] += payment.captured
            total[1] += payment.refunded
    for order in observations.orders:
        captured, refunded = stripe_totals.pop(order.id, [0, 0])
        if (order.paid, order.refunded) != (captured, refunded):
            noted = f"we noted {order.paid} paid and {order.refunded} given back"
            yield f"order {order.id}: {noted}, Stripe {captured} and {refunded}"
        if not all(type(number) is int for number in (order.amount, order.paid, order.refunded)):
            yield f"order {order.id} has an amount that is no whole number"
    for order, (captured, _) in stripe_totals.items():
        if captured:
            yield f"Stripe has {captured} for order {order}, which we do not know"


def _nothing_is_stuck(rows: Rows, observations: Observations) -> Iterator[str]:
    alive = observations.alive if observations.alive is not None else rows.workers
    for run in rows.runs:
        if run.status in _OVER:
            if run.owner is not None:
                yield f"run {run.id} is {run.status} and still owned by {run.owner}"
            if observations.all_succeed and run.status != "succeeded":
                failure: Mapping[str, Any] = run.failure or {}
                yield f"run {run.id} of {run.workflow_id} is {run.status}: {failure.get('message')}"
        elif run.owner is not None and run.owner not in alive:
            yield f"run {run.id} is owned by {run.owner}, who is dead"
        elif observations.quiet and not (run.status == "waiting" and run.id in rows.listening):
            yield f"run {run.id} of {run.workflow_id} is {run.status} for ever"
    over = {run.id: run.status for run in rows.runs}
    for step in rows.steps:
        if step.status in ("started", "waiting") and over.get(step.run_id) == "succeeded":
            yield f"step {step.path} of {step.run_id} is {step.status}, and its run has succeeded"


def _stripe_gets_no_5xx(_rows: Rows, observations: Observations) -> Iterator[str]:
    bad = Counter(status for status, up in observations.answers or () if status >= 500 and up)
    for status, count in bad.items():
        yield f"{count} webhooks were answered with {status} although the database was there"


def _limits_hold(_rows: Rows, observations: Observations) -> Iterator[str]:
    for limit in observations.limits or ():
        if not 0 <= limit.used <= limit.most:
            yield f"{limit.name}: {limit.used} used of {limit.most}"


def _the_journal_is_true(rows: Rows, observations: Observations) -> Iterator[str]:
    now = journal_rows(rows)
    for at, before in (observations.earlier or {}).items():
        if at not in now:
            yield f"step {at[1] or '(the end)'} of {at[0]} was in the journal and is gone"
        elif now[at] != before:
            yield f"step {at[1] or '(the end)'} of {at[0]} was {before!r} in the journal and is {now[at]!r} now"
    numbers = Counter((step.run_id, step.seq) for step in rows.steps if step.status in ("succeeded", "failed"))
    for (run_id, number), count in numbers.items():
        if count > 1:
            yield f"{count} entries of {run_id} have the number {number}"
    if observations.effects is not None:
        keys = rows.keys()
        performed = {effect.key for effect in observations.effects}
        for key in sorted(performed - keys.keys()):
            yield f"{key!r} happened and is not in the journal"
        for key, step in keys.items():
            if step.status == "succeeded" and key not in performed and observations.leaves(step.verb, step.action):
                yield f"{key!r} is in the journal and did not happen"
    yield from observations.replay or ()


def _no_secret_is_kept(_rows: Rows, observations: Observations) -> Iterator[str]:
    for name, text in observations.stores or ():
        for canary in observations.canaries:
            if canary in text:
                yield f"{name} holds the secret {canary[:6]}…"
        if not observations.canaries and (secret := _secret_in(text)):
            yield f"{name} holds what looks like a secret: {secret}"


INVARIANTS: Mapping[int, tuple[str, Check]] = {
    1: ("no more is given back than was captured", _refunds_within_captures),
    2: ("an order is charged at most once", _one_charge_per_order),
    3: ("open is what is paid for, and nothing before it is", _access_is_paid_for),
    4: ("an acknowledged event is done, on its way, or visible as failed", _no_event_is_lost),
    5: ("no effect happens twice", _nothing_happens_twice),
    6: ("one receipt for each paid order; a repeat has the same Message-ID and is marked", _one_receipt_per_order),
    7: ("our ledger says what Stripe's says", _both_ledgers_agree),
    8: ("every run is over or will go on, and belongs to nobody dead", _nothing_is_stuck),
    9: ("Stripe gets no 5xx while the database is there", _stripe_gets_no_5xx),
    10: ("coupons and stock do not go below nothing", _limits_hold),
    11: ("the journal only grows, and a replay of it decides the same", _the_journal_is_true),
    12: ("no store holds a secret or a card number", _no_secret_is_kept),
}
"""What must hold whatever went wrong: number → (in words, how it is looked at)."""


def check_invariants(tx: sa.Connection, observations: Observations) -> list[Violation]:
    """Return every invariant that does not hold in the database behind `tx` and in what was `observations`."""
    rows = Rows(tx)
    return [Violation(number, text) for number, (_, check) in INVARIANTS.items() for text in check(rows, observations)]


def checked_invariants(observations: Observations) -> list[int]:
    """Return the numbers of the invariants that could be judged."""
    needs = {
        1: observations.payments is not None or observations.orders is not None,
        2: observations.payments is not None,
        3: observations.payments is not None and observations.orders is not None,
        6: observations.mails is not None,
        7: observations.payments is not None and observations.orders is not None,
        9: observations.answers is not None,
        10: observations.limits is not None,
        12: observations.stores is not None,
    }
    return [number for number in INVARIANTS if needs.get(number, True)]


def journal_of(tx: sa.Connection) -> dict[tuple[str, str], Any]:
    """Return what the journal says is done, to be given as `earlier` later: the journal only grows."""
    return journal_rows(Rows(tx))


def journal_rows(rows: Rows) -> dict[tuple[str, str], Any]:
    """Return (run, path) → how the step ended, and (run, '') → how the run ended."""
    entries: dict[tuple[str, str], Any] = {
        (step.run_id, step.path): (step.status, step.key)
        for step in rows.steps
        if step.status in ("succeeded", "failed")
    }
    entries |= {(run.id, ""): run.status for run in rows.runs if run.status in ("succeeded", "canceled")}
    return entries


_MASKED = re.compile(r"\[redacted\]|\[card …\d{4}\]")


def _secret_in(text: str) -> str | None:
    """Return how the redactor shows the first secret in a text, or None."""
    masked = redact_text(text)
    if masked == text:
        return None
    before = {secret.start() for secret in _MASKED.finditer(text)}
    secret = next((match for match in _MASKED.finditer(masked) if match.start() not in before), None)
    return masked[max(0, secret.start() - 12) : secret.end()] if secret else None
