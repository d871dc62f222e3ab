"""`# payloom: ignore[F103] reason`: on the line of a finding, or alone on the line before it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from payloom.kit.diagnostics import Diagnostic, Place
from payloom.kit.yaml.source import Source
from payloom.workflows.checker.rules import RULES

_COMMENT = re.compile(r"(?:^|\s)#\s*payloom:\s*ignore\s*(?:\[([^\]]*)\])?\s*(.*)$")
_NEVER = frozenset({"F000", "F001", "F004", "F005"})


def apply(diagnostics: Iterable[Diagnostic], source: Source) -> list[Diagnostic]:
    """Return the findings that no comment silences, and findings about comments that are not complete."""
    silenced: dict[int, set[str]] = {}
    remaining: list[Diagnostic] = []
    lines = source.text.splitlines()
    for number, line in enumerate(lines, 1):
        match = _COMMENT.search(line)
        if match is None or _in_text(line, match.start()):
            continue
        names = {part.strip() for part in (match[1] or "").split(",") if part.strip()}
        problem = _problem(names, match[2].strip())
        if problem:
            place = Place(number, match.start() + 1, number, len(line) + 1)
            remaining.append(
                Diagnostic.at(place, "F005", problem, hint="write # payloom: ignore[F103] reason", file=source.file)
            )
            continue
        covered = [number]
        if line.strip().startswith("#"):
            covered = list(range(number, _next_content(lines, number) + 1))
        for line_number in covered:
            silenced.setdefault(line_number, set()).update(names)
    remaining += [
        diagnostic
        for diagnostic in diagnostics
        if diagnostic.code in _NEVER or diagnostic.code not in silenced.get(diagnostic.line, ())
    ]
    return remaining


def _problem(names: set[str], reason: str) -> str | None:
    if not names:
        return "this comment does not say which rule it ignores"
    unknown = sorted(names - RULES.keys())
    if unknown:
        return f"there is no rule {unknown[0]}"
    never = sorted(names & _NEVER)
    if never:
        return f"{never[0]} cannot be ignored: the file would not run"
    return None if reason else "this comment does not say why"


def _next_content(lines: list[str], number: int) -> int:
    for at in range(number, len(lines)):
        text = lines[at].strip()
        if text and not text.startswith("#"):
            return at + 1
    return number


def _in_text(line: str, start: int) -> bool:
    before = line[:start]
    return before.count('"') % 2 == 1 or before.count("'") % 2 == 1
