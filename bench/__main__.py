"""`make bench`: every figure as a ratio to a floor measured in the same run. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent))

import lanes

import postgres

RATIOS = (
    ("fast lane", "floor event+row", {"sqlite": 0.50, "postgresql": 0.45}),
    ("durable lane", "bare DBOS, 4 steps", {"sqlite": 0.9, "postgresql": 0.9}),
    ("durable lane, queued", "bare DBOS, 4 steps", {"sqlite": 0.9, "postgresql": 0.9}),
)


def main() -> int:
    """Measure, print, compare with the aims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--scale", type=float, default=1.0, help="how long to measure; 0.2 for a quick look")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report: dict[str, dict[str, float]] = {}
    for kind in ("sqlite", "postgresql"):
        if options.only in (None, kind):
            report[kind] = _measure(kind, options.scale)
    if options.json:
        print(json.dumps(report, indent=2))
        return 0
    met = True
    for kind, found in report.items():
        print(f"\n{kind}")
        for name, rate in found.items():
            print(f"  {name:28} {rate:10,.0f} /s")
        for name, base, aims in RATIOS:
            ratio, aim = found[name] / found[base], aims[kind]
            met = met and ratio >= aim
            print(f"  {name + ' : ' + base:48} {ratio:6.2f}   aim {aim:.2f}   {'ok' if ratio >= aim else 'MISSED'}")
    return 0 if met else 1


def _measure(kind: str, scale: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="payloom-bench-") as name:
        folder = Path(name)
        if kind == "sqlite":
            return asyncio.run(lanes.measure(f"sqlite:///{folder}/bench.db", folder, scale=scale))
        with postgres.server(folder / "pg") as address, postgres.fresh_database(address) as url:
            return asyncio.run(lanes.measure(url, folder, scale=scale))


if __name__ == "__main__":
    sys.exit(main())
