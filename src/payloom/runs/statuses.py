"""The statuses of a run, and the words by which lists of runs are filtered.

`refused`: the run answered its caller with a 4xx before it had any effect (see payloom.runs.advance.endings).
"""

from __future__ import annotations

from typing import Literal, get_args

RunStatus = Literal["queued", "running", "waiting", "succeeded", "failed", "refused", "canceled"]
RUN_STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)

RunFilter = Literal[
    "queued",
    "running",
    "waiting",
    "succeeded",
    "failed",
    "refused",
    "canceled",
    "filtered",
    "parked",
    "blocked",
    "unresolved",
    "resolved",
]
"""A status, or what a status does not say: filtered (a `filter` ended it: the list of succeeded runs leaves it out),
parked, and blocked.

unresolved, resolved: failed runs that need attention, and those that need none any more.
"""
