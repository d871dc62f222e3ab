"""The harness itself is tested: bugs planted on purpose must be found by the invariants."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import Story, Zygote


@pytest.mark.timeout(300)
@pytest.mark.parametrize("plant", ["random_key", "answer_first", "no_takeover", "effect_later"])
def test_a_planted_bug_is_found(zygote: Zygote, tmp_path: Path, plant: str) -> None:
    """At one of the points where a process may die."""
    for point in range(1, 60):
        folder = tmp_path / str(point)
        folder.mkdir()
        story = Story(zygote, folder, f"sqlite:///{folder}/p.db", ["c1", "u1"])
        story.life(crash_at=point, plant=plant)
        code = story.life(plant=plant, seconds=2)
        if code != 0 or story.broken():
            return
    pytest.fail(f"nobody noticed {plant}")
