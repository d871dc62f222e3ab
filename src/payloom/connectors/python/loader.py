"""Loads actions/*.py of a project, which runs the project's own code, and finds the functions marked with `@step`.

Only serving, working, test runs and `payloom check --run-actions` do this; all else reads `declarations`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from payloom.connectors.python.declarations import BadAction, action_files, add_named, find_functions
from payloom.steps import MARK

_NOT_DECLARED = "Write @step, imported from payloom.steps, right above the function's `def`."
_NOT_MARKED = "Write @step as the first decorator; one above it must keep the function (functools.wraps)."


@dataclasses.dataclass(frozen=True, slots=True)
class Function:
    """A function workflows may call. `where`: file:line of its definition."""

    name: str
    call: Callable[..., Any]
    where: str
    summary: str
    is_async: bool
    wants_context: bool
    signature: inspect.Signature


@dataclasses.dataclass(frozen=True, slots=True)
class Functions:
    """What was found, and what could not be loaded. `problems` carry `where` as file:line."""

    by_name: Mapping[str, Function]
    problems: tuple[BadAction, ...] = ()


def load_functions(folder: Path) -> Functions:
    """Load every `*.py` in `folder` (but `_…`) and return the marked functions. Runs the project's own code.

    What is marked must be what `find_functions` reads, because workflows are checked against that.
    """
    functions: dict[str, Function] = {}
    problems: list[BadAction] = []
    if not folder.is_dir():
        return Functions(functions)
    package = _package(folder)
    loaded: set[str] = set()
    for path in action_files(folder):
        name = f"{folder.name}/{path.name}"
        try:
            module = _load(package, path)
        except Exception as error:  # noqa: BLE001 - whatever the project's code raises is a mistake in that file
            problems.append(_problem(error, path, name))
            continue
        loaded.add(name)
        add_named(_marked(module, path.stem, name), functions, problems)
    problems += _differences(folder, functions, loaded)
    return Functions(functions, tuple(problems))


def _differences(folder: Path, functions: Mapping[str, Function], loaded: Collection[str]) -> Iterator[BadAction]:
    """Yield what the loaded files say otherwise than their text."""
    declared = find_functions(folder).by_name
    for name, function in functions.items():
        if name not in declared:
            message = f"{name} is marked when the file runs, but not declared in its text"
            yield BadAction(message, hint=_NOT_DECLARED, where=function.where)
    for name, declaration in declared.items():
        if name not in functions and declaration.where.rpartition(":")[0] in loaded:
            message = f"{name} is declared in the file's text, but not marked when it runs"
            yield BadAction(message, hint=_NOT_MARKED, where=declaration.where)


def _package(folder: Path) -> str:
    """Make a package for the folder, so that its files can import each other with `from . import x`."""
    name = f"payloom_actions_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
    for loaded in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
        del sys.modules[loaded]
    package = ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package
    return name


def _load(package: str, path: Path) -> ModuleType:
    name = f"{package}.{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _problem(error: Exception, path: Path, file: str) -> BadAction:
    if isinstance(error, SyntaxError):
        return BadAction(f"{error.msg}", where=f"{file}:{error.lineno or 1}")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return BadAction(f"{type(error).__name__}: {error}", where=f"{file}:{lines[-1] if lines else 1}")


def _marked(module: ModuleType, stem: str, file: str) -> list[Function]:
    functions: list[Function] = []
    for value in vars(module).values():
        mark = getattr(value, MARK, None) if callable(value) else None
        # A function imported from another file belongs to that file.
        if not isinstance(mark, str) or getattr(value, "__module__", None) != module.__name__:
            continue
        signature = inspect.signature(value)
        code = inspect.unwrap(value)
        line = code.__code__.co_firstlineno if hasattr(code, "__code__") else 1
        functions.append(
            Function(
                name=mark or f"{stem}:{value.__name__}",
                call=value,
                where=f"{file}:{line}",
                summary=(inspect.getdoc(value) or "").partition("\n")[0],
                is_async=inspect.iscoroutinefunction(value),
                wants_context="context" in signature.parameters,
                signature=signature,
            )
        )
    return functions
