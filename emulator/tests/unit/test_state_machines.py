"""State machines are data: each table is held against Stripe's own lists of statuses and events."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re

import pytest
import stripe

from payloom_emulator.core.errors import ImpossibleMove
from payloom_emulator.protocol.params import event_types
from payloom_emulator.runtime.registry import RESOURCES

WITH_MACHINE = [r for r in RESOURCES if r.machine is not None]
IDS = [r.object for r in WITH_MACHINE]


def statuses_in_sdk(object_name, field):
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


@pytest.mark.parametrize("resource", WITH_MACHINE, ids=IDS)
def test_every_status_is_one_of_stripes(resource):
    known = statuses_in_sdk(resource.object, resource.machine.field)
    if known:  # a few objects (refund) have a plain string there
        assert resource.machine.statuses() <= known


@pytest.mark.parametrize("resource", WITH_MACHINE, ids=IDS)
def test_every_event_is_one_of_stripes(resource):
    emitted = {e for m in resource.machine.moves for e in m.emits}
    assert emitted | {*resource.on_create, *resource.on_update, *resource.on_delete} <= event_types()


@pytest.mark.parametrize("resource", WITH_MACHINE, ids=IDS)
def test_every_status_can_be_reached_and_left_unless_it_is_the_end(resource):
    machine = resource.machine
    reached, grew = set(machine.initial), True
    while grew:
        more = {m.target for m in machine.moves if m.sources & reached}
        grew = not more <= reached
        reached |= more
    assert machine.statuses() <= reached
    left = {s for m in machine.moves for s in m.sources if m.target != s}
    assert machine.statuses() - left <= set(machine.terminal)


@pytest.mark.parametrize("resource", WITH_MACHINE, ids=IDS)
def test_a_move_the_table_does_not_have_is_refused(resource):
    with pytest.raises(ImpossibleMove):
        resource.machine.find("no_such_move", resource.machine.initial[0])


def test_every_declared_event_of_every_resource_exists():
    for resource in RESOURCES:
        declared = {*resource.on_create, *resource.on_update, *resource.on_delete}
        assert declared <= event_types(), resource.object
