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


def _one(text: str, operation: Operation) -> tuple[str, Path | None]:
    path = operation.path
    match operation.op:
        case "set":
            return step_edits.merge_value(text, path, operation.value) if _is_there(text, path) else edits.set_value(
                text, path, operation.value
            ), path  # fmt: skip
        case "insert":
            return _inserted(text, path, operation.value), path
        case "remove":
            return edits.remove(text, path), None
        case "move" if isinstance(operation.to, int):
            return edits.move_item(text, path, operation.to), (*path[:-1], operation.to)
        case "move":
            return step_edits.move_to(text, path, _to_path(operation))
        case "copy":
            return step_edits.copy_to(text, path, _to_path(operation), operation.id)
        case "rename_step":
            return renaming.rename_step(text, path, _to_name(operation)), path
        case "rename_key":
            return step_edits.rename_key(text, path, _to_name(operation)), (*path[:-1], _to_name(operation))
        case "replace_step":
            return step_edits.replace_step(text, path, _map(operation)), path
        case "wrap":
            return step_edits.wrap(text, path, operation.count, _map(operation), _key(operation)), path
        case "unwrap":
            return step_edits.unwrap(text, path, _key(operation)), path
        case _:
            raise BadEdit(f"there is no change called {operation.op[:40]!r}")


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


def _to_path(operation: Operation) -> Path:
    if isinstance(operation.to, tuple):
        return operation.to
    raise BadEdit("`to` is the path of a place in a list")


def _to_name(operation: Operation) -> str:
    if isinstance(operation.to, str) and operation.to:
        return operation.to
    raise BadEdit("`to` is the new name")


def _map(operation: Operation) -> Mapping[str, Any]:
    if is_map(operation.value):
        return operation.value
    raise BadEdit("`value` is a step")


def _key(operation: Operation) -> str:
    if operation.key:
        return operation.key
    raise BadEdit("`key` names the list of steps, such as `then` or `do`")
