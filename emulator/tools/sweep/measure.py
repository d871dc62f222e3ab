"""Sends each parameter of each operation, and says what became of it.

reflected: the answer has it. read: a rule asked for it. refused: a rule said no, and why. not covered: 501. swallowed:
nobody looked at it.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import TYPE_CHECKING, Any
from unittest import mock

from emulator.tools.sweep.companions import beside
from emulator.tools.sweep.examples import leaves, required_of, variants
from emulator.tools.sweep.reading import Noted, how, noted
from emulator.tools.sweep.shop import NEWEST, NotInShop, Shop

from payloom_emulator.protocol.param_types import TypeNode, anonymous, table, type_of
from payloom_emulator.protocol.params import check
from payloom_emulator.runtime.requests.relations import check as relations_check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Send = Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]

TRIES = 14

BESIDE = frozenset({"type", "currency", "product", "enabled", "items", "up_to"})
"""Members that others need beside them."""


@dataclasses.dataclass(slots=True)
class Outcome:
    """What became of one parameter of an operation. path: `phases[].iterations`. why: a refusal's message."""

    path: str
    verdict: str
    why: str = ""


class Sweep:
    """Measures operations on one shop."""

    def __init__(self) -> None:
        """Begin with a fresh shop."""
        self.shop = Shop()
        self._noted = Noted({})

    def operations(self) -> Iterator[tuple[str, str, TypeNode]]:
        """Give each operation of the SDK's v1 that the local Stripe has: method, path, parameters."""
        routes = self.shop.emulator.router.routes
        for name, index in table()["operations"].items():
            method, path = name.split(" ", 1)
            if path.startswith("/v1/") and (method, anonymous(path)) in routes:
                yield method, path, type_of(index)

    def measure(self, method: str, path: str, node: TypeNode) -> list[Outcome]:
        """Return the outcome of each parameter of an operation. Raises `NotInShop`."""
        operation = f"{method} {path}"
        url, base = self.shop.base(method, path, required_of(node, operation))
        outcomes: list[Outcome] = []
        for name, ref in node.fields.items():
            if name != "expand":
                around = {**base, **self.shop.filled(beside(node, name))}
                for value in variants(type_of(ref), name, operation):
                    outcomes += self._tried(method, url, around, name, self.shop.filled(value))
        return _best(outcomes)

    def send(self, method: str, url: str, params: dict[str, Any], version: str = NEWEST) -> tuple[int, dict[str, Any]]:
        """Answer a call whose parameters are noted, and undo it."""

        def noting(*args: Any, **more: Any) -> Any:
            self._noted = noted(check(*args, **more))
            return self._noted

        def related(method: str, path: str, params: Any) -> None:
            relations_check(method, path, params)
            self._noted.forget()

        self._noted = Noted({})
        module = "payloom_emulator.runtime.emulator"
        with (
            mock.patch(f"{module}.check", noting),
            mock.patch(f"{module}.relations.check", related),
            self.shop.trial(),
        ):
            return self.shop.call(method, url, params, version)

    def _tried(self, method: str, url: str, base: dict[str, Any], name: str, value: Any) -> list[Outcome]:
        outcomes: list[Outcome] = []
        verdict, why = "refused", ""
        for _ in range(TRIES):
            status, body = self.send(method, url, {**base, name: value})
            if status == 200:
                judged = [self._judged(path, sent, body) for path, sent in leaves({name: value})]
                return outcomes + [
                    self._alone(functools.partial(self._with, method, url, base), name, value, outcome)
                    for outcome in judged
                ]
            error = body["error"]
            why = f"{status} {error['message']}"
            named = _path(str(error.get("param") or ""))
            verdict = "not covered" if status == 501 else "bug" if status >= 500 else "refused"
            inside = [path for path, _ in leaves({name: value}) if _plain(path)[: len(named)] == named]
            if len(named) < 2 or not inside or error.get("code") == "parameter_missing":
                break
            outcomes += [Outcome(_shown(path), verdict, why) for path in inside]
            value = _without({name: value}, named).get(name)
            if value in (None, {}, []):
                return outcomes
        if verdict != "bug" and isinstance(value, dict) and len(value) > 1:
            for inner, member in value.items():
                outcomes += self._tried(method, url, base, name, {inner: member})
            return outcomes
        return outcomes + [Outcome(_shown(path), verdict, why) for path, _ in leaves({name: value})]

    def _alone(self, send: Send, name: str, value: Any, judged: Outcome) -> Outcome:
        """Try a parameter that another one may have hidden without those beside it."""
        if judged.verdict not in {"swallowed", "copied"}:
            return judged
        parts = tuple(judged.path.replace("[]", ".[]").split("."))
        if len(parts) < 2:
            return judged
        only = _only({name: value}, parts)
        status, body = send(only)
        path, sent = next(leaves(only), (parts, None))
        return self._judged(path, sent, body) if status == 200 else judged

    def _with(self, method: str, url: str, base: dict[str, Any], more: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return self.send(method, url, {**base, **more})

    def _judged(self, path: tuple[str, ...], sent: Any, body: dict[str, Any]) -> Outcome:
        way = how(self._noted, path)
        if any(_same(sent, answered) for answered in _all(body, path[-1] if path[-1] != "[]" else path[-2])):
            return Outcome(_shown(path), "reflected")
        return Outcome(_shown(path), {"unread": "swallowed"}.get(way, way))


_RANK = {"reflected": 0, "read": 1, "not covered": 2, "refused": 3, "copied": 4, "swallowed": 5, "bug": -1}


def _best(outcomes: list[Outcome]) -> list[Outcome]:
    """Return one outcome for each path: the best that any value had."""
    best: dict[str, Outcome] = {}
    for outcome in outcomes:
        known = best.get(outcome.path)
        if known is None or _RANK[outcome.verdict] < _RANK[known.verdict]:
            best[outcome.path] = outcome
    return list(best.values())


def _path(param: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[\[\].]+", param) if part and not part.isdigit())


def _plain(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for part in path if part != "[]")


def _without(value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_without(inner, path) for inner in value]
    if not isinstance(value, dict):
        return value
    remaining = dict(value)
    if len(path) == 1:
        remaining.pop(path[0], None)
    elif path[0] in remaining:
        remaining[path[0]] = _without(remaining[path[0]], path[1:])
        if remaining[path[0]] in ({}, [], [{}]):
            del remaining[path[0]]
    return remaining


def _only(value: Any, path: tuple[str, ...]) -> Any:
    """Return a value with nothing but what is on the way to a path, and types beside it."""
    if not path:
        return value
    if isinstance(value, list):
        return [_only(value[0], path[1:])]
    beside = {name: inner for name, inner in value.items() if name in BESIDE and name != path[0]}
    return {**beside, path[0]: _only(value[path[0]], path[1:])} if path[0] in value else value


def _shown(path: tuple[str, ...]) -> str:
    return ".".join(path).replace(".[]", "[]")


def _all(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        for inner in value.values():
            yield from _all(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _all(inner, name)


def _same(sent: Any, answered: Any) -> bool:
    if isinstance(answered, list):
        return any(_same(sent, inner) for inner in answered)
    if isinstance(answered, dict):
        return str(answered.get("id")) == str(sent)
    if isinstance(answered, bool) or isinstance(sent, bool):
        return answered == sent
    try:
        return float(str(answered)) == float(str(sent))
    except ValueError:
        return str(answered) == str(sent)


@functools.cache
def sweep() -> dict[str, list[Outcome] | str]:
    """Return the outcomes by operation; a text says why an operation could not be measured."""
    running = Sweep()
    results: dict[str, list[Outcome] | str] = {}
    for method, path, node in running.operations():
        try:
            results[f"{method} {path}"] = running.measure(method, path, node)
        except (NotInShop, AssertionError) as error:
            results[f"{method} {path}"] = f"{type(error).__name__}: {error}"
    return results
