"""Names of lanes: runs of one lane run one after another."""

from __future__ import annotations

import hashlib

ROW_LANE = "row "
"""How the names of the lanes of rows begin."""
_MAX_LENGTH = 300


def row_lane(workflow_id: str, table: str, key: object) -> str:
    """Return the lane of a workflow's runs about the changes of one row. key: the value of its primary column."""
    lane = f"{ROW_LANE}{workflow_id}:{table}:{key}"
    if len(lane) <= _MAX_LENGTH:
        return lane
    return f"{ROW_LANE}{_hash(f'{workflow_id}:{table}')}::{_hash(str(key))}"


def value_lane(workflow_id: str, value: str | None) -> str | None:
    """Return the lane of a workflow's runs with the same value of `queue`; none without a value."""
    if value is None:
        return None
    lane = f"{workflow_id}:{value}"
    return lane if len(lane) <= _MAX_LENGTH else _hash(lane)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
