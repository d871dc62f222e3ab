"""What a report of a test may hold, so that the workers of a run can hand it over."""

from __future__ import annotations

import pytest


def make_encodable(report: pytest.TestReport) -> None:
    """Write half letters of captured output as escapes: one of them would end the whole run."""
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
