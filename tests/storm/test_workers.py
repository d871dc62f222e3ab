"""Several workers on one Postgres: they share the work, and the living take over from the dead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from harness import DIED, Story, Zygote

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
STORM = bool(os.environ.get("PAYLOOM_STORM"))


def commands(story: Story, *lives: dict[str, object]) -> list[dict[str, object]]:
    """Commands for workers that live side by side."""
    return [{"folder": str(story.folder), "url": story.url, "events": [], "dead": 1.0, **life} for life in lives]


@pytest.mark.parametrize("direct", [48, 0], ids=["direct", "queued"])
def test_a_living_worker_takes_over_from_a_dead_one(
    zygote: Zygote, tmp_path: Path, postgres_url: str, direct: int
) -> None:
    """Without being restarted: the runs of the dead one end on the other."""
    story = Story(zygote, tmp_path, postgres_url, ["c1", "c2", "u1"], direct)
    dying = {"events": story.events, "crash_at": 25, "direct": direct}
    living = {"linger": 4.0, "direct": direct}
    assert zygote.run(*commands(story, dying, living)) == [DIED, 0], story.why()
    left = [name for name in story.events if f"evt_{name}" not in story.acked()]
    if left:
        story.life()
    assert story.broken() == []


def test_workers_that_come_and_go_lose_nothing(zygote: Zygote, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Four workers take events in and race for runs while three of them are killed at random."""
    from postgres import fresh_database  # noqa: PLC0415

    address = request.getfixturevalue("postgres_server")
    for seed in range(10 if STORM else 1):
        with fresh_database(address) as url:
            folder = tmp_path / str(seed)
            folder.mkdir()
            names = [f"{kind}{number}" for kind in "cu" for number in range(24)]
            story = Story(zygote, folder, url, names)
            assert story.life(events=[]) == 0, story.why()
            mortal = [
                {"events": names[part::3], "kill_after": 1.5, "seed": seed * 10 + part, "direct": 4}
                for part in range(3)
            ]
            codes = zygote.run(*commands(story, *mortal, {"linger": 5.0, "seconds": 60}))
            assert codes[3] == 0, story.why()
            assert story.life() == 0, story.why()
            assert story.broken() == [], f"seed {seed}"
