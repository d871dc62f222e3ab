"""Two servers and two workers behind a proxy: a rolling upgrade and a death under load, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest
from tests.topology.rehearsal import SHORT, play

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.timeout(900),
    pytest.mark.skipif("PAYLOOM_TOPOLOGY" not in os.environ, reason="takes minutes: `make topology` plays all of it"),
]


def test_a_rolling_upgrade_and_the_death_of_a_worker_lose_nothing_and_show_no_5xx(
    tmp_path: Path, postgres_server: str
) -> None:
    with contextlib.ExitStack() as stack:
        rows = list(play(tmp_path, postgres_server, SHORT, stack))
    assert [(row.phase, row.server_errors) for row in rows[:-1]] == [(phase, 0) for phase in SHORT]
    assert rows[-1].requests > 20
