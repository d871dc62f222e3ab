"""`make bench`: every figure as a ratio to a floor measured in turns with it. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

import api_calls
import fulfilment
import lanes
import overload
import small
import webhook
from rounds import Compared, compare
from tests.support import postgres

PARTS = ("fast", "durable", "shop", "overload", "calls", "webhook", "workers", "idle", "expression", "tracing")
Fresh = Callable[[], contextlib.AbstractContextManager[str]]


class Report:
    """Prints a line per figure as it comes, and remembers whether all aims are met."""

    def __init__(self) -> None:
        self.met = True

    def ratio(self, name: str, figures: Compared, aim: float | None) -> None:
        """A ratio to a floor."""
        spread = f"{figures.low:.2f} to {figures.high:.2f}"
        rates = f"{figures.subject:,.0f} /s against {figures.floor:,.0f} /s"
        if figures.cheapness is not None:
            rates += f"; processor time {figures.cheapness:.2f}"
        self._line(name, f"{figures.ratio:.2f}", spread, rates, aim=aim, met=aim is None or figures.ratio >= aim)

    def cost(self, name: str, value: float, unit: str, most: float | None) -> None:
        """A cost that should not be above `most`."""
        self._line(name, f"{value:.2f} {unit}", "", "", aim=most, met=most is None or value <= most)

    def offered(self, kind: str, figures: overload.Offered) -> None:
        """What came of a rate that was offered."""
        self._line(
            f"fulfilments, {figures.rate:.0f}/s offered, {kind}",
            f"{figures.done:.0f} /s done",
            f"acknowledged after {figures.p50:.0f} ms, 99 % within {figures.p99:.0f} ms",
            f"{figures.processor:.2f} ms of the processor, {figures.statements:.1f} statements each",
            aim=None,
            met=True,
        )

    def calls(self, kind: str, figures: api_calls.Calls, aim: float | None) -> None:
        """What callers of the API got at once."""
        self._line(
            f"POST /create-checkout, {figures.callers} at once, {kind}",
            f"{figures.rate:.0f} /s",
            f"answered after {figures.p50:.0f} ms, 99 % within {figures.p99:.0f} ms",
            f"{figures.processor:.2f} ms of the server's processor",
            aim=aim,
            met=aim is None or figures.rate >= aim,
        )

    def _line(self, name: str, *cells: str, aim: float | None, met: bool) -> None:
        self.met = self.met and met
        verdict = "" if aim is None else f"aim {aim:g} {'met' if met else 'MISSED'}"
        print(f"| {' | '.join([name, *cells, verdict])} |", flush=True)


def main() -> int:
    """Measure, print, compare with the aims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument(
        "--quick", action="store_true", help="fulfilment, overload and API calls only, three rounds: six minutes"
    )
    options = parser.parse_args()
    report, parts = Report(), options.part or (("shop", "overload", "calls") if options.quick else PARTS)
    rounds = 3 if options.quick else options.rounds
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| figure | ratio | quartiles | per second | |\n|---|--:|---|---|---|")
    for kind in ("sqlite", "postgresql"):
        if options.only in (None, kind):
            with databases(kind) as (fresh, server):
                _measure(report, kind, parts, rounds, fresh, server)
    if "expression" in parts:
        report.cost("expression on a 4 KB event", small.expression(), "µs", 1.5)
    if "tracing" in parts:
        report.cost("span of a step, no SDK in the process", small.span(), "µs", 20)
    return 0 if report.met else 1


@contextlib.contextmanager
def databases(kind: str) -> Generator[tuple[Fresh, Path | None]]:
    """Yield what makes a fresh, empty database, and the folder of the Postgres server."""
    with tempfile.TemporaryDirectory(prefix="payloom-bench-") as name:
        folder = Path(name)
        if kind == "postgresql":
            with postgres.server(folder / "pg") as address:
                yield lambda: postgres.fresh_database(address), folder / "pg"
            return

        @contextlib.contextmanager
        def fresh() -> Generator[str]:
            with tempfile.TemporaryDirectory(dir=folder) as own:
                yield f"sqlite:///{own}/bench.db"

        yield fresh, None


def _measure(  # noqa: PLR0917 - called in one place
    report: Report, kind: str, parts: tuple[str, ...], rounds: int, fresh: Fresh, server: Path | None
) -> None:
    sqlite = kind == "sqlite"
    if "fast" in parts:
        with tempfile.TemporaryDirectory() as folder, fresh() as url:
            figures = asyncio.run(lanes.fast(url, Path(folder), server, rounds=rounds))
        report.ratio(f"fast lane, {kind}", figures, 0.5 if sqlite else 0.45)
    if "durable" in parts:
        few, count = max(rounds // 3, 1), 200
        dbos = lanes.durable("dbos", fresh, count)
        for name in ("lane", "queued"):
            figures = asyncio.run(compare(dbos, lanes.durable(name, fresh, count), few, warm=False))
            report.ratio(f"durable lane{', queued' if name == 'queued' else ''}, {kind}", figures, 0.9)
    if "shop" in parts:
        with tempfile.TemporaryDirectory() as folder, fresh() as url, fresh() as bare:
            figures = asyncio.run(fulfilment.fulfilment(url, bare, Path(folder), rounds=min(rounds, 5)))
        report.ratio(f"the shop's fulfilment, {kind}", figures, None)
    if "overload" in parts:
        with tempfile.TemporaryDirectory() as folder, fresh() as url:
            for offered in asyncio.run(overload.overload(url, Path(folder), [100, 300, 600, 1000], 8.0)):
                report.offered(kind, offered)
    if "calls" in parts:
        with tempfile.TemporaryDirectory() as folder, fresh() as url:
            for calls in asyncio.run(api_calls.create_checkout(Path(folder) / "shop", url, [1, 10, 50], 500)):
                report.calls(kind, calls, 400 if calls.callers == 10 else None)
    if "webhook" in parts:
        for which, label in (("none", "events that start nothing"), ("pay", "events with a run in the fast lane")):
            with tempfile.TemporaryDirectory() as folder, fresh() as url, fresh() as bare:
                figures = asyncio.run(webhook.acknowledgements(Path(folder), url, bare, which, rounds=rounds))
            report.ratio(f"acknowledgements, {label}, {kind}", figures, 0.8 if which == "none" else None)
    if "idle" in parts:
        with tempfile.TemporaryDirectory() as folder, fresh() as url:
            percent, megabytes = asyncio.run(webhook.idle(Path(folder), url, 20))
        report.cost(f"idle server, processor, {kind}", percent, "%", 2)
        report.cost(f"idle server, memory, {kind}", megabytes, "MB", 120)
    if "workers" in parts and not sqlite:
        single, two, ratio = small.two_workers(fresh, max(rounds // 3, 1), 300)
        report.ratio("two workers against one, postgresql", Compared(single, two, ratio, ratio, ratio), 1.7)


if __name__ == "__main__":
    sys.exit(main())
