"""What changed between two versions of a workflow, in words: comments, layout and order of keys are no change."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from payloom.kit import strict_json
from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.workflows.program.program import Workflow
from payloom.workflows.syntax.filemodel.steps import verb_of
from payloom.workflows.syntax.filemodel.triggers import kind_of

_MISSING = object()


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One difference. `path`: in the newer model (in the older one if removed). `where`: the same for people."""

    kind: Literal["added", "removed", "changed", "moved"]
    path: Path
    where: str
    before: Any = None
    after: Any = None

    def format(self) -> str:
        """Return one line, e.g. `changed steps[1] (update orders).set.status: "paid" → "settled"`."""
        text = f"{self.kind} {self.where}"
        if self.kind == "changed":
            return f"{text}: {_short(self.before)} → {_short(self.after)}"
        value = self.after if self.kind in {"added", "moved"} else self.before
        return text if self.kind == "moved" else f"{text}: {_short(value)}"


def diff(before: Workflow, after: Workflow) -> tuple[Change, ...]:
    """Return the changes that make a new version; empty when both are the same version."""
    return diff_models(before.to_model(), after.to_model())


def diff_models(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the changes between two canonical models."""
    changes: list[Change] = []
    _compare(before, after, (), "", changes)
    differences = [change for change in changes if change.path != ("language",)]
    return tuple(differences or changes)


def _compare(before: Any, after: Any, path: Path, where: str, changes: list[Change]) -> None:
    if before is _MISSING:
        changes.append(Change("added", path, where, after=after))
    elif after is _MISSING:
        changes.append(Change("removed", path, where, before=before))
    elif is_map(before) and is_map(after) and _same_kind(before, after):
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{where}.{key}" if where else str(key)
            _compare(before.get(key, _MISSING), after.get(key, _MISSING), (*path, key), inner, changes)
    elif is_list(before) and is_list(after):
        _lists(before, after, path, where, changes)
    elif before != after or type(before) is not type(after):
        changes.append(Change("changed", path, where, before, after))


def _same_kind(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return verb_of(before) == verb_of(after)


def _lists(before: Sequence[Any], after: Sequence[Any], path: Path, where: str, changes: list[Change]) -> None:
    """Pair the items of two lists: equal ones first, then steps of the same id or verb, in order."""
    matcher = difflib.SequenceMatcher(
        None, [_identity(step) for step in before], [_identity(step) for step in after], autojunk=False
    )
    for kind, low, high, new_low, new_high in matcher.get_opcodes():
        if kind == "equal":
            for old, new in zip(range(low, high), range(new_low, new_high), strict=True):
                _compare(before[old], after[new], (*path, new), _label(where, new, after[new]), changes)
            continue
        shared = min(high - low, new_high - new_low) if kind == "replace" else 0
        for offset in range(shared):
            new = new_low + offset
            _compare(before[low + offset], after[new], (*path, new), _label(where, new, after[new]), changes)
        for old in range(low + shared, high):
            _compare(before[old], _MISSING, (*path, old), _label(where, old, before[old]), changes)
        for new in range(new_low + shared, new_high):
            _compare(_MISSING, after[new], (*path, new), _label(where, new, after[new]), changes)


def _identity(value: Any) -> str:
    if is_map(value):
        verb = verb_of(value) or kind_of(value)
        if verb:
            target = value.get(verb)
            return f"{value.get('id') or ''}|{verb}|{target if isinstance(target, str) else ''}"
    return strict_json.canonical(value)


def _label(where: str, index: int, value: Any) -> str:
    name = ""
    if is_map(value):
        verb = verb_of(value) or kind_of(value)
        target = value.get(verb) if verb else None
        parts = [str(value["id"])] if value.get("id") else []
        if verb:
            parts.append(f"{verb} {target}" if isinstance(target, str) and len(target) < 40 else verb)
        name = f" ({', '.join(parts)})" if parts else ""
    return f"{where}[{index}]{name}"


def _short(value: Any) -> str:
    text = strict_json.dumps(value)
    return text if len(text) <= 120 else text[:117] + "…"
