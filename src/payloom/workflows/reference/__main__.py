"""Writes the reference pages into a folder, and the studio's words of the language into a clone's studio."""

from __future__ import annotations

import argparse
from pathlib import Path

from payloom.workflows.reference.pages import pages
from payloom.workflows.reference.studio import STUDIO_FILE, studio_language


def main() -> None:
    """Write every page below the folder given."""
    parser = argparse.ArgumentParser(description="Write the reference pages of the workflow language.")
    parser.add_argument("folder", type=Path, help="The folder to write them below.")
    folder: Path = parser.parse_args().folder
    for name, text in pages().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    module = Path(STUDIO_FILE)
    if module.parent.is_dir():
        module.write_text(studio_language(), "utf-8")


main()
