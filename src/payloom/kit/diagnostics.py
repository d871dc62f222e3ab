"""What is wrong with a workflow file, and exactly where: collected, never only the first."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Literal

Severity = Literal["error", "warning", "advice"]
Path = tuple[str | int, ...]
"""Where something stands in a document: keys and indices from the top, e.g. `("steps", 0, "where", "id")`."""

SHAPE = "F000"
NAME = "F001"
STEP_REFERENCE = "F002"
TYPE = "F003"
EXPRESSION = "F004"


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of a file.

    Lines and columns count from 1, the end is exclusive; `start`/`end` are character offsets.
    """

    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1
    start: int = 0
    end: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is a stable id (F000 …), `path` where it stands in the document's model."""

    severity: Severity
    code: str
    message: str
    line: int
    column: int
    end_line: int
    end_column: int
    hint: str | None = None
    path: Path = ()
    file: str = ""

    @classmethod
    def at(
        cls,
        place: Place,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        path: Path = (),
        file: str = "",
        severity: Severity = "error",
    ) -> Diagnostic:
        """Return a finding at `place`."""
        return cls(
            severity,
            code,
            message,
            place.line,
            place.column,
            place.end_line,
            place.end_column,
            hint or None,
            path,
            file,
        )

    def format(self) -> str:
        """Return `file:line:col: message (hint)`."""
        text = f"{self.file}:{self.line}:{self.column}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {**dataclasses.asdict(self), "path": list(self.path)}


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the findings by place, without doubles."""
    unique = {(d.line, d.column, d.code, d.message): d for d in diagnostics}
    return tuple(unique[key] for key in sorted(unique))


def value_at(data: Any, path: Path) -> Any:
    """Return what stands at a path in raw data, None if nothing."""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def path_text(path: Path) -> str:
    """Return `steps[0].where.id`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
