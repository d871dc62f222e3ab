"""Compares the outcome of a case with its expectation, and two outcomes. Differences are lines for people."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from payloom.kit.clock import from_epoch
from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.sandbox.scenario.outcome import Outcome, as_text, timeless
from payloom.testing.casefile import Case
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import compile_expression
from payloom.workflows.expressions.values import EvalContext

_EXPRESSION = re.compile(r"\s*\$\{\{(.*)\}\}\s*", re.DOTALL)
_MISSING = object()


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as expected. path: where the expectation stands in the file, as far as it does."""

    what: str
    expected: Any = None
    found: Any = None
    path: Path = ()

    def __str__(self) -> str:
        if self.expected is None and self.found is None:
            return self.what
        return f"{self.what}: expected {as_text(self.expected)}, found {as_text(self.found)}"


class Expectation:
    """What one case expects."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._expect = case.expect or {}
        self._names = case.file.names.short()
        self._at = (*case.path, "expect")

    def differences(self, outcome: Outcome) -> list[Difference]:
        """Return everything that is not as expected."""
        return [
            *self._failures(outcome),
            *self._tables(outcome),
            *self._listed("emails", [_mail(email) for email in outcome.emails]),
            *self._listed("stripe", outcome.stripe),
            *self._listed("logs", outcome.logs),
            *self._results(outcome),
        ]

    def _failures(self, outcome: Outcome) -> Iterator[Difference]:
        """A run that failed without the case saying so is a difference."""
        if "status" in self._expect or "error" in self._expect:
            return
        for run in outcome.begun:
            if run["status"] in ("failed", "refused"):
                error: Mapping[str, Any] = run["error"] or {}
                place = f" at {error['where']}" if error.get("where") else ""
                hint = f" ({error['hint']})" if error.get("hint") else ""
                step = f" in step {error['path']}" if error.get("path") else ""
                yield Difference(f"{run['workflow']} failed{step}{place}: {error.get('message')}{hint}", path=self._at)
        if not outcome.begun:
            for answer in outcome.answers:
                if answer["error"]:
                    message = answer["error"].get("message")
                    yield Difference(f"the call was refused with {answer['status']}: {message}", path=self._at)

    # -- tables ------------------------------------------------------------------------------------------------------

    def _tables(self, outcome: Outcome) -> Iterator[Difference]:
        expected: Mapping[str, Any] = self._expect.get("tables") or {}
        for table, rows in expected.items():
            at = (*self._at, "tables", table)
            left = list(outcome.tables.get(table, []))
            for number, row in enumerate(rows or []):
                match = _closest(row, left, self.match)
                if match is None:
                    yield Difference(f"{table}: no such row", row, left or "no row", (*at, number))
                    continue
                left.remove(match)
                name = _row_name(table, match)
                for column, value in row.items():
                    for problem in self.match(value, match.get(column, _MISSING), f"{name}.{column}"):
                        yield dataclasses.replace(problem, path=(*at, number, column))
            for row in left:
                if not outcome.untouched(table, row):
                    yield Difference(f"{table}: an unexpected row {as_text(_short(row))}", path=at)

    # -- lists -------------------------------------------------------------------------------------------------------

    def _listed(self, key: str, items: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
        if key not in self._expect:
            return
        expected: list[Any] = self._expect[key] or []
        at = (*self._at, key)
        left = list(items)
        for number, item in enumerate(expected):
            best = _closest(item, left, self.match)
            if best is None:
                yield Difference(
                    f"{key}[{number}]: nothing like it happened", item, _brief(items) or "nothing", (*at, number)
                )
                continue
            left.remove(best)
            for problem in self.match(item, best, f"{key}[{number}]"):
                yield dataclasses.replace(problem, path=(*at, number))
        for item in left:
            yield Difference(f"{key}: unexpected {as_text(_brief([item])[0])}", path=at)

    # -- runs --------------------------------------------------------------------------------------------------------

    def _results(self, outcome: Outcome) -> Iterator[Difference]:
        expect, at = self._expect, self._at
        if "runs" in expect and expect["runs"] != len(outcome.begun):
            yield Difference("runs", expect["runs"], len(outcome.begun), (*at, "runs"))
        if "status" in expect:
            yield from self._status(expect["status"], outcome)
        last = outcome.answers[-1] if outcome.answers else None
        if "output" in expect:
            body = last["body"] if last else outcome.begun[-1]["output"] if outcome.begun else None
            for problem in self.match(expect["output"], body, "output"):
                yield dataclasses.replace(problem, path=(*at, "output"))
        if "error" in expect:
            failed = next((run["error"] for run in reversed(outcome.begun) if run["error"]), None)
            error = failed or (last["error"] if last else None)
            expected_error = expect["error"]
            expected_error = {"code": expected_error} if isinstance(expected_error, str) else expected_error
            for problem in self.match(expected_error, error, "error"):
                yield dataclasses.replace(problem, path=(*at, "error"))

    def _status(self, expected: Any, outcome: Outcome) -> Iterator[Difference]:
        at = (*self._at, "status")
        if isinstance(expected, int):
            status = (
                outcome.answers[-1]["status"]
                if outcome.answers
                else outcome.begun[-1]["http_status"]
                if outcome.begun
                else None
            )
            if status != expected:
                error: Mapping[str, Any] = (outcome.answers[-1]["error"] if outcome.answers else None) or {}
                why = error.get("message", "")
                yield Difference(f"status{f' ({why})' if why else ''}", expected, status, at)
            return
        statuses = [run["status"] for run in outcome.begun]
        fit = ("failed", "refused") if expected == "failed" else (expected,)
        if not statuses or any(status not in fit for status in statuses):
            errors = [run["error"]["message"] for run in outcome.begun if run["error"]]
            yield Difference(f"status{f' ({errors[0]})' if errors else ''}", expected, statuses or "no run", at)

    # -- values ------------------------------------------------------------------------------------------------------

    def match(self, expected: Any, actual: Any, label: str) -> Iterator[Difference]:
        """Yield what differs. Maps may leave keys out, lists are whole, `${{ … }}` is asked about `value`."""
        if isinstance(expected, str) and (expression := _EXPRESSION.fullmatch(expected)):
            yield from self._ask(expression[1], actual, label)
        elif actual is _MISSING:
            yield Difference(label, expected, "nothing")
        elif is_map(expected):
            if not is_map(actual):
                yield Difference(label, expected, actual)
                return
            for key, value in expected.items():
                if value is None and key not in actual:
                    continue
                yield from self.match(value, actual.get(key, _MISSING), f"{label}.{key}")
        elif is_list(expected):
            if not is_list(actual) or len(actual) != len(expected):
                yield Difference(label, expected, actual)
                return
            for at, (expected_item, found_item) in enumerate(zip(expected, actual, strict=True)):
                yield from self.match(expected_item, found_item, f"{label}[{at}]")
        else:
            named = self._names.get(expected, expected) if isinstance(expected, str) else expected
            if named != actual or isinstance(named, bool) is not isinstance(actual, bool):
                yield Difference(label, expected, actual)

    def _ask(self, text: str, actual: Any, label: str) -> Iterator[Difference]:
        value = None if actual is _MISSING else actual
        now = from_epoch(self._case.given.now)
        eval_context = EvalContext(now=lambda: now, uuid=lambda: "")
        scope = {"value": value, "user": self._case.given.user, "env": dict(self._case.given.env)}
        try:
            answer = compile_expression(text.strip()).evaluate(scope, eval_context)
        except ExpressionError as error:
            yield Difference(f"{label}: {text.strip()} failed on {as_text(value)}: {error.message}")
            return
        if answer is True or (not isinstance(answer, bool) and answer == value):
            return
        yield Difference(f"{label}: not {text.strip()}" if answer is False else label, text.strip(), value)


def _mail(email: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in email.items() if key != "key"}


def _short(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}


def _brief(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in item.items() if key not in ("text", "subject")} for item in items]


def _row_name(table: str, row: Mapping[str, Any]) -> str:
    return f"{table}[{next(iter(row.values()), '')}]"


def _closest(expected: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], match: Any) -> Any:
    """Return the row with the fewest differences whose first expected value (its key, as a rule) is right, or None."""
    best: tuple[int, Any] | None = None
    for row in rows:
        first = next(iter(expected.items()), None)
        wrong = sum(1 for key, value in expected.items() for _ in match(value, row.get(key, _MISSING), key))
        if first is not None and wrong and any(match(first[1], row.get(first[0], _MISSING), first[0])):
            continue
        if best is None or wrong < best[0]:
            best = (wrong, row)
    return best[1] if best else None


# -- two outcomes ----------------------------------------------------------------------------------------------------


def compare(base: Outcome, other: Outcome, *, loose: bool = False, same_answers: bool = True) -> list[Difference]:
    """Return how `other` differs from `base` in what lasts: rows, mails, calls to Stripe by key, how runs ended.

    loose: the same things may have happened in another order, at other times. same_answers: otherwise a run may have
    another result than in `base`, as long as it doesn't fail.
    """
    if loose:
        base, other = _loosened(base), _loosened(other)
    differences: list[Difference] = []
    for table, rows in base.tables.items():
        differences += _rows_differ(table, rows, other.tables.get(table, []), loose=loose)
    differences += _bags("mails", _keyed(base.emails), _keyed(other.emails))
    differences += _bags("calls to Stripe", _keyed(base.stripe), _keyed(other.stripe))
    differences += _bags("other effects", _keyed(base.effects), _keyed(other.effects))
    differences += _bags("log lines", [as_text(log) for log in base.logs], [as_text(log) for log in other.logs])
    results = [
        [
            as_text([run["workflow"], run["status"], run["output"]])
            for run in outcome.runs
            if same_answers or run["status"] == "failed"
        ]
        for outcome in (base, other)
    ]
    differences += _bags("runs", *results)
    differences += [
        Difference(f"left twice, and nothing says so: {mail}") for mail in other.twice if not mail.endswith("(marked)")
    ]
    return differences


def _rows_differ(table: str, base: list[Any], other: list[Any], *, loose: bool) -> Iterator[Difference]:
    if loose:
        yield from _bags(f"rows of {table}", [as_text(row) for row in base], [as_text(row) for row in other])
        return
    for at in range(max(len(base), len(other))):
        if at >= len(base):
            yield Difference(f"{table}: one row more: {as_text(_short(other[at]))}")
        elif at >= len(other):
            yield Difference(f"{table}: a row is missing: {as_text(_short(base[at]))}")
        else:
            for column, value in base[at].items():
                if value != other[at].get(column):
                    yield Difference(f"{_row_name(table, base[at])}.{column}", value, other[at].get(column))


def _keyed(listed: Sequence[Mapping[str, Any]]) -> list[str]:
    fields = ("key", "call", "with", "template", "to", "data", "verb", "action", "args")
    return [as_text({name: item[name] for name in fields if name in item}) for item in listed]


def _bags(label: str, base: Sequence[str], other: Sequence[str]) -> Iterator[Difference]:
    before, after = Counter(base), Counter(other)
    for line, count in (before - after).items():
        yield Difference(f"{label}: {count} missing: {line}")
    for line, count in (after - before).items():
        yield Difference(f"{label}: {count} too many: {line}")


_NUMBERED = re.compile(r"\b(\w+)#\d+")


def _loosened(outcome: Outcome) -> Outcome:
    """Forget times and the numbers that follow from the order of things. Keys keep times: they must have none."""
    object_ids = re.compile(
        "|".join(rf"\b{re.escape(name)}\b" for name in sorted(outcome.made, key=len, reverse=True)) or "$^"
    )

    def loosen(value: Any) -> Any:
        if isinstance(value, str):
            value = object_ids.sub(lambda match: outcome.made[match[0]], value)
            return _NUMBERED.sub(r"\1#", timeless(value))
        if is_map(value):
            return {key: _NUMBERED.sub(r"\1#", item) if key == "key" and isinstance(item, str) else loosen(item)
                    for key, item in value.items()}  # fmt: skip
        return [loosen(item) for item in value] if is_list(value) else value

    changes = {field.name: loosen(getattr(outcome, field.name)) for field in dataclasses.fields(outcome)}
    return Outcome(**changes)
