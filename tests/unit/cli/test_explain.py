"""`payloom check --explain` says which lane a workflow takes, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from payloom.cli.commands import app

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "payloom.yaml": "name: Shop\n",
    "tables.yaml": "tables:\n  orders:\n    columns:\n      id: string primary\n",
    "workflows/fast.yaml": "name: Fast\non: {schedule: '0 3 * * 1', timezone: Europe/Berlin}\nsteps:\n  - log: hi\n",
    "workflows/slow.yaml": "name: Slow\non: {called: true}\nsteps:\n  - log: hi\n  - wait: 2d\n",
    "workflows/calls-slow.yaml": "name: Calls\non: {manual: true}\nsteps:\n  - call: slow\n",
    "workflows/calls-fast.yaml": "name: Calls\non: {manual: true}\nsteps:\n  - call: helper\n",
    "workflows/helper.yaml": "name: Helper\non: {called: true}\nsteps:\n  - log: hi\n",
}


def test_each_workflow_is_told_with_its_lane_its_reason_and_its_schedules(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    outcome = CliRunner().invoke(app, ["check", "--explain", "--json", "-C", str(tmp_path)])
    explanations = {load["workflow"]: load for load in json.loads(outcome.stdout)["workflows"]}
    assert {name: explanation["lane"] for name, explanation in explanations.items()} == {
        "fast": "fast",
        "helper": "fast",
        "calls-fast": "fast",
        "slow": "durable",
        "calls-slow": "durable",
    }
    assert explanations["slow"]["why"].startswith("line 5: `wait`")
    assert "slow" in explanations["calls-slow"]["why"]
    assert explanations["fast"]["schedules"] == [
        {"schedule": "0 3 * * 1", "timezone": "Europe/Berlin", "catch_up": "last"}
    ]
    words = CliRunner().invoke(app, ["check", "--explain", "-C", str(tmp_path)]).stdout
    assert "fast: fast lane" in words
    assert "at 0 3 * * 1 (Europe/Berlin), missed moments: last" in words
