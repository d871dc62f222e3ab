"""The table of rooms in the architecture page, the folders, and the import contract name the same rooms in order."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "src" / "payloom"
PAGE = ROOT / "docs" / "concepts" / "architecture.md"
ALONE = {"__init__.py", "__main__.py", "steps.py", "py.typed"}


def rows() -> list[tuple[list[str], list[str]]]:
    """Return each row of the page's first table: its rooms, and the files it says to start at."""
    table = PAGE.read_text("utf-8").split("## Rooms")[1].split("\n\n`steps.py`")[0]
    cells = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| `")]
    return [(re.findall(r"`([a-z]+)`", rooms), re.findall(r"`([\w/.]+)`", files)) for rooms, _, files in cells]


def layers() -> list[list[str]]:
    """Return the layers of the import contract, rooms in one layer sorted."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (rooms,) = [contract for contract in contracts if contract["name"] == "Rooms flow one way"]
    return [sorted(re.findall(r"payloom\.([a-z]+)", layer)) for layer in rooms["layers"]]


def test_the_page_has_a_row_for_each_layer_of_the_contract() -> None:
    assert [rooms for rooms, _ in rows()] == layers()


def test_every_folder_is_a_room_and_every_room_is_a_folder() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - {"templates"} == {room for layer in layers() for room in layer}


def test_nothing_but_what_must_be_there_is_outside_of_a_room() -> None:
    assert {path.name for path in PACKAGE.iterdir() if path.is_file()} == ALONE


def test_the_files_to_start_at_exist() -> None:
    for rooms, files in rows():
        for name in files:
            path = PACKAGE / (name if "/" in name else f"{rooms[0]}/{name}")
            assert path.is_file(), f"{PAGE.name} names {path.relative_to(ROOT)}"
