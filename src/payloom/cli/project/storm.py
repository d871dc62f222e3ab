"""`payloom storm`: the project's cases under random faults; a scenario that fails is shrunk and printed."""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, report_errors
from payloom.cli.support.paths import find_project

if TYPE_CHECKING:
    from payloom.sandbox.project import SandboxProject
    from payloom.testing.casefile import Case
    from payloom.testing.storm.runner import FailingSchedule, StormReport

_SEEDS = 50


@report_errors
def storm(
    workflows: Annotated[list[str] | None, typer.Argument(help="Only cases of these workflows.")] = None,
    *,
    seeds: Annotated[int, typer.Option("--seeds", "-n", min=1, help="How many seeds.")] = _SEEDS,
    seed: Annotated[int | None, typer.Option(help="Run only this seed.")] = None,
    first: Annotated[int, typer.Option("--from", help="The first seed.")] = 1,
    case: Annotated[str | None, typer.Option(help="Run only this test case.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Run for this many minutes instead of a fixed number of seeds.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Write failing seeds to tests/storm-seeds.txt.")
    ] = True,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Play the tests' cases under duplicates, swaps, losses, deaths and faults; exit code 1 if anything breaks.

    Executes the project's Python.
    """
    from payloom.kit.clock import monotonic
    from payloom.testing.storm.runner import keep_seeds, kept_seeds

    root = find_project(project)
    if seed is not None:
        plan: Any = [(seed, case)]
    else:
        numbers = itertools.count(first) if minutes is not None else range(first, first + seeds)
        plan = itertools.chain(kept_seeds(root), ((number, case) for number in numbers))
    until = monotonic() + minutes * 60 if minutes is not None else None
    expected = None if minutes is not None else 1 if seed is not None else seeds + len(kept_seeds(root))
    sandbox, cases = _chosen(root, workflows or [], case)
    report = asyncio.run(_run(sandbox, cases, plan, until, _Progress(expected, quiet=as_json)))
    if keep and seed is None:
        keep_seeds(root, report.failures)
    if as_json:
        print_json(_as_json(report))
    else:
        for failing in report.failures:
            _show(failing)
        for name, differences in report.broken_cases.items():
            print_data(f"FAILED  {name} fails as it stands, so no scenario of it was played")
            for line in differences[:12]:
                print_data(f"  {line}")
        failed = len(report.failures) + len(report.broken_cases)
        verdict = f"{failed} failed" if failed else "all hold"
        if report.broken_cases:
            print_message("hint: Mend the cases that fail as they stand first; see `payloom test`.")
        print_message(
            f"{report.scenarios} scenarios with {report.incidents} incidents in {report.seconds:.1f} s, {report.compared} compared with a fault-free run: {verdict}."
        )
    sys.exit(0 if report.ok else 1)


def _chosen(root: Path, workflows: list[str], only: str | None) -> tuple[SandboxProject, list[Case]]:
    """Return the project's sandbox and the cases to play. Raises NothingToTest."""
    from payloom.sandbox.errors import NothingToTest
    from payloom.testing.runner import chosen, load_case_files, open_project

    project, sandbox = open_project(root)
    cases = list(chosen(load_case_files(project), None))
    if not cases:
        raise NothingToTest("this project has no test cases", hint="Storms play the cases of *.test.yaml.")
    tested = sorted({name for case in cases for name in case.file.workflows})
    if unknown := [name for name in workflows if name not in tested]:
        raise NothingToTest(f"no test is about {', '.join(unknown)}", hint=f"Tested workflows: {', '.join(tested)}.")
    if only is not None and all(case.id != only for case in cases):
        raise NothingToTest(f"there is no test case {only!r}", hint=f"Cases: {', '.join(case.id for case in cases)}.")
    return sandbox, [case for case in cases if not workflows or set(case.file.workflows) & set(workflows)]


async def _run(
    sandbox: SandboxProject, cases: list[Case], plan: Any, until: float | None, progress: _Progress
) -> StormReport:
    from payloom.testing.storm.runner import StormRunner

    await sandbox.prepare()
    try:
        with progress:
            return await StormRunner(sandbox, cases).run(plan, until=until, on_scenario=progress.on_scenario)
    finally:
        await sandbox.close()


class _Progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, total: int | None, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._bar = Progress(console=Console(stderr=True), transient=True, disable=quiet or not sys.stderr.isatty())
        self._task = self._bar.add_task("scenarios", total=total)

    def on_scenario(self, _seed: int, failing: FailingSchedule | None) -> None:
        """Count one more scenario."""
        self._bar.advance(self._task)
        if failing is not None:
            self._bar.print(f"seed {failing.seed} fails")

    def __enter__(self) -> None:
        self._bar.start()

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _show(failing: FailingSchedule) -> None:
    case = failing.plan.case
    print_data(f"FAILED  seed {failing.seed}: {case.id} ({case.file.name}:{case.line})")
    print_data(
        f"  it takes {len(failing.schedule)} of {failing.before} incidents:"
        if failing.schedule
        else "  without any incident:"
    )
    for incident in failing.schedule:
        print_data(f"    - {incident}")
    for line in failing.wrong[:12]:
        print_data(f"  {line}")
    print_data(f"  again: {failing.replay}")


def _as_json(report: StormReport) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "broken_cases": report.broken_cases,
        "scenarios": report.scenarios,
        "incidents": report.incidents,
        "compared": report.compared,
        "seconds": round(report.seconds, 2),
        "failed": [
            {
                "seed": failure.seed,
                "case": failure.plan.id,
                "schedule": [str(incident) for incident in failure.schedule],
                "wrong": failure.wrong,
                "again": failure.replay,
            }
            for failure in report.failures
        ],
    }
