"""A value that a caller sends stays a value: it never becomes another address, another object or an operator."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.http_server import RunningServer, running_server

from payloom.connectors.stripe.catalog import operations
from payloom.connectors.stripe.failures import StripeStepFailed
from payloom.connectors.stripe.parameters import CHOSEN_IDS, prepare, require_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEVER_A_SEGMENT = [
    *("", " ", ".", "..", " .. ", "a/b", "../x", "/", "\\", "..\\x", "a\nb", "a\x00b", "x" * 256),
    *("%2e%2e", "%252e.", "..;", "..;a=b", "..%2fx", "．．", "‥", "a／b", "a＼b", "a\x85b", "a\u2028b"),
]
NEVER_AN_ID = [
    *NEVER_A_SEGMENT,
    "cus_1?expand=x",
    "cus_1#x",
    "%2e%2e",
    "cus_1%2Fx",
    "cus_1 x",
    "cüs_1",
    7,
    ["cus_1"],
    {"a": 1},
]
CHOSEN = ["SPRING 25+", "gold.monthly", "größe-1", "a@b"]

WITH_PATHS = [name for name in operations.names() if (call := operations.find(name)) and call.path_names]


@pytest.mark.parametrize("name", WITH_PATHS)
def test_an_id_in_the_address_of_a_stripe_call_names_one_object(name: str) -> None:
    operation = operations.find(name)
    assert operation is not None
    good = dict.fromkeys(operation.path_names, "id_1A")
    for placeholder in operation.path_names:
        bad = NEVER_A_SEGMENT if operation.object_of(placeholder) in CHOSEN_IDS else NEVER_AN_ID
        for value in bad:
            with pytest.raises(StripeStepFailed) as failed:
                prepare(operation, {**good, placeholder: value})
            assert failed.value.failure.kind == "invalid_parameters", value
            assert failed.value.failure.data["param"] == placeholder
            if isinstance(value, str):
                assert failed.value.failure.status == 422
                assert len(value) < 3 or value not in failed.value.message, "the answer repeats nothing of the caller's"


def test_every_object_whose_id_the_merchant_may_choose_takes_such_an_id() -> None:
    all_operations = [operations.find(name) for name in operations.names()]
    chosen = {
        operations.singular(operation.service[-1])
        for operation in all_operations
        if operation
        and operation.function == "create"
        and operation.params_class
        and "id" in operation.params_class.fields
    }
    assert chosen | {"price"} == CHOSEN_IDS, "a price may be an old plan"
    for kind in CHOSEN_IDS:
        operation = operations.find(f"{kind}s.retrieve")
        assert operation is not None
        for value in CHOSEN:
            assert prepare(operation, {"id": value}).path == [value]


@pytest.mark.parametrize("account", ["acct_1/x", "..", "acct_1\r\nx: y", "cus_1", "*", " acct_1"])
def test_a_call_for_another_account_names_an_account(account: str) -> None:
    operation = operations.find("customers.retrieve")
    assert operation is not None
    with pytest.raises(StripeStepFailed):
        require_account(operation, account)


WORKFLOWS = {
    "tables.yaml": """
tables:
  vouchers:
    columns: {code: string primary, value: int = 0, note?: string}
    seed: [{code: SECRET-1, value: 5}, {code: SECRET-2, value: 7}]
""",
    "workflows/read.yaml": """
name: Read
on: {api: POST /read, auth: none}
input: {code: json}
steps:
  - {id: voucher, select: vouchers, where: {code: "${{ inputs.code }}"}, one: optional}
  - return: {value: "${{ voucher?.value }}"}
""",
    "workflows/read-inside.yaml": """
name: Read inside
on: {api: POST /read-inside, auth: none}
input: {code: json}
steps:
  - {id: rows, select: vouchers, where: {any: [{code: {starts_with: "${{ inputs.code }}"}}, {code: ["${{ inputs.code }}"]}]}}
  - return: {count: "${{ rows.size() }}"}
""",
    "workflows/change.yaml": """
name: Change
on: {api: POST /change, auth: none}
input: {code: json}
steps:
  - {update: vouchers, where: {code: "${{ inputs.code }}"}, set: {note: used}, rows: 0..5}
  - return: {ok: true}
""",
    "workflows/remove.yaml": """
name: Remove
on: {api: POST /remove, auth: none}
input: {code: json}
steps:
  - {delete: vouchers, where: {code: "${{ inputs.code }}"}, rows: 0..5}
  - return: {ok: true}
""",
    "workflows/fetch.yaml": """
name: Fetch
on: {api: POST /fetch, auth: none}
input: {id: string, note?: string}
env: [PEER]
steps:
  - {id: answer, http: "GET ORIGIN/v1/users/${{ inputs.id }}/orders?note=${{ inputs.note ?? '' }}"}
  - return: {path: "${{ answer.body.path }}"}
""",
}


class _Peer(BaseHTTPRequestHandler):
    paths: list[str]

    def do_GET(self) -> None:
        self.paths.append(self.path)
        body = b'{"path": "%s"}' % self.path.encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def paths() -> list[str]:
    """The paths that the other server was asked for."""
    return []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, paths: list[str]) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("caller")
    peer = ThreadingHTTPServer(("127.0.0.1", 0), type("Peer", (_Peer,), {"paths": paths}))
    thread = threading.Thread(target=peer.serve_forever)
    thread.start()
    origin = f"http://127.0.0.1:{peer.server_port}"
    files = {name: text.replace("env: [PEER]\n", "").replace("ORIGIN", origin) for name, text in WORKFLOWS.items()}
    files["payloom.yaml"] = f"name: Test Shop\nhttp_allow: ['{origin}']\n"
    try:
        with running_server(folder, files) as server:
            yield server
    finally:
        peer.shutdown()
        thread.join()
        peer.server_close()


@pytest.mark.parametrize("door", ["read", "read-inside", "change", "remove"])
@pytest.mark.parametrize(
    "code", [{"ne": "x"}, {"starts_with": "S"}, {}, {"any": []}, [{"ne": "x"}], [["SECRET-1"]]], ids=str
)
def test_a_map_that_a_caller_sends_is_never_an_operator(server: RunningServer, door: str, code: Any) -> None:
    before = server.rows("vouchers")
    answer = server.http.post(f"/api/{door}", json={"code": code})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_filter"), answer.text
    assert "SECRET" not in answer.text
    assert server.rows("vouchers") == before


@pytest.mark.parametrize("door", ["read", "read-inside", "change", "remove"])
@pytest.mark.parametrize("code", [None, [None], [str(number) for number in range(2000)]], ids=["null", "nulls", "long"])
def test_a_value_that_no_row_can_have_is_the_caller_s_fault(server: RunningServer, door: str, code: Any) -> None:
    before = server.rows("vouchers")
    answer = server.http.post(f"/api/{door}", json={"code": code})
    assert answer.status_code == 422, answer.text
    assert "SECRET" not in answer.text
    assert server.rows("vouchers") == before
    assert [run["status"] for run in server.manage("/runs", limit=1)["data"]] != ["failed"]


def test_a_value_is_still_compared(server: RunningServer) -> None:
    assert server.http.post("/api/read", json={"code": "SECRET-2"}).json() == {"value": 7}
    assert server.http.post("/api/read-inside", json={"code": "SECRET"}).json() == {"count": 2}


@pytest.mark.parametrize("value", NEVER_A_SEGMENT)
def test_a_path_of_an_http_step_keeps_its_segments(server: RunningServer, paths: list[str], value: str) -> None:
    before = len(paths)
    answer = server.http.post("/api/fetch", json={"id": value})
    assert answer.status_code in (400, 422), answer.text
    assert len(paths) == before, "nothing was sent"


def test_other_values_reach_their_place_encoded(server: RunningServer) -> None:
    answer = server.http.post("/api/fetch", json={"id": "a b?c#d%2e%2e", "note": "../x&y=1"})
    assert answer.json() == {"path": "/v1/users/a%20b%3Fc%23d%252e%252e/orders?note=..%2Fx%26y%3D1"}
