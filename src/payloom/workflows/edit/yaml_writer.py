"""Plain data as YAML text in the canonical style: every text gets the quotes it needs, and no others."""

from __future__ import annotations

import io
import json
import re
from typing import Any, Protocol, TextIO

from ruamel.yaml import YAML
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, SingleQuotedScalarString

from payloom.kit.json_types import is_list, is_map

_PLAIN = re.compile(r"[A-Za-z_/$(][\w ./()$+@=<>!&|'\"?:;*-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "~", ""})


class _Representer(RoundTripRepresenter):
    """Writes `null` as a word: an empty value looks like one that was forgotten."""


def _null(representer: Any, _value: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


_representer_class: Any = _Representer  # ruamel does not annotate the parameters of `add_representer`
_representer_class.add_representer(type(None), _null)


class RoundTripYaml(Protocol):
    """What this package uses of `ruamel.yaml.YAML`, whose own annotations leave parameters out."""

    def load(self, stream: str) -> Any:
        """Return the document with its comments and quotes. Raises YAMLError."""
        ...

    def dump(self, data: Any, stream: TextIO) -> None:
        """Write the document."""
        ...


def canonical_yaml() -> RoundTripYaml:
    """Return a reader and writer of the canonical style that keeps comments and quotes."""
    yaml: Any = YAML(typ="rt")
    yaml.brace_single_entry_mapping_in_flow_sequence = True
    yaml.Representer = _Representer
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def block(value: Any, column: int = 0) -> str:
    """Return a map or a list in block style, indented by `column`."""
    out = io.StringIO()
    yaml = canonical_yaml()
    yaml.dump(_styled(value), out)
    lines = out.getvalue().splitlines()
    cut = 2 if is_list(value) else 0
    return "".join((" " * column + line[cut:] if line else "") + "\n" for line in lines)


def flow(value: Any) -> str:
    """Return a value on one line, lists and maps in brackets."""
    if is_map(value):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if is_list(value):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_][\w./@-]*", value) and value.lower() not in _WORDS:
        return value
    return _quoted(value) if isinstance(value, str) else scalar(value)


def scalar(value: Any, indent: int = 0, *, alone: bool = False) -> str:
    """Return a value on its line; text of several lines as a block if it stands `alone`, with no comment behind it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    if alone and _is_block(value):
        pad = " " * (indent + 2)
        keep = "" if value.endswith("\n") else "-"
        return f"|{keep}\n" + "\n".join(pad + line if line else "" for line in value.rstrip("\n").split("\n"))
    return value if _is_plain(value) else _quoted(value)


def _is_block(text: str) -> bool:
    """Whether a text is written line by line. One with blanks or empty lines at its ends is quoted."""
    return "\n" in text and not text.startswith((" ", "\n")) and not text.endswith("\n\n")


def _is_plain(text: str) -> bool:
    if text.startswith("${{") and text.endswith("}}") and ": " not in text and " #" not in text and "\n" not in text:
        return True
    return (
        bool(_PLAIN.fullmatch(text))
        and text.lower() not in _WORDS
        and ": " not in text
        and not text.endswith((":", " "))
    )


def _quoted(text: str) -> str:
    if "\n" not in text and "\\" not in text and text.isprintable():
        if '"' not in text:
            return f'"{text}"'
        return "'" + text.replace("'", "''") + "'"
    return json.dumps(text, ensure_ascii=False)


def _styled(value: Any) -> Any:
    """Give every text the quotes it needs in block style."""
    if is_map(value):
        return {key: _styled(item) for key, item in value.items()}
    if is_list(value):
        return [_styled(item) for item in value]
    if not isinstance(value, str):
        return value
    if _is_block(value):
        return LiteralScalarString(value)
    if _is_plain(value):
        return value
    return DoubleQuotedScalarString(value) if '"' not in value else SingleQuotedScalarString(value)
