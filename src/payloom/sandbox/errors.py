"""Why workflow tests can't run.

PayloomError
└── TestingError             2
    ├── BadCaseFile          2   a *.test.yaml does not say what it must; `diagnostics` has every mistake
    └── NothingToTest        3
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from payloom.kit.diagnostics import Diagnostic
from payloom.kit.errors import PayloomError
from payloom.kit.visible_text import count


class TestingError(PayloomError):
    """The workflow tests can't run."""

    __test__ = False
    code: ClassVar[str] = "testing_error"
    exit_code: ClassVar[int] = 2


class BadCaseFile(TestingError):
    """A test file has an unknown key or an invalid value."""

    code: ClassVar[str] = "bad_case_file"

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        mistakes = [diagnostic.format() for diagnostic in diagnostics[:20]]
        super().__init__("\n  ".join([f"{count(len(diagnostics), 'mistake')} in test files:", *mistakes]))
        self.diagnostics = tuple(diagnostics)


class NothingToTest(TestingError):
    """No test case matches."""

    code: ClassVar[str] = "nothing_to_test"
    exit_code: ClassVar[int] = 3
