"""A1: a scenario runs once whole; then it is killed at each of its points and runs to its end."""

from __future__ import annotations

from tests.storm.support.effect_ledger import Tally, picked
from tests.storm.support.harness import DIED, Databases, Zygote


def killed_at_every_point(
    zygote: Zygote, databases: Databases, tally: Tally, events: list[str], direct: int, *, least: int, of: str = ""
) -> tuple[int, int]:
    """Judge each. Returns at how many points it was tried, and at how many it died. least: points it must exceed."""
    whole = databases.new_scenario(zygote, events, direct)
    assert whole.life() == 0, whole.why()
    assert whole.broken() == []
    points = whole.points()
    assert points > least
    tried = picked(range(1, points + 1), 3)
    died = 0
    for point in tried:
        scenario = databases.new_scenario(zygote, events, direct)
        code = scenario.life(crash_at=point)
        assert code in (DIED, 0), scenario.why()
        died += code == DIED
        assert scenario.life() == 0, f"point {point}: {scenario.why()}"
        detail = f"{of}killed at point {point} of {points}"
        tally.judge("A1", databases.kind, scenario.broken(), kills=code == DIED, detail=detail)
    return len(tried), died
