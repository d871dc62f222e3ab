"""A run may begin again at a step with other input; earlier results stay, input that contradicts them is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.http_server import RunningServer, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

TABLES = "tables: {notes: {columns: {id: uuid primary, text: string}}}\n"
WORKFLOW = """
name: Note
on: {api: POST /note, auth: none}
input: {text: string, loud: bool = false, most: int = 5}
steps:
  - if: inputs.loud
    then:
      - insert: notes
        values: {text: loud}
  - id: note
    insert: notes
    values: {text: "${{ inputs.text }}"}
  - if: inputs.text.size() > inputs.most
    then:
      - raise: {status: 409, code: too_long, message: too long}
  - return: {text: "${{ note.text }}"}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(
        tmp_path_factory.mktemp("fork"), {"tables.yaml": TABLES, "workflows/note.yaml": WORKFLOW}
    ) as server:
        yield server


def failed(server: RunningServer, text: str) -> dict[str, Any]:
    answer = server.http.post("/api/note", json={"text": text})
    assert answer.status_code == 409
    return server.manage(f"/runs/{answer.json()['error']['run_id']}")


def fork(server: RunningServer, run: dict[str, Any], **body: Any) -> httpx.Response:
    return server.http.post(f"/api/_payloom/runs/{run['id']}/fork", json=body, headers=server.admin)


def finished(server: RunningServer, run_id: str) -> dict[str, Any]:
    return server.wait(lambda: (run := server.manage(f"/runs/{run_id}"))["finished_at"] and run)


def test_from_the_failed_step_with_input_that_passes_it_is_a_new_linked_run_that_keeps_what_was_done(
    server: RunningServer,
) -> None:
    run = failed(server, "much too long")
    answer = fork(server, run, path=run["failure"]["path"], inputs={"text": "much too long", "loud": False, "most": 50})
    forked = finished(server, answer.json()["id"])
    assert (forked["status"], forked["forked_from"], forked["output"]) == (
        "succeeded",
        run["id"],
        {"text": "much too long"},
    )
    assert forked["inputs"]["most"] == 50
    assert [row["text"] for row in server.rows("notes")].count("much too long") == 1


def test_input_that_leads_another_way_before_the_step_is_refused_with_what_to_do(server: RunningServer) -> None:
    run = failed(server, "far too long")
    before = len(server.manage("/runs", limit=200)["data"])
    answer = fork(server, run, path="2.then.0", inputs={"text": "far too long", "loud": True, "most": 50})
    assert answer.status_code == 409
    assert "takes a different path" in answer.json()["error"]["message"]
    assert "at the beginning" in answer.json()["error"]["hint"]
    assert len(server.manage("/runs", limit=200)["data"]) == before


def test_a_step_that_never_was_is_refused(server: RunningServer) -> None:
    answer = fork(server, failed(server, "quite too long"), path="9", inputs={"text": "short"})
    assert answer.status_code == 409
    assert "no step '9'" in answer.json()["error"]["message"]
