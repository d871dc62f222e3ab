"""`keep_runs` decides how long finished runs are kept."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from payloom.app.background import sweep
from payloom.app.composition import Services
from payloom.email.message import Mail
from payloom.kit.clock import ManualClock
from payloom.project.loader import load_project
from payloom.runs.scheduling import retention
from payloom.settings.errors import BadSettings
from payloom.settings.load import load_settings
from payloom.views.references.models import refs

if TYPE_CHECKING:
    from pathlib import Path

    from payloom.db.database import Database


@pytest.mark.anyio
async def test_the_hourly_sweep_deletes_runs_older_than_the_setting(tmp_path: Path) -> None:
    (tmp_path / "payloom.yaml").write_text("name: Shop\nkeep_runs: 40\n")
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "hello.yaml").write_text("name: Hello\non: {manual: true}\nsteps:\n  - log: hi\n")
    settings, clock = load_settings(tmp_path, environ={}), ManualClock()
    settings.data_dir.mkdir(exist_ok=True)
    services = Services(load_project(tmp_path, settings), settings, clock)
    await services.migrate()
    await services.versions.publish(services.project.workflows.values())
    await services.runs.call("hello", {}, trigger="manual", wait=0)
    clock.advance(dt.timedelta(days=39))
    await sweep(services)
    assert len(await services.run_queries.list()) == 1
    clock.advance(dt.timedelta(days=2))
    await sweep(services)
    assert await services.run_queries.list() == []
    await services.close()


def test_less_than_stripe_remembers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "payloom.yaml").write_text("name: Shop\nkeep_runs: 7\n")
    with pytest.raises(BadSettings, match="keep_runs"):
        load_settings(tmp_path, environ={})


@pytest.mark.anyio
async def test_mails_go_after_their_own_time_with_what_is_indexed_of_them(tmp_path: Path) -> None:
    """They hold addresses of people, so that they must not stay for ever."""
    (tmp_path / "payloom.yaml").write_text("name: Shop\nkeep_mails: 10\n")
    settings, clock = load_settings(tmp_path, environ={}), ManualClock()
    settings.data_dir.mkdir(exist_ok=True)
    services = Services(load_project(tmp_path, settings), settings, clock)
    await services.migrate()
    for name in ("ada", "bob"):
        mail = Mail(
            id=f"mail_{name}",
            key=name,
            template="receipt",
            message_id=f"<{name}@x.test>",
            sender="s@x.test",
            recipients=(f"{name}@x.test",),
            subject="x",
            html="x",
            text="x",
            created_at=clock.now(),
        )
        await services.outbox.send(mail)
        clock.advance(dt.timedelta(days=6))
    await services.index.catch_up()
    await sweep(services)
    assert [mail["id"] for mail in await services.outbox.list()] == ["mail_bob"]
    query = sa.select(refs.c.id).where(refs.c.kind == "mail").distinct()
    assert list(await services.database.read(lambda tx: tx.execute(query).scalars().all())) == ["mail_bob"]
    await services.close()


@pytest.mark.anyio
async def test_a_batch_that_takes_long_is_followed_by_a_smaller_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes waits for a batch: it is kept to some milliseconds, however slow the machine is."""
    seconds, sizes = iter([0.05, 0.05, 0.05, 0.05, 0.05, 0.001, 0.001]), []
    clock = itertools.count()
    now: list[float] = [0.0]

    def monotonic() -> float:
        if next(clock) % 2:
            now[0] += next(seconds)
        return now[0]

    def prune(_tx: object, *, most: int, **_options: object) -> int:
        sizes.append(most)
        return most

    monkeypatch.setattr(retention, "monotonic", monotonic)
    monkeypatch.setattr(retention, "prune", prune)
    pruning = retention.Pruning(retention.Retention(), None)
    for _ in range(7):
        await database.write(lambda tx: pruning.batch(tx, dt.datetime.now(dt.UTC)))
    assert sizes == [50, 25, 12, 6, 5, 5, 10]
