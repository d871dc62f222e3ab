"""Workflow files through the management API: read whole, saved whole, never over somebody else's change."""

from __future__ import annotations

import threading

import pytest
from tests.support.editor_client import FILES, MARK_PAID, EditorClient


def test_a_file_comes_with_its_outline_and_its_findings(reader: EditorClient) -> None:
    source = reader.source("mark-paid")
    assert source["text"] == MARK_PAID
    assert (source["path"], source["editable"], source["ok"]) == ("workflows/mark-paid.yaml", True, True)
    assert source["published_version"] == source["version"]
    assert source["changed"] is False
    steps = source["outline"]["steps"]
    assert [(step["run_path"], step["verb"], step["id"]) for step in steps] == [
        ("0", "update", "order"), ("1", "filter", None), ("2", "log", None),
    ]  # fmt: skip
    assert steps[0]["result"]["fields"][:2] == ["id", "user_id"]
    text = source["text"][steps[0]["start"]["offset"] : steps[0]["end"]["offset"]]
    assert text.startswith("id: order")
    assert source["lane"]["name"] == "fast"


def test_saving_replaces_the_file_as_a_whole(desk: EditorClient) -> None:
    before = desk.source("mark-paid")
    text = MARK_PAID.replace("is paid", "is paid now")
    saved = desk.save("mark-paid", text)
    assert desk.file("mark-paid").read_text() == text
    assert saved["etag"] != before["etag"]
    assert saved["etag"] == desk.source("mark-paid")["etag"]
    assert not list(desk.file("mark-paid").parent.glob(".*"))


def test_bytes_come_back_as_they_are(desk: EditorClient) -> None:
    text = "\ufeff" + MARK_PAID.replace("\n", "\r\n")
    desk.save("mark-paid", text)
    assert desk.file("mark-paid").read_bytes() == text.encode()
    assert desk.source("mark-paid")["text"] == text


def test_a_file_with_mistakes_is_saved_and_says_what_is_wrong(desk: EditorClient) -> None:
    saved = desk.save("mark-paid", MARK_PAID.replace("update: orders", "update: ordres"))
    assert saved["ok"] is False
    (problem,) = [diagnostic for diagnostic in saved["diagnostics"] if diagnostic["severity"] == "error"]
    assert (problem["code"], problem["step"], problem["start"]["line"]) == ("F001", "0", 10)
    assert "orders" in problem["hint"]


def test_a_change_made_elsewhere_is_not_overwritten(desk: EditorClient) -> None:
    etag = desk.source("mark-paid")["etag"]
    edited = MARK_PAID + "  # by somebody with an editor\n"
    desk.file("mark-paid").write_text(edited)
    status, error = desk.refused("PUT", "/workflows/mark-paid/source", {"text": MARK_PAID + "# mine\n", "etag": etag})
    assert (status, error["code"]) == (409, "file_changed")
    assert error["data"]["text"] == edited
    assert error["data"]["yours"] == MARK_PAID + "# mine\n"
    assert "+# mine" in error["data"]["diff"]
    assert desk.file("mark-paid").read_text() == edited
    desk.save("mark-paid", edited + "# both\n", error["data"]["etag"])


def test_of_many_who_save_the_same_state_one_wins(desk: EditorClient) -> None:
    etag = desk.source("mark-paid")["etag"]
    answers: list[int] = []

    def save(number: int) -> None:
        body = {"text": f"{MARK_PAID}# {number}\n", "etag": etag}
        answers.append(desk.ask("PUT", "/workflows/mark-paid/source", body).status_code)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, *[409] * 7]


@pytest.mark.parametrize(
    "name",
    [
        "../outside", "..%2Foutside", "a/../../outside", "%2e%2e/outside", "/etc/passwd", "C:%5Cx", "a%00b", "Big",
        "con", "a//b", ".hidden", "a/.b", "x.test", "a b", "-a", "é",
    ],
)  # fmt: skip
def test_nothing_outside_the_folder_can_be_reached(desk: EditorClient, name: str) -> None:
    (desk.root / "outside.yaml").write_text(MARK_PAID)
    answer = desk.ask("GET", f"/workflows/{name}/source")
    assert answer.status_code in {400, 404}, answer.text
    before = sorted(path.relative_to(desk.root).as_posix() for path in desk.root.rglob("*.yaml"))
    status, error = desk.refused("POST", "/workflows", {"id": name.replace("%2F", "/").replace("%2e", ".")})
    assert (status, error["code"]) == (422, "bad_id")
    assert sorted(path.relative_to(desk.root).as_posix() for path in desk.root.rglob("*.yaml")) == before


def test_a_link_out_of_the_folder_is_not_followed(desk: EditorClient, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret.yaml"
    elsewhere.write_text("name: secret\n")
    (desk.root / "workflows" / "link.yaml").symlink_to(elsewhere)
    assert desk.refused("GET", "/workflows/link/source")[0] == 404


def test_a_new_workflow_is_made_and_never_over_an_old_one(desk: EditorClient) -> None:
    created = desk.post("/workflows", {"id": "orders/ship-it"})
    assert created["path"] == "workflows/orders/ship-it.yaml"
    assert created["ok"] is True
    assert desk.file("orders/ship-it").read_text() == created["text"]
    status, error = desk.refused("POST", "/workflows", {"id": "orders/ship-it", "text": "name: other\n"})
    assert (status, error["code"]) == (409, "already_there")
    assert desk.file("orders/ship-it").read_text() == created["text"]


def test_a_workflow_is_deleted_as_it_was_seen(desk: EditorClient) -> None:
    etag = desk.source("hello")["etag"]
    desk.file("hello").write_text(FILES["workflows/hello.yaml"] + "# changed\n")
    assert desk.refused("DELETE", "/workflows/hello", etag=etag)[0] == 409
    assert desk.file("hello").exists()
    assert desk.ask("DELETE", "/workflows/hello", etag=desk.source("hello")["etag"]).json()["deleted"] is True
    assert not desk.file("hello").exists()


def test_viewers_look_and_editors_write(desk: EditorClient) -> None:
    for email, allowed in (("vera@shop.test", False), ("eddy@shop.test", True)):
        with desk.server.http.__class__(base_url=desk.server.url) as browser:
            browser.post("/api/auth/sign-in", json={"email": email, "password": "correct-horse"})
            source = browser.get("/api/_payloom/workflows/mark-paid/source")
            assert source.status_code == 200, source.text
            body = {"id": "mark-paid", "text": MARK_PAID}
            origin = {"origin": desk.server.settings.origin}
            assert browser.post("/api/_payloom/editor/check", json=body, headers=origin).status_code == 200
            saving = {"text": MARK_PAID, "etag": source.json()["etag"]}
            saved = browser.put("/api/_payloom/workflows/mark-paid/source", json=saving, headers=origin)
            assert saved.status_code == (200 if allowed else 403), saved.text


def test_the_editor_is_helped_with_what_may_stand_where(reader: EditorClient) -> None:
    text = MARK_PAID.replace("object.metadata.order_id", "object.")
    offset = text.index("object.") + len("object.")
    completion = reader.post("/editor/complete", {"id": "mark-paid", "text": text, "offset": offset})
    assert completion["from"] == completion["to"] == offset
    assert {"amount", "metadata"} <= {item["label"] for item in completion["items"]}
    field = {"path": ["steps", 1, "filter"], "expression": "order.st", "cursor": 8}
    typed = reader.post("/editor/complete", {"id": "mark-paid", "text": MARK_PAID, **field})
    assert (typed["from"], typed["to"]) == (6, 8)
    assert "status" in [item["label"] for item in typed["items"]]
    word = reader.post("/editor/hover", {"id": "x", "text": MARK_PAID, "offset": MARK_PAID.index("object.amount") + 9})
    assert (word["title"], word["type"]) == ("object.amount", "int")
    assert reader.post("/editor/hover", {"id": "x", "text": MARK_PAID, "offset": 0}) is not None
    assert reader.refused("POST", "/editor/complete", {"id": "x", "text": "x"})[0] == 400


def test_the_catalog_and_the_actions_are_found(reader: EditorClient) -> None:
    catalog = reader.get("/editor/catalogue")
    assert {"stripe", "if", "for_each"} <= {verb["verb"] for verb in catalog["verbs"]}
    assert next(table for table in catalog["tables"] if table["name"] == "orders")["columns"][0]["primary"] is True
    assert {"hello", "mark-paid"} == {workflow["name"] for workflow in catalog["workflows"]}
    assert [action["name"] for action in reader.get("/editor/actions", q="create checkout session")["data"]] == [
        "checkout.sessions.create"
    ]
    first = reader.get("/editor/actions", q="refund")["data"][0]
    assert (first["name"], first["label"], first["moves_money"]) == ("refunds.create", "Refund Payment", True)
    page = reader.get("/editor/actions", limit=10)
    assert len(page["data"]) == 10
    assert reader.get("/editor/actions", limit=10, cursor=page["next"])["data"][0] not in page["data"]
    action = reader.get("/editor/actions/checkout.sessions.create")
    price = action["params"]["properties"]["line_items"]["items"]["properties"]["price_data"]
    assert price["properties"]["unit_amount"]["x-unit"] == "minor"
    assert price["required"] == ["currency"]
    assert set(action["params"]["properties"]["mode"]["enum"]) == {"payment", "setup", "subscription"}
    assert reader.refused("GET", "/editor/actions/refunds.creat")[1]["hint"] == "did you mean 'refunds.create'?"


def test_a_text_is_changed_all_or_nothing(reader: EditorClient) -> None:
    operations = [
        {"op": "rename_step", "path": ["steps", 0], "to": "purchase"},
        {"op": "wrap", "path": ["steps", 2], "value": {"if": "object.amount > 0", "then": []}, "key": "then"},
    ]
    edited = reader.post("/editor/edit", {"id": "mark-paid", "text": MARK_PAID, "operations": operations})
    assert edited["ok"] is True
    assert edited["path"] == ["steps", 2]
    expected = MARK_PAID.replace("id: order\n", "id: purchase\n").replace("filter: order", "filter: purchase")
    log = "  - log: Order ${{ order.id }} is paid\n"
    wrapped = "  - if: object.amount > 0\n    then:\n      - log: Order ${{ purchase.id }} is paid\n"
    assert edited["text"] == expected.replace(log, wrapped)
    status, error = reader.refused(
        "POST",
        "/editor/edit",
        {"id": "mark-paid", "text": MARK_PAID, "operations": [*operations, {"op": "remove", "path": ["steps", 9]}]},
    )
    assert (status, error["code"]) == (422, "bad_edit")
    assert "change 3" in error["message"]
    assert error["data"]["operation"] == 2
