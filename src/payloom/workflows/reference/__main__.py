"""Writes the reference pages into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from payloom.workflows.reference.pages import pages


def main() -> None:
    """Write every page below the folder given."""
    folder = Path(sys.argv[1])
    for name, text in pages().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


main()
