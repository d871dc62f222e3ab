"""A4–A7: a disk that fills up, fails, tears writes and loses power. What was acknowledged is there afterwards."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.storm.support.effect_ledger import STORM, Tally, picked, some
from tests.storm.support.harness import DIED, Databases, WorkerScenario, Zygote
from tests.support import postgres

pytestmark = pytest.mark.timeout(7200)
ONLY_SQLITE = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
EVENTS = ["c1", "u1", "u2", "c2"]


def whole(scenario: WorkerScenario) -> list[str]:
    """What SQLite says of the file."""
    with sqlite3.connect(scenario.folder / "shop.db") as conn:
        report = conn.execute("PRAGMA integrity_check").fetchall()
    conn.close()
    return [] if report == [("ok",)] else [f"integrity: {report}"]


def hits(scenario: WorkerScenario) -> int:
    """How many operations failed."""
    file = scenario.folder / "disk"
    return int(file.read_text().split()[1]) if file.exists() else 1


def operations(zygote: Zygote, databases: Databases, mode: str) -> int:
    """How many operations of a mode a calm life has."""
    calm = databases.new_scenario(zygote, EVENTS)
    assert calm.life(disk={"mode": mode}) == 0, calm.why()
    return int((calm.folder / "disk").read_text().split()[0])


@ONLY_SQLITE
def test_a4_what_was_acknowledged_is_on_the_disk_when_the_power_goes_right_after(
    zygote: Zygote, databases: Databases, tally: Tally
) -> None:
    """The power goes in the very moment of the n-th acknowledgement: what was not synced is lost."""
    for seed in range(some(8, 1)):
        for ack in (1, 2, 3, 4):
            scenario = databases.new_scenario(zygote, EVENTS)
            assert scenario.life(disk={"mode": "power", "seed": seed}, cut_at_ack=ack) == DIED, scenario.why()
            assert scenario.life() == 0, scenario.why()
            tally.judge(
                "A4", "sqlite", [*scenario.broken(), *whole(scenario)], kills=1, detail=f"power gone at ack {ack}"
            )


@ONLY_SQLITE
def test_a4_a_commit_that_was_not_synced_is_noticed(zygote: Zygote, databases: Databases) -> None:
    """The disk of this test does lose what is not synced."""
    for seed in range(8):
        scenario = databases.new_scenario(zygote, EVENTS)
        scenario.life(disk={"mode": "power", "seed": seed}, cut_at_ack=4, plant="unsynced")
        scenario.life()
        if scenario.broken() or whole(scenario):
            return
    pytest.fail("nobody noticed")


@pytest.mark.postgres
def test_a4_postgres_is_told_to_wait_for_its_disk(tmp_path: Path, tally: Tally) -> None:
    """Neither the server's default nor a connection of ours gives the durability away.

    The server is its own: the one that tests share does not wait for the disk.
    """
    from payloom.db.database import open_database  # noqa: PLC0415 - only this test needs it

    with postgres.server(tmp_path / "pg") as address:
        database = open_database(address)
        with database.engine.connect() as conn:
            settings = {name: conn.exec_driver_sql(f"SHOW {name}").scalar() for name in ("fsync", "synchronous_commit")}
        database.engine.dispose()
    wrong = [f"{name} is {value}" for name, value in settings.items() if value != "on"]
    tally.judge("A4", "postgresql", wrong, detail="settings")


@ONLY_SQLITE
def test_a5_a_full_disk_refuses_with_503_and_goes_on_without_a_restart(
    zygote: Zygote, databases: Databases, tally: Tally
) -> None:
    """Full from the n-th write on, then there is space: nothing acknowledged is lost, everything gets done."""
    refused = 0
    for at in picked(range(1, 101), 2):
        scenario = databases.new_scenario(zygote, EVENTS)
        code = scenario.life(disk={"mode": "full", "at": at, "seconds": 0.2}, seconds=40)
        assert code == 0, f"full at write {at}: {scenario.why()}"
        refused += any(status == 503 for status, _ in scenario.answers())
        tally.judge("A5", "sqlite", [*scenario.broken(), *whole(scenario)], detail=f"full at write {at}")
    assert refused


@ONLY_SQLITE
@pytest.mark.parametrize("mode", ["write", "short", "torn", "sync", "power"])
def test_a6_a_disk_that_fails_loses_nothing_that_was_acknowledged(
    zygote: Zygote, databases: Databases, tally: Tally, mode: str
) -> None:
    """At the n-th operation, for every n; then the process starts again."""
    many = min(operations(zygote, databases, mode), 200)
    hit = 0
    for at in picked(range(1, many + 1), 1, 40):
        scenario = databases.new_scenario(zygote, EVENTS)
        codes = [scenario.life(disk={"mode": mode, "at": at, "seed": at}), scenario.life()]
        assert codes[0] in (0, DIED), scenario.why()
        assert codes[1] == 0, f"{mode} at {at}: {scenario.why()}"
        hit += hits(scenario)
        kills = codes.count(DIED)
        tally.judge(
            "A6", "sqlite", [*scenario.broken(), *whole(scenario)], kills=kills, detail=f"{mode} at {at} of {many}"
        )
    assert hit


@ONLY_SQLITE
def test_a7_three_in_a_hundred_operations_fail_and_nothing_acknowledged_is_lost(
    zygote: Zygote, databases: Databases, tally: Tally
) -> None:
    """Reads, writes and syncs, at random."""
    names = [f"{kind}{number}" for kind in "cu" for number in range(some(150, 8))]
    hit = 0
    for seed in range(some(5, 1)):
        scenario = databases.new_scenario(zygote, names)
        first: dict[str, Any] = {"disk": {"mode": "random", "seed": seed}, "batch": 10, "seconds": 90}
        assert scenario.life(**first) in (0, 1), scenario.why()
        hit += hits(scenario)
        assert scenario.life(seconds=60) == 0, scenario.why()
        tally.judge("A7", "sqlite", [*scenario.broken(), *whole(scenario)], runs=len(names), detail=f"seed {seed}")
    assert hit > (50 if STORM else 0)
