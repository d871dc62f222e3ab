"""`payloom test`: the cases of *.test.yaml, each also delivered twice, out of order, and killed after every step."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payloom.cli.support.errors import CommandError
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, report_errors
from payloom.cli.support.paths import find_project
from payloom.kit.visible_text import count

if TYPE_CHECKING:
    from payloom.testing.runner import Report
    from payloom.testing.variants import CaseResult


@report_errors
def run_tests(
    files: Annotated[list[Path] | None, typer.Argument(help="Only these test files.", exists=True)] = None,
    *,
    keywords: Annotated[
        str | None,
        typer.Option("--filter", "-k", help="Run only cases whose name contains these words; `not WORD` excludes."),
    ] = None,
    record: Annotated[
        bool,
        typer.Option(
            "--record",
            help="Record actual results where `expect` is missing. Asks before it replaces an expectation that fails.",
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="With --record: replace all expectations that fail, without asking.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Run each case as it is, without its variants.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the cases and run none.")] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Run the workflows' tests; exit code 1 if one fails. Executes the project's Python, but not with --list."""
    from payloom.testing.runner import chosen, load_case_files, open_project, run_cases

    root = find_project(project)
    if overwrite and not record:
        raise CommandError("--overwrite goes with --record", hint="Run `payloom test --record --overwrite`.")
    if listed:
        loaded, _ = open_project(root)
        names = [case.id for case in chosen(load_case_files(loaded, files or ()), keywords)]
        if as_json:
            print_json(names)
            return
        for name in names:
            print_data(name)
        return
    report = asyncio.run(
        run_cases(
            root,
            only=files or (),
            keywords=keywords,
            variants=not (once or record),
            done=_ignore if as_json else _show_case,
        )
    )
    if record:
        sys.exit(_record(report, overwrite=overwrite))
    if as_json:
        print_json(_as_json(report))
    else:
        _summary(report)
    sys.exit(0 if report.ok else 1)


def _record(report: Report, *, overwrite: bool) -> int:
    """Write expectations; return the exit code: 1 if a case is left whose expectation fails."""
    from payloom.testing.update_expectations import record as write

    can_ask = sys.stdin.isatty()

    def replace(result: CaseResult) -> bool:
        # What differs was printed when the case was played.
        return overwrite or (can_ask and typer.confirm(f"Replace the failing expectation of {result.case.id}?"))

    written, left = write(report.results, replace)
    for name in written:
        print_message(f"recorded {name}")
    for name in left:
        print_message(f"left as it is, and failing: {name}")
    print_message(f"Wrote {count(len(written), 'expectation')}. Read before you trust.")
    if left:
        print_message("hint: Mend the workflow or the expectation, or replace it with --record --overwrite.")
    return 1 if left else 0


def _ignore(_result: CaseResult) -> None:
    pass


def _show_case(result: CaseResult) -> None:
    case = result.case
    print_data(
        f"{'ok    ' if result.ok else 'FAILED'}  {case.id}  ({result.scenarios} scenario{'' if result.scenarios == 1 else 's'})"
    )
    for variant in result.variants:
        for difference in variant.differences:
            place = case.file.source.place(difference.path) if difference.path else None
            line = place.line if place else case.line
            print_data(f"    {case.file.name}:{line}: {variant.variant}: {difference}")


def _summary(report: Report) -> None:
    for spot in report.missed:
        print_message(f"never reached: workflows/{spot.workflow}.yaml:{spot.line}: {spot.what}")
    for name in report.untested:
        print_message(f"no tests: workflows/{name}.yaml")
    failed = sum(not result.ok for result in report.results)
    scenarios = sum(result.scenarios for result in report.results)
    verdict = f"{failed} failed" if failed else "all hold"
    print_message(
        f"{len(report.results)} cases, {scenarios} scenarios in {report.seconds:.1f} s: {verdict}. {report.reached} of {report.spots} steps and cases reached."
    )


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "seconds": round(report.seconds, 2),
        "cases": [
            {
                "id": result.case.id,
                "file": result.case.file.name,
                "line": result.case.line,
                "ok": result.ok,
                "scenarios": result.scenarios,
                "failures": [
                    {
                        "variant": variant.variant,
                        "line": result.case.file.source.place(difference.path).line
                        if difference.path
                        else result.case.line,
                        "what": difference.what,
                        "expected": difference.expected,
                        "found": difference.found,
                    }
                    for variant in result.variants
                    for difference in variant.differences
                ],
            }
            for result in report.results
        ],
        "coverage": {
            "reached": report.reached,
            "spots": report.spots,
            "missed": [
                {"workflow": spot.workflow, "line": spot.line, "path": spot.path, "what": spot.what}
                for spot in report.missed
            ],
            "untested": report.untested,
        },
    }
