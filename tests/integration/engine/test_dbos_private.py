"""The private names of DBOS that the engine uses exist, and stand in one file."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from payloom.engine import _dbos_private

SOURCE = Path(_dbos_private.__file__).parents[1]
SIGNATURES = {
    "dbos._dbos._get_dbos_instance": [],
    "dbos._dbos.DBOS._recover_pending_workflows": ["executor_ids"],
    "dbos._queue.queue_worker_thread": ["stop_event", "dbos", "queue"],
    "dbos._sys_db.SystemDatabase.delete_workflows": ["workflow_ids"],
    "dbos._sys_db.SystemDatabase.run_migrations": [],
    "dbos._sys_db.SystemDatabase.transition_delayed_workflows": [],
}
"""Parameters that the engine passes by position, without `self`."""


def resolved(name: str) -> Any:
    """The object that a dotted name of DBOS names."""
    _, module, *rest = name.split(".")
    target = importlib.import_module(f"dbos.{module}")
    for part in rest:
        target = getattr(target, part)
    return target


@pytest.mark.parametrize("name", _dbos_private.PRIVATE_NAMES)
def test_the_installed_dbos_has_every_private_name(name: str) -> None:
    """With the parameters that the engine passes."""
    target = resolved(name)
    if name in SIGNATURES:
        parameters = [
            parameter for parameter in inspect.signature(target).parameters if parameter not in ("self", "cls")
        ]
        assert parameters[: len(SIGNATURES[name])] == SIGNATURES[name]


def test_no_other_file_uses_a_private_name_of_dbos() -> None:
    """A new one is added to the list, so that an upgrade checks it."""
    private = re.compile(r"from dbos\._|import dbos\._|\bDBOS\._|_sys_db\b|_get_dbos_instance|_background_jobs")
    users = {path.name for path in SOURCE.rglob("*.py") if private.search(path.read_text())}
    assert users == {"_dbos_private.py"}
