"""Text to tokens. Also decides where a `${{ … }}` ends: at the first `}}` outside strings and open braces."""

from __future__ import annotations

import re
from typing import NamedTuple

from payloom.workflows.expressions.errors import ExpressionError

MAX_SOURCE = 2_000

_PATTERN = re.compile(
    r"""
    (?P<blank>[ \t\r\n\f]+|//[^\n]*)
  | (?P<text>(?P<raw>[rR])?(?:"{3}(?:\\.|[^\\])*?"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
  | (?P<number>0[xX][0-9a-fA-F]+|\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+)
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<quoted>`[A-Za-z0-9_./\ -]+`)
  | (?P<sign>===|!==|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|\.\?|\[\?|[-+*/%!<>?:.,()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "?": "?", '"': '"', "'": "'", "`": "`", "/": "/",
}  # fmt: skip
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|X[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|.)", re.DOTALL)
_INT64 = 2**63


class Token(NamedTuple):
    """kind: text number word quoted sign end. `value` is the decoded value of texts and numbers, else the text."""

    kind: str
    value: str | int | float
    start: int
    end: int


def tokenize(source: str, start: int = 0, *, embedded: bool = False) -> tuple[list[Token], int]:
    """Return the tokens from `start` on, and where they stop.

    embedded: the text is the inside of `${{ … }}` in a larger text; stop before the closing `}}`.
    Spans count from the beginning of `source`. The last token is always of kind `end`.
    """
    tokens: list[Token] = []
    position, braces = start, 0
    if not embedded and len(source) > MAX_SOURCE:
        raise _too_long(source, start)
    while position < len(source):
        if position - start > MAX_SOURCE:
            raise _too_long(source, start)
        if embedded and braces == 0 and source.startswith("}}", position):
            break
        match = _PATTERN.match(source, position)
        if match is None:
            raise _unexpected(source, position)
        if match.lastgroup != "blank":
            token = _token(match, source)
            braces += {"{": 1, "}": -1}.get(match[0], 0) if token.kind == "sign" else 0
            tokens.append(token)
        position = match.end()
    else:
        if embedded:
            raise ExpressionError(
                "`${{` is not closed",
                source=source,
                span=(max(0, start - 3), start),
                hint="write `}}` at its end",
            )
    if position - start > MAX_SOURCE:
        raise _too_long(source, start)
    tokens.append(Token("end", "", position, position))
    return tokens, position


def _too_long(source: str, start: int) -> ExpressionError:
    message = f"the expression is longer than {MAX_SOURCE} characters"
    return ExpressionError(message, source=source, span=(start, start + 1), hint="compute parts of it in a `let` step")


def _token(match: re.Match[str], source: str) -> Token:
    start, end = match.span()
    text = match[0]
    if match["text"]:
        return Token("text", _text(match, source), start, end)
    if match["number"]:
        following = source[end : end + 1]
        if following.isalnum() or following == "_":
            hint = "leave out the u: there is one kind of whole number" if following in "uU" else None
            raise ExpressionError(
                f"unexpected {following!r} after a number", source=source, span=(end, end + 1), hint=hint
            )
        return Token("number", _number(text, source, start, end), start, end)
    if match["quoted"]:
        return Token("quoted", text[1:-1], start, end)
    return Token("word" if match["word"] else "sign", text, start, end)


def _number(text: str, source: str, start: int, end: int) -> int | float:
    if text[:2] in ("0x", "0X"):
        value: int | float = int(text, 16)
    elif text.isdigit():
        # The one number without a positive twin, -2^63, is allowed here and checked when the parser sees the sign.
        value = int(text) if len(text) <= 20 else _INT64 + 1
    else:
        value = float(text)
        if value == float("inf"):
            raise ExpressionError("the number is too large", source=source, span=(start, end))
    if isinstance(value, int) and value > _INT64:
        raise ExpressionError("the whole number does not fit into 64 bits", source=source, span=(start, end))
    return value


def _text(match: re.Match[str], source: str) -> str:
    raw = match["raw"]
    body = match[0][len(raw or "") :]
    quotes = 3 if body[:3] in ('"""', "'''") else 1
    body = body[quotes:-quotes]
    if raw or "\\" not in body:
        return body
    offset = match.start() + len(raw or "") + quotes

    def decode(escape: re.Match[str]) -> str:
        code = escape[1]
        try:
            if len(code) == 1:
                return _ESCAPES[code]
            number = int(code, 8) if code[0].isdigit() else int(code[1:], 16)
            if not 0xD800 <= number <= 0xDFFF and number:
                return chr(number)
        except (KeyError, ValueError, OverflowError):
            pass
        span = (offset + escape.start(), offset + escape.end())
        hint = "write \\\\ for a backslash"
        raise ExpressionError(f"unknown escape {escape[0]!r}", source=source, span=span, hint=hint)

    return _ESCAPE.sub(decode, body)


def _unexpected(source: str, position: int) -> ExpressionError:
    char = source[position]
    end = position + 1
    if char in "\"'":
        return ExpressionError("the string is not closed", source=source, span=(position, end))
    hint = {
        "=": "write == to compare",
        "&": "write && for and",
        "|": "write || for or",
        ";": "an expression is one value; use a `let` step for several",
        "\\": "escapes are only known inside strings",
        "`": "backquotes name a field after a dot, e.g. metadata.`order-id`",
        "“": 'write straight quotes: "',
        "”": 'write straight quotes: "',
        "‘": "write straight quotes: '",
        "’": "write straight quotes: '",
    }.get(char)
    return ExpressionError(f"unexpected character {char!r}", source=source, span=(position, end), hint=hint)
