"""A1: kill -9 at every journal boundary. What was acknowledged is done, once, by the next process.

`make test` takes every few points; `make storm` (PAYLOOM_STORM=1) takes them all.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from harness import DIED, Story, Zygote

STORM = bool(os.environ.get("PAYLOOM_STORM"))
EVENTS = ["c1", "u1"]


def story(zygote: Zygote, folder: Path, url: str, direct: int) -> Story:
    """A folder and a database of its own."""
    folder.mkdir(exist_ok=True)
    return Story(zygote, folder, url, EVENTS, direct)


def fresh_urls(request: pytest.FixtureRequest, kind: str, tmp_path: Path):
    """Yield addresses of empty databases."""
    number = 0
    if kind == "sqlite":
        while True:
            number += 1
            yield f"sqlite:///{tmp_path}/{number}.db"
    from postgres import fresh_database  # noqa: PLC0415

    address = request.getfixturevalue("postgres_server")
    while True:
        with fresh_database(address) as url:
            yield url


@pytest.mark.timeout(900)
@pytest.mark.parametrize("direct", [48, 0], ids=["direct", "queued"])
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_kill_at_every_point_loses_nothing_and_repeats_nothing(
    request: pytest.FixtureRequest, zygote: Zygote, tmp_path: Path, kind: str, direct: int
) -> None:
    """Die at the n-th point, start again, and look."""
    urls = fresh_urls(request, kind, tmp_path)
    whole = story(zygote, tmp_path / "whole", next(urls), direct)
    assert whole.life() == 0, whole.why()
    assert whole.broken() == []
    points = whole.points()
    assert points > 20
    died = 0
    for point in range(1, points + 1, 1 if STORM else 5):
        told = story(zygote, tmp_path / f"at{point}", next(urls), direct)
        code = told.life(crash_at=point)
        assert code in (DIED, 0), told.why()
        died += code == DIED
        assert told.life() == 0, f"point {point}: {told.why()}"
        assert told.broken() == [], f"killed at point {point} of {points}"
    urls.close()
    assert died >= (points // (1 if STORM else 5)) * 0.6


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_kill_at_any_moment_several_times_loses_nothing(
    request: pytest.FixtureRequest, zygote: Zygote, tmp_path: Path, kind: str
) -> None:
    """Also while it recovers, and between the points we know of."""
    urls = fresh_urls(request, kind, tmp_path)
    for seed in range(40 if STORM else 4):
        told = story(zygote, tmp_path / f"seed{seed}", next(urls), 0 if seed % 2 else 48)
        told.events = [f"{kind}{number}" for kind in "cu" for number in range(8)]
        for life in range(4):
            told.life(kill_after=0.6, seed=seed * 10 + life)
        assert told.life() == 0, f"seed {seed}: {told.why()}"
        assert told.broken() == [], f"seed {seed}"
    urls.close()
