"""The reference says what there is: every control call, and the generated coverage page."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

from emulator.tools import coverage

from payloom_emulator.core.declarations import api_changes, resource
from payloom_emulator.core.request_context import ActionContext
from payloom_emulator.core.schemas import schema
from payloom_emulator.core.unit_of_work import UnitOfWork
from payloom_emulator.http import control_api

DOCS = Path(coverage.PAGE).parent


def test_every_control_call_is_documented() -> None:
    page = (DOCS / "emulator-control.md").read_text()
    for route in control_api.routes():
        if not route.path.startswith("/_emulator"):
            continue
        documented_path = route.path.replace("{outcome:str}", "complete")
        assert documented_path in page, route.path


NEW_RESOURCE = (DOCS.parent / "contribute" / "add-a-stripe-resource.md").read_text("utf-8")
PARTS = {
    name: {field.name for field in dataclasses.fields(part)}
    for name, part in {
        "Accepted": api_changes.Accepted,
        "Change": api_changes.Change,
        "Endpoints": resource.Endpoints,
        "Operation": resource.Operation,
        "Resource": resource.Resource,
        "Schema": schema.Schema,
        "StateMachine": schema.StateMachine,
    }.items()
}


def test_the_page_on_a_new_resource_calls_what_there_is() -> None:
    assert set(re.findall(r"\bcall\.(\w+)", NEW_RESOURCE)) <= {*dir(ActionContext), "target"}
    assert set(re.findall(r"\bunit\.(\w+)", NEW_RESOURCE)) <= {*dir(UnitOfWork), "now", "environment"}


def test_the_page_on_a_new_resource_declares_what_there_is() -> None:
    calls = [
        node
        for block in re.findall(r"```python\n(.*?)```", NEW_RESOURCE, re.DOTALL)
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PARTS
    ]
    assert len(calls) > len(PARTS)
    unknown = [
        f"{call.func.id}({word.arg})"
        for call in calls
        for word in call.keywords
        if isinstance(call.func, ast.Name) and word.arg not in PARTS[call.func.id]
    ]
    assert unknown == []


def test_the_files_that_the_page_on_a_new_resource_names_exist() -> None:
    root = Path(control_api.__file__).parents[1]
    repository = DOCS.parents[1]
    names = re.findall(r"`((?:[\w]+/)+\w+\.py)`", NEW_RESOURCE)
    assert len(names) > 5
    assert [name for name in names if not (root / name).exists() and not (repository / name).exists()] == []
