"""Stripe's search query language: `status:"active" AND metadata["order"]:"42" -name~"test" amount>100`."""

from __future__ import annotations

import base64
import dataclasses
import re
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.schema import searched
from payloom_emulator.core.paging import limit_of
from payloom_emulator.core.request_context import RequestContext, required
from payloom_emulator.core.store import SEARCHED
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import is_object, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payloom_emulator.core.declarations.resource import Handler, Resource
    from payloom_emulator.core.store import Store

_TOKEN = re.compile(
    r"""\s*(?:(?P<word>AND|OR)\b|(?P<not>-)?(?P<field>[A-Za-z_][\w.]*)(?:\[(?P<q>["'])(?P<key>(?:\\.|(?!(?P=q)).)*)(?P=q)\])?
    \s*(?P<op>:|~|>=|<=|>|<)\s*(?P<value>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s]+))""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Clause:
    """One comparison."""

    field: str
    key: str | None
    operator: str
    value: str
    negated: bool

    def holds(self, obj: dict[str, object]) -> bool:
        """Return whether the object satisfies the clause."""
        return self._plain(obj) is not self.negated

    def _plain(self, obj: dict[str, object]) -> bool:
        actual: object = obj
        for part in [*self.field.split("."), *([self.key] if self.key is not None else [])]:
            actual = actual.get(part) if is_object(actual) else None
        if self.value.lower() == "null":
            return actual is None
        if actual is None:
            return False
        if self.operator == ":":
            if isinstance(actual, str):
                return actual.lower() == self.value.lower()
            return str(actual).lower() == self.value.lower()
        if self.operator == "~":
            return self.value.lower() in str(actual).lower()
        try:
            left, right = float(str(actual)), float(self.value)
        except ValueError:
            return False
        return {">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[self.operator]


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """What is searched: clauses of which all must hold, or any."""

    clauses: tuple[Clause, ...]
    any_holds: bool

    def holds(self, obj: dict[str, object]) -> bool:
        """Return whether an object is found."""
        return (any if self.any_holds else all)(clause.holds(obj) for clause in self.clauses)

    def candidates(self, store: Store, account: str, object_name: str) -> Iterator[dict[str, object]]:
        """Yield the objects that may be found: by an index where a clause has one, else all of the kind."""
        needed = [c for c in self.clauses if not c.negated and not self.any_holds and c.value.lower() != "null"]
        equal = next((c for c in needed if c.operator == ":" and c.field != "created"), None)
        if equal is not None and store.meta(SEARCHED):
            path = equal.field if equal.key is None else f"{equal.field}.{equal.key}"
            return store.scan_linked(account, object_name, searched(path), equal.value.lower())
        like = next((c for c in needed if c.operator == "~" and c.value.isascii() and c.value.isprintable()), None)
        if like is not None and not set('"\\/') & set(like.value):
            return store.scan_text(account, object_name, like.value)
        return store.scan(account, object_name)


def parse(query: str, fields: tuple[str, ...]) -> Query:
    """Return what a query describes; raise Stripe's 400 for what it cannot say. AND and OR cannot be mixed."""
    clauses: list[Clause] = []
    joins: set[str] = set()
    position, expect_clause = 0, True
    query = query.strip()
    if not query:
        raise invalid("The search query cannot be empty.", "query")
    while position < len(query):
        match = _TOKEN.match(query, position)
        if match is None:
            raise invalid(
                f"We were unable to parse your search query near '{query[position : position + 20]}'.", "query"
            )
        position = match.end()
        if match["word"]:
            if expect_clause:
                raise invalid(f"We were unable to parse your search query: unexpected '{match['word']}'.", "query")
            joins.add(match["word"].upper())
            expect_clause = True
            continue
        if not expect_clause:
            joins.add("AND")  # clauses beside each other are joined
        clauses.append(_clause(match, fields))
        expect_clause = False
    if expect_clause:
        raise invalid("We were unable to parse your search query: it ends with a conjunction.", "query")
    if len(joins) > 1:
        raise invalid("Search queries cannot mix AND and OR.", "query")
    return Query(tuple(clauses), joins == {"OR"})


def _clause(match: re.Match[str], fields: tuple[str, ...]) -> Clause:
    name = match["field"]
    if name not in fields:
        raise invalid(f"Field `{name}` is an unsupported search field for this resource.", "query")
    raw = match["value"]
    value = re.sub(r"\\(.)", r"\1", raw[1:-1]) if raw[:1] in {'"', "'"} else raw
    if match["op"] == "~" and len(value) < 3:
        raise invalid("Substring search needs at least 3 characters.", "query")
    return Clause(name, match["key"], match["op"], value, negated=bool(match["not"]))


def handler(resource: Resource) -> Handler:
    """Return the handler of `GET {path}/search`."""

    def run(call: RequestContext[dict[str, object]]) -> object:
        query = required(text(call.params.get("query")), "query")
        search = parse(query, ("created", *resource.schema.search))
        limit = limit_of(call.params)
        skip = _page_number(text(call.params.get("page")))
        call.unit.flush()
        matches: list[dict[str, object]] = []
        seen = 0
        for obj in search.candidates(call.unit.store, call.unit.account, resource.schema.object):
            if not search.holds(obj):
                continue
            seen += 1
            if seen > skip:
                matches.append(obj)
            if len(matches) > limit:
                break
        has_more = len(matches) > limit
        return {
            "object": "search_result",
            "data": [call.unit.attach(o) for o in matches[:limit]],
            "has_more": has_more,
            "next_page": base64.urlsafe_b64encode(f"page:{skip + limit}".encode()).decode() if has_more else None,
            "url": call.path,
        }

    return run


def _page_number(page: str | None) -> int:
    if not page:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(page).decode().partition(":")
        if word == "page":
            return int(number)
    except ValueError:
        pass
    raise invalid("Invalid page token.", "page")
