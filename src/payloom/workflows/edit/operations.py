"""Changes to a file as data: what the studio sends, done one after another, all of them or none."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from payloom.kit.diagnostics import Path, path_text
from payloom.kit.json_types import is_dict, is_map
from payloom.workflows.edit import edits, renaming, step_edits
from payloom.workflows.edit.text_positions import readable, value_at
from payloom.workflows.errors import BadEdit

BOM = "\ufeff"


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One change. op: see `apply`. to: a path, an index, or a name, as the change asks for."""

    op: str
    path: Path
    value: Any = None
    to: Path | int | str | None = None
    id: str | None = None
    key: str | None = None
    count: int = 1


def apply(text: str, operations: Iterable[Operation]) -> tuple[str, Path | None]:
    """Return the changed text, and where what the last change was about stands now.

    Line ends stay as they are. Raises BadEdit, saying which change does not fit; then nothing is changed.
    """
    mark, body = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
    windows = "\r\n" in body and "\n" not in body.replace("\r\n", "")
    body = body.replace("\r\n", "\n") if windows else body
    landed: Path | None = None
    for number, operation in enumerate(operations):
        try:
            body, landed = _one(body, operation)
        except BadEdit as error:
            where = f"change {number + 1} ({operation.op} {path_text(operation.path)})"
            raise BadEdit(f"{where}: {error.message}", hint=error.hint, operation=number) from None
        except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
            raise BadEdit(
                f"change {number + 1} ({operation.op} {path_text(operation.path)}) does not fit this text",
                hint=f"edit it by hand; {type(error).__name__} on the way",
                operation=number,
            ) from error
    return mark + (body.replace("\n", "\r\n") if windows else body), landed


def _one(text: str, it: Operation) -> tuple[str, Path | None]:
    path = it.path
    match it.op:
        case "set":
            return step_edits.merge_value(text, path, it.value) if _is_there(text, path) else edits.set_value(
                text, path, it.value
            ), path  # fmt: skip
        case "insert":
            return _inserted(text, path, it.value), path
        case "remove":
            return edits.remove(text, path), None
        case "move" if isinstance(it.to, int):
            return edits.move_item(text, path, it.to), (*path[:-1], it.to)
        case "move":
            return step_edits.move_to(text, path, _to_path(it))
        case "copy":
            return step_edits.copy_to(text, path, _to_path(it), it.id)
        case "rename_step":
            return renaming.rename_step(text, path, _to_name(it)), path
        case "rename_key":
            return step_edits.rename_key(text, path, _to_name(it)), (*path[:-1], _to_name(it))
        case "replace_step":
            return step_edits.replace_step(text, path, _map(it)), path
        case "wrap":
            return step_edits.wrap(text, path, it.count, _map(it), _key(it)), path
        case "unwrap":
            return step_edits.unwrap(text, path, _key(it)), path
        case _:
            raise BadEdit(f"there is no change called {it.op[:40]!r}")


def _is_there(text: str, path: Path) -> bool:
    missing = object()
    return value_at(readable(text).data, path, missing) is not missing


def _inserted(text: str, path: Path, value: Any) -> str:
    data = readable(text).data
    holder = value_at(data, path[:-2]) if len(path) > 1 else None
    missing = object()
    if path[-1:] == (0,) and is_dict(holder) and value_at(data, path[:-1], missing) in (missing, None, []):
        return edits.set_value(text, path[:-1], [value])
    return edits.insert_item(text, path, value)


def _to_path(it: Operation) -> Path:
    if isinstance(it.to, tuple):
        return it.to
    raise BadEdit("`to` is the path of a place in a list")


def _to_name(it: Operation) -> str:
    if isinstance(it.to, str) and it.to:
        return it.to
    raise BadEdit("`to` is the new name")


def _map(it: Operation) -> Mapping[str, Any]:
    if is_map(it.value):
        return it.value
    raise BadEdit("`value` is a step")


def _key(it: Operation) -> str:
    if it.key:
        return it.key
    raise BadEdit("`key` names the list of steps, such as `then` or `do`")
