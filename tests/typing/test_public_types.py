"""What a project imports from Payloom is typed: sample files are checked by pyright in strict mode."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SAMPLES = sorted(path.name for path in HERE.glob("*.py") if not path.name.startswith("test_"))
_EXPECTED = re.compile(r"# error: (.+)$")


@lru_cache
def reported() -> dict[str, dict[int, set[str]]]:
    """Return the rules that pyright reports, by sample and line. One run checks all samples."""
    config = {
        "include": [str(HERE / name) for name in SAMPLES],
        "extraPaths": [str(ROOT / "src")],
        "pythonVersion": "3.11",
        "typeCheckingMode": "strict",
    }
    file = HERE / "pyrightconfig.json"
    file.write_text(json.dumps(config), "utf-8")
    try:
        command = [sys.executable, "-m", "pyright", "-p", str(file), "--outputjson", "--pythonpath", sys.executable]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    finally:
        file.unlink()
    report = json.loads(answer.stdout)
    assert report["summary"]["filesAnalyzed"] >= len(SAMPLES)
    lines: dict[str, dict[int, set[str]]] = {name: {} for name in SAMPLES}
    for finding in report["generalDiagnostics"]:
        line = finding["range"]["start"]["line"] + 1
        lines[Path(finding["file"]).name].setdefault(line, set()).add(finding.get("rule", finding["message"]))
    return lines


def expected(name: str) -> dict[int, set[str]]:
    """Return the rules that a sample's comments announce, by line."""
    lines = enumerate((HERE / name).read_text("utf-8").splitlines(), 1)
    return {number: set(match[1].split(", ")) for number, line in lines if (match := _EXPECTED.search(line))}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_has_the_type_errors_that_it_announces(name: str) -> None:
    assert reported()[name] == expected(name)


def test_the_samples_hold_files_with_and_without_errors() -> None:
    assert {bool(expected(name)) for name in SAMPLES} == {True, False}
