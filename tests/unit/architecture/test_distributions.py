"""The two distributions are released together: `payloom` asks for exactly the `payloom-emulator` beside it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import payloom_emulator

ROOT = Path(__file__).parents[3]


def test_both_distributions_have_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == payloom_emulator.__version__


def test_both_have_the_same_license() -> None:
    assert (ROOT / "LICENSE").read_text("utf-8") == (ROOT / "emulator" / "LICENSE").read_text("utf-8")
