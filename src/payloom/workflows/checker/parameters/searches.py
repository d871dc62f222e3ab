"""F137, of search queries: their clauses, the fields that can be searched for, and what these are compared by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_map
from payloom.kit.suggest import did_you_mean
from payloom.kit.yaml.masking import without_expressions
from payloom.workflows.catalog.catalog import Action
from payloom.workflows.catalog.limits import SEARCHED
from payloom.workflows.checker.findings import Findings
from payloom.workflows.checker.parameters.limits import Problem

_CLAUSE = re.compile(
    r"""\s*-?(?P<field>[A-Za-z_][\w.]*)(?:\[(?P<quote>["'])(?P<key>(?:\\.|(?!(?P=quote)).)*)(?P=quote)\])?
    (?P<sign>>=|<=|[:~><])\s*(?P<value>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s'"]+)(?=\s|$)""",
    re.VERBOSE,
)
_WORD = re.compile(r"\s*(AND|OR)\b", re.IGNORECASE)
_MOST = 10
"""Clauses of one query."""
_SHORTEST = 3
"""Characters of a text that is searched for as a part of another one."""
_EXAMPLE = "write fields like status:'active' AND metadata['order']:'42'"


def searches(findings: Findings, action: Action, values: Any, path: Path) -> Iterator[Problem]:
    """Yield what is wrong with the query of a search. What an expression fills in may be anything."""
    fields: Mapping[str, str] = (action.params or {}).get(SEARCHED) or {}
    query = values.get("query") if is_map(values) else None
    if not fields or not isinstance(query, str) or findings.single(query, (*path, "query")) is not None:
        return
    problem = _of_query(without_expressions(query, "1000"), fields)
    if problem is not None:
        yield (*path, "query"), *problem


def _of_query(text: str, fields: Mapping[str, str]) -> tuple[str, str] | None:
    position, clauses = 0, 0
    words: set[str] = set()
    needs_clause = True
    while text[position:].strip():
        word = _WORD.match(text, position)
        if word is not None and not needs_clause:
            words.add(word[1].upper())
            position, needs_clause = word.end(), True
            continue
        clause = _CLAUSE.match(text, position)
        if clause is None:
            return f"a search query cannot go on with {text[position:].strip()[:30]!r}", _EXAMPLE
        if not needs_clause:
            words.add("AND")
        problem = _of_clause(clause, fields)
        if problem is not None:
            return problem
        position, clauses, needs_clause = clause.end(), clauses + 1, False
    if needs_clause:
        return "a search query ends with a clause" if clauses else "a search query is not empty", _EXAMPLE
    if len(words) > 1:
        return "a search query has AND or OR, not both", "make two searches"
    if clauses > _MOST:
        return f"a search query has at most {_MOST} clauses, this has {clauses}", "compare the rest in an expression"
    return None


def _of_clause(clause: re.Match[str], fields: Mapping[str, str]) -> tuple[str, str] | None:
    name, sign, value = clause["field"], clause["sign"], clause["value"].strip("'\"")
    kind = fields.get(name) or next(
        (fields[known] for known in fields if "*" in known and re.fullmatch(known.replace("*", r"\w+"), name)), None
    )
    if kind is None:
        hint = did_you_mean(name, fields) or f"it knows {', '.join(fields)}"
        return f"Stripe does not search for `{name}` here", hint
    if name == "metadata" and clause["key"] is None:
        return "`metadata` needs its key", "write metadata['key']:'value'"
    if name != "metadata" and clause["key"] is not None:
        return f"`{name}` has no keys", f"write {name}:'value'"
    if sign in {">", "<", ">=", "<="}:
        if kind not in {"number", "any"}:
            return f"`{name}` is compared with `:`, not with `{sign}`", f"write {name}:'value'"
        if not re.fullmatch(r"-?\d+(?:\.\d+)?", value):
            return f"`{name}` is compared with a number, not with {value!r}", f"write {name}{sign}1000"
    if sign == "~" and kind not in {"text", "any"}:
        return f"`{name}` is compared with `:`, not with `~`", f"write {name}:'value'"
    if sign == "~" and len(value) < _SHORTEST:
        return f"`~` looks for {_SHORTEST} characters or more, not for {value!r}", f"write {name}:'value'"
    if kind == "number" and sign == ":" and not re.fullmatch(r"-?\d+(?:\.\d+)?|null", value):
        return f"`{name}` is compared with a number, not with {value!r}", f"write {name}:1000"
    return None
