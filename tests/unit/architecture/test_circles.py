"""No file loads itself, however long the way: Payloom and the local Stripe have no import circle in any reading."""

from __future__ import annotations

from pathlib import Path

from tests.support.packages.import_graph import circles, import_graph, modules

ROOT = Path(__file__).parents[3]


def test_no_import_circle() -> None:
    graph = import_graph(modules(ROOT / "src", ROOT / "emulator" / "src"))
    assert len(graph) > 500
    assert circles(graph) == []


def test_a_circle_would_be_found_however_it_is_written(tmp_path: Path) -> None:
    """So that the test above can fail: one arrow plain, one for types, one in a function, one through a package."""
    files = {
        "a.py": "from b import name",
        "b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import c",
        "c.py": "def f():\n    import a",
        "house/__init__.py": "from house.room import door",
        "house/room.py": "door = 1",
        "alone.py": "import a",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert circles(import_graph(modules(tmp_path))) == [["a", "b", "c"], ["house", "house.room"]]
