"""The scenarios of `node/scenarios.js` through the official Node client: one process, one report, one test each."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.packages.node_packages import Packages, node

from payloom_emulator.embedded import run

FOLDER = Path(__file__).parent / "node"
NAMES = re.findall(r"^  async (\w+)\(\) \{$", (FOLDER / "scenarios.js").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def report() -> dict[str, str | None]:
    Packages(FOLDER).install()
    with run() as emulator:
        done = subprocess.run(
            [node(), "scenarios.js", emulator.url], cwd=FOLDER, capture_output=True, text=True, timeout=90, check=False
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("scenario", NAMES)
def test_it_works_through_the_node_client(report: dict[str, str | None], scenario: Any) -> None:
    assert report[scenario] is None, report[scenario]


def test_every_scenario_is_reported(report: dict[str, str | None]) -> None:
    assert sorted(report) == sorted(NAMES)
    assert len(NAMES) > 15
