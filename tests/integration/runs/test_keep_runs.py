"""`keep_runs` decides how long finished runs are kept."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from payloom.app.background import sweep
from payloom.app.composition import Services
from payloom.kit.clock import ManualClock
from payloom.project.loader import load_project
from payloom.settings.errors import BadSettings
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from pathlib import Path


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
