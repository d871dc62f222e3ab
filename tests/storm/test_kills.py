"""A1–A3: kill -9 at every journal boundary, while it recovers, and at random moments on many workers.

What was acknowledged is done, once, by the next process.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.storm.support.effect_ledger import STORM, Tally, some
from tests.storm.support.harness import DIED, Databases, Zygote
from tests.storm.support.points import killed_at_every_point

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = ["c1", "u1"]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("direct", [48, 0, -48], ids=["direct", "queued", "admitted"])
def test_a1_a_kill_at_every_point_loses_nothing_and_repeats_nothing(
    zygote: Zygote, databases: Databases, tally: Tally, direct: int
) -> None:
    """Die at the n-th point, start again, and look."""
    tried, died = killed_at_every_point(zygote, databases, tally, EVENTS, direct, least=20)
    assert died >= tried * 0.6


@pytest.mark.timeout(7200)
def test_a2_a_second_kill_while_it_recovers_changes_nothing(zygote: Zygote, databases: Databases, tally: Tally) -> None:
    """Random pairs of points, in real processes; all pairs are played as scenarios in `test_scenarios`."""
    rng = random.Random(7)
    for number in range(some(60, 2)):
        scenario = databases.new_scenario(zygote, EVENTS, 0 if number % 2 else 48)
        first, second = rng.randint(2, 34), rng.randint(1, 34)
        kills = sum(scenario.life(crash_at=point) == DIED for point in (first, second))
        assert scenario.life() == 0, f"{first}, {second}: {scenario.why()}"
        tally.judge("A2", databases.kind, scenario.broken(), kills=kills, detail=f"killed at {first}, then at {second}")


@pytest.mark.timeout(7200)
def test_a2_kills_at_any_moment_several_times_lose_nothing(zygote: Zygote, databases: Databases, tally: Tally) -> None:
    """Also between the points we know of."""
    for seed in range(some(12, 1)):
        scenario = databases.new_scenario(
            zygote, [f"{kind}{number}" for kind in "cu" for number in range(8)], seed % 2 * 48
        )
        codes = [scenario.life(kill_after=0.6, seed=seed * 10 + life) for life in range(4)]
        assert scenario.life() == 0, f"seed {seed}: {scenario.why()}"
        kills = codes.count(DIED)
        tally.judge("A2", databases.kind, scenario.broken(), kills=kills, detail=f"killed 4 times, seed {seed}")


class Killer(threading.Thread):
    """Kills one of the named children every so often, until `stop` is called."""

    def __init__(self, folder: Path, interval: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.folder, self.every, self.kills = folder, interval, 0
        self._rng = random.Random(seed)
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(self.every):
            pids = [int(path.name) for path in (self.folder / "pids").glob("*")]
            if pids:
                pid = self._rng.choice(pids)
                (self.folder / "pids" / str(pid)).unlink(missing_ok=True)
                try:
                    os.kill(pid, signal.SIGKILL)
                    self.kills += 1
                except ProcessLookupError:
                    pass


@pytest.mark.postgres
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a3_workers_that_are_killed_at_random_while_events_flow_lose_nothing(
    zygote: Zygote, databases: Databases, tally: Tally
) -> None:
    """Four workers take events in and race for runs; one is killed every so often and comes back."""
    for seed in range(some(3, 1)):
        many = some(3_000, 32)
        names = [f"{kind}{number}" for kind in "cu" for number in range(many // 2)]
        scenario = databases.new_scenario(zygote, names, 4)
        scenario.more = {"dead": 1.0, "batch": 24, "pids": True}
        (scenario.folder / "pids").mkdir()
        killer = Killer(scenario.folder, 2.0 if STORM else 1.5, seed)
        killer.start()
        began = time.monotonic()
        while len(scenario.acked()) < len(names) and time.monotonic() - began < some(900, 20):
            left = [name for name in names if f"evt_{name}" not in scenario.acked()][: some(800, 32)]
            lives = [scenario.command(events=left[part::4], seconds=120, linger=0) for part in range(4)]
            zygote.run(*lives)
        killer.over.set()
        killer.join()
        drained = time.monotonic()
        assert scenario.life(seconds=120) == 0, scenario.why()
        assert time.monotonic() - drained < 60, "what was left is done within a minute"
        tally.judge("A3", databases.kind, scenario.broken(), runs=len(names), kills=killer.kills, detail=f"seed {seed}")
