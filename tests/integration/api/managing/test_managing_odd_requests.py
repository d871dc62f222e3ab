"""Every call of the management API with malformed requests: the answer always helps, and the server never crashes."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from tests.support.accounts.management_operations import management_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.http_server import RunningServer

ODD = ["%", "x" * 300, "-1", "9" * 30, "ä🙂", "../../etc/passwd", "a\tb"]
ALONE = [*ODD[:2], "\0", "[" * 5000, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
"""For each query by itself: a wrong one beside it would be refused first."""
BODIES: list[Any] = [None, [], "text", 7, {}, {"x": 1}, {"was": {}, "set": {}}, {"ids": []}, {"values": {"no": 2}}]
OUTSIDE = {502, 503}
"""Stripe and the local Stripe are away in these tests, and that is what is said."""


@functools.cache
def operations(method: str) -> list[tuple[str, dict[str, Any]]]:
    """Every operation with this method, but the endless one."""
    paths = management_document()["paths"]
    return [(path, methods[method]) for path, methods in paths.items() if method in methods and path != "/live"]


def filled(path: str, value: str) -> str:
    """The address with every part replaced."""
    return "/api/_payloom" + re.sub(r"\{\w+\}", lambda _: quote(value, safe=""), path)


def helped(status: int, body: str, request: str) -> None:
    """It was understood, or it is said why not."""
    assert status < 500 or status in OUTSIDE, f"{request}: {status} {body[:300]}"
    if status >= 400:
        error = json.loads(body)["error"]
        assert error["message"], request
        assert error["code"], request


@pytest.fixture(scope="module")
def http(server: RunningServer) -> Iterator[httpx.Client]:
    """An admin's program; on a slow machine a kept connection may be closed when it is used again."""
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=server.url, headers=server.admin, timeout=60, limits=limits) as client:
        yield client


@pytest.mark.parametrize("path", [path for path, _ in operations("get")])
def test_reading_with_odd_values(http: httpx.Client, path: str) -> None:
    operation = dict(operations("get"))[path]
    names = [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
    for value in ODD:
        if "{" in path:
            answer = http.get(filled(path, value))
            helped(answer.status_code, answer.text, f"{path} with {value!r}")
        if names:
            answer = http.get(filled(path, "orders"), params=dict.fromkeys(names, value))
            helped(answer.status_code, answer.text, f"{path} with all its queries {value!r}")
    for name in names:
        for value in ALONE:
            answer = http.get(filled(path, "orders"), params={name: value})
            helped(answer.status_code, answer.text, f"{path}?{name}={value!r}")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_changing_with_odd_bodies(http: httpx.Client, method: str) -> None:
    for path, _ in operations(method):
        if path == "/session":
            continue  # signing in has tests of its own
        for body in BODIES:
            answer = http.request(method, filled(path, "ä/../x" if body is None else "orders"), json=body)
            helped(answer.status_code, answer.text, f"{method} {path} with {body!r}")


NO_JSON = {
    "half": b"{",
    "no utf-8": b"\xff\xfe",
    "utf-16": '{"x": 1}'.encode("utf-16"),
    "not a number": b'{"ids": NaN}',
    "too large": b'{"ids": 1e999}',
    "more than 64 bits": b'{"ids": 99999999999999999999}',
    "deep": b"[" * 5000,
    "a name twice": b'{"role": "viewer", "role": "admin"}',
    "half a letter": b'{"ids": ["\\ud800"]}',
    "nul": b'{"ids": ["\\u0000"]}',
}


FEW = "/accounts/{account_id}/reset-password"
"""May be asked for five times in a quarter of an hour, whatever the body."""


@pytest.mark.parametrize("name", NO_JSON)
def test_bodies_that_are_not_strict_json_are_refused_by_every_operation(http: httpx.Client, name: str) -> None:
    headers = {"content-type": "application/json"}
    for method in ("post", "put", "patch", "delete"):
        for path, operation in operations(method):
            if "requestBody" in operation:
                answer = http.request(method, filled(path, "orders"), content=NO_JSON[name], headers=headers)
                refused = {400, 429} if path == FEW else {400}
                assert answer.status_code in refused, f"{method} {path}: {answer.status_code} {answer.text[:300]}"


def test_a_compressed_body_is_refused(http: httpx.Client) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = http.post("/api/_payloom/runs/retry", content=b'{"ids": ["x"]}', headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "wrong_content_type")


def test_a_body_with_many_faults_gets_a_short_answer(http: httpx.Client) -> None:
    body = {f"field_{number}": 1 for number in range(20_000)} | {"x" * 5_000: 1}
    answer = http.post("/api/_payloom/editor/hover", json=body)
    assert answer.status_code == 400
    assert "field_1" in answer.text
    assert len(answer.content) < 20_000
