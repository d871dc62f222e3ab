"""The statuses of a run, and the words by which lists of runs are filtered."""

from __future__ import annotations

from typing import Literal, get_args

RunStatus = Literal["queued", "running", "waiting", "succeeded", "failed", "canceled"]
RUN_STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)

RunFilter = Literal["queued", "running", "waiting", "succeeded", "failed", "canceled", "filtered", "parked", "blocked"]
"""A status, or what a status does not say: filtered (succeeded, and a `filter` ended it), parked, and blocked."""
