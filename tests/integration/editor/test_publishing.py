"""Publishing: new runs use the files as they are, at once and together; runs on their way stay where they are."""

from __future__ import annotations

import socket
import time

import pytest
from tests.support.editor_client import FILES, HELLO, MARK_PAID, EditorClient
from tests.support.http_server import event

WAITS = """\
name: Waits
description: Sleeps, then answers.
on: {api: POST /waits, auth: none}
steps:
  - respond: {ok: true}
  - wait: 1h
  - return: {version: one}
"""

AGED = """\
name: Aged
description: Reads a column that is new in the file.
on: {api: POST /aged, auth: none}
steps:
  - select: users
    where: {age: 3}
"""


def hello(desk: EditorClient, path: str = "/hello", **body: str) -> tuple[int, object]:
    """Call the endpoint."""
    answer = desk.server.http.post(f"/api{path}", json=body)
    return answer.status_code, answer.json()


def columns(desk: EditorClient, table: str) -> list[str]:
    """Return the columns that the server knows."""
    listed = next(shape for shape in desk.get("/tables")["data"] if shape["name"] == table)
    return [column["name"] for column in listed["columns"]]


def test_what_is_saved_in_development_is_used_at_once(desk: EditorClient) -> None:
    assert hello(desk, who="Ada") == (200, {"text": "Hello Ada"})
    saved = desk.save("hello", HELLO.replace("Hello ${{", "Good day ${{"))
    assert (saved["published"], saved["publish_error"], saved["changed"]) == (True, None, False)
    assert hello(desk, who="Ada") == (200, {"text": "Good day Ada"})


def test_an_endpoint_moves_and_its_old_address_is_gone(desk: EditorClient) -> None:
    desk.save("hello", HELLO.replace("POST /hello", "POST /greet"))
    assert hello(desk, "/greet", who="Ada")[0] == 200
    status, answer = hello(desk, who="Ada")
    assert status == 404
    assert isinstance(answer, dict)


def test_a_new_workflow_answers_events_and_a_deleted_one_does_not(desk: EditorClient) -> None:
    text = "name: Note\ndescription: Notes.\non: {stripe: charge, actions: [captured]}\nsteps:\n  - log: seen\n"
    desk.post("/workflows", {"id": "note", "text": text})
    desk.server.deliver(event("charge.captured", "evt_seen", id="ch_1"))
    assert [run["workflow"] for run in desk.get("/runs", event="evt_seen")["data"]] == ["note"]
    desk.ask("DELETE", "/workflows/note", etag=desk.source("note")["etag"])
    desk.server.deliver(event("charge.captured", "evt_unseen", id="ch_2"))
    assert desk.get("/runs", event="evt_unseen")["data"] == []
    assert [run["workflow"] for run in desk.get("/runs", event="evt_seen")["data"]] == ["note"]


def errors_of(desk: EditorClient) -> list[str]:
    """Return the files that have errors."""
    listed = desk.get("/workflows")["diagnostics"]
    return [diagnostic["file"] for diagnostic in listed if diagnostic["severity"] == "error"]


def test_a_broken_file_holds_up_no_other_and_what_runs_goes_on(desk: EditorClient) -> None:
    before = desk.source("hello")["published_version"]
    saved = desk.save("hello", HELLO.replace("inputs.who", "inputs.whom"))
    assert saved["published"] is False
    assert "whom" in saved["publish_error"]
    assert hello(desk, who="Ada") == (200, {"text": "Hello Ada"})
    other = desk.save("mark-paid", MARK_PAID.replace("is paid", "was paid"))
    assert (other["published"], other["publish_error"], other["changed"]) == (True, None, False)
    assert errors_of(desk) == ["workflows/hello.yaml"]
    assert desk.source("hello")["published_version"] == before
    assert hello(desk, who="Ada") == (200, {"text": "Hello Ada"})
    status, error = desk.refused("POST", "/workflows/hello/publish", {})
    assert (status, error["code"]) == (422, "project_has_errors")
    assert "whom" in error["message"]
    assert desk.post("/workflows/mark-paid/publish", {})["version"] == desk.source("mark-paid")["version"]
    assert desk.save("hello", HELLO)["published"] is True
    assert errors_of(desk) == []


ENDPOINT = """\
name: NAME
description: Answers.
on: {api: POST PATH, auth: none}
steps:
  - return: {by: NAME}
"""
# What is written (id: text), which of it stays unpublished, and why
TOGETHER: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "calls one that was never published": (
        {
            "broken": ENDPOINT.replace("PATH", "/broken").replace("by: NAME", "by: ${{ nope }}"),
            "caller": ENDPOINT.replace("PATH", "/caller").replace("- return", "- call: broken\n  - return"),
            "fine": ENDPOINT.replace("PATH", "/fine"),
        },
        {"broken": "nope", "caller": "calls broken, which has errors and was never published"},
    ),
    "calls one that stays as it is published": (
        {
            "hello": HELLO.replace("inputs.who", "inputs.whom"),
            "caller": ENDPOINT.replace("PATH", "/caller").replace(
                "- return", "- call: hello\n    with: {who: Ada}\n  - return"
            ),
        },
        {"hello": "whom"},
    ),
    "takes the address of one that stays": (
        {
            "hello": HELLO.replace("POST /hello", "POST /moved").replace("inputs.who", "inputs.whom"),
            "a-thief": ENDPOINT.replace("PATH", "/hello"),
            "z-thief": ENDPOINT.replace("PATH", "/hello"),
            "fine": ENDPOINT.replace("PATH", "/moved"),
        },
        {
            "hello": "whom",
            "a-thief": "POST /hello is taken by workflow hello",
            "z-thief": "POST /hello is taken by workflow",
        },
    ),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_a_workflow_that_cannot_be_served_beside_what_stays_is_left_out_too(desk: EditorClient, case: str) -> None:
    files, left_out = TOGETHER[case]
    for name, text in files.items():
        desk.file(name).write_text(text)
    status, error = desk.refused("POST", f"/workflows/{next(iter(left_out))}/publish", {})
    assert (status, error["code"]) == (422, "project_has_errors")
    last = next(name for name in reversed(files) if name not in left_out)
    done = desk.post(f"/workflows/{last}/publish", {})
    assert done["version"] == desk.source(last)["version"]
    assert {name for name in files if desk.source(name)["changed"]} == {*left_out}
    for name, reason in left_out.items():
        message = desk.refused("POST", f"/workflows/{name}/publish", {})[1]["message"]
        assert reason in message
    assert hello(desk, who="Ada") == (200, {"text": "Hello Ada"})


def test_publishing_wants_what_was_seen(desk: EditorClient) -> None:
    status, error = desk.refused("POST", "/workflows/hello/publish", {"etag": "0" * 32})
    assert (status, error["code"]) == (409, "file_changed")


def test_a_run_on_its_way_stays_on_its_version(desk: EditorClient) -> None:
    desk.post("/workflows", {"id": "waits", "text": WAITS})
    assert hello(desk, "/waits")[0] == 200
    before = desk.source("waits")["published_version"]
    desk.save("waits", WAITS.replace("version: one", "version: two"))
    (run,) = desk.get("/runs", workflow="waits")["data"]
    assert run["version"] == before
    versions = desk.get("/workflows/waits/versions")["data"]
    assert [(version["open_runs"], version["current"]) for version in versions] == [(0, True), (1, False)]
    assert versions[1]["hash"] == before


def test_files_changed_by_another_editor_are_noticed(desk: EditorClient) -> None:
    desk.file("hello").write_text(HELLO.replace("Hello ${{", "Servus ${{"))
    desk.server.wait(lambda: hello(desk, who="Ada") == (200, {"text": "Servus Ada"}))


def test_a_changed_table_is_used_at_once_and_holds_up_nothing(desk: EditorClient) -> None:
    """One that cannot be used leaves the tables as they are; only the workflow that needs it is left out."""
    tables, aged = desk.root / "tables.yaml", desk.file("aged")
    with_age = FILES["tables.yaml"].replace("name?: string", "name?: string\n      age?: int")
    refused = {
        "a file that is none": (with_age + "  orders: {}\n", "orders"),
        "values would be lost": (with_age.replace("pending | paid = pending", "int = 0"), "orders.status"),
    }
    aged.write_text(AGED)
    for greeting, (text, reason) in zip(("Salut", "Servus"), refused.values(), strict=True):
        tables.write_text(text)
        desk.save("hello", HELLO.replace("Hello ${{", f"{greeting} ${{{{"))
        assert hello(desk, who="Ada") == (200, {"text": f"{greeting} Ada"})
        status, error = desk.refused("POST", "/workflows/aged/publish", {})
        assert (status, error["code"]) == (422, "project_has_errors")
        assert "age" in error["message"]
        assert reason in error["hint"]
    tables.write_text(with_age)
    desk.server.wait(lambda: hello(desk, "/aged")[0] == 200)
    desk.post("/tables/users/rows", {"values": {"email": "ada@shop.test", "age": 3}})
    assert "age" in columns(desk, "users")
    assert not errors_of(desk)


def test_what_was_published_goes_on_with_the_names_it_was_written_for(desk: EditorClient) -> None:
    """A renamed column: the file that has the old name is left out, its published version finds the column."""
    desk.post("/workflows", {"id": "named", "text": AGED.replace("aged", "named").replace("age: 3", "plan: free")})
    renamed = FILES["tables.yaml"].replace("plan: string", "tier: string was plan")
    (desk.root / "tables.yaml").write_text(renamed)
    desk.server.wait(lambda: "tier" in columns(desk, "users"))
    desk.save("hello", HELLO.replace("Hello ${{", "Salut ${{"))
    assert errors_of(desk) == ["workflows/named.yaml"]
    assert hello(desk, "/named")[0] == 200
    desk.save("named", desk.source("named")["text"].replace("plan: free", "tier: free"))
    assert hello(desk, "/named")[0] == 200


def test_calls_go_on_while_tables_change(desk: EditorClient) -> None:
    """No endpoint waits for more than the change itself, and no run fails, on the way there and back."""
    noted = FILES["tables.yaml"].replace("amount: int = 0", "amount: int = 0\n      note: string = x")
    slowest, calls = 0.0, 0
    for text, there in ((noted, True), (FILES["tables.yaml"], False), (noted, True)):
        (desk.root / "tables.yaml").write_text(text)
        while ("note" in columns(desk, "orders")) is not there:
            calls += 1
            began = time.monotonic()
            assert hello(desk, who="Ada")[0] == 200
            paid = event(
                "payment_intent.succeeded", f"evt_{calls}", id=f"pi_{calls}", amount=7, metadata={"order_id": "o1"}
            )
            desk.server.deliver(paid)
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < 5, slowest
    assert desk.get("/runs", status="failed")["data"] == []


def test_versions_keep_text_author_and_time_and_come_back_exactly(desk: EditorClient) -> None:
    first = desk.source("hello")
    text = HELLO.replace("Hello ${{", "Howdy ${{").replace("name: Hello", "name: Hello  # kept")
    desk.save("hello", text)
    newest = desk.get("/workflows/hello/versions")["data"][0]
    assert (newest["author"], newest["current"]) == ("token", True)
    assert newest["created_at"].endswith("Z")
    assert desk.get(f"/workflows/hello/versions/{newest['hash']}")["text"] == text
    old = desk.get(f"/workflows/hello/versions/{first['version'][:12]}")
    assert (old["text"], old["current"]) == (HELLO, False)
    back = desk.post("/workflows/hello/rollback", {"version": first["version"], "etag": desk.source("hello")["etag"]})
    assert (back["published"], back["text"]) == (True, HELLO)
    assert desk.file("hello").read_text() == HELLO
    assert hello(desk, who="Ada") == (200, {"text": "Hello Ada"})
    assert desk.source("hello")["published_version"] == first["version"]


def test_two_versions_are_compared_as_text_and_in_meaning(desk: EditorClient) -> None:
    first = desk.source("mark-paid")["version"]
    desk.save("mark-paid", MARK_PAID.replace("status: paid\n", "status: pending\n").replace("# minor", "# whole minor"))
    diff = desk.get("/workflows/mark-paid/diff", **{"from": first, "to": "published"})
    assert "-      status: paid\n" in diff["text"]
    assert "+      status: pending\n" in diff["text"]
    assert [(change["kind"], change["path"], change["before"], change["after"]) for change in diff["changes"]] == [
        ("changed", ["steps", 0, "set", "status"], "paid", "pending")
    ]
    assert diff["from"] == first
    layout = desk.get("/workflows/mark-paid/diff", **{"from": "published", "to": "file"})
    assert (layout["text"], layout["changes"]) != (None, None)
    assert layout["changes"] == []


def test_a_version_nobody_has_is_not_found(desk: EditorClient) -> None:
    assert desk.refused("GET", "/workflows/hello/versions/ffffffffffff")[0] == 404
    assert desk.refused("GET", "/workflows/nope/versions")[0] == 404


def test_a_request_that_is_on_its_way_meets_the_workflow_as_it_is_when_it_has_arrived(desk: EditorClient) -> None:
    first, second = b'{"who": ', b'"Ada"}'
    head = f"POST /api/hello HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(first) + len(second)}\r\nconnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", desk.server.settings.port), 20) as slow:
        slow.sendall(head.encode() + first)
        desk.server.wait(lambda: hello(desk, who="x")[0] == 200)
        desk.save("hello", HELLO.replace("who: string", "who: string 5..80"))
        slow.sendall(second)
        answer = b"".join(iter(lambda: slow.recv(4096), b"")).decode()
    assert answer.startswith("HTTP/1.1 422 ")
    assert '"who"' in answer
