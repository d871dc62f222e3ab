"""tables.yaml and the templates through the management API: in use once saved, and nothing else can be written."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.support.editor_client import FILES, TABLES, EditorClient
from tests.support.http_server import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HELLO_PAGE = """\
---
path: /hello-page
auth: none
title: Hello
---
{% extends payloom_layout %}
{% block main %}<h1>Hello there</h1>{% endblock %}
"""
MAIL = "---\nsubject: Hi\n---\n<mjml><mj-body><mj-section><mj-column><mj-text>Hi</mj-text></mj-column></mj-section></mj-body></mjml>\n"
OTHER = {"pages/other.html.j2": HELLO_PAGE.replace("/hello-page", "/other").replace("there", "from the other page")}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[EditorClient]:
    """A server of its own: its tables and pages change."""
    with running_server(tmp_path, {**FILES, **OTHER}) as server:
        yield EditorClient(server)


def change(desk: EditorClient, path: str, text: str) -> dict[str, Any]:
    etag = desk.get(f"/files/{path}")["etag"]
    answer = desk.ask("PUT", f"/files/{path}", {"text": text, "etag": etag})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_table_that_is_saved_is_there_at_once_and_the_others_keep_their_rows(desk: EditorClient) -> None:
    text = TABLES.rstrip("\n") + "\n  notes:\n    columns:\n      id: uuid primary\n      text: string\n"
    assert change(desk, "tables.yaml", text)["diagnostics"] == []
    assert (desk.root / "tables.yaml").read_text() == text
    assert "notes" in [table["name"] for table in desk.get("/tables")["data"]]
    assert len(desk.get("/tables/orders/rows")["data"]) == 3


def test_a_page_comes_changes_and_says_what_is_wrong_without_a_restart(desk: EditorClient) -> None:
    http = desk.server.http
    assert http.get("/hello-page", headers={"accept": "text/html"}).status_code == 404
    created = desk.post("/files", {"path": "pages/hello.html.j2", "text": HELLO_PAGE})
    assert created["diagnostics"] == []
    assert "Hello there" in http.get("/hello-page").text
    moved = change(desk, "pages/hello.html.j2", HELLO_PAGE.replace("/hello-page", "/moved"))
    assert moved["diagnostics"] == []
    assert http.get("/hello-page", headers={"accept": "text/html"}).status_code == 404
    assert "Hello there" in http.get("/moved").text
    broken = change(desk, "pages/hello.html.j2", HELLO_PAGE.replace("{% endblock %}", "{% endblok %}"))
    assert [(finding["severity"], finding["start"]["line"]) for finding in broken["diagnostics"]] == [("error", 7)]
    files = {file["path"]: file["errors"] for file in desk.get("/files")["data"]}
    assert files == {"tables.yaml": 0, "pages/hello.html.j2": 1, "pages/other.html.j2": 0}
    assert "from the other page" in http.get("/other").text


def test_a_new_email_can_be_used_by_a_workflow(desk: EditorClient) -> None:
    desk.post("/files", {"path": "emails/hi.mjml.j2", "text": MAIL})
    checked = desk.post(
        "/editor/check", {"id": "x", "text": "name: X\non: {manual: true}\nsteps:\n  - email: hi\n    to: a@b.test\n"}
    )
    assert [finding["message"] for finding in checked["diagnostics"] if finding["severity"] == "error"] == []


def test_a_change_made_elsewhere_is_not_overwritten(desk: EditorClient) -> None:
    etag = desk.get("/files/pages/other.html.j2")["etag"]
    edited = OTHER["pages/other.html.j2"] + "<!-- mine -->\n"
    (desk.root / "pages/other.html.j2").write_text(edited)
    status, error = desk.refused("PUT", "/files/pages/other.html.j2", {"text": HELLO_PAGE, "etag": etag})
    assert (status, error["code"], error["data"]["text"]) == (409, "file_changed", edited)
    assert (desk.root / "pages/other.html.j2").read_text() == edited


OTHER_PATHS = [
    *("payloom.yaml", ".env", "workflows/hello.yaml", "tests/hello.test.yaml", "actions/x.py", "pages/x.py"),
    *("pages/../payloom.yaml", "pages/%2e%2e/payloom.yaml", "emails/x.html.j2", "/etc/passwd", "pages/.x.html.j2"),
]


@pytest.mark.parametrize("path", OTHER_PATHS)
def test_no_other_file_is_read_or_written(desk: EditorClient, path: str) -> None:
    before = {file: file.read_bytes() for file in desk.root.rglob("*.yaml")}
    assert desk.ask("GET", f"/files/{path}").status_code in {404, 405, 422}
    assert desk.ask("PUT", f"/files/{path}", {"text": "x", "etag": "x"}).status_code in {404, 405, 422}
    assert desk.refused("POST", "/files", {"path": path, "text": "x"})[1]["code"] == "bad_id"
    assert {file: file.read_bytes() for file in desk.root.rglob("*.yaml")} == before


def test_a_link_out_of_its_folder_is_not_followed(desk: EditorClient) -> None:
    (desk.root / "pages/leak.html.j2").symlink_to(desk.root / "payloom.yaml")
    assert desk.refused("GET", "/files/pages/leak.html.j2")[0] == 404
    assert desk.get("/files/pages/other.html.j2")["text"] == OTHER["pages/other.html.j2"]


@contextlib.contextmanager
def signed_in(desk: EditorClient, name: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=desk.server.url, headers={"origin": desk.server.url}) as http:
        person = {"email": f"{name}@shop.test", "password": "correct-horse"}
        assert http.post("/api/auth/sign-in", json=person).status_code == 200
        yield http


def test_an_editor_reads_a_viewer_does_not_and_only_an_admin_writes(desk: EditorClient) -> None:
    outcomes: dict[str, tuple[int, int]] = {}
    for name in ("vera", "eddy"):
        with signed_in(desk, name) as http:
            body = {"path": "pages/new.html.j2", "text": HELLO_PAGE}
            read, write = http.get("/api/_payloom/files"), http.post("/api/_payloom/files", json=body)
            outcomes[name] = (read.status_code, write.status_code)
    assert outcomes == {"vera": (403, 403), "eddy": (200, 403)}
    assert not (desk.root / "pages/new.html.j2").exists()


GREETING = MAIL.replace("subject: Hi", "subject: Hi {{ name }}").replace(">Hi<", ">Hi {{ name }}, {{ total }}<")
GREETING_PATH = "emails/greeting.mjml.j2"


def preview(desk: EditorClient, **body: Any) -> dict[str, Any]:
    return desk.post("/files/preview", {"path": GREETING_PATH, **body})


def test_a_preview_fills_a_template_in_with_data_that_is_given_or_made_up_and_sends_nothing(desk: EditorClient) -> None:
    desk.post("/files", {"path": GREETING_PATH, "text": GREETING})
    filled_in = preview(desk, data={"name": "<Bo>", "total": "$3.00"})
    assert (filled_in["subject"], filled_in["problem"]) == ("Hi <Bo>", None)
    assert "Hi &lt;Bo&gt;, $3.00" in filled_in["html"]
    assert "Hi <Bo>, $3.00" in filled_in["text"]
    sample = preview(desk)
    assert sample["data"] == {"name": "Ann Example", "total": "$14.00"}
    assert sample["subject"] == "Hi Ann Example"
    unsaved = preview(desk, text=GREETING.replace("Hi", "Dear"), data={"name": "Bo", "total": ""})
    assert unsaved["subject"] == "Dear Bo"
    assert desk.get(f"/files/{GREETING_PATH}")["text"] == GREETING
    assert desk.server.sent_mails() == {}


@pytest.mark.parametrize(
    ("text", "data", "where"),
    [
        (GREETING, {"name": "Bo"}, GREETING_PATH),
        (GREETING.replace("{{ total }}", "{% include '../payloom.yaml' %}"), {"name": "Bo"}, GREETING_PATH),
        (GREETING.replace("{{ total }}", "{{ total"), {"name": "Bo"}, GREETING_PATH),
        ("no front matter", {}, GREETING_PATH),
    ],
    ids=["a value is missing", "a file elsewhere", "a brace is missing", "no subject"],
)
def test_a_preview_says_why_a_template_cannot_be_filled_in(
    desk: EditorClient, text: str, data: dict[str, Any], where: str
) -> None:
    desk.post("/files", {"path": GREETING_PATH, "text": GREETING})
    answer = preview(desk, text=text, data=data)
    assert (answer["subject"], answer["html"], answer["text"]) == ("", "", "")
    assert answer["problem"]["message"]
    assert answer["problem"]["where"].startswith(where)
    assert "Test Shop" not in str(answer)


@pytest.mark.parametrize("path", [*OTHER_PATHS, "emails/../payloom.yaml", "pages/other.html.j2", "emails/none.mjml.j2"])
def test_no_other_file_is_previewed(desk: EditorClient, path: str) -> None:
    status, error = desk.refused("POST", "/files/preview", {"path": path})
    assert status in {400, 404}, error
    assert "Hello" not in str(error)


def test_an_editor_previews_what_is_saved_and_only_an_admin_what_is_not(desk: EditorClient) -> None:
    desk.post("/files", {"path": GREETING_PATH, "text": GREETING})
    outcomes: dict[str, tuple[int, int]] = {}
    for name in ("vera", "eddy"):
        with signed_in(desk, name) as http:
            bodies = [{"path": GREETING_PATH}, {"path": GREETING_PATH, "text": GREETING}]
            saved, unsaved = [http.post("/api/_payloom/files/preview", json=body).status_code for body in bodies]
            outcomes[name] = (saved, unsaved)
    assert outcomes == {"vera": (403, 403), "eddy": (200, 403)}
