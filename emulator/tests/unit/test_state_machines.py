"""State machines are data: each table is held against Stripe's own lists of statuses and events."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from typing import Any

import pytest
import stripe

from payloom_emulator.core.errors import ImpossibleTransition
from payloom_emulator.core.events import is_thin_only
from payloom_emulator.protocol.param_types import event_types
from payloom_emulator.runtime.registry import RESOURCES

WITH_MACHINE = [r.schema for r in RESOURCES if r.schema.machine is not None]
IDS = [r.object for r in WITH_MACHINE]


def statuses_in_sdk(object_name: str, field: str) -> set[str]:
    """Return the literals the SDK's class lists for the status field."""
    for info in pkgutil.walk_packages(stripe.__path__, "stripe."):
        if info.name.startswith(("stripe.v2", "stripe.events", "stripe.params")) or info.name.endswith("_service"):
            continue
        module = importlib.import_module(info.name)
        source = inspect.getsource(module)
        if f'Literal["{object_name}"]] = "{object_name}"' not in source:
            continue
        for cls in ast.parse(source).body:
            if isinstance(cls, ast.ClassDef) and f"'{object_name}'" in ast.unparse(cls):
                for node in cls.body:
                    if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == field:
                        return set(re.findall(r"'([a-z_]+)'", ast.unparse(node.annotation)))
    return set()


@pytest.mark.parametrize("schema", WITH_MACHINE, ids=IDS)
def test_every_status_is_one_of_stripes(schema: Any) -> None:
    known = statuses_in_sdk(schema.object, schema.machine.field)
    if known:  # a few objects (refund) have a plain string there
        assert schema.machine.statuses() <= known


@pytest.mark.parametrize("schema", WITH_MACHINE, ids=IDS)
def test_every_event_is_one_of_stripes(schema: Any) -> None:
    emitted = {e for m in schema.machine.transitions for e in m.emits}
    assert emitted | {*schema.on_create, *schema.on_update, *schema.on_delete} <= event_types()


@pytest.mark.parametrize("schema", WITH_MACHINE, ids=IDS)
def test_every_status_can_be_reached_and_left_unless_it_is_the_end(schema: Any) -> None:
    machine = schema.machine
    reached, grew = set(machine.initial), True
    while grew:
        more = {m.target for m in machine.transitions if m.sources & reached}
        grew = not more <= reached
        reached |= more
    assert machine.statuses() <= reached
    left = {s for m in machine.transitions for s in m.sources if m.target != s}
    assert machine.statuses() - left <= set(machine.terminal)


@pytest.mark.parametrize("schema", WITH_MACHINE, ids=IDS)
def test_a_move_the_table_does_not_have_is_refused(schema: Any) -> None:
    with pytest.raises(ImpossibleTransition):
        schema.machine.find("no_such_move", schema.machine.initial[0])


def test_every_declared_event_of_every_resource_exists() -> None:
    for schema in (r.schema for r in RESOURCES):
        declared = {*schema.on_create, *schema.on_update, *schema.on_delete}
        assert {name for name in declared if not is_thin_only(name)} <= event_types(), schema.object
