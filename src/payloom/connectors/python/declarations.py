"""Finds the functions marked with `@step` by reading actions/*.py. Nothing of the project is imported or executed."""

from __future__ import annotations

import ast
import dataclasses
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Protocol, TypeVar

from payloom.kit.errors import PayloomError

_NAME = re.compile(r"[A-Za-z_][\w.-]*(:[A-Za-z_]\w*)?")
_STEP = "step"
_PACKAGE, _STEPS = "payloom", "payloom.steps"


class BadAction(PayloomError):
    """A file in actions/ has an error."""

    code = "bad_action"


@dataclasses.dataclass(frozen=True, slots=True)
class Declaration:
    """A function under `@step`, as its file declares it. where: file:line of its definition."""

    name: str
    where: str
    summary: str


@dataclasses.dataclass(frozen=True, slots=True)
class Declarations:
    """The functions that a project declares, by name. `problems` carry `where` as file:line."""

    by_name: Mapping[str, Declaration]
    problems: tuple[BadAction, ...] = ()


class _Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def where(self) -> str: ...


NamedT = TypeVar("NamedT", bound=_Named)


def find_functions(folder: Path) -> Declarations:
    """Read every `*.py` in `folder` (but `_…`) and return the functions under `@step`. Runs no code of the project."""
    declared: dict[str, Declaration] = {}
    problems: list[BadAction] = []
    for path in action_files(folder):
        name = f"{folder.name}/{path.name}"
        try:
            own = _Reader(_parse(path), path.stem, name, problems).declarations()
        except SyntaxError as error:
            problems.append(BadAction(f"{error.msg}", where=f"{name}:{error.lineno or 1}"))
            continue
        except (OSError, ValueError, RecursionError, MemoryError) as error:
            problems.append(BadAction(f"the file cannot be read: {error}", where=f"{name}:1"))
            continue
        add_named(own, declared, problems)
    return Declarations(declared, tuple(problems))


def action_files(folder: Path) -> Iterator[Path]:
    """Yield the files that may declare functions, sorted; those whose name starts with `_` hold shared code."""
    for path in sorted(folder.glob("*.py")) if folder.is_dir() else ():
        if not path.name.startswith("_"):
            yield path


def add_named(functions: Iterable[NamedT], by_name: MutableMapping[str, NamedT], problems: list[BadAction]) -> None:
    """Add functions to `by_name`. One whose name cannot be used, or is taken, is a problem."""
    for function in functions:
        if not _NAME.fullmatch(function.name):
            problems.append(BadAction(f"{function.name!r} cannot name a function", where=function.where))
        elif function.name in by_name:
            other = by_name[function.name].where
            problems.append(BadAction(f"{function.name} is there already, at {other}", where=function.where))
        else:
            by_name[function.name] = function


def _parse(path: Path) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python would say about the file's style is not about declarations
        return ast.parse(path.read_bytes(), str(path))


class _Reader:
    """The declarations of one file."""

    def __init__(self, tree: ast.Module, stem: str, file: str, problems: list[BadAction]) -> None:
        self.statements = list(_module_level(tree.body))
        self.stem = stem
        self.file = file
        self.problems = problems
        self.marks = set(_names_of_step(self.statements))
        self.texts = dict(_module_texts(self.statements))

    def declarations(self) -> list[Declaration]:
        """Return the functions under `@step`; of two with one Python name the last counts, as in Python."""
        declared: dict[str, Declaration] = {}
        for statement in self.statements:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                declared.pop(statement.name, None)
                for decorator in statement.decorator_list:
                    if _dotted(decorator.func if isinstance(decorator, ast.Call) else decorator) in self.marks:
                        self._declare(statement, decorator, declared)
                        break
        return list(declared.values())

    def _declare(
        self,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        decorator: ast.expr,
        declared: dict[str, Declaration],
    ) -> None:
        where = f"{self.file}:{function.decorator_list[0].lineno}"
        name: str | None = ""
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if keyword.arg in {"name", None}:
                name = self._text(keyword.value) if keyword.arg else None
        if name is None:
            hint = 'Payloom reads the name without running the file: write @step(name="crm.push").'
            self.problems.append(
                BadAction(f"the name of {function.name} is not text in the file", hint=hint, where=where)
            )
            return
        summary = (ast.get_docstring(function) or "").partition("\n")[0]
        declared[function.name] = Declaration(name or f"{self.stem}:{function.name}", where, summary)

    def _text(self, value: ast.expr) -> str | None:
        """Return the text that an expression is in the file, "" for None, or None if only running it could tell."""
        if isinstance(value, ast.Name):
            return self.texts.get(value.id)
        if not isinstance(value, ast.Constant):
            return None
        if value.value is None:
            return ""
        return value.value if isinstance(value.value, str) else None


def _module_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield a module's statements, also those within `if`, `try`, `with` and loops; not those of functions."""
    for statement in body:
        yield statement
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _module_level(_within(statement))


def _within(statement: ast.stmt) -> Iterator[ast.stmt]:
    for node in ast.iter_child_nodes(statement):
        if isinstance(node, ast.stmt):
            yield node
        elif isinstance(node, ast.ExceptHandler | ast.match_case):
            yield from node.body


def _names_of_step(statements: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield the names under which a file can use the decorator, such as `step` and `payloom.step`."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if alias.name == _PACKAGE or (alias.name == _STEPS and alias.asname):
                    yield f"{alias.asname or alias.name}.{_STEP}"
                elif alias.name == _STEPS:
                    yield from (f"{_PACKAGE}.{_STEP}", f"{_STEPS}.{_STEP}")
        elif isinstance(statement, ast.ImportFrom) and not statement.level:
            for alias in statement.names:
                if statement.module in {_PACKAGE, _STEPS} and alias.name == _STEP:
                    yield alias.asname or _STEP
                elif statement.module == _STEPS and alias.name == "*":
                    yield _STEP
                elif statement.module == _PACKAGE and alias.name == "steps":
                    yield f"{alias.asname or alias.name}.{_STEP}"


def _module_texts(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Yield the file's constants, such as `PUSH = "crm.push"`."""
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                yield name, text
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text))):
                yield name, text
            case _:
                pass


def _dotted(expression: ast.expr) -> str:
    if isinstance(expression, ast.Name):
        return expression.id
    if isinstance(expression, ast.Attribute):
        return f"{_dotted(expression.value)}.{expression.attr}"
    return ""
