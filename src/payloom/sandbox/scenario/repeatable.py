"""What makes a scenario the same each time it is played."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Generator

from payloom.sandbox.project import InlineExecutor

_SEED = 7
_SILENT = ("payloom.runs", "asyncio")


@contextlib.contextmanager
def repeatable() -> Generator[None]:
    """Run threads' work inline, draw the same random numbers, and silence what killed processes would log."""
    asyncio.get_running_loop().set_default_executor(InlineExecutor(1))
    state = random.getstate()
    random.seed(_SEED)
    loggers = [logging.getLogger(name) for name in _SILENT]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        random.setstate(state)
