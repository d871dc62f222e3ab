"""Every view of a secret in every encoding: what a run, an event, a row and a mail hold is masked wherever it is shown.

The canaries come in through a webhook, which is the one way for a card number. A new GET route of the management API
needs an entry in `VIEWS`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import structlog
from tests.support.accounts.management_operations import management_operations
from tests.support.http_server import NO_TLS, RunningServer, event, running_server
from tests.support.processes import payloom_process
from tests.support.readings import ENCODINGS, readings

from payloom.api.management.routes import sse
from payloom.api.management.routes.data import visible_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api/_payloom"
TABLES = """
tables:
  users:
    columns: {id: uuid primary, email: string unique}
  notes:
    columns: {id: string primary, text: string, data?: json}
"""
LEAK = """
name: Leak
description: Passes on what Stripe sends, everywhere.
on: {stripe: payment_intent, actions: [succeeded]}
steps:
  - insert: notes
    values: {id: "${{ object.id }}", text: "${{ object.description }}"}
  - log: ${{ object.description }}
  - email: note
    to: ada@shop.test
    data: {text: "${{ object.description }}", link: "none"}
  - raise: {status: 409, code: leaked, message: "${{ object.description }}"}
"""
ASK = """
name: Ask
description: Asks the boss by mail.
on: {api: 'POST /ask/{id}', auth: none}
input: {id: string, words?: json}
steps:
  - respond: {asked: true}
    status: 202
  - insert: notes
    values: {id: "${{ inputs.id }}", text: asked, data: "${{ inputs.words }}"}
  - approve: Refund order ${{ inputs.id }}?
    roles: [boss]
    timeout: 1h
    notify:
      - email: note
        to: boss@shop.test
        data: {text: Decide., link: "${{ approval.url }}"}
"""
FIND = """
name: Find
description: Reads a note.
on: {api: GET /find, auth: none}
input: {id: string}
steps:
  - return: {id: "${{ inputs.id }}"}
"""
MAIL = """---
subject: "Note: {{ text | truncate(60) }}"
---
<mjml><mj-body><mj-section><mj-column>
  <mj-text>{{ text }}</mj-text><mj-button href="{{ link }}">Decide</mj-button>
</mj-column></mj-section></mj-body></mjml>
"""
PASSWORD = "correct-horse-battery"
SETTINGS = f"""
name: Test Shop
accounts:
  - {{email: viewer@shop.test, password: {PASSWORD}, studio: viewer}}
  - {{email: support@shop.test, password: {PASSWORD}, studio: support}}
  - {{email: editor@shop.test, password: {PASSWORD}, studio: editor}}
  - {{email: admin@shop.test, password: {PASSWORD}, studio: admin}}
"""
FILES = {
    "payloom.yaml": SETTINGS,
    "tables.yaml": TABLES,
    "workflows/leak.yaml": LEAK,
    "workflows/ask.yaml": ASK,
    "workflows/find.yaml": FIND,
    "emails/note.mjml.j2": MAIL,
}
ROLES = ("viewer", "support", "editor", "admin")
CANARIES = {
    "sk_live_KeyCanary00001": "KeyCanary00001",
    "sk_org_live_OrgCanary00001": "OrgCanary00001",
    "pi_3abc_secret_IntentCanary00001": "IntentCanary00001",
    "accs_secret__AccountCanary00001": "AccountCanary00001",
    "4000 0566 5566 5556": "0566 5566",
    "4000.0566.5566.5556": "0566.5566",
    "card4000056655665556": "40000566556655",
    "postgresql://shop:UrlCanary00001@db/shop": "UrlCanary00001",
    "bearer BearerCanary00001": "BearerCanary00001",
    "https://shop.test/studio/sign-in?token=LinkCanary00001": "LinkCanary00001",
    "/approve/WyJydW5fMSJd.DecisionCanary00001": "DecisionCanary00001",
}
ORDER = "4111111111111112"
"""An order number, which is no card number and stays visible."""
DETAILS = {
    "number": 4000056655665556,
    "cvc": 987650123498765,
    "apiKey": ["ListCanary00001"],
    "token": {"inner": "MapCanary00001"},
    "order": ORDER,
}
TAKEN = {name: value for name, value in DETAILS.items() if name != "number"}
"""What an endpoint takes of it."""
UNDER_NAMES = ("4000056655665556", "987650123498765", "ListCanary00001", "MapCanary00001")


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """A server that holds the canaries, and the names of what holds them."""

    server: RunningServer
    log: io.StringIO
    events: list[str]
    runs: list[str]
    mails: list[str]
    notes: list[str]
    secrets: tuple[str, ...]

    people: dict[str, httpx.Client]


def signed_in(server: RunningServer, role: str) -> httpx.Client:
    """Return the browser of somebody with a role."""
    client = httpx.Client(base_url=server.url, timeout=20, verify=NO_TLS)
    answer = client.post("/api/auth/sign-in", json={"email": f"{role}@shop.test", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return client


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Deliver each encoding of the canaries in an event of its own, and ask for one decision by mail."""
    log = io.StringIO()
    with contextlib.redirect_stderr(log), running_server(tmp_path_factory.mktemp("secrets"), FILES) as server:
        settings = server.settings
        assert settings.admin_token is not None
        known = [settings.admin_token.get_secret_value(), settings.stripe.webhook_secrets[0].get_secret_value()]
        words = " ; ".join((*CANARIES, *known, f"order {ORDER}"))
        for number, encode in enumerate(ENCODINGS.values()):
            body = event(
                "payment_intent.succeeded",
                f"evt_{number}",
                id=f"pi_{number}",
                description=encode(words),
                details=DETAILS,
            )
            assert server.deliver(body).status_code == 200
        assert server.http.post("/api/ask/17", json={"words": TAKEN}).status_code == 202
        server.wait(
            lambda: server.manage("/runs/counts") and len(server.manage("/mails", limit=200)["data"]) > len(ENCODINGS)
        )
        server.wait(lambda: len(server.manage("/runs", status="failed", limit=200)["data"]) == len(ENCODINGS))
        failed = [run["id"] for run in server.manage("/runs", status="failed", limit=200)["data"]]
        bulk = server.http.post(f"{API}/bulk", json={"kind": "resolve", "ids": failed}, headers=server.admin)
        assert bulk.status_code == 200
        people = {role: signed_in(server, role) for role in ROLES}
        yield Scene(
            server,
            log,
            [event["id"] for event in server.manage("/events", limit=200)["data"]],
            [run["id"] for run in server.manage("/runs", limit=200)["data"]],
            [mail["id"] for mail in server.manage("/mails", limit=200)["data"]],
            [row["id"] for row in server.rows("notes", limit=200)],
            (*CANARIES.values(), *UNDER_NAMES, *known, decision_signature(server)),
            people,
        )
        for client in people.values():
            client.close()


def database_file(server: RunningServer) -> Path:
    """Return the server's SQLite file."""
    return Path(server.settings.database_url.removeprefix("sqlite:///"))


def decision_signature(server: RunningServer) -> str:
    """Return the part of the sent link that makes it open."""
    texts = server.sent_mails().values()
    signatures = [match[1] for text in texts if (match := re.search(r"/approve/[\w-]{60,}\.([\w-]{20,})", text))]
    assert len(signatures) == 1
    return signatures[0]


@functools.cache  # people with different roles are often shown the same text
def shown(text: str, secrets: tuple[str, ...]) -> list[str]:
    """Return the secrets that somebody can read in a text."""
    return sorted({secret for reading in readings(text) for secret in secrets if secret in reading})


VIEWS: dict[str, list[str]] = {
    "/accounts": ["/accounts"],
    "/accounts/{account_id}": ["{accounts}"],
    "/accounts/{account_id}/sessions": ["{accounts}/sessions"],
    "/approvals": ["/approvals"],
    "/bulk": ["/bulk"],
    "/bulk/{job_id}": ["{bulk}"],
    "/editor/actions": ["/editor/actions"],
    "/editor/actions/{name}": ["/editor/actions/charges.create"],
    "/editor/catalogue": ["/editor/catalogue"],
    "/editor/pins/{workflow_id}": ["/editor/pins/leak"],
    "/editor/samples": ["/editor/samples?workflow=leak", "/editor/samples"],
    "/events": ["/events?limit=200"],
    "/events/catch-up": ["/events/catch-up"],
    "/events/rejected": ["/events/rejected"],
    "/events/{event_id}": ["{events}"],
    "/files": ["/files"],
    "/files/{path}": ["/files/tables.yaml"],
    "/journey/{any_id}": ["/journey/pi_0", "/journey/evt_0"],
    "/live": [],
    "/local-stripe/payments": ["/local-stripe/payments"],
    "/local-stripe/control": ["/local-stripe/control"],
    "/local-stripe/control/{name}": ["/local-stripe/control/calls"],
    "/local-stripe/v1/{path}": ["/local-stripe/v1/payment_intents"],
    "/mails": ["/mails?limit=200"],
    "/mails/{mail_id}": ["{mails}"],
    "/me": ["/me"],
    "/overview": ["/overview"],
    "/runs": ["/runs?limit=200"],
    "/runs/counts": ["/runs/counts"],
    "/runs/{run_id}": ["{runs}"],
    "/search": ["/search?q=pi_0", "/search?q=evt_0"],
    "/session": ["/session"],
    "/settings": ["/settings"],
    "/tables": ["/tables"],
    "/tables/{name}/rows": ["/tables/notes/rows?limit=200"],
    "/tables/{name}/rows/{key}": ["{notes}"],
    "/alerts": ["/alerts"],
    "/audit": ["/audit"],
    "/audit/export": ["/audit/export", "/audit/export?format=jsonl"],
    "/tables/{name}/rows/{key}/history": ["/tables/notes/rows/pi_0/history"],
    "/workflows": ["/workflows"],
    "/workflows/{workflow_id}": ["/workflows/leak"],
    "/workflows/{workflow_id}/diff": ["/workflows/leak/diff"],
    "/workflows/{workflow_id}/source": ["/workflows/leak/source"],
    "/workflows/{workflow_id}/versions": ["/workflows/leak/versions"],
    "/workflows/{workflow_id}/versions/{version}": ["/workflows/leak/versions/1"],
}
"""The addresses to look at, by GET route. `/live` has a test of its own."""


def addresses(scene: Scene, route: str) -> list[str]:
    """Return the addresses of a route, with every event, run, mail and note."""
    accounts = [account["id"] for account in scene.server.manage("/accounts")["data"]]
    many = {
        "{events}": [f"/events/{event}" for event in scene.events],
        "{runs}": [f"/runs/{run}" for run in scene.runs],
        "{bulk}": [f"/bulk/{job['id']}" for job in scene.server.manage("/bulk")["data"]],
        "{mails}": [f"/mails/{mail}" for mail in scene.mails],
        "{accounts}": [f"/accounts/{account}" for account in accounts],
        "{accounts}/sessions": [f"/accounts/{account}/sessions" for account in accounts],
        "{notes}": [f"/tables/notes/rows/{note}" for note in scene.notes],
    }
    return [address for view in VIEWS[route] for address in many.get(view, [view])]


def operations() -> Iterator[tuple[str, str]]:
    """Yield the method and the route of every operation of the management API."""
    for name in management_operations():
        method, _, route = name.partition(" ")
        yield method, route


def test_every_route_that_reads_has_an_entry() -> None:
    assert {route for method, route in operations() if method == "GET"} == set(VIEWS)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", [route for route in VIEWS if VIEWS[route]])
def test_no_view_shows_a_secret(scene: Scene, route: str, role: str) -> None:
    for address in addresses(scene, route):
        answer = scene.people[role].get(API + address)
        assert answer.status_code < 500 or route.startswith("/local-stripe"), answer.text
        assert shown(answer.text, scene.secrets) == [], address


@pytest.mark.parametrize(
    ("route", "holds"),
    [
        ("/events/{event_id}", ORDER),
        ("/tables/{name}/rows/{key}", ORDER),
        ("/mails/{mail_id}", "redacted"),
        ("/runs/{run_id}", "redacted"),
    ],
)
def test_the_views_hold_what_is_not_secret(scene: Scene, route: str, holds: str) -> None:
    pages = [scene.server.manage(address) for address in addresses(scene, route)]
    texts = [json.dumps(page, ensure_ascii=False) for page in pages]
    assert sum(holds in text for text in texts) >= len(ENCODINGS) // 3  # the others write it otherwise
    assert sum("[redacted]" in text for text in texts) >= len(ENCODINGS)


GUESSES: dict[str, tuple[dict[str, Any], int]] = {
    "a piece of a secret": ({"filter": {"text": {"contains": "yCanary000"}}}, 200),
    "its beginning": ({"filter": {"text": {"starts_with": "sk_live_K"}}}, 200),
    "between two": ({"filter": {"text": {"gte": "sk_live_K", "lt": "sk_live_L"}}}, 200),
    "in a choice": ({"filter": {"any": [{"text": {"contains": "yCanary000"}}]}}, 200),
    "the whole": ({"filter": {"text": "sk_live_KeyCanary00001"}}, 400),
    "most of it": ({"filter": {"text": {"starts_with": "sk_live_KeyCanary000"}}}, 400),
    "as a column": ({"text": "sk_live_KeyCanary00001"}, 400),
    "by a secret name": ({"filter": {"token": {"starts_with": "a"}}}, 400),
    "a secret name deep down": ({"filter": {"any": [{"id": "x"}, {"all": [{"api_key": {"gt": "a"}}]}]}}, 400),
    "a secret name as a column": ({"client_secret": "x"}, 400),
    "sorted by one": ({"order_by": "id, password desc"}, 400),
}


def test_no_filter_tells_what_a_row_hides(scene: Scene) -> None:
    """What is masked cannot be found out by asking for the rows that begin with it, letter by letter."""
    client = signed_in(scene.server, "viewer")
    path = f"{API}/tables/notes/rows"
    for guess, (params, status) in GUESSES.items():
        sent = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in params.items()}
        answer = client.get(path, params=sent)
        assert answer.status_code == status, (guess, answer.text)
        # Neither a page behind the last, nor a short one, nor its cursor says that there is a row.
        for page in ({}, {"limit": 1}, {"cursor": "1"}, {"cursor": "500", "limit": 1}) if status == 200 else ():
            assert client.get(path, params=sent | page).json() == {"data": [], "next": None, "total": 0}, (guess, page)
    honest = client.get(path, params={"filter": json.dumps({"text": {"contains": "sked"}})}).json()
    assert honest["total"] == len(honest["data"]) > 0
    client.close()


@pytest.mark.parametrize("order", ["text", "text desc", "-text", "text:desc", "id,text"])
def test_no_order_tells_what_a_row_hides(scene: Scene, order: str) -> None:
    """Where a row stands among others tells its value: those that hide it are left out, of the pages and the total."""
    all_rows = scene.server.manage("/tables/notes/rows", limit=500)
    open_rows = [row["id"] for row in all_rows["data"] if "[" not in str(row["text"])]
    client = signed_in(scene.server, "viewer")
    first = client.get(f"{API}/tables/notes/rows", params={"order_by": order, "limit": 500})
    if first.status_code != 200:
        assert order in {"-text", "text:desc"}, first.text
        client.close()
        return
    assert {row["id"] for row in first.json()["data"]} >= set(open_rows)
    assert "[redacted]" not in str([row["text"] for row in first.json()["data"]])
    total = len(first.json()["data"])
    assert (first.json()["total"], first.json()["next"]) == (total, None)
    page = client.get(f"{API}/tables/notes/rows", params={"order_by": order, "limit": 1}).json()
    assert (page["total"], page["next"]) == (total, "1" if total > 1 else None)
    assert len(page["data"]) == min(total, 1)
    client.close()


def test_too_many_rows_to_look_through_are_refused_with_what_to_do(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visible_rows, "MOST_SCANNED", 1)
    client = signed_in(scene.server, "viewer")
    refused = client.get(f"{API}/tables/notes/rows", params={"order_by": "text"})
    assert refused.status_code == 400
    assert "Filter by another column first" in refused.json()["error"]["hint"]
    assert client.get(f"{API}/tables/notes/rows", params={"order_by": "id"}).status_code == 200
    client.close()


def test_the_source_of_a_mail_is_made_of_the_masked_mail(scene: Scene) -> None:
    for mail_id in scene.mails:
        mail = scene.server.manage(f"/mails/{mail_id}")
        assert mail["source"].startswith("Subject: ")
        assert "Content-Transfer-Encoding: quoted-printable" in mail["source"]
        assert shown(mail["source"], scene.secrets) == []


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_log_shows_no_secret(scene: Scene, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", scene.log)  # logs go to stderr as it is then, and pytest has one for each test
    words = ENCODINGS[encoding](" ; ".join(CANARIES))
    log = structlog.get_logger("payloom.test")
    log.warning("leaked", words=words, **DETAILS)
    log.error("it failed", exc_info=ValueError(words))
    text = scene.log.getvalue()
    assert "leaked" in text
    assert "ValueError" in text
    assert shown(text, scene.secrets) == []


@pytest.mark.parametrize("words", [("mails",), ("runs", "show"), ("events", "show")])
def test_the_command_line_shows_no_secret(scene: Scene, words: tuple[str, ...]) -> None:
    ids = {"mails": scene.mails, "runs": scene.runs, "events": scene.events}[words[0]]
    for options in ((), ("--json",)):
        done = payloom_process.run(*words, ids[0], *options, cwd=scene.server.settings.root)
        assert done.returncode == 0, done.stderr
        assert shown(done.stdout + done.stderr, scene.secrets) == []


def test_the_stream_shows_no_secret_and_ends_with_the_session(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.3)
    client = signed_in(scene.server, "viewer")
    with client.stream("GET", f"{API}/live") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        words = " ; ".join(CANARIES)
        scene.server.deliver(
            event("payment_intent.succeeded", "evt_live", id="pi_live", description=words, details=DETAILS)
        )
        read: list[str] = []
        while not any("evt_live" in line for line in read):
            read.append(next(lines))
        while ": still here" not in read[-1]:
            read.append(next(lines))
        client.post("/api/auth/sign-out", json={})
        read += list(lines)
    client.close()
    assert shown("\n".join(read), scene.secrets) == []


def test_a_stream_ends_when_the_role_is_taken(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.3)
    accounts = scene.server.manage("/accounts")["data"]
    editor = next(account["id"] for account in accounts if account["email"] == "editor@shop.test")
    address = f"{API}/accounts/{editor}/role"
    client = scene.people["editor"]
    with client.stream("GET", f"{API}/live") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        assert scene.server.http.put(address, json={"role": None}, headers=scene.server.admin).status_code == 200
        assert "hello" in "".join(lines)
    assert scene.server.http.put(address, json={"role": "editor"}, headers=scene.server.admin).status_code == 200


CARD = "5555555555554444"
"""A card number that came in through no webhook."""
CARDS: dict[str, Any] = {
    "text": {"words": CARD},
    "spaced": {"words": "card 5555 5555 5555 4444 12/27"},
    "no-break": {"words": "5555\u00a05555\u00a05555\u00a04444"},
    "dotted": {"words": "5555.5555.5555.4444"},
    "after a letter": {"words": f"nr{CARD}"},
    "number": {"words": int(CARD)},
    "deep": {"words": [{"a": [int(CARD)]}]},
    "name": {CARD: 1},
}


def refused(answer: httpx.Response) -> bool:
    """Whether a card number was refused, in JSON or on a page."""
    return answer.status_code == 422 and ("card_number" in answer.text or "card number" in answer.text)


@pytest.mark.parametrize("form", CARDS)
def test_an_endpoint_refuses_a_card_number(scene: Scene, form: str) -> None:
    answer = scene.server.http.post("/api/ask/18", json=CARDS[form])
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "card_number")


def test_no_part_of_a_request_may_be_a_card_number(scene: Scene) -> None:
    http = scene.server.http
    csrf = {"csrf_token": "x"}
    same = {"origin": scene.server.url}
    assert refused(http.post(f"/api/ask/{CARD}", json={}))
    assert refused(http.get("/api/find", params={"id": CARD}))
    assert refused(http.post("/api/ask/18", json={}, headers={"idempotency-key": CARD}))
    assert refused(http.post("/api/auth/sign-in", json={"email": "a@b.test", "password": CARD}))
    assert refused(http.post("/api/auth/sign-up", json={"email": "a@b.test", "password": "long-enough", "name": CARD}))
    for form in ("/sign-in", "/sign-up", "/sign-out"):
        assert refused(http.post(form, data={"email": CARD, **csrf}, headers=same)), form


@pytest.mark.parametrize(("method", "route"), [operation for operation in operations() if operation[0] != "GET"])
def test_the_management_api_refuses_a_card_number(
    scene: Scene, method: str, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", scene.log)
    address = API + re.sub(r"\{\w+\}", "x", route)
    answer = scene.server.http.request(method, address, json=CARDS["deep"], headers=scene.server.admin)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "card_number"), answer.text


def test_nothing_of_a_refused_card_number_is_kept(scene: Scene) -> None:
    for path in database_file(scene.server).parent.glob("*.sqlite*"):
        assert CARD.encode() not in path.read_bytes()
    assert CARD not in scene.log.getvalue()
    assert not [
        run for run in scene.server.manage("/runs", workflow="ask", limit=200)["data"] if run["id"] not in scene.runs
    ]


def test_what_only_looks_like_a_card_number_is_taken(scene: Scene) -> None:
    for number, value in enumerate(
        (ORDER, int(ORDER), 1795459609777, "4006381333931", "550e8400-e29b-41d4-a716-446655440000")
    ):
        assert scene.server.http.post(f"/api/ask/taken-{number}", json={"words": value}).status_code == 202
