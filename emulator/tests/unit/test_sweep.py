"""Whatever is sent is used, refused by a rule, or answered 501: every parameter of every operation is sent once."""

from __future__ import annotations

from collections import defaultdict

from emulator.tools import coverage
from emulator.tools.sweep.measure import sweep
from emulator.tools.sweep.without_effect import WITHOUT_EFFECT


def test_nothing_is_taken_in_silence_and_the_coverage_page_says_what_was_measured() -> None:
    # One test: the sweep takes a few seconds, and the page is made of it.
    outcomes = {operation: rows for operation, rows in sweep().items() if not isinstance(rows, str)}
    by_verdict: dict[str, set[str]] = defaultdict(set)
    for operation, rows in outcomes.items():
        for row in rows:
            by_verdict[row.verdict].add(f"{operation} {row.path}")
    named = {f"{operation} {path}" for operation, paths in WITHOUT_EFFECT.items() for path in paths}
    assert by_verdict["bug"] == set()
    assert by_verdict["swallowed"] - named == set(), "read it, refuse it, or name it in uncovered_params.py"
    assert named - by_verdict["swallowed"] == set(), "take it off the list of parameters without effect"
    assert len(outcomes) > 320
    assert sum(map(len, outcomes.values())) > 5000
    assert coverage.main(["--check"]) == 0, "run: python -m emulator.tools.coverage"
