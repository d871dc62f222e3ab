"""Lists that two rooms must keep for themselves, because neither may import the other, say the same."""

from __future__ import annotations

from payloom.tables.query.where import OPERATORS
from payloom.workflows.catalog.catalog import WHERE_OPERATORS


def test_the_checker_knows_the_operators_that_tables_understand() -> None:
    assert set(WHERE_OPERATORS) == set(OPERATORS)
