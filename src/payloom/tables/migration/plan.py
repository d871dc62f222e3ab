"""What a migration would do to the user's tables, statement by statement. Nothing is changed, nothing waits."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from payloom.kit.json_types import is_map

_READS = re.compile(r"\s*(SELECT|PRAGMA|WITH)\b", re.IGNORECASE)
_NOTHING = "SELECT 1 WHERE 1 = 0"


@dataclasses.dataclass(frozen=True, slots=True)
class MigrationPlan:
    """changes: one line each. statements: the SQL, in order. losses: by name, what its drop would lose or loses."""

    changes: Sequence[str]
    statements: Sequence[str]
    losses: Mapping[str, str]


def statements_of(tx: sa.Connection, work: Callable[[], None]) -> list[str]:
    """Return the statements that `work` would execute on the connection. Those that read are executed, no other is."""
    statements: list[str] = []

    def note(
        _conn: sa.Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        if _READS.match(statement):
            return statement, parameters
        text = re.sub(r"\s+", " ", statement).strip()
        # A driver that takes values takes `%%` for a percent sign.
        statements.append(f"{text};  -- {_shown(parameters)}" if parameters else f"{text.replace('%%', '%')};")
        return _NOTHING, ()

    event.listen(tx, "before_cursor_execute", note, retval=True)
    try:
        work()
    finally:
        event.remove(tx, "before_cursor_execute", note)
    return statements


def _shown(parameters: Any) -> str:
    if is_map(parameters):
        return ", ".join(f"{name} = {value!r}" for name, value in parameters.items())
    return ", ".join(map(repr, parameters))
