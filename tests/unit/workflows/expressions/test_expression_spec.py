"""What the specification of the Common Expression Language says of each operator, as cases of our own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import compile_expression
from payloom.workflows.expressions.values import EvalContext

AMBIENT = EvalContext(now=lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC), uuid=lambda: "u")
MAX, MIN = 2**63 - 1, -(2**63)
GIVES: list[tuple[str, Any]] = [
    # arithmetic: integers stay integers, division truncates toward zero, the remainder has the sign of the left side
    ("7 / 2", 3),
    ("-7 / 2", -3),
    ("7 % 3", 1),
    ("-7 % 3", -1),
    ("7 % -3", 1),
    ("7.0 / 2.0", 3.5),
    ("-(-3)", 3),
    ("2 + 3 * 4", 14),
    ("(2 + 3) * 4", 20),
    ("10 - 4 - 3", 3),
    ("0x1F", 31),
    ("1e3", 1000.0),
    (str(MAX), MAX),
    # comparison: numbers of both kinds by value, texts by code point, lists and maps by content
    ("1 == 1.0", True),
    ("1 < 1.5", True),
    ("'a' < 'b'", True),
    ("'Z' < 'a'", True),
    ("[1, 2] == [1, 2]", True),
    ("{'a': 1} == {'a': 1.0}", True),
    ("[1] == [1, 1]", False),
    ("'1' == 1", False),
    ("null == null", True),
    # logic: the side that decides hides the error of the other, whichever side it is
    ("true || 1 / 0 == 1", True),
    ("1 / 0 == 1 || true", True),
    ("false && 1 / 0 == 1", False),
    ("1 / 0 == 1 && false", False),
    ("!true", False),
    ("true ? 1 : 1 / 0", 1),
    ("false ? 1 / 0 : 2", 2),
    # texts
    ("'a' + 'b'", "ab"),
    (r"'\n\t\\\x41\u00e9'", "\n\t\\Aé"),
    ("r'\\n'", "\\n"),
    ("'''a\"b'''", 'a"b'),
    ("size('héé')", 3),
    ("'abc'.contains('b')", True),
    ("'abc'.startsWith('')", True),
    ("'abc'.endsWith('bc')", True),
    ("'a1'.matches('^[a-z][0-9]$')", True),
    ("'xa1x'.matches('[a-z][0-9]')", True),
    # lists and maps
    ("[1, 2] + [3]", [1, 2, 3]),
    ("[1, 2][1]", 2),
    ("2 in [1, 2]", True),
    ("'a' in {'a': 1}", True),
    ("size([])", 0),
    ("{'a': {'b': 1}}.a.b", 1),
    ("size({'a': 1})", 1),
    ("{'a': 1}['a']", 1),
    ("has({'a': 1}.a)", True),
    ("has({'a': 1}.b)", False),
    # macros
    ("[1, 2, 3].all(x, x > 0)", True),
    ("[].all(x, false)", True),
    ("[1, 2].exists(x, x == 2)", True),
    ("[].exists(x, true)", False),
    ("[1, 2, 2].exists_one(x, x == 2)", False),
    ("[1, 2].exists_one(x, x == 2)", True),
    ("[1, 2, 3].filter(x, x % 2 == 1)", [1, 3]),
    ("[1, 2].map(x, x * 2)", [2, 4]),
    ("[1, 2].map(x, [3].map(y, x + y))", [[4], [5]]),
    ("{'a': 1, 'b': 2}.all(k, k < 'c')", True),
    # conversion and time
    ("int('12')", 12),
    ("int(2.9)", 2),
    ("int(-2.9)", -2),
    ("double('1.5')", 1.5),
    ("string(12)", "12"),
    ("string(true)", "true"),
    ("timestamp('2026-01-01T00:00:00Z') + duration('36h') == timestamp('2026-01-02T12:00:00Z')", True),
    ("timestamp('2026-01-02T00:00:00Z') - timestamp('2026-01-01T00:00:00Z') == duration('24h')", True),
]
FAILS = [
    "1 / 0",
    "1 % 0",
    f"{MAX} + 1",
    f"{MIN} - 1",
    f"-({MIN})",
    f"{MAX} * 2",
    "1 + 1.0",
    "'a' + 1",
    "1 + true",
    "!1",
    "-'a'",
    "1 && true",
    "1 ? 2 : 3",
    "[1][1]",
    "[1][-1]",
    "{'a': 1}.b",
    "{'a': 1}['b']",
    "1 < 'a'",
    "int('x')",
    "int('')",
    "1 in 2",
    "[1 / 0].all(x, true)",
    "true && 1 / 0 == 1",
    "false || 1 / 0 == 1",
    "timestamp('yesterday')",
    "duration('soon')",
    "'a'.nope()",
    "unknown",
    "9223372036854775808",
    "[1, 2].map(1, 2)",
]


@pytest.mark.parametrize(("text", "value"), GIVES)
def test_it_gives(text: str, value: Any) -> None:
    result = compile_expression(text).evaluate({}, AMBIENT)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize("text", FAILS)
def test_it_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text).evaluate({}, AMBIENT)
