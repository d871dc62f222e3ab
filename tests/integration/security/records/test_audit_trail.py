"""Everything that changes something leaves an entry in the audit trail: who, what, on what, from where, when.

`CHANGES` has a call for each operation of the management API that changes something. A new one without an entry fails.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import itertools
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from tests.support.accounts.management_operations import management_operations
from tests.support.http_server import NO_TLS, RunningServer, event, running_server
from tests.support.postgres import fresh_database
from tests.support.processes import payloom_process

from payloom.api.management.access import repeats
from payloom.audit.actions import ACTIONS
from payloom.audit.trail import FAILURES_AN_HOUR_PER_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

API = "/api/_payloom"
PASSWORD = "violet-ladder-917"
ROLES: dict[str, tuple[list[str], str]] = {
    "customer": ([], "null"),
    "viewer": ([], "viewer"),
    "boss": (["admin"], "admin"),
    "support": (["support"], "support"),
}
SECRET = "sk_test_canary0123456789abcdef"
FILES = {
    "payloom.yaml": "name: Test Shop\nalerts: {email: ops@shop.test}\naccounts:\n"
    + "".join(
        f"  - {{email: {name}@shop.test, password: {PASSWORD}, roles: {roles}, studio: {studio}}}\n"
        for name, (roles, studio) in ROLES.items()
    ),
    "tables.yaml": "tables:\n  notes: {columns: {id: string primary, text: string}}\n",
    "workflows/refund.yaml": """
name: Refund
on:
  - api: POST /refund
    auth: [support]
  - manual: true
steps:
  - ensure: false
    message: not today
""",
    "workflows/ask.yaml": """
name: Ask
on: {manual: true}
steps:
  - respond: {ok: true}
  - id: answer
    approve: Go on?
    roles: [admin]
""",
    "workflows/seen.yaml": "name: Seen\non: {stripe: charge, actions: [captured]}\nsteps:\n  - log: seen\n",
    "workflows/mail.yaml": "name: Mail\non: {manual: true}\nsteps:\n  - email: hello\n    to: ada@shop.test\n",
    "emails/hello.mjml.j2": """---
subject: Hello
---
<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>
""",
}
_number = itertools.count()


@dataclasses.dataclass
class Site:
    """A server, and a client of each person."""

    server: RunningServer
    clients: dict[str, httpx.Client]

    def boss(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask the management API as an admin."""
        return self.clients["boss"].request(method, f"{API}{path}", json=body)

    def entries(self, **query: Any) -> list[dict[str, Any]]:
        """Entries of the trail, newest first."""
        return self.server.manage("/audit", **query)["data"]

    def entry_of(self, answer: httpx.Response) -> dict[str, Any] | None:
        """The entry of a request."""
        request_id = answer.headers["payloom-request-id"]
        return next((entry for entry in self.entries(limit=20) if entry["request_id"] == request_id), None)

    def account(self, name: str) -> str:
        """The ID of an account."""
        people = self.server.manage("/accounts")["data"]
        return next(person["id"] for person in people if person["email"] == f"{name}@shop.test")

    def execute(self, statement: str) -> int:
        """Change the database past the server."""
        engine = sa.create_engine(self.server.settings.database_url)
        try:
            with engine.begin() as conn:
                return conn.execute(sa.text(statement)).rowcount
        finally:
            engine.dispose()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The project, served, with everybody signed in."""
    with contextlib.ExitStack() as stack:
        # Each test asks for the same as another: a click that comes twice has tests of its own.
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(repeats, "is_begun_anew", lambda _route: False)
        url = None
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server")))
        server = stack.enter_context(running_server(tmp_path_factory.mktemp("shop"), FILES, database_url=url))
        own = {"origin": server.url, "sec-fetch-site": "same-origin"}
        clients = {
            person: stack.enter_context(httpx.Client(base_url=server.url, headers=own, verify=NO_TLS, timeout=20))
            for person in ("guest", *ROLES)
        }
        for person in ROLES:
            body = {"email": f"{person}@shop.test", "password": PASSWORD}
            assert clients[person].post("/api/auth/sign-in", json=body).status_code == 200
        server.deliver(event("charge.captured", "evt_seen", id="ch_seen0001"))
        yield Site(server, clients)


def note(site: Site) -> str:
    """A new row; returns its key."""
    key = f"note-{next(_number)}"
    site.boss("POST", "/tables/notes/rows", {"values": {"id": key, "text": f"it was {SECRET}"}})
    return key


def failed(site: Site) -> str:
    """A failed run."""
    answer = site.boss("POST", "/workflows/refund/run", {}).json()
    return str(answer["run_id"])


def resolved(site: Site) -> str:
    """A failed run that is resolved."""
    run = failed(site)
    site.boss("POST", f"/runs/{run}/resolve", {})
    return run


def bulk_job(site: Site, status: str) -> str:
    """A bulk action that is over, set to a status."""
    job: str = site.boss("POST", "/bulk", {"kind": "resolve", "ids": [failed(site)]}).json()["id"]
    site.server.wait(lambda: site.server.manage(f"/bulk/{job}")["status"] == "done")
    assert site.execute(f"UPDATE payloom_bulk_jobs SET status = '{status}' WHERE id = '{job}'") == 1
    return job


def stoppable(site: Site) -> str:
    """A bulk action that is going on."""
    return bulk_job(site, "running")


def stopped(site: Site) -> str:
    """A bulk action that was stopped."""
    return bulk_job(site, "stopped")


def waiting(site: Site) -> str:
    """A run that waits for a decision."""
    run: str = site.boss("POST", "/workflows/ask/run", {}).json()["run_id"]
    site.server.wait(lambda: site.server.manage(f"/runs/{run}")["waits"])
    return run


def mail(site: Site) -> str:
    """A mail that was sent."""
    site.boss("POST", "/workflows/mail/run", {})
    return str(site.server.wait(lambda: site.server.manage("/mails")["data"])[0]["id"])


def etag(site: Site, name: str) -> str:
    """The state of a workflow's file."""
    return str(site.server.manage(f"/workflows/{name}/source")["etag"])


def new_workflow(site: Site) -> str:
    """A new workflow's id."""
    name = f"new-{next(_number)}"
    site.boss("POST", "/workflows", {"id": name})
    return name


def save(site: Site) -> httpx.Response:
    name = new_workflow(site)
    text = site.server.manage(f"/workflows/{name}/source")["text"]
    return site.boss("PUT", f"/workflows/{name}/source", {"text": text + "# more\n", "etag": etag(site, name)})


def roll_back(site: Site) -> httpx.Response:
    name = new_workflow(site)
    version = site.server.manage(f"/workflows/{name}/versions")["data"][0]["hash"]
    text = site.server.manage(f"/workflows/{name}/source")["text"].rstrip() + "\n  - log: more\n"
    site.boss("PUT", f"/workflows/{name}/source", {"text": text, "etag": etag(site, name), "publish": True})
    return site.boss("POST", f"/workflows/{name}/rollback", {"version": version, "etag": etag(site, name)})


def delete(site: Site) -> httpx.Response:
    name = new_workflow(site)
    return site.boss("DELETE", f"/workflows/{name}?etag={etag(site, name)}")


def sign_in_by_link(site: Site) -> httpx.Response:
    url = site.boss("POST", f"/accounts/{site.account('viewer')}/link").json()["url"]
    return site.clients["guest"].post(f"{API}/session", json={"token": url.rpartition("token=")[2]})


def stranger(site: Site) -> str:
    """A new account's id."""
    body = {"email": f"new-{next(_number)}@shop.test", "password": PASSWORD}
    answer = httpx.post(f"{site.server.url}/api/auth/sign-up", json=body)
    return str(answer.json()["user"]["id"])


def save_template(site: Site) -> httpx.Response:
    """Save a template as it is."""
    file = site.boss("GET", "/files/emails/hello.mjml.j2").json()
    return site.boss("PUT", "/files/emails/hello.mjml.j2", {"text": file["text"], "etag": file["etag"]})


def session_of(site: Site, account: str) -> str:
    """The id of an account's session."""
    return str(site.server.manage(f"/accounts/{account}/sessions")["data"][0]["id"])


TEST_RUN = {"id": "refund", "text": FILES["workflows/refund.yaml"], "trigger": {"index": 1}}
CHANGES: dict[str, Callable[[Site], httpx.Response]] = {
    "POST /session": sign_in_by_link,
    "DELETE /session": lambda site: (sign_in_by_link(site), site.clients["guest"].delete(f"{API}/session"))[1],
    "PUT /accounts/{account_id}/roles": lambda site: site.boss(
        "PUT", f"/accounts/{site.account('viewer')}/roles", {"roles": ["clerk"]}
    ),
    "PUT /accounts/{account_id}/role": lambda site: site.boss(
        "PUT", f"/accounts/{site.account('viewer')}/role", {"role": "viewer"}
    ),
    "POST /accounts/{account_id}/verify": lambda site: site.boss("POST", f"/accounts/{stranger(site)}/verify"),
    "POST /accounts/{account_id}/disable": lambda site: site.boss("POST", f"/accounts/{stranger(site)}/disable"),
    "POST /accounts/{account_id}/enable": lambda site: site.boss("POST", f"/accounts/{stranger(site)}/enable"),
    "DELETE /accounts/{account_id}": lambda site: site.boss("DELETE", f"/accounts/{stranger(site)}"),
    "POST /accounts/{account_id}/reset-password": lambda site: site.boss(
        "POST", f"/accounts/{stranger(site)}/reset-password"
    ),
    "DELETE /accounts/{account_id}/sessions": lambda site: site.boss("DELETE", f"/accounts/{stranger(site)}/sessions"),
    "DELETE /accounts/{account_id}/sessions/{session}": lambda site: site.boss(
        "DELETE", f"/accounts/{(account := stranger(site))}/sessions/{session_of(site, account)}"
    ),
    "POST /accounts/{account_id}/link": lambda site: site.boss("POST", f"/accounts/{site.account('viewer')}/link"),
    "DELETE /accounts/{account_id}/second-factor": lambda site: site.boss(
        "DELETE", f"/accounts/{stranger(site)}/second-factor"
    ),
    "POST /runs/retry": lambda site: site.boss("POST", "/runs/retry", {"ids": [failed(site)]}),
    "POST /runs/{run_id}/retry": lambda site: site.boss("POST", f"/runs/{failed(site)}/retry"),
    "POST /runs/{run_id}/resolve": lambda site: site.boss("POST", f"/runs/{failed(site)}/resolve", {}),
    "POST /runs/{run_id}/reopen": lambda site: site.boss("POST", f"/runs/{resolved(site)}/reopen"),
    "POST /bulk": lambda site: site.boss("POST", "/bulk", {"kind": "retry", "ids": [failed(site)]}),
    "POST /bulk/{job_id}/stop": lambda site: site.boss("POST", f"/bulk/{stoppable(site)}/stop"),
    "POST /bulk/{job_id}/resume": lambda site: site.boss("POST", f"/bulk/{stopped(site)}/resume"),
    "POST /runs/{run_id}/cancel": lambda site: site.boss("POST", f"/runs/{waiting(site)}/cancel"),
    "POST /runs/{run_id}/fork": lambda site: site.boss("POST", f"/runs/{failed(site)}/fork", {}),
    "POST /runs/{run_id}/decide": lambda site: site.boss(
        "POST", f"/runs/{waiting(site)}/decide", {"path": "1", "approved": True}
    ),
    "POST /events/catch-up": lambda site: site.boss("POST", "/events/catch-up"),
    "POST /events/replay": lambda site: site.boss("POST", "/events/replay", {"ids": ["evt_seen"]}),
    "POST /events/{event_id}/replay": lambda site: site.boss("POST", "/events/evt_seen/replay"),
    "POST /tables/{name}/rows": lambda site: site.boss(
        "POST", "/tables/notes/rows", {"values": {"id": f"note-{next(_number)}", "text": SECRET}}
    ),
    "PATCH /tables/{name}/rows/{key}": lambda site: site.boss(
        "PATCH", f"/tables/notes/rows/{(key := note(site))}", {"was": {"id": key}, "set": {"text": f"it is {SECRET}"}}
    ),
    "DELETE /tables/{name}/rows/{key}": lambda site: site.boss(
        "DELETE", f"/tables/notes/rows/{(key := note(site))}", {"was": {"id": key}}
    ),
    "POST /mails/{mail_id}/resend": lambda site: site.boss("POST", f"/mails/{mail(site)}/resend"),
    "POST /alerts/test": lambda site: site.boss("POST", "/alerts/test"),
    "POST /local-stripe/control/{name}": lambda site: site.boss("POST", "/local-stripe/control/reset", {}),
    "PUT /workflows/{workflow_id}/source": save,
    "POST /files": lambda site: site.boss(
        "POST", "/files", {"path": f"emails/new-{next(_number)}.mjml.j2", "text": FILES["emails/hello.mjml.j2"]}
    ),
    "PUT /files/{path}": save_template,
    "POST /workflows": lambda site: site.boss("POST", "/workflows", {"id": f"new-{next(_number)}"}),
    "DELETE /workflows/{workflow_id}": delete,
    "POST /workflows/{workflow_id}/publish": lambda site: site.boss("POST", "/workflows/refund/publish", {}),
    "POST /workflows/{workflow_id}/rollback": roll_back,
    "POST /workflows/{workflow_id}/run": lambda site: site.boss("POST", "/workflows/refund/run", {}),
    "POST /editor/test-run": lambda site: site.boss("POST", "/editor/test-run", TEST_RUN),
    "POST /editor/dry-run": lambda site: site.boss(
        "POST", "/editor/dry-run", {"id": "seen", "text": FILES["workflows/seen.yaml"], "events": ["evt_seen"]}
    ),
    "PUT /editor/pins/{workflow_id}": lambda site: site.boss("PUT", "/editor/pins/refund", {}),
    "GET /audit/export": lambda site: site.boss("GET", "/audit/export"),
}
UNREACHABLE = {"POST /events/catch-up", "POST /local-stripe/control/{name}"}
"""These ask the local Stripe, which does not run here: what was tried is recorded as failed."""
CHANGES_NOTHING = {
    "POST /bulk/plan",
    "POST /editor/check",
    "POST /editor/complete",
    "POST /editor/edit",
    "POST /editor/hover",
    "POST /files/preview",
}


def marks() -> dict[str, str | None]:
    """What each operation of the management API says of the audit trail."""
    return {
        name: operation.get("x-audit")
        for name, operation in management_operations().items()
        if not name.startswith("GET ") or "x-audit" in operation
    }


def test_every_operation_that_changes_something_says_what_is_recorded() -> None:
    operations = marks()
    assert [name for name, mark in operations.items() if mark is None] == []
    assert {name for name, mark in operations.items() if str(mark).startswith("nothing: ")} == CHANGES_NOTHING
    assert set(operations) - CHANGES_NOTHING == set(CHANGES)


@pytest.mark.parametrize("operation", CHANGES)
def test_what_is_done_is_recorded_with_who_what_where_and_when(site: Site, operation: str) -> None:
    answer = CHANGES[operation](site)
    assert answer.status_code < 400 or (operation in UNREACHABLE and answer.status_code >= 500), answer.text
    entry = site.entry_of(answer)
    assert entry is not None
    assert entry["action"] == marks()[operation]
    assert entry["title"] == ACTIONS[entry["action"]]
    assert entry["outcome"] == ("failed" if operation in UNREACHABLE else "done")
    expected = "viewer@shop.test" if operation.endswith("/session") else "boss@shop.test"
    assert (entry["actor_kind"], entry["actor"], entry["address"]) == ("person", expected, "127.0.0.1")
    assert entry["account_id"] == site.account(expected.partition("@")[0])
    assert entry["target"] or operation in UNREACHABLE
    assert SECRET not in json.dumps(entry)


RECORDED_AFTER = {
    "POST /alerts/test": "other programs",
    "POST /session": "nobody is known before", "DELETE /session": "nobody is known before",
    "PUT /workflows/{workflow_id}/source": "a file", "POST /workflows": "a file",
    "PUT /files/{path}": "a file", "POST /files": "a file",
    "DELETE /workflows/{workflow_id}": "a file", "POST /workflows/{workflow_id}/rollback": "a file",
    "PUT /editor/pins/{workflow_id}": "a file", "POST /editor/test-run": "it changes nothing",
    "POST /editor/dry-run": "it changes nothing", "POST /runs/retry": "several transactions",
    "POST /events/replay": "several transactions", "POST /events/catch-up": "several transactions",
    "POST /local-stripe/control/{name}": "another program", "GET /audit/export": "it reads",
}  # fmt: skip
"""What has no transaction of its own; its entry is written behind it."""
REFUSE = {
    "sqlite": [
        "CREATE TRIGGER refused BEFORE INSERT ON payloom_audit WHEN NEW.action = '{action}' BEGIN SELECT RAISE(ABORT, 'no'); END"
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'no'; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER refused BEFORE INSERT ON payloom_audit FOR EACH ROW WHEN (NEW.action = '{action}') EXECUTE FUNCTION refuse()",
    ],
}


@pytest.mark.parametrize("operation", [operation for operation in CHANGES if operation not in RECORDED_AFTER])
def test_what_cannot_be_recorded_is_not_done(site: Site, operation: str) -> None:
    """The entry is part of the change's transaction: the database refuses the entry, and so the change."""
    kind = site.server.settings.database_url.partition(":")[0].partition("+")[0]
    for statement in REFUSE[kind]:
        site.execute(statement.format(action=marks()[operation]))
    try:
        answer = CHANGES[operation](site)
    finally:
        site.execute("DROP TRIGGER refused" + (" ON payloom_audit" if kind == "postgresql" else ""))
    assert answer.status_code >= 500, answer.text
    entry = site.entry_of(answer)
    assert entry is None or entry["outcome"] == "failed"


def test_every_operation_that_is_recorded_behind_its_change_says_why() -> None:
    behind = {name for name, operation in management_operations().items() if "x-audit-after" in operation}
    assert behind | {"POST /session", "DELETE /session"} == set(RECORDED_AFTER)


def test_a_changed_row_is_recorded_as_it_was_and_as_it_became(site: Site) -> None:
    key = note(site)
    answer = site.boss("PATCH", f"/tables/notes/rows/{key}", {"was": {"id": key}, "set": {"text": "new"}})
    entry = site.entry_of(answer)
    assert entry is not None
    assert (entry["target"], entry["after"]) == (f"notes/{key}", {"text": "new"})
    assert entry["before"]["text"].startswith("it was sk_test_")
    assert SECRET not in entry["before"]["text"]


def test_a_changed_role_is_recorded_as_it_was_and_as_it_became(site: Site) -> None:
    viewer = site.account("viewer")
    site.boss("PUT", f"/accounts/{viewer}/role", {"role": "editor"})
    entry = site.entry_of(site.boss("PUT", f"/accounts/{viewer}/role", {"role": "viewer"}))
    assert entry is not None
    assert (entry["target"], entry["before"], entry["after"]) == (viewer, {"role": "editor"}, {"role": "viewer"})


def test_who_lacks_the_right_is_recorded_as_refused(site: Site) -> None:
    answer = site.clients["viewer"].post(f"{API}/tables/notes/rows", json={"values": {"id": "x", "text": "x"}})
    assert answer.status_code == 403
    entry = site.entry_of(answer)
    assert entry is not None
    assert (entry["action"], entry["outcome"], entry["actor"]) == ("row.inserted", "refused", "viewer@shop.test")


def test_what_was_not_done_is_not_recorded(site: Site) -> None:
    answer = site.boss("POST", "/runs/run_nothing/retry")
    assert answer.status_code == 404
    assert site.entry_of(answer) is None


@pytest.mark.parametrize("person", ["support", "boss"])
def test_a_change_that_is_refused_while_it_is_made_is_recorded_as_refused_alone(site: Site, person: str) -> None:
    """Support may start by hand what its role allows; nobody takes an own role away."""
    call = {
        "support": ("POST", "/workflows/ask/run", {}),
        "boss": ("POST", "/runs/run_nothing/cancel", None),
    }[person]
    answer = site.clients[person].request(call[0], f"{API}{call[1]}", json=call[2])
    entries = [e for e in site.entries(limit=20) if e["request_id"] == answer.headers["payloom-request-id"]]
    assert [entry["outcome"] for entry in entries] == (["refused"] if answer.status_code == 403 else [])
    assert answer.status_code == (403 if person == "support" else 404)


def test_the_bearer_of_the_token_is_recorded_with_what_the_command_line_says(site: Site) -> None:
    headers = site.server.admin | {"payloom-operator": "ada"}
    answer = site.server.http.post(f"{API}/events/evt_seen/replay", json={}, headers=headers)
    entry = site.entry_of(answer)
    assert entry is not None
    assert (entry["actor_kind"], entry["actor"]) == ("token", "admin token (ada)")


def sign_in(site: Site, name: str, password: str = PASSWORD) -> httpx.Response:
    """Sign in with a password, as a new visitor."""
    with httpx.Client(base_url=site.server.url, headers={"origin": site.server.url}, verify=NO_TLS) as client:
        return client.post("/api/auth/sign-in", json={"email": f"{name}@shop.test", "password": password})


def test_staff_who_sign_in_and_out_by_password_are_recorded_and_customers_are_not(site: Site) -> None:
    entry = site.entry_of(sign_in(site, "support"))
    assert entry is not None
    assert (entry["action"], entry["actor"], entry["details"]) == (
        "session.started",
        "support@shop.test",
        {"by": "password"},
    )
    assert site.entry_of(sign_in(site, "customer")) is None


def test_failed_sign_ins_name_the_account_but_never_what_was_typed(site: Site) -> None:
    known, unknown = sign_in(site, "boss", "not-it-at-all"), sign_in(site, "correct-horse", "not-it-at-all")
    of_known, of_unknown = site.entry_of(known), site.entry_of(unknown)
    assert of_known is not None
    assert of_unknown is not None
    assert (of_known["action"], of_known["outcome"], of_known["target"]) == (
        "session.failed",
        "refused",
        site.account("boss"),
    )
    assert of_unknown["target"] is None
    assert "correct-horse" not in json.dumps(of_unknown)


def test_what_staff_start_through_an_endpoint_is_recorded(site: Site) -> None:
    answer = site.clients["support"].post("/api/refund", json={})
    entry = site.entry_of(answer)
    assert entry is not None
    assert (entry["action"], entry["actor"], entry["target"]) == ("workflow.started", "support@shop.test", "refund")
    assert entry["details"] == {"run": answer.headers["payloom-run-id"], "endpoint": "POST /api/refund"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payloom_audit SET actor = 'somebody else'",
        "UPDATE payloom_audit SET keep_until = '2000-01-01 00:00:00.000000'",
        "DELETE FROM payloom_audit",
    ],
)
def test_the_database_refuses_to_change_the_trail(site: Site, statement: str) -> None:
    note(site)
    before = site.entries()
    with pytest.raises(exc.DBAPIError, match="append-only"):
        site.execute(statement)
    assert site.entries() == before


@pytest.mark.postgres
def test_postgres_refuses_to_truncate_the_trail(site: Site) -> None:
    if site.server.settings.database_url.startswith("sqlite"):
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(exc.DBAPIError, match="append-only"):
        site.execute("TRUNCATE payloom_audit")


def test_an_entry_whose_time_is_up_can_be_deleted(site: Site) -> None:
    long_ago = "'2020-01-01 00:00:00.000000', '2021-01-01 00:00:00.000000'"
    columns = "id, at, keep_until, action, outcome, actor_kind"
    site.execute(f"INSERT INTO payloom_audit ({columns}) VALUES ('aud_old', {long_ago}, 'other', 'done', 'server')")
    assert site.execute("DELETE FROM payloom_audit WHERE id = 'aud_old'") == 1


def test_the_list_is_filtered_and_paged(site: Site) -> None:
    keys = [note(site) for _ in range(3)]
    newest = site.server.manage("/audit", action="row", limit=2)
    assert [entry["target"] for entry in newest["data"]] == [f"notes/{keys[2]}", f"notes/{keys[1]}"]
    older = site.server.manage("/audit", action="row", limit=2, before=newest["next"])
    assert older["data"][0]["target"] == f"notes/{keys[0]}"
    assert {entry["action"] for entry in site.entries(action="row.inserted", limit=200)} == {"row.inserted"}
    assert {entry["actor"] for entry in site.entries(actor="boss@shop.test", limit=200)} == {"boss@shop.test"}
    assert [entry["target"] for entry in site.entries(target=f"notes/{keys[0]}")] == [f"notes/{keys[0]}"]
    assert site.entries(since="2100-01-01T00:00:00Z") == []
    assert site.entries(until="2000-01-01") == []
    wrong = site.server.http.get(f"{API}/audit", params={"action": "nonsense"}, headers=site.server.admin)
    assert wrong.status_code == 400
    assert "row.inserted" in wrong.json()["error"]["hint"]


def test_the_export_has_every_entry_and_no_formula(site: Site) -> None:
    site.boss("POST", "/tables/notes/rows", {"values": {"id": "=cmd()", "text": "x"}})
    text = site.server.http.get(f"{API}/audit/export", headers=site.server.admin).text
    rows = list(csv.DictReader(io.StringIO(text)))
    lines = site.server.http.get(f"{API}/audit/export", params={"format": "jsonl"}, headers=site.server.admin).text
    assert len(rows) + 1 == len(lines.splitlines())
    assert {row["target"] for row in rows} >= {"notes/=cmd()"}
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@" and cell]
    assert SECRET not in text + lines


@pytest.mark.parametrize("person", ["guest", "customer", "viewer", "support"])
@pytest.mark.parametrize("path", ["/audit", "/audit/export"])
def test_only_admins_read_the_trail(site: Site, person: str, path: str) -> None:
    site.clients["guest"].cookies.clear()
    assert site.clients[person].get(f"{API}{path}").status_code in {401, 403}


def test_the_command_line_lists_and_exports_the_trail(site: Site) -> None:
    if not site.server.settings.database_url.startswith("sqlite"):
        pytest.skip("the command reads the project's own settings, and those name SQLite")
    key = note(site)
    root = site.server.settings.root
    listed = payloom_process.run("audit", "list", "--action", "row", "--target", f"notes/{key}", "--json", cwd=root)
    assert [load["action"] for load in json.loads(listed.stdout)] == ["row.inserted"], listed.stderr
    exported = payloom_process.run("audit", "export", "--action", "row.inserted", "--target", f"notes/{key}", cwd=root)
    assert [row["target"] for row in csv.DictReader(io.StringIO(exported.stdout))] == [f"notes/{key}"]
    none = payloom_process.run("audit", "list", "--actor", "nobody@shop.test", cwd=root)
    assert "No entries match" in none.stderr


def test_a_flood_of_wrong_tokens_makes_a_handful_of_entries(site: Site) -> None:
    """The last test of this file: after it, this address has no more attempts with a token."""
    with httpx.Client(base_url=site.server.url, headers={"authorization": "Bearer wrong"}, verify=NO_TLS) as client:
        for _ in range(FAILURES_AN_HOUR_PER_ADDRESS + 5):
            client.get(f"{API}/runs")
    entries = site.boss("GET", "/audit?action=token.refused").json()["data"]
    assert len(entries) == FAILURES_AN_HOUR_PER_ADDRESS
    assert "not listed" in entries[0]["details"]["more"]
