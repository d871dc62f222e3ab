"""Writes `older_params.json`: what requests took in older API versions and do not take any more.

`python -m emulator.tools.older_versions` reads the releases of Stripe's SDK for Node that the table names, each of
which has the types of one API version, and writes the table anew. `--add RELEASE` reads one more. The table of what
objects had and left out (`older_fields.py`) follows. Only facts are kept: operations, names and types of parameters,
and the first version without them.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TypeAlias

from payloom_emulator.protocol.older_params import older_params
from payloom_emulator.protocol.param_types import TypeNode, anonymous, table, type_of

TARGET = Path(__file__).parents[1] / "src" / "payloom_emulator" / "protocol" / "older_params.json"
PACKAGE = "stripe"

Shape: TypeAlias = "dict[str, Shape] | str"
"""A parameter: its members by name ("[]" for the items of an array, "{}" for the values of a map), or its kind."""

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_OPENING = re.compile(r"\b(namespace|interface|class)\s+([\w']+)[^{;]*\{|\btype\s+(\w+)\s*=")
_METHOD = re.compile(r"(\w+)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)\s*:", re.DOTALL)
_CALL = re.compile(r"(\w+):\s*(?:\w+\.)?(?:stripeMethod|method)\(\{(.*?)\}\)", re.DOTALL)
_OPTIONS = frozenset(
    {"apiKey", "apiVersion", "idempotencyKey", "maxNetworkRetries", "stripeAccount", "timeout", "host"}
)


class Types:
    """The declarations of one release: interfaces, aliases and the methods of the resources, by qualified name."""

    def __init__(self, texts: list[str]) -> None:
        """Read the texts of `.d.ts` files."""
        self.interfaces: dict[str, str] = {}
        self.bases: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.classes: dict[str, str] = {}
        for text in texts:
            self._read(_COMMENT.sub("", text), "")

    def _read(self, text: str, within: str) -> None:
        position = 0
        while match := _OPENING.search(text, position):
            if match[3]:
                end = _end_of_alias(text, match.end())
                self.aliases[f"{within}{match[3]}"] = text[match.end() : end].strip()
                position = end
                continue
            end = _closing(text, match.end())
            body, name = text[match.end() : end], f"{within}{match[2]}"
            if match[1] == "namespace":
                self._read(body, "" if name == "Stripe" else f"{name}.")
            elif match[1] == "interface":
                self.interfaces[name] = body
                base = re.search(r"\bextends\s+([\w.]+)", match[0])
                if base:
                    self.bases[name] = base[1]
            else:
                self.classes[name] = body
            position = end + 1

    def find(self, name: str, within: str) -> str | None:
        """Return the qualified name of a type that `name` means inside `within`."""
        name = name.removeprefix("Stripe.")
        scope = within.split(".")
        for length in range(len(scope), -1, -1):
            qualified = ".".join([*scope[:length], name])
            if qualified in self.interfaces or qualified in self.aliases:
                return qualified
        return None

    def shape(self, text: str, within: str, depth: int = 0) -> Shape:
        """Return the shape of a type's text."""
        text = text.strip().removesuffix(";").strip()
        parts = [part for part in split(text, "|") if part not in {"null", "''", "undefined"}]
        if depth > 9 or not parts:
            return "text"
        shapes = [self._single(part, within, depth) for part in parts]
        inner = next((shape for shape in shapes if isinstance(shape, dict)), None)
        return shapes[0] if inner is None else inner

    def _single(self, text: str, within: str, depth: int) -> Shape:
        listed = re.fullmatch(r"(?:Array|Iterable)<(.*)>", text, re.DOTALL)
        if listed or text.endswith("[]"):
            return {"[]": self.shape(listed[1] if listed else text[:-2], within, depth + 1)}
        if text.startswith("{"):
            return "map" if re.match(r"\{\s*\[", text) else self._members(text[1:-1], within, depth)
        if text in {"MetadataParam", "Stripe.MetadataParam", "Metadata"} or "MetadataParam" in text:
            return "map"
        kind = {"number": "number", "boolean": "boolean", "string": "text"}.get(text)
        if kind or text.startswith(("'", '"')):
            return kind or "text"
        qualified = self.find(re.sub(r"^Omit<|,.*$|>$", "", text, flags=re.DOTALL), within)
        if qualified is None:
            return "text"
        if qualified in self.aliases:
            return self.shape(self.aliases[qualified], qualified, depth + 1)
        return self.members(qualified, depth + 1)

    def members(self, qualified: str, depth: int = 0) -> dict[str, Shape]:
        """Return the members of an interface and of the one it extends."""
        base = self.find(self.bases[qualified], qualified) if qualified in self.bases else None
        inherited = self.members(base, depth) if base and base in self.interfaces else {}
        return {**inherited, **self._members(self.interfaces[qualified], qualified, depth)}

    def _members(self, body: str, within: str, depth: int) -> dict[str, Shape]:
        members: dict[str, Shape] = {}
        for part in split(body, ";"):
            match = re.match(r"\s*'?([\w.-]+)'?\??\s*:\s*(.*)", part, re.DOTALL)
            if match and match[1] not in _OPTIONS:
                members[match[1]] = self.shape(match[2], within, depth)
        return members


def _closing(text: str, start: int) -> int:
    depth = 1
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return index
    return len(text)


def _end_of_alias(text: str, start: int) -> int:
    depth = 0
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth <= 0 and text[index] == ";":
            return index
    return len(text)


def split(text: str, separator: str) -> list[str]:
    """Split at a separator that is inside no bracket."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += {"{": 1, "<": 1, "(": 1, "}": -1, ">": -1, ")": -1}.get(character, 0)
        if character == separator and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    return [part for part in (*parts, text[start:].strip()) if part]


@functools.cache
def operations_of(release: str) -> tuple[str, dict[str, dict[str, Shape]]]:
    """Return the API version of a release, and "METHOD /v1/path" to its parameters."""
    files = files_of(release)
    types = Types([text for name, text in files.items() if name.endswith(".d.ts") and "/types/" in name])
    version = next(
        match[1] or match[2]
        for name, text in files.items()
        if name.endswith(("lib.d.ts", "apiVersion.js"))
        if (match := re.search(r"LatestApiVersion = '([^']+)'|ApiVersion = '([^']+)'", text))
    )
    if not types.interfaces:
        return version, _operations_of_modules(files)
    operations: dict[str, dict[str, Shape]] = {}
    for name, text in files.items():
        match = re.search(r"/(?:cjs|lib)/resources/(.*)\.js$", name)
        if not match:
            continue
        base = re.search(r"path: '([^']*)'", text.split("stripeMethod(", 1)[0])
        declared = types.classes.get(match[1].replace("/", ".") + "Resource", "")
        methods = {m[1]: m[2] for m in _METHOD.finditer(declared) if m[2].strip() and "params" in m[2]}
        for call in _CALL.finditer(text):
            verb = re.search(r"method: '(\w+)'", call[2])
            path = re.search(r"fullPath: '([^']*)'", call[2]) or re.search(r"path: '([^']*)'", call[2])
            if not verb or not path or "/v2/" in path[1]:
                continue
            whole = path[1] if path[0].startswith("fullPath") else f"/v1/{base[1] if base else ''}{path[1]}"
            params = re.search(r"params\??:\s*([\w.]+)", methods.get(call[1], ""))
            qualified = types.find(params[1], match[1].replace("/", ".")) if params else None
            members = types.members(qualified) if qualified and qualified in types.interfaces else {}
            operations[f"{verb[1]} {anonymous(whole)}"] = {n: s for n, s in members.items() if n != "expand"}
    return version, operations


_REQUEST = re.compile(r"(\w+)\([^)]*\)\s*\{\s*return this\._makeRequest\('(\w+)', [`']([^`']+)[`']")


def _operations_of_modules(files: dict[str, str]) -> dict[str, dict[str, Shape]]:
    """Return the operations of a release that has one module a file, as those have since 22."""
    shared = [text for name, text in files.items() if name.endswith("/shared.d.ts")]
    operations: dict[str, dict[str, Shape]] = {}
    for name, text in files.items():
        declared = files.get(name.removesuffix(".js") + ".d.ts")
        if declared is None or "/resources/" not in name or "_makeRequest" not in text:
            continue
        types = Types([*shared, declared])
        methods = {m[1]: m[2] for body in types.classes.values() for m in _METHOD.finditer(body)}
        for method, verb, path in _REQUEST.findall(text):
            params = re.search(r"params\??:\s*([\w.]+)", methods.get(method, ""))
            named = params[1].rpartition(".")[2] if params else ""
            place = (
                next((n for n in types.interfaces if n == named or n.endswith(f".{named}")), None) if named else None
            )
            members = types.members(place) if place else {}
            whole = anonymous(re.sub(r"\$\{[^}]*\}", "{}", path))
            if path.startswith("/v1/"):
                operations[f"{verb} {whole}"] = {n: shape for n, shape in members.items() if n != "expand"}
    return operations


@functools.cache
def files_of(release: str) -> dict[str, str]:
    """Return the files of a release that declare types, or that say which URL a method calls, by path."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", f"{PACKAGE}@{release}"], cwd=folder, check=True, capture_output=True)  # noqa: S607 - the developer's npm
        archive = next(Path(folder).glob("*.tgz")).read_bytes()
    texts = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        for member in packed.getmembers():
            selected = member.name.endswith((".d.ts", ".js")) and "/esm/" not in member.name
            content = packed.extractfile(member) if selected else None
            if content is not None:
                texts[f"/{member.name}"] = content.read().decode()
    return texts


def _today() -> dict[str, dict[str, Shape]]:
    return {
        f"{name.split(' ')[0]} {anonymous(name.split(' ')[1])}": {
            field: _known(type_of(ref), 0) for field, ref in type_of(index).fields.items()
        }
        for name, index in table()["operations"].items()
    }


def _known(node: TypeNode, depth: int) -> Shape:
    if depth > 9:
        return "text"
    if node.kind == "a":
        return {"[]": _known(type_of(node.item), depth + 1)}
    if node.kind == "o":
        return {name: _known(type_of(ref), depth + 1) for name, ref in node.fields.items()}
    shapes = [_known(type_of(ref), depth + 1) for ref in node.either]
    return next((shape for shape in shapes if isinstance(shape, dict)), "text")


def _gone(before: dict[str, Shape], after: dict[str, Shape], path: str = "") -> dict[str, str]:
    """Return what `before` has and `after` has not: path to kind."""
    rows: dict[str, str] = {}
    for name, shape in before.items():
        place = f"{path}[]" if name == "[]" else f"{path}.{name}" if path else name
        later = after.get(name)
        if later is None:
            rows.update(_leaves(shape, place))
        elif isinstance(shape, dict) and isinstance(later, dict):
            rows.update(_gone(shape, later, place))
    return rows


def _leaves(shape: Shape, place: str) -> dict[str, str]:
    if not isinstance(shape, dict):
        return {place: shape}
    rows: dict[str, str] = {}
    for name, inner in shape.items():
        rows.update(_leaves(inner, f"{place}[]" if name == "[]" else f"{place}.{name}"))
    return rows


def content(releases: dict[str, str]) -> str:
    """Return the table of these releases (API version to release) as text."""
    read = sorted((operations_of(release) for release in releases.values()), key=lambda row: row[0])
    newest = str(table()["api_version"])
    versions = [*(version for version, _ in read), newest]
    removed: dict[str, dict[str, list[str]]] = {}
    today = _today()
    for index, (_, operations) in enumerate(read):
        for operation, params in operations.items():
            absent = _gone(params, today.get(operation, {}))
            if operation not in today and not absent:
                absent = {"": "none"}
            for place, kind in absent.items():
                removed.setdefault(operation, {})[place] = [kind, versions[index + 1]]
    rows = {operation: dict(sorted(params.items())) for operation, params in sorted(removed.items())}
    whole = {"releases": {version: releases[version] for version in sorted(releases)}, "operations": rows}
    return re.sub(r"\[\n\s+(\"[^\"]*\"),\n\s+(\"[^\"]*\")\n\s+\]", r"[\1, \2]", json.dumps(whole, indent=1)) + "\n"


def main(argv: list[str] | None = None) -> None:
    """Write the table, with one more release when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--add", action="append", default=[], metavar="RELEASE", help="A release of the SDK for Node.")
    releases = json.loads(TARGET.read_text())["releases"] if TARGET.exists() else {}
    for release in parser.parse_args(argv).add:
        releases[operations_of(release)[0]] = release
    TARGET.write_text(content(releases))
    older_params.cache_clear()
    # What objects had and left out follows from the same releases.
    importlib.import_module("emulator.tools.older_fields").write()


if __name__ == "__main__":
    main()
