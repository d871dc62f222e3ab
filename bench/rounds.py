"""Measuring on a machine that others use, too: floor and subject in short turns, medians, and how far they spread."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil

Measure = Callable[[], Awaitable[float] | float]


@dataclasses.dataclass(frozen=True)
class Compared:
    """What came out: the medians per second, and the ratio of the subject to the floor.

    ratio: the median of the rounds' own ratios.
    low, high: the quartiles of these ratios.
    """

    floor: float
    subject: float
    ratio: float
    low: float
    high: float
    cheapness: float | None = None
    """Processor time of the floor for one, divided by ours: what the ratio tends to when nothing else is scarce."""


async def _once(measure: Measure) -> float:
    figures = measure()
    return await figures if inspect.isawaitable(figures) else figures


def processor_seconds(folder: Path | None) -> float:
    """Processor time of this process and, with the folder of a Postgres, of the whole server."""
    spent = time.process_time()
    if folder is not None:
        master = psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))
        for process in [master, *master.children()]:
            with contextlib.suppress(psutil.Error):
                spent += sum(process.cpu_times()[:2])
    return spent


async def compare(
    floor: Measure, subject: Measure, rounds: int, *, warm: bool = True, spent: Callable[[], float] | None = None
) -> Compared:
    """Measure both in turns. A round's ratio compares neighbours in time: other load hits both.

    spent: returns the processor seconds spent so far.
    """
    rates: dict[Measure, list[float]] = {floor: [], subject: []}
    costs: dict[Measure, list[float]] = {floor: [], subject: []}
    if warm:
        await _once(floor)
        await _once(subject)
    for number in range(rounds):
        for measure in (floor, subject) if number % 2 == 0 else (subject, floor):
            began, before = time.perf_counter(), spent() if spent else 0.0
            rate = await _once(measure)
            done = rate * (time.perf_counter() - began)
            rates[measure].append(rate)
            costs[measure].append((spent() - before) / done if spent else 0.0)
    low, ratio, high = _quartiles([rate / base for rate, base in zip(rates[subject], rates[floor], strict=True)])
    cheap = statistics.median(costs[floor]) / statistics.median(costs[subject]) if spent else None
    return Compared(statistics.median(rates[floor]), statistics.median(rates[subject]), ratio, low, high, cheap)


def _quartiles(values: list[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high
