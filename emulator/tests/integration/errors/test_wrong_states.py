"""Each operation that changes a state refuses the wrong one as Stripe does: status, type, code, param and message."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.integration.errors.other_wrong_states import ANY_STATE, ROWS
from emulator.tests.integration.errors.wrong_states import Row
from emulator.tools.sweep.measure import Sweep
from emulator.tools.sweep.shop import Shop

from payloom_emulator.runtime.registry import RESOURCES

DAHLIA = "2026-08-26.dahlia"


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop()


def _answer(shop: Shop, row: Row) -> tuple[int, dict[str, Any]]:
    method, template = row.operation.split(" ")
    names = iter(row.on.split())
    path = "/".join(f"@{next(names)}" if part.startswith("{") else part for part in template.split("/"))
    params = shop.filled(row.params) if row.params is not None else shop.base(method, template, {})[1]
    return shop.call(method, shop.filled(path), params, DAHLIA)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_wrong_state_is_refused_in_stripes_words(shop: Shop, row: Row) -> None:
    with shop.trial():
        for operation, params in row.before:
            method, path = shop.filled(operation).split(" ")
            status, body = shop.call(method, path, shop.filled(params or {}), DAHLIA)
            assert status == 200, (operation, body)
            shop.name("last", str(body.get("id")))
        status, body = _answer(shop, row)
        error = body["error"]
        expected = (row.status, "invalid_request_error", row.code, row.param, shop.filled(row.message))
        assert (status, error["type"], error.get("code"), error.get("param"), error["message"]) == expected
        assert error["request_log_url"].startswith("https://dashboard.stripe.com/acct_")
        doc = f"https://stripe.com/docs/error-codes/{row.code.replace('_', '-')}" if row.code else None
        assert error.get("doc_url") == doc
        if row.carries:
            assert error[row.carries]["object"] == row.carries


def _changes_state(method: str, path: str) -> bool:
    """Return whether an operation ends a state, or changes an object that has states."""
    if method == "DELETE":
        return True
    collection, _, last = path.rpartition("/")
    if method != "POST" or "{" not in path:
        return False
    with_states = {r.schema.path for r in RESOURCES if r.schema.machine is not None}
    return not last.startswith("{") or collection in with_states


def test_no_operation_that_changes_a_state_is_without_a_row() -> None:
    changing = {f"{m} {p}" for m, p, _ in Sweep().operations() if _changes_state(m, p)}
    covered = {row.operation for row in ROWS}
    assert changing - covered - set(ANY_STATE) == set(), "add a row to wrong_states.py"
    assert set(ANY_STATE) - changing == set(), "no such operation"
    assert set(ANY_STATE) & covered == set(), "it has a row"
