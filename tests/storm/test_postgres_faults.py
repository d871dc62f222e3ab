"""A8–A10: a Postgres that crashes, fails over, and loses connections in the moment of a commit."""

from __future__ import annotations

import contextlib
import functools
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.storm.support.effect_ledger import Tally, picked, some
from tests.storm.support.harness import Databases, WorkerScenario, Zygote
from tests.storm.support.worker_cluster import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(7200), pytest.mark.usefixtures("postgres_server")]
NAMES = [f"{kind}{number}" for kind in "cu" for number in range(400)]


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name, open to the system user of Postgres."""
    with tempfile.TemporaryDirectory(prefix="storm-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def under_load(
    scenario: WorkerScenario, zygote: Zygote, trouble: Callable[[], None], *, dead: float = 1.0
) -> list[int]:
    """Let a worker live while trouble is made."""
    zygote.begin(scenario.command(dead=dead, batch=8, seconds=120))
    try:
        trouble()
    finally:
        codes = zygote.end()
    return codes


def test_a8_a_postgres_that_crashes_under_load_loses_and_repeats_nothing(
    zygote: Zygote, tmp_path: Path, tally: Tally
) -> None:
    """Crash and restart it every so often, while events flow through the same processes."""
    with short_folder() as folder:
        node = Node(folder / "a").make().start()
        try:
            for seed in range(some(5, 1)):
                scenario = _fresh(
                    zygote, node, tmp_path / f"crash{seed}", NAMES[: some(300, 30)] + NAMES[400:][: some(300, 30)]
                )
                crashes = some(6, 1)
                trouble = functools.partial(crash_and_restart, scenario, node, crashes)
                assert under_load(scenario, zygote, trouble) == [0], scenario.why()
                tally.judge(
                    "A8",
                    "postgresql",
                    scenario.broken(),
                    runs=len(scenario.events),
                    kills=crashes,
                    detail=f"seed {seed}",
                )
        finally:
            node.crash()


def _fresh(zygote: Zygote, node: Node, folder: Path, events: list[str]) -> WorkerScenario:
    name = f"shop_{int(time.monotonic() * 1000)}"
    with psycopg.connect(node.url(), autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload] - psycopg wants a literal; the name is the test's own
    folder.mkdir()
    return WorkerScenario(zygote, folder, node.url(name), events)


def flowing(scenario: WorkerScenario) -> None:
    """Wait until the first event was acknowledged."""
    end = time.monotonic() + 30
    while not scenario.acked() and time.monotonic() < end:
        threading.Event().wait(0.02)


def crash_and_restart(scenario: WorkerScenario, node: Node, crashes: int) -> None:
    """The server dies and comes back, again and again."""
    flowing(scenario)
    for _ in range(crashes):
        threading.Event().wait(some(4, 1))
        node.crash()
        node.start()


def fail_over(scenario: WorkerScenario, first: Node, second: Node, current: Path) -> None:
    """The first server dies; the second one takes its place and its address."""
    flowing(scenario)
    threading.Event().wait(0.3)
    first.crash()
    second.promote()
    current.unlink()
    current.symlink_to(second.socket)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a9_a_standby_that_takes_over_has_everything_or_gets_it_again(
    zygote: Zygote, tmp_path: Path, tally: Tally, mode: str
) -> None:
    """Synchronous: nothing acknowledged is lost. Asynchronous: the last moments may be; List Events brings them back,
    under the same run ids and keys, so that nothing happens twice."""
    for number in range(some(5, 1)):
        with short_folder() as folder:
            first = Node(folder / "a").make().start()
            current = folder / "current"
            current.symlink_to(first.socket)
            second = Node(folder / "b").follow(first).start()
            if mode == "sync":
                first.setting("synchronous_standby_names='*'")
            try:
                scenario = _fresh(zygote, first, tmp_path / f"{mode}{number}", NAMES[:40] + NAMES[400:440])
                scenario.url = scenario.url.replace(str(first.socket), str(current))

                trouble = functools.partial(fail_over, scenario, first, second, current)
                assert under_load(scenario, zygote, trouble) == [0], scenario.why()
                if mode == "async":
                    (scenario.folder / "acks").unlink()  # what Stripe's list shows is taken in again, by id
                assert scenario.life(seconds=60) == 0, scenario.why()
                wrong = scenario.broken(earlier=None)
                tally.judge("A9", f"postgresql, {mode}", wrong, runs=len(scenario.events), kills=1, detail="failover")
            finally:
                second.crash()


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("mode", ["40001", "40P01", "cut_before", "cut_after"])
def test_a10_a_commit_that_fails_or_is_not_known_is_done_once(
    zygote: Zygote, databases: Databases, tally: Tally, mode: str
) -> None:
    """At each commit: a lost race, a deadlock, a connection cut just before it or just after it."""
    for at in picked(range(1, 51), 1, 50):
        scenario = databases.new_scenario(zygote, ["c1", "u1"], 48 if at % 2 else 0)
        assert scenario.life(commits={"mode": mode, "at": at}, seconds=30) == 0, (
            f"{mode} at commit {at}: {scenario.why()}"
        )
        tally.judge("A10", "postgresql", scenario.broken(), detail=f"{mode} at commit {at}")
