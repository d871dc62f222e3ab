"""Turns what pydantic says about a file into sentences for its author.

Each stands at its place; related ones are folded into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from payloom.kit.diagnostics import NAME, SHAPE, Path, value_at
from payloom.kit.json_types import is_list, is_map
from payloom.kit.suggest import closest, did_you_mean
from payloom.kit.validation.messages import message as validation_message
from payloom.kit.yaml.source import Source
from payloom.workflows.syntax.filemodel.file import WorkflowFile
from payloom.workflows.syntax.filemodel.steps import INNER_MODELS, VERBS, CaseClause, CatchClause
from payloom.workflows.syntax.filemodel.triggers import TRIGGERS
from payloom.workflows.syntax.filemodel.values import TAG

_NOUN: Mapping[type[Any], str] = {
    dict: "a map",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a map (key: value)",
    "list_type": "a list (- …)",
    "float_type": "a number",
    "model_type": "a map (key: value)",
    "model_attributes_type": "a map (key: value)",
}


def _noun_of(value: object) -> str:
    kind: type[Any] = type(value)
    return _NOUN.get(kind, kind.__name__)


def real_path(loc: Iterable[str | int], data: Any) -> Path:
    """Return where in the file `loc` points: pydantic puts the names of union members into it as well."""
    path: list[str | int] = []
    for part in loc:
        if isinstance(part, str) and part.startswith(TAG):
            continue
        if isinstance(part, int) != is_list(data):
            # A value that was turned into a list before it was checked.
            continue
        path.append(part)
        data = value_at(data, (part,))
    return tuple(path)


def _aliases(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _allowed(path: Path, parent: Any) -> list[str]:
    if not path:
        return _aliases(WorkflowFile)
    if is_map(parent):
        for key in parent:
            if path[0] == "on" and key in TRIGGERS:
                return _aliases(TRIGGERS[key])
            if path[0] != "on" and key in VERBS:
                return _aliases(VERBS[key])
        if path[0] == "on":
            return list(TRIGGERS)
    last = path[-1]
    if isinstance(last, str) and last in INNER_MODELS:
        return _aliases(INNER_MODELS[last])
    if len(path) > 1 and path[-2] == "catch":
        return _aliases(CatchClause)
    if len(path) > 1 and path[-2] == "cases":
        return _aliases(CaseClause)
    return []


def report(error: ValidationError, source: Source) -> None:
    """Add one diagnostic per problem to `source`."""
    details = error.errors(include_url=False)
    missing: dict[Path, list[str]] = {}
    extra: dict[Path, list[str]] = {}
    rest: list[tuple[Path, ErrorDetails]] = []
    for detail in details:
        path = real_path(detail["loc"], source.data)
        if detail["type"] == "missing":
            parent = (
                path[:-1] if path and path[-1] == detail["loc"][-1] and value_at(source.data, path) is None else path
            )
            missing.setdefault(parent, []).append(str(detail["loc"][-1]))
        elif detail["type"] == "extra_forbidden":
            extra.setdefault(path[:-1], []).append(str(path[-1]))
        else:
            rest.append((path, detail))
    for parent, names in extra.items():
        for name in names:
            _extra(source, parent, name, missing.get(parent, []))
    for parent, names in missing.items():
        for name in names:
            owner = _owner(parent, value_at(source.data, parent))
            hint = (
                "an endpoint without `auth` does not load: write none, optional, user or role names"
                if name == "auth"
                else None
            )
            code = "F011" if (owner, name) == ("`while`", "max") else SHAPE
            source.report(source.value_place(parent), f"{owner} needs `{name}`", hint=hint, path=parent, code=code)
    for path, problem in rest:
        _other(source, path, problem)


def _owner(path: Path, value: Any) -> str:
    if is_map(value):
        known = TRIGGERS if path and path[0] == "on" else VERBS
        for key in value:
            if key in known:
                return f"`{key}`"
    return "the file" if not path else f"`{next((p for p in reversed(path) if isinstance(p, str)), 'it')}`"


def _extra(source: Source, parent: Path, name: str, missing: list[str]) -> None:
    value = value_at(source.data, parent)
    place = source.place((*parent, name))
    path = (*parent, name)
    allowed = _allowed(parent, value)
    hit = closest(name, missing)
    if hit:
        missing.remove(hit)
        source.report(place, f"`{name}`: did you mean `{hit}`?", code=NAME, path=path)
        return
    if parent and parent[0] != "on" and name in VERBS and is_map(value):
        first = next((key for key in value if key in VERBS), name)
        if first != name:
            source.report(
                place,
                f"a step has one verb: `{first}`, and `{name}` is a second one",
                hint="make it a step of its own",
                path=path,
            )
            return
    hint = did_you_mean(name, [key for key in allowed if not (is_map(value) and key in value)])
    if name in {"retry", "timeout"} and name not in allowed:
        hint = "only stripe, email, http and python steps take it"
    known = ", ".join(key for key in allowed if key not in {"id", "name", "when", "on_error"})
    source.report(
        place, f"{_owner(parent, value)} does not know `{name}`", hint=hint or (f"it takes {known}" if known else None),
        code=NAME, path=path,
    )  # fmt: skip


def _tagless(source: Source, path: Path, value: Any) -> None:
    trigger = bool(path) and path[0] == "on"
    noun, known = ("trigger", list(TRIGGERS)) if trigger else ("step", list(VERBS))
    word = "trigger" if trigger else "verb"
    place = source.value_place(path)
    if not is_map(value):
        source.report(place, f"a {noun} is a map such as `{'api: POST /path' if trigger else 'log: text'}`", path=path)
        return
    for key in value:
        hit = closest(str(key), known)
        if hit and key not in {"id", "name", "when"}:
            source.report(
                source.place((*path, key)), f"unknown {word} `{key}`: did you mean `{hit}`?",
                code=NAME, path=(*path, key),
            )  # fmt: skip
            return
    source.report(
        place,
        f"this {noun} has no known {'kind' if trigger else 'verb'}",
        hint="one of " + ", ".join(known),
        code=NAME,
        path=path,
    )


def _other(source: Source, path: Path, error: ErrorDetails) -> None:
    kind, value = error["type"], value_at(source.data, path)
    if kind == "union_tag_not_found":
        _tagless(source, path, value)
        return
    name = next((str(part) for part in reversed(path) if isinstance(part, str)), "the file")
    place = source.value_place(path) if kind not in {"too_short", "missing"} else source.place(path)
    context = error.get("ctx", {})
    if kind in _WANTED:
        actual = "nothing" if value is None else _noun_of(value)
        message, hint = f"`{name}` takes {_WANTED[kind]}, found {actual}", None
        if kind == "string_type" and is_map(value):
            hint = "quote the value if it is an expression"
    elif kind == "literal_error":
        hint = did_you_mean(
            str(value), [part.strip(" '") for part in str(context.get("expected", "")).replace(" or ", ",").split(",")]
        )
        expected = str(context.get("expected", "one of its words")).replace("True", "true").replace("False", "false")
        message = f"`{name}` takes {expected}, found {str(value).lower() if isinstance(value, bool) else repr(value)}"
    elif kind == "string_pattern_mismatch":
        hint = _PATTERN_HINTS.get(name) or _PATTERN_HINTS.get(
            next((str(p) for p in reversed(error["loc"]) if p in _PATTERN_HINTS), "")
        )
        message = f"`{name}` has the wrong form: {value!r}"
    elif kind == "too_short":
        message, hint = f"`{name}` is empty", None
    else:
        message, hint = f"`{name}`: {validation_message(error)}", None
    source.report(place, message, hint=hint, path=path)


_PATTERN_HINTS = {
    "id": "small letters, digits and _, beginning with a letter",
    "as": "small letters, digits and _, beginning with a letter",
    "code": "small letters, digits and _, beginning with a letter",
    "http": "write a method and an address, e.g. POST https://example.com/hook",
    "timeout": "write 30s, 15m, 2h, 14d or 1h30m",
}
