"""Tokens to tree: a Pratt parser for the CEL grammar plus `?.`, `??`, `===` and `!==`."""

from __future__ import annotations

from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.syntax.ast import (
    Binary,
    Call,
    Conditional,
    Field,
    Index,
    ListOf,
    Literal,
    Macro,
    MapOf,
    Method,
    Name,
    Node,
    Unary,
)
from payloom.workflows.expressions.syntax.tokens import Token, tokenize

MAX_DEPTH = 32
MAX_HEIGHT = 120
"""Height of the tree. Operators, fields and calls in a row are levels too: `a + b + c` is two high."""

_SPLIT = "compute parts in a `let` step"

MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_POWER = {
    "??": 1, "||": 2, "&&": 3,
    "==": 4, "!=": 4, "===": 4, "!==": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4,
    "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
_SAME = {"===": "==", "!==": "!="}
_CONSTANTS = {"true": True, "false": False, "null": None}
_WORDS = {"and": "&&", "or": "||", "not": "!", "None": "null", "True": "true", "False": "false", "undefined": "null"}


def parse(source: str) -> Node:
    """Return the tree of one expression; raises ExpressionError."""
    tokens, _ = tokenize(source)
    return _Parser(source, tokens).parse()


class _Parser:
    def __init__(self, source: str, tokens: list[Token]) -> None:
        self.source = source
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    def parse(self) -> Node:
        if self.tokens[0].kind == "end":
            raise self.error("there is no expression yet", self.tokens[0], hint="write one, such as order.amount > 0")
        node = self.expression()
        if self.current.kind != "end":
            raise self.expected("the end of the expression")
        self.measure(node)
        return node

    def measure(self, root: Node) -> None:
        """Refuse a tree that would be too tall to walk by recursion."""
        waiting = [(root, 1)]
        while waiting:
            node, height = waiting.pop()
            if height > MAX_HEIGHT:
                raise ExpressionError(
                    f"more than {MAX_HEIGHT} operators in a row",
                    source=self.source, span=node.span, hint=_SPLIT,
                )  # fmt: skip
            waiting.extend((child, height + 1) for child in node.children())

    @property
    def current(self) -> Token:
        return self.tokens[self.position]

    def error(self, message: str, token: Token, hint: str | None = None) -> ExpressionError:
        return ExpressionError(
            message, source=self.source, span=(token.start, max(token.end, token.start + 1)), hint=hint
        )

    def expected(self, expectation: str) -> ExpressionError:
        token = self.current
        actual = "the end" if token.kind == "end" else f"`{self.source[token.start : token.end]}`"
        before = self.tokens[self.position - 1] if self.position else token
        words = [str(near.value) for near in (token, before) if near.kind == "word" and near.value in _WORDS]
        hint = f"write {_WORDS[words[0]]} instead of {words[0]}" if words else None
        if token.value == "}" and expectation.startswith("the end"):
            hint = "a brace is closed that was not opened"
        return self.error(f"expected {expectation}, found {actual}", token, hint)

    def at(self, *signs: str) -> bool:
        return self.current.kind == "sign" and self.current.value in signs

    def take(self, sign: str) -> Token:
        if not self.at(sign):
            raise self.expected(f"`{sign}`")
        self.position += 1
        return self.tokens[self.position - 1]

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(
                f"the expression is nested deeper than {MAX_DEPTH} levels",
                self.current,
                _SPLIT,
            )

    def expression(self) -> Node:
        self.deeper()
        node = self.binary(0)
        if self.at("?"):
            self.position += 1
            then = self.expression()
            self.take(":")
            otherwise = self.expression()
            node = Conditional((node.span[0], otherwise.span[1]), node, then, otherwise)
        self.depth -= 1
        return node

    def binary(self, least: int) -> Node:
        left = self.unary()
        while True:
            token = self.current
            sign = str(token.value) if token.kind in ("sign", "word") else ""
            power = _POWER.get(sign, 0)
            if power <= least:
                return left
            self.position += 1
            right = self.binary(power)
            left = Binary((left.span[0], right.span[1]), _SAME.get(sign, sign), left, right)

    def unary(self) -> Node:
        token = self.current
        if not self.at("!", "-"):
            return self.postfix(self.primary())
        self.deeper()
        self.position += 1
        if token.value == "-" and self.current.kind == "number":
            # The sign belongs to the number, so that -9223372036854775808 can be written.
            number = self.current
            self.position += 1
            literal = Literal((token.start, number.end), -number.value)  # type: ignore[operator] - a number token holds a number
            node: Node = self.postfix(literal)
        else:
            operand = self.unary()
            node = Unary((token.start, operand.span[1]), str(token.value), operand)
        self.depth -= 1
        return node

    def postfix(self, node: Node) -> Node:
        while self.at(".", "?.", ".?", "[", "[?"):
            sign = str(self.current.value)
            self.position += 1
            if sign in ("[", "[?"):
                node = self.index(node, optional=sign == "[?")
            elif sign == "?." and self.at("["):
                self.position += 1
                node = self.index(node, optional=True)
            else:
                node = self.member(node, optional=sign != ".")
        return node

    def index(self, of: Node, *, optional: bool) -> Node:
        index = self.expression()
        return Index((of.span[0], self.take("]").end), of, index, optional)

    def member(self, of: Node, *, optional: bool) -> Node:
        token = self.current
        if token.kind not in ("word", "quoted"):
            raise self.expected("a field name")
        self.position += 1
        name = str(token.value)
        if token.kind == "quoted" or not self.at("("):
            return Field((of.span[0], token.end), of, name, optional)
        self.position += 1
        args, end = self.arguments(")")
        span = (of.span[0], end)
        if name not in MACROS:
            return Method(span, of, name, args, optional)
        allowed = (2, 3) if name == "map" else (2,)
        if len(args) not in allowed or not isinstance(args[0], Name):
            raise ExpressionError(
                f"{name}() needs a name and what to compute for each",
                source=self.source, span=(token.start, end), hint=f"e.g. items.{name}(i, {_EXAMPLE[name]})",
            )  # fmt: skip
        return Macro(span, of, name, args[0].name, args[1:], optional)

    def arguments(self, end: str) -> tuple[tuple[Node, ...], int]:
        items: list[Node] = []
        while not self.at(end):
            items.append(self.expression())
            if not self.at(end):
                self.take(",")
        return tuple(items), self.take(end).end

    def primary(self) -> Node:
        token = self.current
        self.position += 1
        span = (token.start, token.end)
        if token.kind == "number":
            if token.value == 2**63 and isinstance(token.value, int):
                raise self.error("the whole number does not fit into 64 bits", token)
            return Literal(span, token.value)
        if token.kind == "text":
            return Literal(span, token.value)
        if token.kind == "word":
            return self.word(token)
        if token.kind == "sign" and token.value == "(":
            node = self.expression()
            end = self.take(")").end
            node.grouped = True
            node.span = (token.start, end)
            return node
        if token.kind == "sign" and token.value == "[":
            items, end = self.arguments("]")
            return ListOf((token.start, end), items)
        if token.kind == "sign" and token.value == "{":
            return self.map(token)
        self.position -= 1
        raise self.expected("a value")

    def word(self, token: Token) -> Node:
        name = str(token.value)
        span = (token.start, token.end)
        if name in _CONSTANTS:
            return Literal(span, _CONSTANTS[name])
        if name == "in":
            self.position -= 1
            raise self.expected("a value")
        if self.at("("):
            self.position += 1
            args, end = self.arguments(")")
            return Call((token.start, end), name, args)
        return Name(span, name)

    def map(self, opening: Token) -> Node:
        entries: list[tuple[Node, Node]] = []
        while not self.at("}"):
            key = self.expression()
            if isinstance(key, Name) and self.at(":") and not key.grouped:
                raise ExpressionError(
                    "a key is a string",
                    source=self.source, span=key.span, hint=f"write '{key.name}', or ({key.name}) for a name's value",
                )  # fmt: skip
            self.take(":")
            entries.append((key, self.expression()))
            if not self.at("}"):
                self.take(",")
        return MapOf((opening.start, self.take("}").end), tuple(entries))


_EXAMPLE = {
    "all": "i.quantity > 0",
    "exists": "i.sku == 'a'",
    "exists_one": "i.sku == 'a'",
    "map": "i.price",
    "filter": "i.active",
}
