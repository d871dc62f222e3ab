"""Writes the outcome of a case into its file as the expectation. Nothing else in the file changes."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.kit.yaml.source import Source
from payloom.sandbox.errors import TestingError
from payloom.sandbox.scenario.outcome import Outcome
from payloom.testing.casefile import Case, CaseFile
from payloom.testing.variants import CaseResult

_QUIET = ("created_at", "updated_at")


def record(
    results: Sequence[CaseResult], replace: Callable[[CaseResult], bool] = lambda _: False
) -> tuple[list[str], list[str]]:
    """Write the expectations of the cases that have none; return the ids of those written, and of those left failing.

    replace: asked about each case whose expectation fails; whether to write the present outcome in its place.
    """
    written: list[str] = []
    left: list[str] = []
    by_file: dict[str, tuple[CaseFile, list[tuple[Case, Outcome]]]] = {}
    for result in results:
        if result.base is None or (result.case.expect is not None and result.variants[0].ok):
            continue
        if result.case.expect is not None and not replace(result):
            left.append(result.case.id)
            continue
        by_file.setdefault(result.case.file.name, (result.case.file, []))[1].append((result.case, result.base))
    for file, cases in by_file.values():
        text = file.source.text
        # From the end, so that the places of the cases before stay true.
        for case, outcome in reversed(cases):
            text = _spliced(text, file.source, case, expectation(outcome))
            written.append(case.id)
        file.path.write_text(text, "utf-8")
    return sorted(written), left


def expectation(outcome: Outcome) -> dict[str, Any]:
    """Return what a case would have to expect for this outcome."""
    out: dict[str, Any] = {}
    tables = {
        name: [_row(outcome, name, row) for row in rows if not outcome.untouched(name, row)]
        for name, rows in outcome.tables.items()
    }
    if tables := {name: rows for name, rows in tables.items() if rows}:
        out["tables"] = tables
    out["emails"] = [{key: mail[key] for key in ("template", "to", "data") if mail[key]} for mail in outcome.emails]
    out["stripe"] = [{"call": write["call"], "with": write["with"]} for write in outcome.stripe]
    if outcome.answers:
        last = outcome.answers[-1]
        if last["status"] != 200:
            out["status"] = last["status"]
        if last["body"] is not None:
            out["output"] = last["body"]
        if last["error"]:
            out["error"] = last["error"]["code"]
        return out
    out["runs"] = len(outcome.begun)
    statuses = {run["status"] for run in outcome.begun}
    if len(statuses) == 1 and statuses != {"succeeded"}:
        out["status"] = statuses.pop()
    failed = next((run["error"] for run in outcome.begun if run["error"]), None)
    if failed:
        out["error"] = failed["code"]
    return out


def _row(outcome: Outcome, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row's key and what changed in it, or all chosen values of a new row."""
    key = next(iter(row))
    before = next((earlier for earlier in outcome.before.get(table, []) if earlier[key] == row[key]), None)
    if before is not None:
        return {name: value for name, value in row.items() if name == key or value != before[name]}
    return {name: value for name, value in row.items() if value is not None and name not in _QUIET}


def _spliced(text: str, source: Source, case: Case, expected: Mapping[str, Any]) -> str:
    place = source.values[case.path]
    if text[place.start] == "{":
        raise TestingError(
            f"{case.id} is written in braces; its expectation cannot be added",
            hint="write the case on several lines",
            where=f"{case.file.name}:{case.line}",
        )
    indent = " " * (place.column - 1)
    block = "".join(f"{indent}{line}\n" if line else "\n" for line in _dumped({"expect": dict(expected)}).splitlines())
    at = (*case.path, "expect")
    if at in source.keys:
        start = text.rindex("\n", 0, source.keys[at].start) + 1
        return text[:start] + block + text[_line_end(text, _end(source, at)) :]
    end = _line_end(text, _end(source, case.path))
    head = text[:end]
    return head + ("" if head.endswith("\n") else "\n") + block + text[end:]


def _end(source: Source, path: Path) -> int:
    """Return where the last thing inside the node at `path` ends: a block's own mark may be lines later."""
    scalar = source.scalars.get(path)
    if scalar is not None:
        return scalar.place.end
    place = source.values[path]
    if source.text[place.start] in "{[":
        return place.end
    return max(
        _end(source, inner) for inner in source.values if len(inner) == len(path) + 1 and inner[: len(path)] == path
    )


def _line_end(text: str, offset: int) -> int:
    # A block scalar ends behind its line break already.
    if offset and text[offset - 1] == "\n":
        return offset
    line_break = text.find("\n", offset)
    return len(text) if line_break < 0 else line_break + 1


def _dumped(value: Any) -> str:
    yaml: Any = YAML()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(_styled(value, 0), out)
    return out.getvalue()


def _styled(value: Any, depth: int) -> Any:
    """Return the value as ruamel writes it: small maps and lists in one line."""
    if is_map(value):
        entries: Any = CommentedMap({str(key): _styled(item, depth + 1) for key, item in value.items()})
        if depth > 1 and len(str(value)) < 90:
            entries.fa.set_flow_style()
        return entries
    if is_list(value):
        items: Any = CommentedSeq([_styled(item, depth + 1) for item in value])
        if not value or (depth > 1 and len(str(value)) < 90):
            items.fa.set_flow_style()
        return items
    if isinstance(value, str) and ("#" in value or "${{" in value or value in ("yes", "no", "on", "off")):
        return DoubleQuotedScalarString(value)
    return value
