"""The reference says what there is: every control call, and the generated coverage page."""

from __future__ import annotations

from pathlib import Path

from emulator.tools import coverage

from payloom_emulator.http import control_api

DOCS = Path(coverage.PAGE).parent


def test_every_control_call_is_documented() -> None:
    page = (DOCS / "emulator-control.md").read_text()
    for route in control_api.routes():
        if not route.path.startswith("/_emulator"):
            continue
        shown = route.path.replace("{outcome:str}", "complete")
        assert shown in page, route.path


def test_the_coverage_page_is_the_one_the_code_makes() -> None:
    assert coverage.main(["--check"]) == 0, "run: python -m emulator.tools.coverage"
