"""Migrations are in one line: each number is there once, and each follows the one before."""

from __future__ import annotations

import re
from pathlib import Path

VERSIONS = Path(__file__).parents[2] / "src/payloom/db/migrations/versions"


def test_each_migration_follows_the_one_before() -> None:
    files = sorted(VERSIONS.glob("[0-9]*.py"))
    numbers = [path.name.split("_")[0] for path in files]
    assert numbers == [f"{number:04}" for number in range(1, len(files) + 1)]
    for path, number, before in zip(files, numbers, [None, *numbers[:-1]], strict=True):
        text = path.read_text("utf-8")
        assert re.search(rf'^revision(: str)? = "{number}"$', text, re.MULTILINE), path.name
        expected = "None" if before is None else f'"{before}"'
        assert re.search(rf"^down_revision(: [^=]+)? = {expected}$", text, re.MULTILINE), path.name
