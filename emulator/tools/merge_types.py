"""Gives nested types that hold the same one declaration: the shortest of their names, in the first file that has it."""

from __future__ import annotations

import dataclasses
import re


@dataclasses.dataclass
class Declaration:
    """A class of a generated file. nested: another one with the same members can take its place."""

    module: str
    name: str
    base: str
    members: list[str]
    nested: bool

    def text(self) -> str:
        """Return the class as it is written."""
        return "\n".join([f"class {self.name}({self.base}):", *self.members, "", ""])


def merge(declarations: list[Declaration], preferred: set[str]) -> list[Declaration]:
    """Return the declarations without those that say the same again. preferred: names that the emulator imports."""
    twins: dict[tuple[str, ...], list[Declaration]] = {}
    first_names: dict[str, str] = {}
    remaining: list[Declaration] = []
    for declaration in declarations:
        declaration.members = [_renamed(line, first_names) for line in declaration.members]
        key = (declaration.base, *declaration.members)
        if declaration.nested and key in twins:
            first_names[declaration.name] = twins[key][0].name
            twins[key].append(declaration)
            continue
        if declaration.nested:
            twins[key] = [declaration]
        remaining.append(declaration)
    chosen = {group[0].name: _chosen([d.name for d in group], preferred) for group in twins.values()}
    for declaration in remaining:
        declaration.name = chosen.get(declaration.name, declaration.name)
        declaration.members = [_renamed(line, chosen) for line in declaration.members]
    return remaining


def _chosen(names: list[str], preferred: set[str]) -> str:
    return min(names, key=lambda name: (name not in preferred, len(name), name))


def _renamed(line: str, names: dict[str, str]) -> str:
    key, _, value = line.partition(":")
    return f"{key}:{re.sub(r'[A-Z][A-Za-z0-9]+', lambda match: names.get(match[0], match[0]), value)}"
