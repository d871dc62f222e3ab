"""The architecture page and the checklists name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [*sorted((ROOT / "docs/contribute").glob("*.md")), ROOT / "docs/concepts/architecture.md"]
# A page names a file from the repository, or from the part that it is about.
BASES = (
    "",
    "src",
    "src/payloom",
    "src/payloom/workflows",
    "src/payloom/workflows/syntax",
    "studio",
    "emulator",
    "emulator/src",
    "emulator/src/payloom_emulator",
)
# What a contributor makes, and what a project has.
NOT_THERE_YET = {"actions/", "src/payloom/connectors/NAME/"}
_PATH = re.compile(r"`((?:[\w.-]+/)+(?:[\w-]+\.(?:py|ts|tsx|md|json|toml|yaml|yml|css|txt))?)`")


def missing_paths(text: str) -> list[str]:
    """Return the paths in a page that lead nowhere."""
    paths = {
        path for path in _PATH.findall(text) if path not in NOT_THERE_YET and not path.startswith(("data/", "dist/"))
    }
    return sorted(path for path in paths if not any((ROOT / base / path).exists() for base in BASES))


@pytest.mark.parametrize("page", [page.relative_to(ROOT).as_posix() for page in PAGES])
def test_every_path_of_the_page_exists(page: str) -> None:
    assert missing_paths((ROOT / page).read_text("utf-8")) == []


def test_a_path_that_leads_nowhere_would_be_found() -> None:
    text = (
        "Write `src/payloom/connectors/fax/host.py`, as in `src/payloom/connectors/http/host.py`, below `tests/unit/`."
    )
    assert missing_paths(text) == ["src/payloom/connectors/fax/host.py"]
