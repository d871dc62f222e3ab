"""The steps of a file as a tree, for people and canvases: read from the raw data, so that a file with mistakes has one.

Places in the document (`path`) and in runs (`run_path`, rounds of loops left out) stand side by side.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.diagnostics import Path, Place
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.yaml.source import Source
from payloom.workflows.syntax.filemodel.steps import verb_of
from payloom.workflows.syntax.filemodel.triggers import kind_of

_SHORT = 80
_BRANCHES: Mapping[str, tuple[str, ...]] = {
    "if": ("then", "else"),
    "for_each": ("do",),
    "while": ("do",),
    "approve": ("then", "else", "on_timeout"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class OutlineBranch:
    """Steps inside a step. label: as run paths say it. kind: the role. present: whether the file has it."""

    label: str
    kind: str
    title: str
    path: Path
    present: bool
    steps: tuple[OutlineStep, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class OutlineStep:
    """One step. target: what stands after the verb when that is a text. step: how diagnostics and mocks name it."""

    path: Path
    run_path: str
    id: str | None
    verb: str | None
    target: str | None
    name: str | None
    title: str
    when: str | None
    on_error: str | None
    place: Place
    branches: tuple[OutlineBranch, ...]

    def walk(self) -> Iterator[OutlineStep]:
        """Yield this step and every step inside."""
        yield self
        for branch in self.branches:
            for step in branch.steps:
                yield from step.walk()


@dataclasses.dataclass(frozen=True, slots=True)
class OutlineTrigger:
    """One trigger."""

    path: Path
    kind: str | None
    title: str
    place: Place


@dataclasses.dataclass(frozen=True, slots=True)
class Outline:
    """A file at a glance. on_error: the steps done when the run fails."""

    name: str | None
    description: str | None
    triggers: tuple[OutlineTrigger, ...]
    inputs: tuple[str, ...]
    steps: tuple[OutlineStep, ...]
    on_error: tuple[OutlineStep, ...]

    def walk(self) -> Iterator[OutlineStep]:
        """Yield every step at any depth, in the order they stand."""
        for step in (*self.steps, *self.on_error):
            yield from step.walk()


def outline_of(source: Source) -> Outline | None:
    """Return the outline of a file that was read; None when it is no map."""
    data = source.data
    if not is_dict(data):
        return None
    builder = _Outliner(source)
    return Outline(
        name=_text(data.get("name")),
        description=_text(data.get("description")),
        triggers=tuple(builder.triggers(data.get("on"))),
        inputs=tuple(str(key) for key in _keys(data.get("input"))),
        steps=builder.steps(data.get("steps"), ("steps",), ""),
        on_error=builder.steps(data.get("on_error"), ("on_error",), "on_error."),
    )


def _keys(value: Any) -> Iterator[str]:
    if is_dict(value):
        inner = value.get("properties") if value.get("type") == "object" else None
        for key in inner if is_dict(inner) else value:
            yield str(key).removesuffix("?")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


class _Outliner:
    def __init__(self, source: Source) -> None:
        self.source = source

    def triggers(self, value: Any) -> Iterator[OutlineTrigger]:
        listed = [(("on", at), trigger) for at, trigger in enumerate(value)] if is_list(value) else [(("on",), value)]
        for path, trigger in listed:
            if not is_dict(trigger):
                continue
            kind = kind_of(trigger)
            target = trigger.get(kind) if kind else None
            title = f"{kind} {target}" if isinstance(target, str) else kind or "trigger"
            yield OutlineTrigger(path, kind, title, self.source.value_place(path))

    def steps(self, value: Any, path: Path, prefix: str) -> tuple[OutlineStep, ...]:
        if not is_list(value):
            return ()
        return tuple(self.step(step, (*path, at), f"{prefix}{at}") for at, step in enumerate(value))

    def step(self, value: Any, path: Path, run_path: str) -> OutlineStep:
        data = value if is_dict(value) else {}
        verb = verb_of(data)
        target = _shown(data.get(verb)) if verb else None
        name = _text(data.get("name"))
        handler = data.get("on_error")
        branches = list(self.branches(data, verb, path, run_path)) if verb else []
        if is_list(handler):
            branches.append(self.branch("on_error", "on_error", "on error", handler, (*path, "on_error"), run_path))
        return OutlineStep(
            path=path,
            run_path=run_path,
            id=_text(data.get("id")),
            verb=verb,
            target=target,
            name=name,
            title=name or (f"{verb} {target}" if target else verb or "…"),
            when=_shown(data.get("when")),
            on_error="continue" if handler == "continue" else "steps" if is_list(handler) else None,
            place=self.source.value_place(path),
            branches=tuple(branches),
        )

    def branch(self, label: str, kind: str, title: str, value: Any, path: Path, run_path: str) -> OutlineBranch:  # noqa: PLR0917 - one per field
        steps = self.steps(value, path, f"{run_path}.{label}.")
        return OutlineBranch(label, kind, title, path, is_list(value), steps)

    def branches(self, data: dict[str, Any], verb: str, path: Path, run_path: str) -> Iterator[OutlineBranch]:
        for key in _BRANCHES.get(verb, ()):
            yield self.branch(key, key, key, data.get(key), (*path, key), run_path)
        if verb == "switch":
            yield from self.cases(data, path, run_path)
        elif verb == "parallel" and is_dict(data["parallel"]):
            for name, steps in data["parallel"].items():
                here = (*path, "parallel", name)
                yield self.branch(f"parallel.{name}", "parallel", str(name), steps, here, run_path)
        elif verb == "try":
            yield self.branch("try", "try", "try", data["try"], (*path, "try"), run_path)
            yield from self.catches(data.get("catch"), path, run_path)
            yield self.branch("finally", "finally", "finally", data.get("finally"), (*path, "finally"), run_path)

    def cases(self, data: dict[str, Any], path: Path, run_path: str) -> Iterator[OutlineBranch]:
        cases = data.get("cases")
        if is_dict(cases):
            for name, steps in cases.items():
                here = (*path, "cases", name)
                yield self.branch(f"cases.{name}", "case", str(name), steps, here, run_path)
        elif is_list(cases):
            for at, case in enumerate(cases):
                clause = case if is_dict(case) else {}
                here = (*path, "cases", at, "do")
                yield self.branch(
                    f"cases[{at}]", "case", _shown(clause.get("when")) or str(at), clause.get("do"), here, run_path
                )
        default = data.get("default", "raise")
        title = default if isinstance(default, str) else "default"
        yield self.branch("default", "default", title, default, (*path, "default"), run_path)

    def catches(self, value: Any, path: Path, run_path: str) -> Iterator[OutlineBranch]:
        if not is_list(value) or not value:
            return
        here = (*path, "catch")
        if not all(is_dict(clause) and "do" in clause and verb_of(clause) is None for clause in value):
            yield self.branch("catch", "catch", "every error", value, here, run_path)
            return
        for at, clause in enumerate(value):
            errors = clause.get("errors")
            title = ", ".join(map(str, errors)) if is_list(errors) else str(errors or "every error")
            yield self.branch(f"catch[{at}]", "catch", title, clause.get("do"), (*here, at, "do"), run_path)


def _shown(value: Any) -> str | None:
    if is_dict(value):
        family = value.get("stripe")
        return family if isinstance(family, str) else None
    if value is None or is_list(value):
        return None
    text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    line = text.strip().partition("\n")[0]
    return line if len(line) <= _SHORT else line[: _SHORT - 1] + "…"
