"""Stripe's search query language: `status:"active" AND metadata["order"]:"42" -name~"test" amount>100`."""

from __future__ import annotations

import base64
import dataclasses
import re
from typing import TYPE_CHECKING

from payloom_emulator.core.matching import Matching, any_of, every
from payloom_emulator.core.paging import limit_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import searched
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import is_object, text

if TYPE_CHECKING:
    from payloom_emulator.core.declarations.resource import Handler, Resource
    from payloom_emulator.core.matching import Positions
    from payloom_emulator.core.request_context import RequestContext

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

    @property
    def excludes(self) -> bool:
        """Whether it is what `plain` selects that does not satisfy the clause."""
        return self.negated is not (self.value.lower() == "null")

    def plain(self, matching: Matching) -> Positions:
        """Return the objects by the comparison alone; by `null`, those that have a value."""
        link = searched(self.field if self.key is None else f"{self.field}.{self.key}")
        value = self.value.lower()
        if self.field == "created":
            return matching.all({} if value == "null" else _created_bounds(self.operator, _number(value)))
        if value == "null":
            return matching.linked(link)
        if self.operator == ":":
            return matching.equal(link, value)
        if self.operator == "~":
            return matching.containing(link, value)
        return matching.compared(link, self.operator, _number(value))

    def among(self, matching: Matching) -> Positions:
        """Return the objects that satisfy the clause."""
        plain = self.plain(matching)
        return every([matching.all()], [plain]) if self.excludes else plain


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")  # on no side of anything


def _created_bounds(operator: str, moment: float) -> dict[str, float]:
    words = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
    return {words[operator]: moment} if operator in words else {"gte": moment, "lte": moment}


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """What is searched: clauses of which all must hold, or any."""

    clauses: tuple[Clause, ...]
    any_holds: bool

    def holds(self, obj: dict[str, object]) -> bool:
        """Return whether an object is found."""
        return (any if self.any_holds else all)(clause.holds(obj) for clause in self.clauses)

    def positions(self, matching: Matching) -> Positions:
        """Return where the objects are, by what is linked to them."""
        if self.any_holds:
            return any_of([c.among(matching) for c in self.clauses])
        needed = [c.plain(matching) for c in self.clauses if not c.excludes]
        return every(needed or [matching.all()], [c.plain(matching) for c in self.clauses if c.excludes])


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
    if (name == "metadata") is (match["key"] is None):
        raise invalid(f"Field `{name}` {'needs' if name == 'metadata' else 'takes no'} key in brackets.", "query")
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
        matching = Matching(call.unit.account, resource.schema.object)
        for obj in call.unit.store.bodies(search.positions(matching)):
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
