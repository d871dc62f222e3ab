"""The keys that seal, by command: rotated while a server runs, pruned, and lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.http_server import running_server
from tests.support.processes import payloom_process

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "workflows/keeps.yaml": """
name: Keeps
on: {api: POST /keeps, auth: none}
input: {secret: string, texts: json}
steps:
  - id: kept
    let: {secret: "${{ inputs.secret }}", texts: "${{ inputs.texts }}"}
  - return: "${{ kept.texts }}"
""",
}
TEXTS = {"password": "hunter22", "bearer": "Authorization: Bearer abcdefghijk0123456789"}


def test_the_commands_rotate_the_file_s_key_while_the_server_runs(tmp_path: Path) -> None:
    with running_server(tmp_path, FILES) as server:
        texts = TEXTS
        body = {"secret": "pi_1_secret_abcdef", "texts": texts}
        first = server.http.post("/api/keeps", json=body).headers["payloom-run-id"]
        before = (tmp_path / "data" / "sealing.key").read_text("utf-8").split()
        done = payloom_process.run("keys", "rotate", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        after = (tmp_path / "data" / "sealing.key").read_text("utf-8").split()
        assert after[1:] == before
        # The server finds the new key by itself, reads what it sealed, and writes on.
        fork = server.http.post(f"/api/_payloom/runs/{first}/fork", json={}, headers=server.admin)
        assert fork.status_code == 200, fork.text
        run = server.wait(lambda: (run := server.manage(f"/runs/{fork.json()['id']}"))["finished_at"] and run)
        assert run["status"] == "succeeded"
        entries = server.manage("/audit", action="keys.rotated")["data"]
        assert [(entry["actor_kind"], entry["outcome"]) for entry in entries] == [("operator", "done")]
    assert payloom_process.run("keys", "rotate", cwd=tmp_path).returncode == 0
    pruned = payloom_process.run("keys", "prune", cwd=tmp_path)
    assert pruned.returncode == 0, pruned.stderr
    assert len((tmp_path / "data" / "sealing.key").read_text("utf-8").split()) == 1
    status = json.loads(payloom_process.run("keys", "status", "--json", cwd=tmp_path).stdout)
    assert [key["seals"] for key in status["keys"]] == [True]
    assert status["unknown"] == []


def test_a_lost_key_is_a_clear_error_and_abandoning_it_a_way_out(tmp_path: Path) -> None:
    with running_server(tmp_path, FILES) as server:
        server.http.post("/api/keeps", json={"secret": "pi_1_secret_abcdef", "texts": TEXTS})
    (tmp_path / "data" / "sealing.key").unlink()
    refused = payloom_process.run("runs", "list", cwd=tmp_path)
    assert refused.returncode != 0
    assert "that key is not here" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "payloom keys abandon" in refused.stderr
    unsure = payloom_process.run("keys", "abandon", cwd=tmp_path)
    assert unsure.returncode != 0
    assert payloom_process.run("keys", "abandon", "--yes", cwd=tmp_path).returncode == 0
    with running_server(tmp_path, FILES) as server:
        runs = server.manage("/runs", workflow="keeps")["data"]
        assert server.manage(f"/runs/{runs[0]['id']}")["status"] == "succeeded"
