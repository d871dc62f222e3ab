"""The imports between the files of a source tree, in the strictest reading, and the circles among them.

An import counts wherever it is: at the top, under `TYPE_CHECKING`, inside a function. A file also loads the packages
that contain it, so an `__init__.py` that imports something ties all files below it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.support.packages.source_trees import statements

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Graph = dict[str, frozenset[str]]


def modules(*roots: Path) -> dict[str, Path]:
    """Return the path of each module below these source folders, by its dotted name."""
    paths: dict[str, Path] = {}
    for root in roots:
        for path in sorted(root.rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            paths[name.removesuffix(".__init__")] = path
    return paths


def import_graph(paths: dict[str, Path]) -> Graph:
    """Return which modules each module loads, itself left out. paths: as `modules` returns them."""
    imports = {name: _imports(path, paths) for name, path in paths.items()}
    return {
        name: frozenset(
            {target for imported in targets for target in (imported, *_packages(imported)) if target in paths}
            - {name, *_packages(name)}
            | {package for package in _packages(name) if imports.get(package)}
        )
        for name, targets in imports.items()
    }


def circles(graph: Graph) -> list[list[str]]:
    """Return the groups of modules that load one another, largest first (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> Iterator[str]:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in sorted(graph[name]):
            if target not in index:
                yield target
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            start = stack.index(name)
            groups.append(sorted(stack[start:]))
            del stack[start:]

    for root in sorted(graph):
        if root in index:
            continue
        visits = [visit(root)]
        while visits:
            target = next(visits[-1], None)
            if target is None:
                visits.pop()
            else:
                visits.append(visit(target))
    return sorted((group for group in groups if len(group) > 1), key=len, reverse=True)


def _packages(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _imports(path: Path, paths: dict[str, Path]) -> set[str]:
    targets: set[str] = set()
    for node in statements(path):
        if isinstance(node, ast.Import):
            targets.update(alias.name for alias in node.names if alias.name in paths)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import; name the module in full"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                targets.add(name if name in paths else node.module)
    return targets & paths.keys()
