"""What may stand at the cursor in an expression: names, fields of what stands before a dot, methods, known values."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.json_types import is_map
from payloom.workflows.catalog.catalog import Schema
from payloom.workflows.completion.type_names import type_words
from payloom.workflows.expressions.check import infer
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import compile_expression
from payloom.workflows.expressions.functions.library import FUNCTIONS, HAS, MACROS, METHODS
from payloom.workflows.expressions.types import Type, type_of_schema

_WORD = re.compile(r"[A-Za-z_]\w*$")
_MACRO = re.compile(r"\.\s*(map|filter|all|exists|exists_one)\s*\(\s*([A-Za-z_]\w*)\s*,")
_COMPARED = re.compile(r"(?:===?|!==?)\s*$")
_IN_LIST = re.compile(r"\bin\s*\[(?:\s*(?:'[^']*'|\"[^\"]*\")\s*,)*\s*$")
_OF_KIND: Mapping[str, frozenset[str]] = {
    "string": frozenset({"string"}),
    "list": frozenset({"list", "map"}),
    "timestamp": frozenset({"timestamp", "duration"}),
    "value": frozenset({"string", "list", "map"}),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """One thing that may stand there. insert: what is written, the label if None. rank: smaller comes first."""

    label: str
    kind: str
    type: str | None = None
    detail: str | None = None
    doc: str | None = None
    insert: str | None = None
    rank: int = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Completions:
    """start, end: what an item replaces, in the expression."""

    start: int
    end: int
    items: list[Item]


@dataclasses.dataclass(frozen=True, slots=True)
class Names:
    """What an expression sees. certain: ids of steps that have run; perhaps: ids that may be null."""

    types: Mapping[str, Schema | None]
    certain: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()
    values: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict[str, tuple[str, ...]])
    """Known values of paths that their types do not tell, e.g. `event.action`."""


def complete(source: str, cursor: int, names: Names) -> Completions:
    """Return what may stand at `cursor` in an expression that need not compile."""
    before = source[:cursor]
    types = {**names.types, **_bound(before, names)}
    quoted = _open_quote(before)
    if quoted >= 0:
        values = _compared(before[:quoted], types, names)
        quote = before[quoted]
        end = cursor + len(re.match(rf"[^{quote}]*", source[cursor:])[0])  # type: ignore[index] - the pattern matches every text
        return Completions(quoted + 1, end, [Item(str(value), "value", "string", rank=0) for value in values])
    word = _WORD.search(before)
    start = word.start() if word else cursor
    end = cursor + len(re.match(r"\w*", source[cursor:])[0])  # type: ignore[index] - the pattern matches every text
    head = before[:start]
    dot = re.search(r"\?\s*\.\s*\??\s*$|\.\s*\??\s*$", head)
    if dot is not None and not re.search(r"\d\.$", head):
        receiver = _chain(head[: dot.start()])
        shape = _shape(receiver, types)
        return Completions(start, end, [] if shape is None else [*_fields(shape, receiver), *_methods(shape)])
    items = [Item(json.dumps(literal).replace('"', "'"), "value", rank=0) for literal in _compared(head, types, names)]
    items += _roots(types, names)
    return Completions(start, end, items)


def type_at(source: str, start: int, end: int, names: Names) -> Type | None:
    """Return the type of the chain of names that ends at `end`; None when it is not known."""
    types = {**names.types, **_bound(source[:start], names)}
    return _shape(_chain(source[:end]), types)


def chain_at(source: str, cursor: int) -> tuple[int, int] | None:
    """Return the name under the cursor with all that it is read from: `object.amount` in `1 + object.amount`."""
    end = cursor + len(re.match(r"\w*", source[cursor:])[0])  # type: ignore[index] - the pattern matches every text
    if not re.search(r"\w$", source[:end]):
        return None
    chain = _chain(source[:end])
    return (end - len(chain), end) if chain else None


# ------------------------------------------------------------------ what stands before the cursor


def _open_quote(text: str) -> int:
    """Return where the string begins that is open at the end, or -1."""
    at, start, quote = 0, -1, ""
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote, start = "", -1
        elif char in "'\"":
            quote, start = char, at
        at += 1
    return start


def _chain(text: str) -> str:
    """Return the access chain that ends a text: names, calls and brackets joined by dots."""
    at = len(text.rstrip())
    stop = at
    while at > 0:
        char = text[at - 1]
        if char in ")]":
            at = _opening(text, at - 1)
            if at < 0:
                return ""
        elif char.isalnum() or char == "_":
            while at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_"):
                at -= 1
        elif char in "'\"":
            opening = text.rfind(char, 0, at - 1)
            at = max(opening, 0)
        else:
            break
        link = re.search(r"(?:\?\s*\.|\.\s*\?|\.)\s*$", text[:at])
        if link is not None:
            at = len(text[: link.start()].rstrip())
            continue
        if at > 0 and text[at] in "([" and (text[at - 1].isalnum() or text[at - 1] in "_)]'\"?"):
            at -= text[at - 1] == "?"
            continue
        break
    return text[at:stop].strip()


def _opening(text: str, close: int) -> int:
    """Return where the bracket opens that closes at `close`; -1 if nowhere."""
    depth, at, quote = 0, close, ""
    while at >= 0:
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in ")]}":
            depth += 1
        elif char in "([{":
            depth -= 1
            if depth == 0:
                return at
        at -= 1
    return -1


def _shape(chain: str, types: Mapping[str, Schema | None]) -> Type | None:
    if not chain:
        return None
    try:
        return type_of_schema(infer(compile_expression(chain), types).type)
    except ExpressionError:
        return None


def _bound(before: str, names: Names) -> dict[str, Schema | None]:
    """Return the types of macro variables that are open at the end of a text."""
    bound: dict[str, Schema | None] = {}
    for match in _MACRO.finditer(before):
        if _is_open(before, match.start() + match[0].index("(")):
            receiver = _chain(before[: match.start()])
            list_type = _shape(f"{receiver}.map(v, v)", {**names.types, **bound})
            schema = list_type.schema if list_type is not None else None
            items = schema.get("items") if is_map(schema) else None
            if list_type is not None and items is None:
                # A nullable receiver gives a nullable list.
                listed = list_type.alternatives() or ()
                items = next(
                    (alternative.get("items") for alternative in listed if alternative.get("type") == "array"), None
                )
            bound[match[2]] = (
                {**items, "$defs": list_type.defs} if items and list_type and list_type.defs else items or None
            )
    return bound


def _is_open(text: str, opening: int) -> bool:
    depth = 0
    for char in text[opening:]:
        depth += (char in "([{") - (char in ")]}")
        if depth == 0:
            return False
    return True


def _compared(head: str, types: Mapping[str, Schema | None], names: Names) -> list[Any]:
    """Return the known values of what the cursor's value is compared with."""
    match = _COMPARED.search(head) or _IN_LIST.search(head)
    if match is None:
        return []
    chain = _chain(head[: match.start()])
    plain = re.sub(r"\s|\?", "", chain).removeprefix("context.")
    if plain in names.values:
        return list(names.values[plain])
    shape = _shape(chain, types)
    return list(shape.values() or ()) if shape is not None else []


# ------------------------------------------------------------------ items


def _fields(shape: Type, receiver: str) -> Iterator[Item]:
    seen: set[str] = set()
    alternatives = shape.alternatives() or ()
    nullable = any(alternative.get("type") == "null" for alternative in alternatives)
    for schema in alternatives:
        properties = schema.get("properties")
        for name in properties if is_map(properties) else ():
            if name in seen or not re.fullmatch(r"[A-Za-z_]\w*", str(name)):
                continue
            seen.add(name)
            part = properties[name] if is_map(properties) else None
            doc = part.get("description") if is_map(part) else None
            detail = f"`{receiver}` may be null: use ?." if nullable and "?" not in receiver else None
            yield Item(str(name), "field", type_words(shape.of(part)), detail, doc, rank=1)


def _methods(shape: Type) -> Iterator[Item]:
    kinds = shape.kinds()
    for method in METHODS.values():
        if kinds is None or kinds & _OF_KIND[method.signature.partition(".")[0]]:
            insert = f"{method.name}()" if method.args[1] == 0 else f"{method.name}("
            yield Item(method.name, "method", None, method.signature, method.summary, insert, rank=4)
    if kinds is None or kinds & {"list", "map"}:
        for macro in MACROS.values():
            yield Item(macro.name, "macro", None, macro.signature, macro.summary, f"{macro.name}(x, ", rank=4)


def _roots(types: Mapping[str, Schema | None], names: Names) -> Iterator[Item]:
    for name, schema in types.items():
        if name in names.certain:
            yield Item(name, "step", type_words(type_of_schema(schema)), rank=1)
        elif name in names.perhaps:
            yield Item(name, "step", type_words(type_of_schema(schema)), "may be null here", rank=2)
        elif name in names.extra or name not in names.types:
            yield Item(name, "variable", type_words(type_of_schema(schema)), rank=1)
        elif name in ROOTS:
            yield Item(name, "root", type_words(type_of_schema(schema)), None, ROOTS[name], rank=3)
    for function in FUNCTIONS.values():
        yield Item(
            function.name,
            "function",
            None,
            function.signature,
            function.summary,
            f"{function.name}(" + ")" * (not function.args[1]),
            4,
        )
    yield Item(HAS.name, "function", None, HAS.signature, HAS.summary, "has(", 4)
    for word in ("true", "false", "null"):
        yield Item(word, "value", rank=6)


ROOTS: Mapping[str, str] = {
    "inputs": "What the caller sent.",
    "event": "Stripe's event, with `family` and `action`.",
    "object": "The event's object.",
    "previous": "What the object's changed fields were before.",
    "user": "Who is signed in; `user.email_verified` says whether the address is theirs.",
    "env": "The project's settings for expressions.",
    "run": "This run: its id and when it started.",
    "vars": "The workflow's variables.",
    "steps": "Every step's value by its id.",
    "context": "All of this again, for formulas made elsewhere.",
    "row": "The row that changed.",
    "old": "The row as it was.",
    "error": "What went wrong.",
    "secrets": "Secrets for headers of `http` steps.",
}
