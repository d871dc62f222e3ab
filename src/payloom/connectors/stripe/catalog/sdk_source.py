"""Reads the installed SDK's source without importing it: modules, classes, fields, aliases. Everything is cached.

The SDK is generated from Stripe's OpenAPI description and very regular; importing it costs half a second and 30 MB,
reading the two or three files a question needs costs milliseconds.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib.util
import inspect
import pathlib
import threading
from collections.abc import Iterator

from payloom.kit.json_types import is_dict

_PARSING = threading.Lock()


def parsed(text: str) -> ast.Module:
    """Return the syntax tree of a file.

    CPython 3.11 counts the depth of a tree per interpreter, not per thread: two threads that make trees at the same
    time can meet a SystemError.
    """
    with _PARSING:
        return ast.parse(text)


def parsed_expression(text: str) -> ast.expr:
    """Return the syntax tree of one expression; raises SyntaxError."""
    with _PARSING:
        return ast.parse(text, mode="eval").body


@functools.cache
def root() -> pathlib.Path:
    """Return the folder of the installed `stripe` package."""
    spec = importlib.util.find_spec("stripe")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the package `stripe` is not installed")
    return pathlib.Path(next(iter(spec.submodule_search_locations)))


@functools.cache
def version() -> str:
    """Return the SDK's version, e.g. `16.1.0`."""
    return str(module("stripe._version").constant("VERSION"))


@functools.cache
def api_version() -> str:
    """Return the API version the SDK is made for, e.g. `2026-10-28.endive`."""
    return str(module("stripe._api_version").classes["_ApiVersion"].constant("CURRENT"))


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One annotated field of a class, with the text that stands under it."""

    name: str
    annotation: ast.expr
    text: str | None


class Body:
    """A module or a class: its classes, fields and constants by name."""

    def __init__(self, module: Module, statements: list[ast.stmt], outer: Body | None) -> None:
        self.module = module
        self.statements = statements
        self.outer = outer

    @functools.cached_property
    def classes(self) -> dict[str, Class]:
        """Return the classes defined here, by name."""
        return {node.name: Class(self.module, node, self) for node in self.statements if isinstance(node, ast.ClassDef)}

    @functools.cached_property
    def functions(self) -> dict[str, ast.FunctionDef]:
        """Return the functions defined here, by name."""
        return {node.name: node for node in self.statements if isinstance(node, ast.FunctionDef)}

    @functools.cached_property
    def assignments(self) -> dict[str, ast.expr]:
        """Return the values assigned to plain names, by name; the last one counts."""
        fields_by_name: dict[str, ast.expr] = {}
        for node in self.statements:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                fields_by_name[node.targets[0].id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                fields_by_name[node.target.id] = node.value
        return fields_by_name

    def constant(self, name: str) -> object:
        """Return a constant value; None if there is none."""
        value = self.assignments.get(name)
        return None if value is None else ast.literal_eval(value)


class Class(Body):
    """One class of the SDK."""

    def __init__(self, module: Module, node: ast.ClassDef, outer: Body | None) -> None:
        super().__init__(module, node.body, outer)
        self.node = node
        self.name = node.name

    @functools.cached_property
    def text(self) -> str:
        """The class's docstring."""
        return inspect.cleandoc(ast.get_docstring(self.node, clean=False) or "")

    @functools.cached_property
    def fields(self) -> dict[str, Field]:
        """The annotated fields, those of its bases first; names are those on the wire."""
        fields_by_name: dict[str, Field] = {}
        for base in self.node.bases:
            if isinstance(base, ast.Name):
                fields_by_name.update(_inherited(self.module, base.id))
        renamed = self.constant("_field_remappings")
        names = renamed if is_dict(renamed) else {}
        for node, following in zip(self.statements, [*self.statements[1:], None], strict=True):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                name = names.get(node.target.id, node.target.id)
                if node.target.id.startswith("_") or node.target.id == "OBJECT_NAME":
                    continue
                fields_by_name[name] = Field(name, node.annotation, _string(following))
        return fields_by_name

    @property
    def object_name(self) -> str | None:
        """Stripe's name of the object, e.g. `checkout.session`."""
        name = self.constant("OBJECT_NAME")
        return name if isinstance(name, str) else None


class Module(Body):
    """One file of the SDK."""

    def __init__(self, name: str) -> None:
        parts = name.split(".")[1:]
        path = root().joinpath(*parts)
        file = path.with_suffix(".py") if parts and path.with_suffix(".py").exists() else path / "__init__.py"
        self.tree = parsed(file.read_text(encoding="utf-8"))
        _drop_functions(self.tree.body, drop_all=not name.endswith(("_service", "_services")))
        self.name = name
        super().__init__(self, self.tree.body, None)

    @functools.cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """Local name → (module, name) of everything imported by `from … import …`, also for type checking only."""
        imports: dict[str, tuple[str, str]] = {}
        for node in _statements(self.tree.body):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stripe"):
                for alias in node.names:
                    imports[alias.asname or alias.name] = (node.module, alias.name)
        return imports

    def find(self, name: str) -> Class | None:
        """Return a class by the name it has in this module, followed through imports."""
        if name in self.classes:
            return self.classes[name]
        if name in self.imports:
            where, original = self.imports[name]
            return module(where).find(original)
        return None


@functools.cache
def module(name: str) -> Module:
    """Return a module of the SDK by its dotted name; raises FileNotFoundError."""
    return Module(name)


def _drop_functions(body: list[ast.stmt], *, drop_all: bool) -> None:
    """Drop the functions that the catalog does not read, a third of what a server would keep.

    drop_all: drop all functions, as outside of services, not the asynchronous ones alone.
    """
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef) if drop_all else (ast.AsyncFunctionDef,)
    # A class is never empty.
    body[:] = [node for node in body if not isinstance(node, kinds)] or body[:1]
    for node in body:
        if isinstance(node, ast.ClassDef):
            _drop_functions(node.body, drop_all=drop_all)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from node.body


def _string(node: ast.stmt | None) -> str | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return inspect.cleandoc(node.value.value)
    return None


def _inherited(where: Module, name: str) -> dict[str, Field]:
    if name in ("TypedDict", "RequestOptions", "StripeObject"):
        return {}
    value = where.assignments.get(name)
    if isinstance(value, ast.Call) and len(value.args) == 2 and isinstance(value.args[1], ast.Dict):
        # `Base = TypedDict("Base", {"from": …})`: fields whose names are words of Python.
        keys = [key.value for key in value.args[1].keys if isinstance(key, ast.Constant)]
        return {
            str(key): Field(str(key), annotation, None)
            for key, annotation in zip(keys, value.args[1].values, strict=True)
        }
    definition = where.find(name)
    return dict(definition.fields) if definition and "StripeObject" not in name else {}
