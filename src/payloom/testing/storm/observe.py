"""What must hold after every scenario, whatever failed in it: the twelve invariants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from payloom.connectors.stripe.connector import resolve, shortened
from payloom.db.packing import unpack
from payloom.runs.models import steps
from payloom.sandbox.scenario.invariants import Effect, Observations, Payment, check_invariants
from payloom.sandbox.scenario.outcome import Outcome
from payloom.sandbox.scenario.replays import replay_problems
from payloom.sandbox.scenario.scenario import Scenario


def broken_invariants(scenario: Scenario, outcome: Outcome) -> list[str]:
    """Return every invariant that does not hold, in words."""
    replay = replay_problems(scenario)
    return scenario.sandbox.database.inspect(
        lambda tx: [str(violation) for violation in check_invariants(tx, _observations(tx, scenario, outcome, replay))]
    )


def _observations(tx: sa.Connection, scenario: Scenario, outcome: Outcome, replay: list[str]) -> Observations:
    keys = {shortened(key): key for key in tx.execute(sa.select(steps.c.key).where(steps.c.key.is_not(None))).scalars()}
    return Observations(
        acknowledged=dict.fromkeys(scenario.acknowledged),
        effects=[*_written(scenario, keys), *_mailed(scenario, outcome)],
        leaves=_leaves,
        payments=list(_payments(scenario)),
        replay=replay,
        stores=_kept(tx),
    )


def _written(scenario: Scenario, keys: Mapping[str, str]) -> Iterator[Effect]:
    for write in scenario.stripe.writes:
        plain = _plain(write.key) if write.key else ""
        yield Effect(keys.get(plain, plain), write.call)


def _mailed(scenario: Scenario, outcome: Outcome) -> Iterator[Effect]:
    for key in dict.fromkeys(mail.key for mail in scenario.sent):
        yield Effect(key, "email")
    for name in outcome.twice:
        if not name.endswith("(marked)"):
            yield from [Effect(f"mail {name}", "email")] * 2


def _leaves(verb: str, action: str) -> bool:
    return verb == "email" or (verb == "stripe" and resolve(action)[0].method != "get")


def _payments(scenario: Scenario) -> Iterator[Payment]:
    """What a scenario knows of money at Stripe: refunds made of the payments it holds."""
    refunds: dict[str, list[int | None]] = {}
    for write in scenario.stripe.writes:
        if write.call == "refunds.create":
            name = str(write.params.get("payment_intent") or write.params.get("charge"))
            refunds.setdefault(name, []).append(write.params.get("amount"))
    for name, amounts_given_back in refunds.items():
        payment = scenario.stripe.objects.get(name, {})
        fields = ("amount_received", "amount_captured", "amount")
        captured = next((payment[field] for field in fields if payment.get(field)), None)
        if isinstance(captured, int):
            amounts = [captured if amount is None else amount for amount in amounts_given_back]
            yield Payment(name, None, str(payment.get("currency", "")), captured, amounts)


def _kept(tx: sa.Connection) -> Iterator[tuple[str, str]]:
    """What people get to see of a run, as it is stored."""
    for row in tx.execute(sa.text("SELECT path, args, failure FROM payloom_steps")):
        yield f"step {row.path}", f"{row.args and unpack(row.args)}{row.failure}"
    for row in tx.execute(sa.text("SELECT id, failure FROM payloom_runs WHERE failure IS NOT NULL")):
        yield f"run {row.id}", str(row.failure)
    for row in tx.execute(sa.text("SELECT text FROM payloom_logs")):
        yield "the log", row.text


def exhausted_steps(tx: sa.Connection) -> list[str]:
    """Return the steps that failed for good after several tries, each of which might have worked."""
    query = sa.select(steps.c.path, steps.c.attempts, steps.c.failure).where(
        steps.c.status == "failed", steps.c.attempts > 1
    )
    return [
        f"step {row.path} had no tries left after {row.attempts}"
        for row in tx.execute(query)
        if row.failure is not None and row.failure.get("retryable")
    ]


def _plain(key: str) -> str:
    head, _, number = key.rpartition("~")
    return head if head and number.isdigit() else key
