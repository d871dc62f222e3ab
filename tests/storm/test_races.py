"""A11, A12: workers race for one job, one order, one refund; several processes write one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.storm.support.effect_ledger import Tally, some
from tests.storm.support.paid_orders import PAID, paid_orders

from payloom.db.database import open_database
from payloom.sandbox.scenario.invariants import Counted

if TYPE_CHECKING:
    from tests.storm.support.harness import Databases, WorkerScenario, Zygote

pytestmark = pytest.mark.timeout(7200)
CALLERS = 20
REFUND = 300


def refunded(scenario: WorkerScenario, orders: list[str]) -> list[Counted]:
    """How much was given back of each order, and how much there was to give."""
    database = open_database(scenario.url)
    with database.engine.connect() as conn:
        rows = {row.id: row.refunded for row in conn.execute(sa.text("SELECT id, refunded FROM orders"))}
    database.engine.dispose()
    return [Counted(f"given back of {order}", rows[order], PAID) for order in orders]


def test_a11_twenty_callers_get_back_what_was_paid_and_no_more(
    zygote: Zygote, databases: Databases, tally: Tally
) -> None:
    """Three of twenty clicks on one order can succeed, however many processes they reach at once."""
    workers = 4 if databases.kind == "postgresql" else 1
    scenario = databases.new_scenario(zygote, [])
    orders = paid_orders(scenario, some(800, 2))
    race = {"orders": orders, "callers": CALLERS // workers, "amount": REFUND}
    lives = [scenario.command(race={**race, "worker": worker}, seconds=1200) for worker in range(workers)]
    assert zygote.run(*lives) == [0] * workers, scenario.why()
    counted = refunded(scenario, orders)
    seeded = {f"seed:{order}" for order in orders}
    wrong = scenario.broken(all_succeed=False, excluded=seeded)
    wrong += [
        f"I1: {count.what}: {count.found} of {count.expected}" for count in counted if count.found != count.expected
    ]
    tally.judge("A11", databases.kind, wrong, runs=len(orders) * CALLERS, detail=f"{len(orders)} orders")


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a11_an_event_that_reaches_four_workers_at_once_is_done_once(
    zygote: Zygote, databases: Databases, tally: Tally
) -> None:
    """The same deliveries, to all of them."""
    names = [f"{kind}{number}" for kind in "cu" for number in range(some(120, 8))]
    scenario = databases.new_scenario(zygote, names)
    assert zygote.run(*[scenario.command(batch=16, seconds=300) for _ in range(4)]) == [0] * 4, scenario.why()
    tally.judge("A11", databases.kind, scenario.broken(), runs=len(names) * 4, detail="the same events on four workers")


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a12_four_processes_that_write_one_file_all_get_through(
    zygote: Zygote, databases: Databases, tally: Tally
) -> None:
    """They take events in; one process then does the rest."""
    names = [f"{kind}{number}" for kind in "cu" for number in range(some(200, 12))]
    scenario = databases.new_scenario(zygote, names)
    lives = [scenario.command(events=names[part::4], only_intake=True) for part in range(4)]
    assert zygote.run(*lives) == [0] * 4, scenario.why()
    assert {status for status, _ in scenario.answers()} == {200}, "nobody was told that the database is locked"
    assert scenario.life(seconds=300) == 0, scenario.why()
    tally.judge("A12", "sqlite", scenario.broken(), runs=len(names), detail="four writers")
