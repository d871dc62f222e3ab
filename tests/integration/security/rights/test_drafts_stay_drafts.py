"""Outside development no restart makes a draft live: only a publish, or a deploy of other files, changes what runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.http_server import RunningServer, running_server

if TYPE_CHECKING:
    import httpx

API = "/api/_payloom"
SETTINGS = {"payloom.yaml": "name: Test Shop\n"}
HELLO = """\
name: Hello
on: {api: POST /hello, auth: none}
steps:
  - return: {text: one}
"""
FILES = {**SETTINGS, "workflows/hello.yaml": HELLO, "workflows/spare.yaml": HELLO.replace("/hello", "/spare")}
STAGING = {"environment": "staging", "studio_edit": True, "studio_publish": "admin"}
DEV = {"environment": "dev", "studio_edit": True}


def ask(server: RunningServer, method: str, path: str, **options: Any) -> httpx.Response:
    answer = server.http.request(method, f"{API}{path}", headers=server.admin, **options)
    assert answer.status_code < 300, answer.text
    return answer


def save(server: RunningServer, text: str) -> None:
    etag = server.manage("/workflows/hello/source")["etag"]
    body = {"text": HELLO.replace("text: one", f"text: {text}"), "etag": etag, "publish": False}
    ask(server, "PUT", "/workflows/hello/source", json=body)


def says(server: RunningServer, path: str = "hello") -> str | None:
    answer = server.http.post(f"/api/{path}", json={})
    return answer.json()["text"] if answer.status_code == 200 else None


def test_a_saved_created_or_deleted_draft_waits_for_a_publish_through_restarts(tmp_path: Path) -> None:
    with running_server(tmp_path, FILES, changes=STAGING) as server:
        save(server, "two")
        text = HELLO.replace("/hello", "/new")
        ask(server, "POST", "/workflows", json={"id": "new", "text": text})
        etag = server.manage("/workflows/spare/source")["etag"]
        ask(server, "DELETE", "/workflows/spare", params={"etag": etag})
        assert (says(server), says(server, "new"), says(server, "spare")) == ("one", None, "one")
    for _ in range(2):
        with running_server(tmp_path, SETTINGS, changes=STAGING) as server:
            assert (says(server), says(server, "new"), says(server, "spare")) == ("one", None, "one")
    with running_server(tmp_path, SETTINGS, changes=STAGING) as server:
        save(server, "three")
        assert says(server) == "one"
        ask(server, "POST", "/workflows/hello/publish", json={})
        assert (says(server), says(server, "new"), says(server, "spare")) == ("three", "one", None)
    with running_server(tmp_path, SETTINGS, changes=STAGING) as server:
        assert (says(server), says(server, "new"), says(server, "spare")) == ("three", "one", None)


def test_a_deploy_replaces_a_draft(tmp_path: Path) -> None:
    with running_server(tmp_path, FILES, changes=STAGING) as server:
        save(server, "two")
    (tmp_path / "workflows" / "hello.yaml").write_text(HELLO.replace("text: one", "text: deployed"), "utf-8")
    with running_server(tmp_path, SETTINGS, changes=STAGING) as server:
        assert says(server) == "deployed"


def test_in_development_a_start_takes_the_files_as_they_are(tmp_path: Path) -> None:
    with running_server(tmp_path, FILES, changes=DEV) as server:
        save(server, "two")
    with running_server(tmp_path, SETTINGS, changes=DEV) as server:
        assert says(server) == "two"


@pytest.mark.parametrize(
    ("changes", "policy"), [(STAGING, "admin"), ({**STAGING, "studio_publish": "two_people"}, "two_people")]
)
def test_everybody_is_told_whether_they_publish(tmp_path: Path, changes: dict[str, Any], policy: str) -> None:
    accounts = "accounts:\n" + "".join(
        f"  - {{email: {role}@shop.test, password: violet-ladder-917, studio: {role}}}\n"
        for role in ("viewer", "editor", "admin")
    )
    with running_server(tmp_path, {**FILES, "payloom.yaml": f"name: Test Shop\n{accounts}"}, changes=changes) as server:
        may = {"viewer": False, "editor": policy == "two_people", "admin": True}
        for role, publishes in may.items():
            body = {"email": f"{role}@shop.test", "password": "violet-ladder-917"}
            server.http.cookies.clear()
            assert server.http.post("/api/auth/sign-in", json=body).status_code == 200
            me = server.http.get(f"{API}/me", headers={"origin": server.url}).json()
            assert (me["publishes"], me["publish_policy"]) == (publishes, policy), json.dumps(me)
