"""What nobody does in the studio is recorded, too: files that a watch or a start publishes, and new settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.http_server import running_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.http_server import RunningServer

HELLO = "name: Hello\non: {manual: true}\nsteps:\n  - log: hello\n"
FILES = {
    "payloom.yaml": "name: Test Shop\n",
    "workflows/hello.yaml": HELLO,
    "workflows/same.yaml": HELLO,
}


def entries(server: RunningServer, action: str) -> list[dict[str, Any]]:
    """The entries of an action, newest first."""
    return server.manage("/audit", action=action)["data"]


def test_a_publish_by_files_or_a_start_and_changed_settings_are_recorded(tmp_path: Path, database_url: str) -> None:
    with running_server(tmp_path, FILES, database_url=database_url) as server:
        assert entries(server, "workflow.published") == []
        (server.settings.root / "workflows" / "hello.yaml").write_text(HELLO.replace("log: hello", "log: hi"), "utf-8")
        (watched,) = server.wait(lambda: entries(server, "workflow.published"))
    assert (watched["actor_kind"], watched["target"], watched["details"]["by"]) == ("server", "hello", "files")
    changed = {**FILES, "workflows/hello.yaml": HELLO.replace("log: hello", "log: good day")}
    changed["payloom.yaml"] = "name: Other Shop\nkeep_runs: 60\n"
    with running_server(tmp_path, changed, database_url=database_url) as server:
        started, _ = entries(server, "workflow.published")
        (settings,) = entries(server, "settings.changed")
    assert (started["actor_kind"], started["target"], started["details"]["by"]) == ("server", "hello", "start")
    assert {"name", "keep_runs"} <= set(settings["target"].split(", "))
    assert (settings["before"]["name"], settings["after"]["name"]) == ("Test Shop", "Other Shop")
    assert (settings["before"]["keep_runs"], settings["after"]["keep_runs"]) == (90, 60)
    with running_server(tmp_path, changed, database_url=database_url) as server:
        assert len(entries(server, "workflow.published")) == 2
