"""Every operation answers what is wrong with a call in the same way: the sweep calls each with each kind of fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from emulator.tools.sweep.examples import required_of
from emulator.tools.sweep.measure import Sweep
from emulator.tools.sweep.shop import NotInShop

from payloom_emulator.protocol.param_types import TypeNode, placeholder_names, type_of

# Their files come in another form than other parameters.
_UPLOADS = "POST /v1/files"
WRONG_VALUES = {"i": "x", "n": "x", "b": "perhaps", "e": "no such value", "o": "x", "m": "x", "a": "x"}
"""A value that no parameter of a kind takes: integer, number, boolean, enum, object, map, array."""

WITH_CODE = {"i": "parameter_invalid_integer"}

EMPTY_REFUSED = frozenset("inbo")

ANY_ID = {
    "GET /v1/reporting/report_types/{report_type}": "the last word is a type",
}
"""Operations whose last word is no id of an object."""

WORDED_OTHERWISE = {
    "DELETE /v1/subscription_items/{item}": ("Invalid subscription_item id: {}", None),
    "GET /v1/subscription_items/{item}": ("Invalid subscription_item id: {}", None),
    "POST /v1/subscription_items/{item}": ("Invalid subscription_item id: {}", None),
}


class _Called:
    """An operation with a call that works."""

    def __init__(self, sweep: Sweep, method: str, path: str, node: TypeNode) -> None:
        self.name, self.method, self.path, self.node, self._shop = f"{method} {path}", method, path, node, sweep.shop
        self.url, self.params = sweep.shop.base(method, path, required_of(node, self.name))

    def error(self, at: str | None = None, **params: Any) -> tuple[int, dict[str, Any]]:
        """Return the status and the error of the call with other parameters; None leaves one out. at: another URL."""
        sent = {name: value for name, value in {**self.params, **params}.items() if value is not None}
        with self._shop.trial():
            status, body = self._shop.call(self.method, at or self.url, sent)
        return status, body.get("error", {})


@pytest.fixture(scope="module")
def operations() -> list[_Called]:
    return list(_called(Sweep()))


def _called(sweep: Sweep) -> Iterator[_Called]:
    for method, path, node in sweep.operations():
        if f"{method} {path}" == _UPLOADS:
            continue
        try:
            yield _Called(sweep, method, path, node)
        except NotInShop:
            continue


def _seen(error: dict[str, Any]) -> tuple[Any, ...]:
    return error.get("type"), error.get("code"), error.get("param")


def test_an_unknown_parameter_is_named(operations: list[_Called]) -> None:
    expected = (400, ("invalid_request_error", "parameter_unknown", "xyzzy"), "Received unknown parameter: xyzzy")
    answers = {o.name: o.error(xyzzy="1") for o in operations}
    assert len(answers) > 390
    assert {n: a for n, a in answers.items() if (a[0], _seen(a[1]), a[1].get("message")) != expected} == {}


def test_a_missing_parameter_is_named(operations: list[_Called]) -> None:
    cases = [(o, name) for o in operations for name in o.node.required]
    answers = {(o.name, name): o.error(**{name: None}) for o, name in cases}
    assert len(answers) > 90
    for (operation, name), (status, error) in answers.items():
        assert (status, _seen(error)) == (400, ("invalid_request_error", "parameter_missing", name)), operation
        assert error["message"] == f"Missing required param: {name}."


def test_a_value_of_the_wrong_kind_names_its_parameter(operations: list[_Called]) -> None:
    seen = 0
    for operation in operations:
        for name, ref in operation.node.fields.items():
            kind = type_of(ref).kind
            if kind not in WRONG_VALUES:
                continue
            seen += 1
            status, error = operation.error(**{name: WRONG_VALUES[kind]})
            expected = ("invalid_request_error", WITH_CODE.get(kind), name)
            assert (status, _seen(error)) == (400, expected), (operation.name, name, error)
    assert seen > 1300


def test_a_value_that_cannot_be_empty_says_so(operations: list[_Called]) -> None:
    seen = 0
    for operation in operations:
        for name, ref in operation.node.fields.items():
            if type_of(ref).kind not in EMPTY_REFUSED:
                continue
            seen += 1
            status, error = operation.error(**{name: ""})
            expected = (400, ("invalid_request_error", "parameter_invalid_empty", name))
            assert (status, _seen(error)) == expected, (operation.name, name, error)
            assert error["message"].startswith(f"You passed an empty string for '{name}'.")
    assert seen > 700


@pytest.mark.parametrize("of_another_kind", [False, True])
def test_an_id_of_the_path_that_names_nothing_is_missing(operations: list[_Called], of_another_kind: bool) -> None:
    seen = 0
    for operation in operations:
        parts, url = operation.path.split("/"), operation.url.split("?")[0].split("/")
        names = iter(placeholder_names(operation.method, operation.path))
        for index, part in enumerate(parts):
            if not part.startswith("{") or (operation.name in ANY_ID and index == len(parts) - 1):
                continue
            name = next(names)
            foreign = "txr_1" if "tax_rate" in operation.path else operation._shop.id_of("tax_rate")
            wrong = foreign if of_another_kind else "nope_1"
            status, error = operation.error("/".join([*url[:index], wrong, *url[index + 1 :]]))
            seen += 1
            message, code = WORDED_OTHERWISE.get(operation.name, ("", "resource_missing"))
            expected = (404, ("invalid_request_error", code, name if code else None))
            assert (status, _seen(error)) == expected, (operation.name, error)
            assert error["message"] == message.format(wrong) if message else wrong in error["message"]
    assert seen > 260
