"""`payloom storm`: the project's cases under random faults; a story that fails is shrunk and printed."""

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
    from payloom.testing.storm.runner import Weather, Wreck

_SEEDS = 50


@report_errors
def storm(
    workflows: Annotated[list[str] | None, typer.Argument(help="Only cases of these workflows.")] = None,
    *,
    seeds: Annotated[int, typer.Option("--seeds", "-n", min=1, help="How many stories.")] = _SEEDS,
    seed: Annotated[int | None, typer.Option(help="Tell this seed's story only.")] = None,
    first: Annotated[int, typer.Option("--from", help="The first seed.")] = 1,
    case: Annotated[str | None, typer.Option(help="Tell it of this case.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Go on for so long instead of a number of seeds.")] = None,
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Write failing seeds to tests/storm-seeds.txt.")
    ] = True,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Play the tests' cases under duplicates, swaps, losses, deaths and faults; exit code 1 if anything breaks."""
    from payloom.kit.clock import monotonic  # noqa: PLC0415
    from payloom.testing.storm.runner import keep_seeds, kept_seeds  # noqa: PLC0415

    root = find_project(project)
    if seed is not None:
        plan: Any = [(seed, case)]
    else:
        numbers = itertools.count(first) if minutes is not None else range(first, first + seeds)
        plan = itertools.chain(kept_seeds(root), ((number, case) for number in numbers))
    until = monotonic() + minutes * 60 if minutes is not None else None
    expected = None if minutes is not None else 1 if seed is not None else seeds + len(kept_seeds(root))
    weather = asyncio.run(_run(root, workflows or [], plan, until, _Progress(expected, quiet=as_json)))
    if keep and seed is None:
        keep_seeds(root, weather.wrecks)
    if as_json:
        print_json(_as_json(weather))
    else:
        for wreck in weather.wrecks:
            _show(wreck)
        print_message(
            f"{weather.stories} stories with {weather.incidents} incidents in {weather.seconds:.1f} s, "
            f"{weather.compared} compared with their calm twin: "
            f"{f'{len(weather.wrecks)} failed' if weather.wrecks else 'all hold'}."
        )
    sys.exit(1 if weather.wrecks else 0)


async def _run(root: Path, workflows: list[str], plan: Any, until: float | None, progress: _Progress) -> Weather:
    from payloom.testing.errors import NothingToTest  # noqa: PLC0415
    from payloom.testing.runner import chosen, load_case_files, open_project  # noqa: PLC0415
    from payloom.testing.storm.runner import Storming  # noqa: PLC0415

    project, stage = open_project(root)
    cases = list(chosen(load_case_files(project), None))
    if workflows:
        cases = [one for one in cases if set(one.file.workflows) & set(workflows)]
    if not cases:
        raise NothingToTest(f"no test is about {', '.join(workflows)}", hint="Storms play the cases of *.test.yaml.")
    await stage.prepare()
    try:
        with progress:
            return await Storming(stage, cases).run(plan, until=until, told=progress.told)
    finally:
        await stage.close()


class _Progress:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, total: int | None, *, quiet: bool) -> None:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress  # noqa: PLC0415

        self._bar = Progress(console=Console(stderr=True), transient=True, disable=quiet or not sys.stderr.isatty())
        self._task = self._bar.add_task("stories", total=total)

    def told(self, _seed: int, wreck: Wreck | None) -> None:
        """One story more."""
        self._bar.advance(self._task)
        if wreck is not None:
            self._bar.print(f"seed {wreck.seed} fails")

    def __enter__(self) -> None:
        self._bar.start()

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _show(wreck: Wreck) -> None:
    case = wreck.plot.case
    print_data(f"FAILED  seed {wreck.seed}: {case.id} ({case.file.name}:{case.line})")
    print_data(
        f"  it takes {len(wreck.schedule)} of {wreck.before} incidents:"
        if wreck.schedule
        else "  without any incident:"
    )
    for incident in wreck.schedule:
        print_data(f"    - {incident}")
    for line in wreck.wrong[:12]:
        print_data(f"  {line}")
    print_data(f"  again: {wreck.replay}")


def _as_json(weather: Weather) -> dict[str, Any]:
    return {
        "ok": not weather.wrecks,
        "stories": weather.stories,
        "incidents": weather.incidents,
        "compared": weather.compared,
        "seconds": round(weather.seconds, 2),
        "failed": [
            {
                "seed": one.seed,
                "case": one.plot.id,
                "schedule": [str(incident) for incident in one.schedule],
                "wrong": one.wrong,
                "again": one.replay,
            }
            for one in weather.wrecks
        ],
    }
