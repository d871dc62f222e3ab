"""Searches and lists of every form: what a look at each object finds, and hardly more read than returned."""

from __future__ import annotations

import json
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from payloom_emulator.core import store as store_module
from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.core.store import SEARCHED
from payloom_emulator.kit.kind import Kind
from payloom_emulator.runtime.emulator import Emulator
from payloom_emulator.runtime.requests.search import parse

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 120
FIELDS = ("created", "email", "metadata", "name", "phone")
FORMS = [
    'email:"p7@x.co"',
    'email:"P7@X.CO"',
    '-email:"p7@x.co"',
    'email:"absent"',
    "email:null",
    "-email:null",
    "phone:null",
    "-phone:null",
    'name~"ÉMILE"',
    'name~"%_\\"x"',
    '-name~"person"',
    'metadata["order"]:"42"',
    'metadata["order"]>115',
    'metadata["order"]<=3',
    '-metadata["order"]<118',
    'metadata["word"]>1',
    'metadata["absent"]:null',
    'metadata["tier"]:"gold"',
    '-metadata["tier"]:"gold"',
    "created>1700000115",
    "created<1700000004",
    "created:1700000100",
    "-created>=1700000003",
    "created>1800000000",
    "created<word",
]


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    emulator = Emulator()
    with emulator.store.transaction():
        unit = emulator.unit(now=1_700_000_000)
        for number in range(COUNT):
            unit.now = 1_700_000_000 + number
            body: dict[str, Any] = {
                "name": ["Person", "Émile", '%_"x'][number % 3] + f" {number}",
                "email": f"p{number}@x.co" if number % 5 else None,
                "phone": f"+1{number}" if number == 9 else None,
                "metadata": {"order": str(number), "tier": "gold" if number % 2 else "x", "word": "two"},
            }
            unit.create(Kind[dict[str, Any]]("customer"), body, emits=())
    newest = answer(emulator, "/v1/customers", limit=1)["data"][0]
    assert emulator.call("DELETE", f"/v1/customers/{newest['id']}")[0] == 200
    return emulator


def answer(emulator: Emulator, path: str, **params: object) -> dict[str, Any]:
    status, body = emulator.call("GET", path, params)
    assert status == 200, body
    return body


@pytest.fixture(scope="module")
def rows(emulator: Emulator) -> list[dict[str, Any]]:
    return emulator.store.select(emulator.config.account, "customer", {})


def looked_at_each(rows: list[dict[str, Any]], query: str) -> list[str]:
    """Return the ids of what a query holds for, by the query itself and nothing else."""
    search = parse(query, FIELDS)
    return [str(row["id"]) for row in rows if search.holds(row)]


def pages(emulator: Emulator, query: str) -> list[str]:
    ids: list[str] = []
    page: dict[str, Any] = {}
    while page.get("has_more", True):
        more = {"page": page["next_page"]} if page else {}
        page = answer(emulator, "/v1/customers/search", query=query, limit=100, **more)
        ids += [row["id"] for row in page["data"]]
    return ids


def test_every_form_finds_what_a_look_at_each_object_finds(emulator: Emulator, rows: list[dict[str, Any]]) -> None:
    for form in FORMS:
        assert pages(emulator, form) == looked_at_each(rows, form), form


def test_every_two_forms_together_find_it_too(emulator: Emulator, rows: list[dict[str, Any]]) -> None:
    for left, right in combinations(FORMS, 2):
        for word in ("AND", "OR"):
            query = f"{left} {word} {right}"
            page = answer(emulator, "/v1/customers/search", query=query, limit=5)
            assert [row["id"] for row in page["data"]] == looked_at_each(rows, query)[:5], query


FILTERS: list[tuple[str, dict[str, object]]] = [
    ("/v1/customers", {"email": "p7@x.co"}),
    ("/v1/customers", {"email": "absent"}),
    ("/v1/customers", {"created": {"lt": 1_700_000_002}}),
    ("/v1/customers", {"created": {"gte": 1_900_000_000}}),
    ("/v1/customers", {"email": "p7@x.co", "created": {"gt": 1_700_000_000}}),
    ("/v1/events", {"types": ["customer.deleted", "customer.updated"]}),
]


def test_no_form_and_no_filter_reads_more_objects_than_it_returns(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    class Counted:
        dumps = staticmethod(json.dumps)

        @staticmethod
        def loads(text: str) -> Any:
            read.append(text)
            return json.loads(text)

    monkeypatch.setattr(store_module, "json", Counted)
    calls = [("/v1/customers/search", {"query": form}) for form in FORMS] + FILTERS
    for path, params in calls:
        read.clear()
        returned = answer(emulator, path, **params)["data"]
        objects = [text for text in read if text.startswith('{"id"')]
        assert len(objects) <= len(returned) + 1, params


def test_a_store_of_an_older_version_is_searched_too(tmp_path: Path) -> None:
    config = EmulatorConfig(store=str(tmp_path / "store.db"))
    before = Emulator(config)
    _, jenny = before.call("POST", "/v1/customers", {"name": "Jenny", "metadata": {"order": "1"}})
    before.store.query("DELETE FROM links WHERE name LIKE 'search %'")
    before.store.query("DELETE FROM meta WHERE name = ?", (SEARCHED,))
    before.store.close()
    after = Emulator(config)
    for query in ('name:"jenny"', 'metadata["order"]:"1"', 'name~"enn"'):
        assert pages(after, query) == [jenny["id"]]
    after.store.close()
