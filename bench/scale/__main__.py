"""`python bench/scale`: what a fulfilment costs on Postgres, and what many workers and databases do with it."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from scale.cost import measure
from scale.simulation import Topology, simulate
from tests.support import postgres

PLANS = [
    (Topology(1, 1, 2), (100, 200, 400)),
    (Topology(1, 4, 4), (400, 800, 1_600)),
    (Topology(1, 16, 16), (1_600, 3_200, 6_400)),
    (Topology(8, 8, 8), (5_000, 10_000)),
    (Topology(16, 8, 8), (10_000, 20_000)),
]


def main() -> None:
    """Print both tables."""
    with (
        tempfile.TemporaryDirectory(prefix="payloom-scale-") as folder,
        postgres.server(Path(folder) / "postgres") as address,
        postgres.fresh_database(address) as url,
    ):
        cost = asyncio.run(measure(url, Path(folder), Path(folder) / "postgres"))
    print("| one fulfilment | |\n|---|--:|")
    for name, value in dataclasses.asdict(cost).items():
        print(f"| {name} | {value:,.2f} |" if value < 100 else f"| {name} | {value:,.0f} |")
    print("\n| databases | workers each | cores each | offered/s | done/s | p50, p99 ms | busiest worker, database |")
    print("|--:|--:|--:|--:|--:|---|---|")
    for plan, rates in PLANS:
        for rate in rates:
            seen = simulate(cost, plan, rate)
            offered = f"| {plan.databases} | {plan.workers} | {plan.cores} | {rate:,} "
            latency, busiest = f"{seen.p50:.1f}, {seen.p99:.1f}", f"{seen.worker:.0%}, {seen.database:.0%}"
            print(f"{offered}| {seen.done:,.0f} | {latency} | {busiest} |")


if __name__ == "__main__":
    main()
