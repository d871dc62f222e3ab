"""Checks an answer against the official SDK's response types: every field the type promises must be there."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import pkgutil
from typing import Any

import stripe

_NULLABLE = {"next_page"}  # the SDK calls it a string; Stripe sends null with the last page


# The type says str; Stripe answers null on the last page, and the SDK reads it so.
SDK_SLIPS = {("SearchResultObject", "next_page")}


WITHOUT_ID = {"invoice.upcoming"}
"""Events whose object does not exist yet: Stripe sends it without an id, whatever the type says."""


@functools.cache
def classes() -> dict[str, list[type]]:
    by_name: dict[str, list[type]] = {}
    for info in pkgutil.walk_packages(stripe.__path__, "stripe."):
        if info.name.startswith(("stripe.v2", "stripe.events", "stripe.params")):
            continue
        module = importlib.import_module(info.name)
        for cls in vars(module).values():
            if inspect.isclass(cls) and cls.__module__ == info.name and "OBJECT_NAME" in vars(cls):
                by_name.setdefault(vars(cls)["OBJECT_NAME"], []).append(cls)
    return by_name


def faults(body: Any, where: str = "") -> list[str]:
    """Return what is missing or of the wrong shape in an answer, nested objects included."""
    wrong: list[str] = []
    if isinstance(body, list):
        for index, item in enumerate(body):
            wrong += faults(item, f"{where}[{index}]")
        return wrong
    if not isinstance(body, dict):
        return wrong
    name = body.get("object")
    if isinstance(name, str) and not body.get("deleted"):
        types = classes().get(name)
        if types:
            wrong += min((_against(c, body, f"{where}<{name}>") for c in types), key=len)
    for key, value in body.items():
        if key != "previous_attributes":
            wrong += faults(value, f"{where}.{key}")
    if body.get("type") in WITHOUT_ID:
        wrong = [
            line
            for line in wrong
            if not line.endswith(f".data.object<{body['data']['object']['object']}>.id is missing")
        ]
    return wrong


def _against(cls: type, body: dict[str, Any], where: str) -> list[str]:
    wrong = []
    nested = {n: c for n, c in vars(cls).items() if inspect.isclass(c)}
    for name, hint in vars(cls).get("__annotations__", {}).items():
        text = hint if isinstance(hint, str) else _source(cls).get(name, str(hint))
        if text.startswith(("ClassVar", "typing.ClassVar")):
            continue
        field = {"items_": "items"}.get(name, name)
        optional = text.startswith(("Optional", "typing.Optional", "NotRequired"))
        if field not in body:
            if not optional:
                wrong.append(f"{where}.{field} is missing")
            continue
        value = body[field]
        if value is None:
            if not optional and field not in _NULLABLE:
                wrong.append(f"{where}.{field} is null but is not Optional")
            continue
        wrong += _value(text, value, nested, f"{where}.{field}")
    return wrong


def _value(text: str, value: Any, nested: dict[str, type], where: str) -> list[str]:
    core = text.removeprefix("Optional[").removesuffix("]") if text.startswith("Optional[") else text
    checks = {"int": int, "str": str, "bool": bool}
    if core in checks and (not isinstance(value, checks[core]) or (core == "int" and isinstance(value, bool))):
        return [f"{where} is {value!r}, not {core}"]
    if core.startswith("Union[Literal[") and not isinstance(value, dict | list):
        options = ast.literal_eval(core[len("Union[Literal") : core.rindex("]", 0, core.rindex("]")) + 1])
        if value not in options:
            return [f"{where} is {value!r}, not one of {options}"]
    if core in nested and isinstance(value, dict) and "object" not in value:
        return _against(nested[core], value, where)
    if core.startswith("List[") and isinstance(value, list):
        inner = core[5:-1]
        return [w for i, item in enumerate(value) for w in _value(inner, item, nested, f"{where}[{i}]")]
    return []


@functools.cache
def _sources(module: str) -> dict[str, dict[str, str]]:
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    annotations: dict[str, dict[str, str]] = {}

    def walk(node: ast.ClassDef, path: str) -> None:
        name = f"{path}.{node.name}" if path else node.name
        annotations[name] = {
            n.target.id: ast.unparse(n.annotation)
            for n in node.body
            if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
        }
        for inner in node.body:
            if isinstance(inner, ast.ClassDef):
                walk(inner, name)

    for top in tree.body:
        if isinstance(top, ast.ClassDef):
            walk(top, "")
    return annotations


def _source(cls: type) -> dict[str, str]:
    return _sources(cls.__module__).get(cls.__qualname__, {})


def assert_shape(obj: Any) -> Any:
    """Assert that an SDK object (or a dict) has all the fields its type promises; return it."""
    body = obj.to_dict() if hasattr(obj, "to_dict") else obj
    wrong = faults(body)
    assert not wrong, "\n".join(wrong)
    return obj
