"""JSON as Stripe writes it: indented by two blanks. The standard library's writer is slow when it indents."""

from __future__ import annotations

import json
from json.encoder import encode_basestring

from payloom_emulator.protocol.json_shapes import is_array, is_object

_WORDS: dict[object, str] = {None: "null", True: "true", False: "false"}


def pretty(value: object) -> str:
    """Return a value as indented JSON, the same text that `json.dumps(value, indent=2, ensure_ascii=False)` gives."""
    return _written(value, "\n")


def _written(value: object, line: str) -> str:
    """Return the JSON of a value. line: a line break, and the indentation where the value stands."""
    kind = type(value)
    if isinstance(value, str):
        return encode_basestring(value)
    if kind is int:
        return repr(value)
    if value is None or value is True or value is False:
        return _WORDS[value]
    inner = line + "  "
    if kind is dict and is_object(value):
        rows = [f"{inner}{encode_basestring(k)}: {_written(v, inner)}" for k, v in value.items()]
        return "{" + ",".join(rows) + line + "}" if rows else "{}"
    if kind is list and is_array(value):
        rows = [inner + _written(v, inner) for v in value]
        return "[" + ",".join(rows) + line + "]" if rows else "[]"
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", line)
    return json.dumps(value, ensure_ascii=False)
