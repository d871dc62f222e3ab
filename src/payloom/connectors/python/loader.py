"""Loads actions/*.py of a project and finds the functions marked with `@payloom.step`."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from payloom.kit.errors import PayloomError
from payloom.steps import MARK

_NAME = re.compile(r"[A-Za-z_][\w.-]*(:[A-Za-z_]\w*)?")


class BadAction(PayloomError):
    """A file in actions/ has an error."""

    code = "bad_action"


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
    """Load every `*.py` in `folder` (but `_…`) and return the marked functions. Runs the project's own code."""
    functions: dict[str, Function] = {}
    problems: list[BadAction] = []
    if not folder.is_dir():
        return Functions(functions)
    package = _package(folder)
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("_"):
            continue
        shown = f"{folder.name}/{path.name}"
        try:
            module = _load(package, path)
        except Exception as error:  # noqa: BLE001 - whatever the project's code raises is a mistake in that file
            problems.append(_problem(error, path, shown))
            continue
        for function in _marked(module, path.stem, shown):
            if not _NAME.fullmatch(function.name):
                problems.append(BadAction(f"{function.name!r} cannot name a function", where=function.where))
            elif function.name in functions:
                other = functions[function.name].where
                problems.append(BadAction(f"{function.name} is there already, at {other}", where=function.where))
            else:
                functions[function.name] = function
    return Functions(functions, tuple(problems))


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


def _problem(error: Exception, path: Path, shown: str) -> BadAction:
    if isinstance(error, SyntaxError):
        return BadAction(f"{error.msg}", where=f"{shown}:{error.lineno or 1}")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return BadAction(f"{type(error).__name__}: {error}", where=f"{shown}:{lines[-1] if lines else 1}")


def _marked(module: ModuleType, stem: str, shown: str) -> list[Function]:
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
                where=f"{shown}:{line}",
                summary=(inspect.getdoc(value) or "").partition("\n")[0],
                is_async=inspect.iscoroutinefunction(value),
                wants_context="context" in signature.parameters,
                signature=signature,
            )
        )
    return functions
