"""Runs segments in this process and lets them finish: what both engines share."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from payloom.engine.port import Advance

log = logging.getLogger("payloom.engine")

_PAUSES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Seconds between tries while the database is away; the last one repeats."""


class SegmentRunner:
    """The segments that run in this process now."""

    def __init__(self, advance: Advance) -> None:
        """advance: see port.Advance."""
        self._advance = advance
        self._running: set[asyncio.Task[object]] = set()
        self._stopping = False

    async def run(self, run_id: str) -> None:
        """Advance a run; when that raises (the database is away), again until it works or the process stops."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            tries = 0
            while not self._stopping:
                try:
                    await self._advance(run_id)
                except Exception:
                    pause = _PAUSES[min(tries, len(_PAUSES) - 1)]
                    log.exception("run %s could not be advanced; trying again in %s s", run_id, pause)
                    tries += 1
                    await asyncio.sleep(pause)
                else:
                    return
            # Not done: the entry must stay open, so that recovery finds it.
            raise asyncio.CancelledError
        finally:
            self._running.discard(task)

    async def drain(self, grace: float) -> None:
        """Wait up to `grace` seconds for what runs, then cancel the rest."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=grace)
        self._stopping = True
        rest = set(self._running)
        for task in rest:
            task.cancel()
        if rest:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait(rest, timeout=5.0)
