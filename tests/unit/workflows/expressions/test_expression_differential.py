"""Random sentences of standard CEL mean the same here and in Google's engine, except where ours is stricter."""

from __future__ import annotations

import datetime as dt
import json
import math
import pathlib
import random
import subprocess
import sys
from typing import Any

from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import compile_expression
from payloom.workflows.expressions.values import EvalContext

AMBIENT = EvalContext(now=lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC), uuid=lambda: "u")
SCOPE = {
    "i": 7, "n": -3, "f": 2.5, "s": "abc", "t": True, "z": None, "l": [1, 2, 3], "w": ["a", "b"],
    "m": {"a": 1, "b": "x", "c": None, "d": {"a": 2}},
}  # fmt: skip
_OPERANDS = {
    "int": ["i", "n", "0", "1", "-2", "40", "l[0]", "m.a", "m.d.a", "size(l)", "size(s)", "w.size()"],
    "float": ["f", "0.5", "-1.25"],
    "str": ["s", "''", "'a'", "'b'", "m.b", "w[1]", "'x' + s"],
    "bool": ["t", "true", "false", "i > 3", "'a' in m", "s.contains('b')", "has(m.a)", "has(m.q)", "m.q == 1"],
    "list": ["l", "[1, 2]", "[]", "l + [n]"],
    "any": ["z", "m.c", "m", "w", "m['b']", "[null]", "{'a': 1}", "m.missing", "l[9]"],
}


_QUANTIFIERS = ["all", "exists", "exists_one"]


def sentence(rng: random.Random, kind: str, depth: int) -> str:
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(_OPERANDS[kind])
    part = lambda part_kind: sentence(rng, part_kind, depth - 1)  # noqa: E731 - a recursion with one argument filled in
    odd = rng.choice(list(_OPERANDS)) if rng.random() < 0.06 else kind
    if kind in ("int", "float"):
        signs = "+-*/%" if kind == "int" else "+-*/"
        return rng.choice([
            f"({part(odd)} {rng.choice(signs)} {part(kind)})",
            f"({part('bool')} ? {part(kind)} : {part(kind)})",
            f"-({part(kind)})",
        ])  # fmt: skip
    if kind == "str":
        return rng.choice([f"({part(odd)} + {part('str')})", f"({part('bool')} ? {part('str')} : {part('str')})"])
    if kind == "list":
        return rng.choice([
            f"({part('list')} + {part(odd)})", f"{part('list')}.map(x, x + {part('int')})",
            f"{part('list')}.filter(x, x > {part('int')})", f"[{part('int')}, {part('int')}]",
        ])  # fmt: skip
    if kind == "bool":
        other = rng.choice(["int", "float", "str", "int", odd if odd != "bool" else "int"])
        return rng.choice([
            f"({part(odd)} && {part('bool')})", f"({part('bool')} || {part(odd)})", f"!({part('bool')})",
            f"({part(other)} {rng.choice(['<', '<=', '>', '>='])} {part(rng.choice([other, 'int']))})",
            f"({part(other)} {rng.choice(['==', '!='])} {part(rng.choice(['any', other]))})",
            f"({part('int')} in {part('list')})", f"({part('str')} in m)",
            f"{part('list')}.{rng.choice(_QUANTIFIERS)}(x, x {rng.choice(['>', '==', '<'])} {part('int')})",
            f"{part('str')}.{rng.choice(['startsWith', 'endsWith', 'contains', 'matches'])}('a')",
        ])  # fmt: skip
    return rng.choice(
        [part("int"), part("str"), part("bool"), part("list"), f"[{part('any')}]", f"{{'k': {part('any')}}}"]
    )


def ours(source: str) -> dict[str, Any]:
    try:
        return {"value": compile_expression(source).evaluate(SCOPE, AMBIENT)}
    except ExpressionError as error:
        return {"error": error.message}


def theirs(sources: list[str]) -> list[dict[str, Any]]:
    """Ask the engine, and start it again where it aborted."""
    engine = pathlib.Path(__file__).with_name("expression_oracle.py")
    answers: list[dict[str, Any]] = []
    while len(answers) < len(sources):
        done = subprocess.run(
            [sys.executable, str(engine), json.dumps(SCOPE)],
            input="".join(json.dumps(source) + "\n" for source in sources[len(answers) :]),
            capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip
        batch = [json.loads(line) for line in done.stdout.splitlines()]
        assert batch, f"the engine answers nothing to {sources[len(answers)]}: {done.stderr[-500:]}"
        answers += batch
    return answers


def same(left: Any, other: Any) -> bool:
    if isinstance(left, float) and isinstance(other, float):
        return math.isclose(left, other, rel_tol=1e-12)
    if isinstance(left, list) and isinstance(other, list):
        return len(left) == len(other) and all(map(same, left, other))
    if isinstance(left, dict) and isinstance(other, dict):
        return left.keys() == other.keys() and all(same(left[key], other[key]) for key in left)
    return type(left) is type(other) and left == other


STRICTER = ("division by zero", "not a finite number", "cannot compute", "operators in a row")
"""Where we refuse and CEL answers: infinity from floats, and bytes, uint and the like, which do not occur here."""


DELIBERATE = {
    "true ? false ? 1 : 2 : 3": "nesting needs no parentheses here",
    "9007199254740993 == 9007199254740992.0": "ints and floats are compared exactly here",
    "9007199254740993 > 9007199254740992.0": "ints and floats are compared exactly here",
    "int(true)": "a bool is no number here",
    "-duration('1s')": "durations have a negative here",
    "{1: 2}": "keys are strings here",
    "1 === 1": "an addition",
    "m.map(k, m[k])": "a map keeps its order here",
}


def test_chosen_sentences_mean_what_they_mean_to_googles_engine() -> None:
    sources = json.loads(pathlib.Path(__file__).with_name("cel_sentences.json").read_text())
    assert len(sources) > 250
    different = {source for source, answer in zip(sources, theirs(sources), strict=True) if not agree(source, answer)}
    assert different == set(DELIBERATE)


def agree(source: str, answer: dict[str, Any]) -> bool:
    own_answer = ours(source)
    return own_answer.keys() == answer.keys() and ("error" in own_answer or same(own_answer["value"], answer["value"]))


def test_sentences_mean_what_they_mean_to_googles_engine() -> None:
    rng = random.Random(20260131)
    kinds = list(_OPERANDS)
    sources = [sentence(rng, rng.choice(kinds), rng.randint(1, 4)) for _ in range(3_000)]
    answers = theirs(sources)
    values = stricter = 0
    differences: list[tuple[str, Any, Any]] = []
    for source, answer in zip(sources, answers, strict=True):
        own_answer = ours(source)
        if "value" in own_answer and "value" in answer:
            values += 1
            if not same(own_answer["value"], answer["value"]):
                differences.append((source, own_answer, answer))
        elif "error" in own_answer and "value" in answer:
            stricter += 1
            if not own_answer["error"].startswith(STRICTER):
                differences.append((source, own_answer, answer))
        elif "value" in own_answer:
            differences.append((source, own_answer, answer))
    assert differences == []
    assert values > 1_000, "most sentences should have a value, or the comparison says little"
    assert stricter < 60
