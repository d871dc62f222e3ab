"""A1–A3 for a run that several call: killed at every point, it is done once, and whoever called gets its result."""

from __future__ import annotations

import pytest
from tests.storm.support.effect_ledger import Tally, some
from tests.storm.support.harness import DIED, Databases, Zygote
from tests.storm.support.points import killed_at_every_point

EVENTS = ["d1.a", "d1.b", "d1.c"]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("direct", [48, 0], ids=["direct", "queued"])
def test_a1_a_kill_at_every_point_of_a_shared_run_leaves_nobody_waiting(
    zygote: Zygote, databases: Databases, tally: Tally, direct: int
) -> None:
    """Die at the n-th point, start again, and look."""
    killed_at_every_point(zygote, databases, tally, EVENTS, direct, least=15, of="a shared run, ")


@pytest.mark.timeout(7200)
def test_a2_kills_at_any_moment_of_shared_runs_lose_nothing(zygote: Zygote, databases: Databases, tally: Tally) -> None:
    """Eight deliveries, each asked for four times, through three deaths."""
    for seed in range(some(12, 1)):
        scenario = databases.new_scenario(
            zygote, [f"d{delivery}.{n}" for n in range(4) for delivery in range(8)], seed % 2 * 48
        )
        codes = [scenario.life(kill_after=0.6, seed=seed * 10 + life) for life in range(3)]
        assert scenario.life() == 0, f"seed {seed}: {scenario.why()}"
        kills = codes.count(DIED)
        tally.judge(
            "A2", databases.kind, scenario.broken(), kills=kills, detail=f"shared runs, killed 3 times, seed {seed}"
        )


@pytest.mark.postgres
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a3_workers_that_share_runs_go_on_for_one_that_is_killed(
    zygote: Zygote, databases: Databases, tally: Tally
) -> None:
    """Three workers are asked for the same deliveries at once; one of them dies on the way."""
    for seed in range(some(10, 1)):
        scenario = databases.new_scenario(zygote, [f"d{delivery}.{n}" for n in range(6) for delivery in range(6)], 4)
        scenario.more = {"dead": 1.0}
        lives = [scenario.command(events=scenario.events[part::3], linger=3.0) for part in range(2)]
        doomed = scenario.command(events=scenario.events[2::3], crash_at=20 + seed * 7)
        codes = zygote.run(*lives, doomed)
        assert codes[:2] == [0, 0], scenario.why()
        if len(scenario.acked()) < len(scenario.events):
            assert scenario.life() == 0, scenario.why()
        kills = codes[2] == DIED
        tally.judge("A3", databases.kind, scenario.broken(), runs=36, kills=kills, detail=f"shared runs, seed {seed}")
