"""A user's endpoint answers what its workflow returns, and refuses bad requests with the reason."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from tests.support.http_server import RunningServer


def test_the_return_of_the_run_is_the_answer(server: RunningServer) -> None:
    answer = server.http.post("/api/echo/hello", json={"times": 2})
    assert answer.status_code == 200
    assert answer.json()["word"] == "hello"
    assert answer.json()["times"] == 2
    assert answer.json()["at"].endswith("Z")
    run = server.manage(f"/runs/{answer.headers['payloom-run-id']}")
    assert (run["workflow"], run["status"]) == ("echo", "succeeded")


def test_a_body_may_be_left_out_when_nothing_in_it_is_needed(server: RunningServer) -> None:
    assert server.http.post("/api/echo/hello").json()["times"] == 1


def test_a_query_is_read_as_the_types_the_workflow_wants(server: RunningServer) -> None:
    assert server.http.get("/api/search", params={"amount": "5", "paid": "true"}).json() == {"ids": ["o3"]}


def problem(answer: httpx.Response, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["request_id"] == answer.headers["payloom-request-id"]
    return error


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"times": 9}, "times"),
        ({"times": "2"}, "times"),
        ({"times": 2.5}, "times"),
        ({"time": 2}, "time"),
        ({"tags": [{}]}, "tags"),
        ({"tags": "a"}, "tags"),
    ],
)
def test_a_field_that_does_not_fit_is_named(server: RunningServer, body: dict[str, Any], field: str) -> None:
    error = problem(server.http.post("/api/echo/hello", json=body), 422, "invalid_input")
    assert any(name.startswith(field) for name in error["fields"])


def test_a_misspelt_field_is_corrected(server: RunningServer) -> None:
    error = problem(server.http.post("/api/echo/hello", json={"time": 2}), 422, "invalid_input")
    assert "times" in error["message"] + str(error["fields"])


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{oops", "application/json", 400, "invalid_json"),
        (b"[]", "application/json", 400, "bad_request"),
        (b'{"times": 1, "times": 2}', "application/json", 400, "invalid_json"),
        (b'{"times": NaN}', "application/json", 400, "invalid_json"),
        (b'{"times": 99999999999999999999}', "application/json", 400, "invalid_json"),
        (b"[" * 60_000, "application/json", 400, "invalid_json"),
        (b'{"tags": "\xff"}', "application/json", 400, "invalid_json"),
        (b"times=2", "application/x-www-form-urlencoded", 403, "cross_site"),
        (b'{"times": 2}', "text/plain", 403, "cross_site"),
        (b'{"times": 2, "word": "x"}', "application/json", 400, "bad_request"),
        (b'{"a": "' + b"x" * 1_100_000 + b'"}', "application/json", 413, "body_too_large"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    server: RunningServer, content: Any, kind: str, status: int, code: str
) -> None:
    answer = server.http.post("/api/echo/hello", content=content, headers={"content-type": kind})
    problem(answer, status, code)


def test_a_body_without_length_is_counted_while_it_arrives(server: RunningServer) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 10_000

    answer = server.http.post("/api/echo/hello", content=endless(), headers={"content-type": "application/json"})
    problem(answer, 413, "body_too_large")


def test_an_unknown_address_is_corrected(server: RunningServer) -> None:
    error = problem(server.http.post("/api/ecko/hello", json={}), 404, "not_found")
    assert "/api/echo/{word}" in error["hint"]


def test_a_wrong_method_is_told_the_right_one(server: RunningServer) -> None:
    answer = server.http.get("/api/private")
    error = problem(answer, 405, "method_not_allowed")
    assert (answer.headers["allow"], error["allow"]) == ("POST", ["POST"])


@pytest.mark.parametrize("path", ["/api/%00", "/api/echo/%00", "/api/echo/a%2Fb", "/api//", "/api/echo/" + "x" * 5000])
def test_a_strange_address_is_an_answer_not_a_crash(server: RunningServer, path: str) -> None:
    assert server.http.post(path, json={}).status_code in {200, 400, 404, 422}


def test_a_run_that_raises_answers_what_it_raised(server: RunningServer) -> None:
    error = problem(server.http.post("/api/refusing", json={}), 409, "too_late")
    assert error["message"] == "It is too late."
    assert error["run_id"].startswith("run_")


def test_a_run_that_fails_by_our_fault_names_the_run(server: RunningServer) -> None:
    error = problem(server.http.post("/api/broken", json={"map": {"missing": 0}}), 500, "expression")
    assert server.manage(f"/runs/{error['run_id']}")["status"] == "failed"


def test_a_body_that_makes_an_expression_fail_is_refused(server: RunningServer) -> None:
    error = problem(server.http.post("/api/broken", json={"map": {}}), 422, "expression")
    assert server.manage(f"/runs/{error['run_id']}")["status"] == "refused"


def test_the_same_idempotency_key_is_the_same_run(server: RunningServer) -> None:
    key = {"idempotency-key": "click-0001"}
    first = server.http.post("/api/echo/hello", json={"times": 3}, headers=key)
    second = server.http.post("/api/echo/hello", json={"times": 3}, headers=key)
    assert first.headers["payloom-run-id"] == second.headers["payloom-run-id"]
    assert first.json() == second.json()


def test_another_request_under_the_same_key_does_not_get_the_first_ones_answer(server: RunningServer) -> None:
    key = {"idempotency-key": "click-0002"}
    first = server.http.post("/api/echo/mine", json={}, headers=key)
    second = server.http.post("/api/echo/yours", json={}, headers=key)
    assert first.headers["payloom-run-id"] != second.headers["payloom-run-id"]
    problem(server.http.post("/api/echo/x", json={}, headers={"idempotency-key": "a b"}), 400, "bad_request")


def test_an_allowed_other_site_may_call_and_read_but_others_may_not(server: RunningServer) -> None:
    friend = server.http.post("/api/open", json={}, headers={"origin": "https://app.example"})
    assert friend.status_code == 200
    assert friend.headers["access-control-allow-origin"] == "https://app.example"
    stranger = server.http.post("/api/open", json={}, headers={"origin": "https://evil.example"})
    problem(stranger, 403, "cross_site")
    assert "access-control-allow-origin" not in stranger.headers
    headers = {"origin": "https://app.example", "access-control-request-method": "POST"}
    preflight = server.http.options("/api/open", headers=headers)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "POST"


def test_another_host_name_is_not_answered(server: RunningServer) -> None:
    problem(server.http.get("/api/search", headers={"host": "evil.example"}), 421, "wrong_host")


@pytest.mark.parametrize("second", ["127.0.0.1", "evil.example"])
def test_a_request_with_two_hosts_is_refused(server: RunningServer, second: str) -> None:
    with socket.create_connection(("127.0.0.1", server.settings.port), timeout=5) as line:
        line.sendall(f"GET /order/o1 HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: {second}\r\n\r\n".encode())
        assert line.recv(1000).startswith(b"HTTP/1.1 400")


def test_a_malformed_request_line_does_not_harm_the_next_one(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.settings.port), timeout=5) as line:
        line.sendall(b"GARBAGE\r\n\r\n")
        assert b"400" in line.recv(1000)
    assert server.http.get("/healthz").status_code == 200
