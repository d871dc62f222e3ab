"""One page file: YAML between two `---` lines, then a Jinja template. Read once, at load; every problem has its place.

---
path: /pay/{order_id}
auth: user                 # none | optional | user | [roles]
title: Pay
data:
  order: {select: orders, where: {id: "${{ params.order_id }}", user_id: "${{ user.id }}"}, one: required}
---
{% extends "_layout.html.j2" %} …
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from typing import Any

from payloom.kit.diagnostics import EXPRESSION, NAME, SHAPE, Diagnostic, Place
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.suggest import did_you_mean
from payloom.kit.yaml.reader import read_source
from payloom.kit.yaml.source import Source
from payloom.workflows.catalog.catalog import Catalog
from payloom.workflows.checker.payment_rules.ownership import owner_column
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import Compiled
from payloom.workflows.expressions.interpolation import CompiledValue, compile_bare, compile_value

SUFFIX = ".html.j2"
ROOTS = frozenset({"user", "params", "query", "env"})
_HEAD = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?\n", re.DOTALL | re.MULTILINE)
_PATH = re.compile(r"/(?:[A-Za-z0-9._~-]+|\{[a-z_][a-z0-9_]*\})?(?:/(?:[A-Za-z0-9._~-]+|\{[a-z_][a-z0-9_]*\}))*")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_KEYS = ("path", "auth", "title", "data")
_SELECT_KEYS = ("select", "where", "one", "order_by", "limit", "key_by", "when")
_TAKEN = frozenset(
    {"user", "csrf_token", "csp_nonce", "stripe", "site_url", "environment", "title", "params", "query", "env"}
    | {"demo_accounts", "project_name"}
)
_RESERVED = ("/api", "/studio", "/_payloom", "/assets", "/healthz", "/readyz", "/metrics")


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """Rows a page shows under `name`: the arguments of one select, and when to ask at all."""

    name: str
    table: str
    args: CompiledValue
    when: Compiled | None


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """A page ready to be served. auth: `none`, `optional`, `user`, or the roles of which one is needed."""

    template: str
    path: str
    auth: str | tuple[str, ...]
    title: str
    queries: tuple[Query, ...]

    @property
    def parameters(self) -> list[str]:
        """The names in the path's braces."""
        return re.findall(r"\{(\w+)\}", self.path)


def split_head(text: str) -> tuple[str, str]:
    """Return the head's YAML and the template; the template keeps its line numbers by empty lines before it."""
    match = _HEAD.match(text)
    if match is None:
        return "", text
    return match[1], "\n" * text.count("\n", 0, match.end()) + text[match.end() :]


class _Reader:
    def __init__(self, source: Source, name: str, catalog: Catalog) -> None:
        self.source = source
        self.name = name
        self.catalog = catalog

    def report(self, path: tuple[str | int, ...], message: str, hint: str | None = None, code: str = SHAPE) -> None:
        self.source.report(self.source.place(path), message, hint=hint or None, code=code, path=path)

    def keys(self, path: tuple[str | int, ...], mapping: Mapping[str, Any], known: Collection[str]) -> None:
        for key in mapping:
            if key not in known:
                self.report((*path, key), f"there is no `{key}` here", did_you_mean(key, known), NAME)

    def page(self) -> Page | None:
        head = self.source.data
        if not is_dict(head):
            self.report((), "a page begins with a head between two `---` lines", "start with `---`, `path: /…`, `---`")
            return None
        self.keys((), head, _KEYS)
        path = head.get("path")
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            self.report(("path",), "path: the page's address, such as /thanks or /pay/{order_id}")
            return None
        if any(path == reserved or path.startswith(f"{reserved}/") for reserved in _RESERVED):
            self.report(("path",), f"the address {path} belongs to Payloom", "choose another")
        title = head.get("title", "")
        if not isinstance(title, str):
            self.report(("title",), "title: a text")
            title = ""
        auth = self.auth(head)
        data: dict[str, Any] = {}
        if is_dict(declared := head.get("data") or {}):
            data = declared
        else:
            self.report(("data",), "data: a map from a name to a `select`")
        queries = [query for key, value in data.items() if (query := self.query(key, value, auth))]
        return Page(self.name, path, auth, title, tuple(queries))

    def auth(self, head: Mapping[str, Any]) -> str | tuple[str, ...]:
        auth = head.get("auth")
        if auth in ("none", "optional", "user"):
            return auth
        if is_list(auth) and auth and all(isinstance(role, str) for role in auth):
            return tuple(auth)
        if auth is None:
            self.report(("path",), "auth is missing", "say auth: none, optional, user, or a list of roles")
        else:
            self.report(("auth",), "auth is none, optional, user, or a list of roles")
        return "user"

    def query(self, key: str, value: Any, auth: str | tuple[str, ...]) -> Query | None:
        at = ("data", key)
        if not _NAME.fullmatch(key) or key in _TAKEN:
            self.report(at, f"the name `{key}` cannot be used here", "use another name")
            return None
        if not is_dict(value) or "select" not in value:
            self.report(at, "each entry of data is a select", "write {select: <table>, where: {…}}")
            return None
        self.keys(at, value, _SELECT_KEYS)
        table = value["select"]
        shape = self.catalog.table(table) if isinstance(table, str) else None
        if shape is None:
            names = self.catalog.table_names()
            self.report((*at, "select"), f"there is no table `{table}`", did_you_mean(str(table), names), NAME)
            return None
        if shape.read_only:
            hint = "let a workflow with an `api` trigger read it, and ask that from the page"
            self.report((*at, "select"), f"a page reads the project's tables, not `{table}`", hint, NAME)
            return None
        where: object = value.get("where") or {}
        if is_dict(where):
            for column in where:
                if column != "any" and column not in shape.columns:
                    hint = did_you_mean(column, shape.columns)
                    self.report((*at, "where", column), f"table {table} has no column `{column}`", hint, NAME)
        args = {name: item for name, item in value.items() if name not in {"select", "when"}}
        if isinstance(args.get("order_by"), str) and args["order_by"].startswith("-"):
            args["order_by"] = f"{args['order_by'][1:]} desc"
        return self.compiled(at, key, table, args, value.get("when"), auth)

    def compiled(  # noqa: PLR0917 - one place calls it
        self, at: tuple[str, str], key: str, table: str, args: dict[str, Any], when: Any, auth: str | tuple[str, ...]
    ) -> Query | None:
        try:
            compiled = compile_value(args)
        except ExpressionError as error:
            path = (*at, *(error.path or ()))
            self.report(path, str(error), code=EXPRESSION)
            return None
        condition = None
        if when is not None:
            try:
                condition = compile_bare(when)
            except ExpressionError as error:
                self.report((*at, "when"), str(error), code=EXPRESSION)
                return None
        expressions = [(path, expression) for path, expression, _ in compiled.expressions]
        expressions += [(("when",), condition)] if condition else []
        for path, expression in expressions:
            for ref in expression.refs:
                if ref.path[0] not in ROOTS:
                    hint = did_you_mean(str(ref.path[0]), ROOTS) or "a page knows user, params, query and env"
                    self.report((*at, *path), f"there is no `{ref.path[0]}` on a page", hint, NAME)
        self.ownership(at, table, auth, [expression for path, expression in expressions if path[:1] == ("where",)])
        if auth == "none" and any(ref.path[0] == "user" for _, expression in expressions for ref in expression.refs):
            self.report(at, "auth is none, so there is no user", "say auth: optional or auth: user")
        return Query(key, table, compiled, condition)

    def ownership(
        self, at: tuple[str, str], table: str, auth: str | tuple[str, ...], where: Collection[Compiled]
    ) -> None:
        """Report rows that belong to somebody and are chosen by what a visitor wrote into the address."""
        roots = {ref.path[0] for expression in where for ref in expression.refs}
        shape = self.catalog.table(table)
        owner = owner_column(shape) if shape is not None else None
        if isinstance(auth, str) and owner is not None and roots & {"params", "query"} and "user" not in roots:
            hint = f'add {owner}: "${{{{ user.id }}}}" to `where`, and say auth: user'
            self.report((*at, "where"), f"any visitor can name another user's row of `{table}`", hint, "F102")


def read_page(text: str, name: str, catalog: Catalog, file: str | None = None) -> tuple[Page | None, list[Diagnostic]]:
    """Read one page file. `name`: its path under pages/. Returns the page, if its head is usable, and what is wrong."""
    head, _ = split_head(text)
    source_file = file or name
    if not head:
        message = "a page begins with a head between two `---` lines"
        hint = "start with `---`, `path: /…`, `auth: …`, `---`; files that are no pages begin with `_`"
        return None, [Diagnostic.at(Place(), SHAPE, message, hint=hint, file=source_file)]
    source = read_source("\n" + head, source_file)
    page = _Reader(source, name, catalog).page() if source.data is not None else None
    return page, source.diagnostics
