"""The one canonical style of workflow files. Comments stay, and so does the meaning."""

from __future__ import annotations

import io
import re

from ruamel.yaml.error import YAMLError

from payloom.kit.diagnostics import Diagnostic
from payloom.kit.yaml import masking
from payloom.kit.yaml.reader import read_source
from payloom.kit.yaml.source import Source
from payloom.workflows.edit.yaml_writer import canonical_yaml

_ROUNDS = 4
_EMPTY_SWITCH = re.compile(r"^((?: *- )? *switch:) null$")


def format_text(text: str) -> str:
    """Return a file's text in canonical style; a text that cannot be read comes back unchanged.

    Two blanks of indentation, lists indented under their key, quotes as they were; values that YAML cannot read without
    quotes get them.
    """
    current = _quoted(text)
    data = read_source(current, "").data
    if data is None:
        return text
    for _ in range(_ROUNDS):
        after = _dumped(current)
        if after is None or after == current:
            break
        current = after
    reread = read_source(current, "")
    same = reread.data == data and not reread.diagnostics
    return current if same else text


def unreadable(text: str) -> Diagnostic | None:
    """Return why a text cannot be put into canonical style, with its place; None if it can."""
    source = read_source(_quoted(text), "")
    if source.data is not None or not text.strip():
        return None
    return source.diagnostics[0] if source.diagnostics else None


def _dumped(text: str) -> str | None:
    yaml = canonical_yaml()
    out = io.StringIO()
    try:
        yaml.dump(yaml.load(text), out)
    except (YAMLError, ValueError, RecursionError):
        return None
    # A `switch` over conditions has no value; there an empty one says so best.
    lines = [_EMPTY_SWITCH.sub(r"\1", line.rstrip()) for line in out.getvalue().rstrip().splitlines()]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Put quotes around the expressions that need them."""
    source = read_source(text, "")
    if source.data is None or not source.diagnostics:
        return text
    return _with_quotes(source)


def _with_quotes(source: Source) -> str:
    text = source.text
    places = [
        scalar.place for path, scalar in source.scalars.items() if scalar.style is None and _is_reported(source, path)
    ]
    for place in sorted(places, key=lambda place: place.start, reverse=True):
        text = text[: place.start] + masking.quoted(text[place.start : place.end]) + text[place.end :]
    return text


def _is_reported(source: Source, path: tuple[str | int, ...]) -> bool:
    return any(
        diagnostic.path == path and diagnostic.message.startswith("quote this value")
        for diagnostic in source.diagnostics
    )
