"""The pages about security say what the code does: doors, tables, and the tests that hold each requirement."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.support.http_server import write_project

from payloom.api.http.doors import DOORS, door_of, doors_table
from payloom.api.page_routes import CurrentPages
from payloom.app.asgi import create_app
from payloom.db.database import metadata
from payloom.project.loader import load_project
from payloom.settings.load import load_settings

ROOT = Path(__file__).resolve().parents[3]
MODEL = (ROOT / "docs" / "concepts" / "security.md").read_text("utf-8")
ASVS = (ROOT / "docs" / "reference" / "asvs.md").read_text("utf-8")
STATES = {"held", "partly", "not", "does not apply", "operator"}
REQUIREMENTS = 253
"""How many requirements of levels 1 and 2 the standard has: 70 and 183."""
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (.+?) \| ([a-z ]+?) \| (.*?) \|$", ASVS, re.MULTILINE)


def test_every_route_of_the_server_is_behind_a_door(tmp_path: Path) -> None:
    root = write_project(tmp_path, {})
    loaded = load_settings(root, environ={})
    app: Any = create_app(load_project(root, loaded), loaded)
    routes = [page for route in app.routes for page in (route.routes if isinstance(route, CurrentPages) else [route])]
    doors = {door_of(route.path).name for route in routes}
    assert doors == {door.name for door in DOORS} - {"pages"}


def test_a_route_that_is_behind_no_door_is_found() -> None:
    with pytest.raises(LookupError):
        door_of("/debug")


def test_the_page_has_the_table_of_doors() -> None:
    assert doors_table() in MODEL, "write it anew with `python -m payloom.api.http.doors`"


def test_the_page_names_every_table_of_the_database() -> None:
    tables = {name for name in metadata.tables if not name.startswith(("payloom_stripe_", "payloom_story_"))}
    assert {name for name in tables if f"`{name}`" not in MODEL} == set()


def test_every_requirement_has_one_row() -> None:
    assert len(ROWS) == REQUIREMENTS
    assert [number for number, count in Counter(row[0] for row in ROWS).items() if count > 1] == []
    assert Counter(row[1] for row in ROWS) == {"1": 70, "2": 183}
    written = re.findall(r"^\| \d+\.\d+\.\d+ \|", ASVS, re.MULTILINE)
    assert len(written) == len(ROWS), "a row has another form than the table"


def test_every_row_says_how_it_stands_and_no_held_row_is_without_a_test() -> None:
    assert {row[3] for row in ROWS} <= STATES
    assert [row[0] for row in ROWS if row[3] == "held" and "::" not in row[4]] == []
    assert [row[0] for row in ROWS if row[3] in {"partly", "not"} and len(row[4]) < 10] == []


def test_every_named_test_exists() -> None:
    named = set(re.findall(r"`([\w/]+\.py)::(\w+)`", ASVS + MODEL))
    assert len(named) > 80
    missing = {f"{path}::{test}" for path, test in named if test not in _tests_of(ROOT / "tests" / path)}
    assert missing == set()


def test_the_sums_are_those_of_the_rows() -> None:
    counted = Counter(row[3] for row in ROWS)
    sums = {name: int(count) for name, count in re.findall(r"^\| \*\*([a-z ]+)\*\* \| (\d+) \|", ASVS, re.MULTILINE)}
    assert sums == dict(counted)


def _tests_of(path: Path) -> set[str]:
    if not path.exists():
        return set()
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
