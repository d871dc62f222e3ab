"""Several workers on one Postgres: they share the work, and the living take over from the dead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.storm.support.harness import DIED, Databases, Zygote

if TYPE_CHECKING:
    from tests.storm.support.effect_ledger import Tally

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("direct", [48, 0], ids=["direct", "queued"])
def test_a3_a_living_worker_takes_over_from_a_dead_one(
    zygote: Zygote, databases: Databases, tally: Tally, direct: int
) -> None:
    """Without being restarted: the runs of the dead one end on the other."""
    scenario = databases.new_scenario(zygote, ["c1", "c2", "u1"], direct)
    scenario.more = {"dead": 1.0}
    # With a queue the living worker may have taken every run before the other one's last point.
    codes = zygote.run(scenario.command(crash_at=8 if direct == 0 else 25), scenario.command(events=[], linger=4.0))
    assert codes[1] == 0, scenario.why()
    assert codes[0] == DIED or (codes[0] == 0 and direct == 0), scenario.why()
    if len(scenario.acked()) < 3:
        assert scenario.life() == 0, scenario.why()
    tally.judge("A3", databases.kind, scenario.broken(), kills=codes[0] == DIED, detail="taken over")
