"""Writes `payloom_emulator/objects/params/*.py`: what a request to each operation may carry, as a handler gets it.

`generate_objects` runs this. The types come from what `protocol/params.py` checks requests against: the SDK's request
types, what browsers send beside them, and what older versions took. A file is named after the first word of the URL;
`shared.py` has the types that several files use. Only what some file of the emulator imports is written, so a handler
imports the name (the SDK's, with its package before it: `CheckoutSessionCreateParams`) and a developer runs the tool.
Types with a member for each payment method are cut to `METHODS`; an enumeration of more than `LONGEST` values is text.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import json
import keyword
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from emulator.tools.generate_params import read_sdk

from payloom_emulator.presentation.versions import VersionHistory
from payloom_emulator.protocol.older_params import extended
from payloom_emulator.protocol.param_types import anonymous
from payloom_emulator.protocol.undeclared_params import with_undeclared
from payloom_emulator.runtime.registry import RESOURCES

SOURCES = Path(__file__).parents[1] / "src" / "payloom_emulator"
PACKAGE = "payloom_emulator.objects.params"
SHARED = "shared"
MANY = 8
LONGEST = 6
METHODS = frozenset(["type", "billing_details", "card", "customer_balance", "sepa_debit", "us_bank_account"])
OLDEST = "2011-01-01"
PLAIN = {"s": "str", "i": "int", "b": "bool", "f": "UploadedFile"}

Node = list[Any]


@dataclasses.dataclass
class Shape:
    """One object that requests carry: its members' types, and the shapes inside."""

    name: str
    fields: dict[str, str]
    inner: list[str]
    alias_of: str = ""


def imported(package: str) -> set[str]:
    """Return the names that the emulator imports from the files of a generated package."""
    names = set[str]()
    for path in SOURCES.rglob("*.py"):
        if "payloom_emulator/objects/" in path.as_posix() or package not in path.read_text("utf-8"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
                names |= {alias.name for alias in node.names}
    return names


def _resolved(ref: object) -> Node:
    return read_sdk()[0].nodes[ref] if isinstance(ref, int) else list(ref)  # type: ignore[call-overload] - a reference is a number or a list


@functools.cache
def operations() -> dict[str, list[tuple[str, Node]]]:
    """Return each class of the SDK's parameters with the operations that take it: (URL, object node)."""
    history = VersionHistory((r.schema.object, r.versions) for r in RESOURCES)
    types, nodes, classes, _ = read_sdk()
    by_class: dict[str, list[tuple[str, Node]]] = {}
    for operation, name in classes.items():
        method, path = operation.split(" ", 1)
        key = (method, anonymous(path))
        _, fields, required = types.nodes[nodes[operation]]
        accepted = history.accepted(key, OLDEST)
        whole = with_undeclared(key, extended(fields, accepted), raw_cards=True)
        by_class.setdefault(name, []).append((path, ["o", whole, required]))
    return by_class


def _pruned(fields: dict[str, Any]) -> dict[str, Any]:
    fields = {name: ref for name, ref in fields.items() if name != "expand" and _is_name(name)}
    if len(fields) > MANY and "card" in fields:
        return {n: ref for n, ref in fields.items() if n in METHODS or not _holds_object(ref)}
    return fields


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _holds_object(ref: object) -> bool:
    node = _resolved(ref)
    return node[0] == "o" or (node[0] == "u" and any(map(_holds_object, node[1:])))


@functools.cache
def _nested_names() -> dict[str, str]:
    """Return the name of each nested object by its structure."""
    candidates: dict[str, set[str]] = {}
    types, _, classes, _ = read_sdk()
    for index, names in types.class_names.items():
        candidates.setdefault(_structure(index), set()).update(names - set(classes.values()))
    chosen: dict[str, str] = {}
    used = set(classes.values())
    for structure, names in sorted(candidates.items(), key=lambda item: sorted(item[1])):
        if not names:
            continue
        options = [f"{_last_words(names)}Params", *sorted(names, key=lambda n: (len(n), n))]
        if len(names) == 1 or options[0] == "Params":
            options = options[1:]
        chosen[structure] = next(n for n in options if n not in used)
        used.add(chosen[structure])
    return chosen


def _last_words(names: Iterable[str]) -> str:
    """Return the words that all names end with, behind `Params`."""
    words = [re.findall(r"[A-Z][a-z0-9]*", name.rsplit("Params", 1)[-1]) for name in names]
    shared: list[str] = []
    for level in zip(*map(reversed, words), strict=False):
        if len(set(level)) > 1:
            break
        shared.insert(0, level[0])
    return "".join(shared)


_STRUCTURES: dict[int, str] = {}


def _structure(ref: object) -> str:
    """Return a text that is the same for objects with the same members."""
    if isinstance(ref, int):
        if ref not in _STRUCTURES:
            _STRUCTURES[ref] = _structure(_resolved(ref))
        return _STRUCTURES[ref]
    node = _resolved(ref)
    if node[0] == "o":
        members = {name: _structure(inner) for name, inner in sorted(_pruned(node[1]).items())}
        return json.dumps(["o", members, sorted(node[2])])
    if node[0] in {"a", "m", "u"}:
        return json.dumps([node[0], *map(_structure, node[1:])])
    return json.dumps(node)


class Writer:
    """The shapes of the operations at hand, inner ones first."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.shapes: dict[str, Shape] = {}
        self.files: dict[str, set[str]] = {}
        self._by_structure: dict[str, str] = {}

    def add(self, name: str) -> None:
        """Add the parameters of the class `name` of the SDK."""
        fields: dict[str, Any] = {}
        required: set[str] | None = None
        for path, node in operations()[name]:
            fields |= node[1]
            required = set(node[2]) if required is None else required & set(node[2])
            self.files.setdefault(path.split("/")[2], set()).add(name)
        structure = _structure(["o", fields, sorted(required or ())])
        twin = self._by_structure.get(structure)
        if twin in self.shapes:
            self.shapes[name] = Shape(name, {}, [str(twin)], alias_of=str(twin))
        else:
            self._by_structure[structure] = name
            self._write(name, ["o", fields, sorted(required or ())])

    def _write(self, name: str, node: Node) -> None:
        shape = Shape(name, {}, [])
        for field, ref in _pruned(node[1]).items():
            value = self._union(ref, name, field, shape)
            shape.fields[field] = f"Required[{value}]" if field in node[2] else value
        self.shapes[name] = shape

    def _union(self, ref: object, owner: str, field: str, shape: Shape) -> str:
        members = dict.fromkeys(self._members(ref, owner, field, shape))
        if "str" in members or "int | str" in members:
            members.pop("Literal['']", None)
        return " | ".join(members)

    def _members(self, ref: object, owner: str, field: str, shape: Shape) -> Iterator[str]:
        """Yield the types of which a value of this node has one."""
        node = _resolved(ref)
        if node[0] == "u":
            for member in node[1:]:
                yield from self._members(member, owner, field, shape)
        elif node[0] == "e":
            known = len(node) <= LONGEST + 1 and all(isinstance(v, str | int) for v in node[1:])
            yield f"Literal[{', '.join(map(repr, node[1:]))}]" if known else "str"
        elif node[0] in {"a", "m"}:
            inner = self._union(node[1], owner, field, shape)
            yield f"list[{inner}]" if node[0] == "a" else f"dict[str, {inner}]"
        elif node[0] == "n":
            yield from ("int", "str")
        elif node[0] == "o":
            yield self._nested(ref, node, owner, field, shape)
        else:
            yield PLAIN[node[0]]

    def _nested(self, ref: object, node: Node, owner: str, field: str, shape: Shape) -> str:
        if not _pruned(node[1]):
            return "JsonObject"
        structure = _structure(ref)
        name = self._by_structure.get(structure)
        if name is None:
            name = _nested_names().get(structure) or owner + field.title().replace("_", "")
            self._by_structure[structure] = name
            self._write(name, node)
        shape.inner.append(name)
        return name


def files(header: str) -> dict[str, str]:
    """Return the unformatted text of every generated file by its name. header: the lines above the imports."""
    writer = Writer()
    names = imported(PACKAGE)
    for name in sorted({_operation_of(name) for name in names} & operations().keys()):
        writer.add(name)
    unknown = names - writer.shapes.keys() - {"UploadedFile"}
    if unknown:
        raise SystemExit(f"No request parameters are called {', '.join(sorted(unknown))}.")
    home = _homes(writer)
    texts: dict[str, str] = {"__init__.py": '"""What requests carry, one file a first word of the URL: generated."""\n'}
    for file in sorted(set(home.values())):
        own = [shape for name, shape in writer.shapes.items() if home[name] == file]
        body = "\n\n\n".join(map(_declaration, own))
        elsewhere = sorted({n for shape in own for n in shape.inner if home[n] != file})
        imports = [f"from {PACKAGE}.{home[n]} import {n}" for n in elsewhere]
        json_names = [name for name in ("JsonObject", "UploadedFile") if re.search(rf"\b{name}\b", body)]
        imports += [f"from payloom_emulator.kit.json import {name}" for name in json_names]
        typing_names = [n for n in ("Literal", "Required", "TypeAlias", "TypedDict") if re.search(rf"\b{n}\b", body)]
        head = re.sub(r"from typing import .*", f"from typing import {', '.join(typing_names)}", header)
        head = head.replace('"""Objects of', '"""Requests of')
        texts[f"{file}.py"] = head + "\n".join([*imports, "", "", body, ""])
    return texts


def _operation_of(name: str) -> str:
    """Return the class of the operation whose parameters have the type `name` inside, by the SDK's way of naming."""
    return max((known for known in operations() if name.startswith(known)), key=len, default=name)


def _homes(writer: Writer) -> dict[str, str]:
    """Return the file of each shape: that of its operations, or `shared` when several use it."""
    users: dict[str, set[str]] = {}

    def use(name: str, file: str) -> None:
        if file not in users.setdefault(name, set()):
            users[name].add(file)
            for inner in writer.shapes[name].inner:
                use(inner, file)

    for file, names in writer.files.items():
        for name in names:
            use(name, file)
    return {name: min(where) if len(where) == 1 else SHARED for name, where in users.items()}


def _declaration(shape: Shape) -> str:
    if shape.alias_of:
        return f"{shape.name}: TypeAlias = {shape.alias_of}"
    members = [f"    {name}: {value}" for name, value in shape.fields.items()]
    return "\n".join([f"class {shape.name}(TypedDict, total=False):", *(members or ["    pass"])])
