"""Failed runs are resolved by what succeeds instead, and bulk actions say what they will do, do it, and say what came.

One server for all of it: the workflow `charge` is broken until a test publishes a version that works.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.support.http_server import RunningServer, event, running_server
from tests.support.postgres import fresh_database

from payloom.runs.bulk.jobs import BULK_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

BROKEN = """
name: Charge
on: {stripe: charge, actions: [succeeded]}
steps:
  - id: amount
    let: {text: "${{ string(object.amount) }}"}
  - id: note
    insert: notes
    values: {text: "${{ amount.text }}"}
  - if: object.amount > 100
    then:
      - raise: {status: 500, code: broken, message: "It is broken."}
"""
FIXED = BROKEN.replace("object.amount > 100", "object.amount > 100000")
OTHER_WAY = BROKEN.replace("  - id: note\n", "  - log: a step before\n  - id: note\n")
FILES = {
    "tables.yaml": "tables: {notes: {columns: {id: uuid primary, text: string}}}\n",
    "workflows/charge.yaml": BROKEN,
    "workflows/seen.yaml": "name: Seen\non: {stripe: charge, actions: [succeeded]}\nsteps:\n  - log: seen\n",
    "workflows/refund.yaml": """
name: Refund
on: {stripe: charge, actions: [succeeded], match: object.amount == 777}
steps:
  - if: object.amount > 0
    then: [{raise: {status: 500, code: not_yet, message: Not yet.}}]
  - stripe: refunds.create
    with: {charge: "${{ object.id }}"}
""",
    "workflows/ask.yaml": """
name: Ask
on: {manual: true}
steps:
  - respond: {ok: true}
  - approve: Go on?
    roles: [admin]
""",
    "workflows/mail.yaml": "name: Mail\non: {manual: true}\nsteps:\n  - email: hello\n    to: ada@shop.test\n",
    "emails/hello.mjml.j2": "---\nsubject: Hello\n---\n<mjml><mj-body></mj-body></mjml>\n",
}


class Shop:
    """The server, with what a person in the studio does."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self._events = 0

    def post(self, path: str, body: Any = None) -> httpx.Response:
        return self.server.http.post(f"/api/_payloom{path}", json=body or {}, headers=self.server.admin)

    def charge(self, amount: int) -> str:
        """Deliver an event; return its ID."""
        self._events += 1
        key = f"evt_bulk{self._events}"
        body = event("charge.succeeded", key, id=f"ch_bulk{self._events}", amount=amount, currency="usd")
        assert self.server.deliver(body).status_code == 200
        return key

    def run_of(self, key: str, workflow: str = "charge", **fields: Any) -> dict[str, Any]:
        """The newest run that an event started."""

        def look() -> Any:
            listed = self.server.manage("/runs", event=key, workflow=workflow)["data"]
            return next((run for run in listed if all(run[name] == value for name, value in fields.items())), None)

        return self.server.wait(look)

    def failing(self, amount: int = 500) -> dict[str, Any]:
        return self.run_of(self.charge(amount), status="failed")

    def run(self, run_id: str) -> dict[str, Any]:
        return self.server.manage(f"/runs/{run_id}")

    def publish(self, text: str) -> None:
        source = self.server.manage("/workflows/charge/source")
        if source["text"] == text:
            return
        path = "/api/_payloom/workflows/charge/source"
        body = {"text": text, "etag": source["etag"]}
        assert self.server.http.put(path, json=body, headers=self.server.admin).status_code == 200

    def plan(self, kind: str, ids: list[str], **options: Any) -> dict[str, Any]:
        answer = self.post("/bulk/plan", {"kind": kind, "ids": ids, **options})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def bulk(self, kind: str, ids: list[str], **options: Any) -> dict[str, Any]:
        """Start a bulk action, and return it when all runs that it started have ended."""
        started = self.post("/bulk", {"kind": kind, "ids": ids, **options})
        assert started.status_code == 200, started.text

        def ended() -> Any:
            job = self.server.manage(f"/bulk/{started.json()['id']}")
            results = [result for item in job["items"] for result in item["results"]]
            over = all(result["status"] in {None, "succeeded", "failed", "canceled"} for result in results)
            return job["status"] == "done" and over and job

        return self.server.wait(ended)

    def open_failures(self) -> int:
        return self.server.manage("/runs/counts")["unresolved"]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with contextlib.ExitStack() as stack:
        url = None
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server")))
        yield Shop(stack.enter_context(running_server(tmp_path_factory.mktemp("shop"), FILES, database_url=url)))


@pytest.fixture(autouse=True)
def _broken(shop: Shop) -> None:
    """Each test begins with the workflow that fails, and with no failure that is open."""
    shop.publish(BROKEN)
    open_runs = [run["id"] for run in shop.server.manage("/runs", status="unresolved", limit=200)["data"]]
    if open_runs:
        shop.bulk("resolve", open_runs)
    assert shop.open_failures() == 0


def test_a_failure_is_open_until_a_rerun_of_its_family_succeeds(shop: Shop) -> None:
    run = shop.failing()
    assert shop.open_failures() == 1
    again = shop.post(f"/runs/{run['id']}/fork").json()["id"]
    shop.server.wait(lambda: shop.run(again)["status"] == "failed")
    assert shop.open_failures() == 2
    shop.publish(FIXED)
    last = shop.post(f"/runs/{again}/fork", {"newest": True, "path": run["failure"]["path"]}).json()["id"]
    shop.server.wait(lambda: shop.run(last)["status"] == "succeeded")
    assert shop.open_failures() == 0
    for failed in (run["id"], again):
        assert shop.run(failed)["resolution"] == {"how": "rerun", "run": last, "by": None, "note": None}
    assert [listed["id"] for listed in shop.server.manage("/runs", status="resolved", limit=2)["data"]] == [
        again,
        run["id"],
    ]
    assert shop.server.manage(f"/events/{run['event_id']}")["state"] == "handled"
    assert shop.server.manage("/overview")["failed_runs"]["count"] == 0


def test_a_replay_that_succeeds_resolves_the_events_failed_runs(shop: Shop) -> None:
    run = shop.failing()
    assert shop.server.manage("/events", state="failed")["data"][0]["id"] == run["event_id"]
    shop.publish(FIXED)
    shop.bulk("replay", [run["event_id"]])
    assert shop.run(run["id"])["resolution"]["how"] == "rerun"
    assert shop.server.manage("/events", state="failed")["data"] == []
    assert shop.server.manage("/events", state="handled")["data"][0]["id"] == run["event_id"]


def test_a_person_resolves_a_run_with_a_note_and_takes_it_back_and_a_retry_opens_it(shop: Shop) -> None:
    run = shop.failing()
    answer = shop.post(f"/runs/{run['id']}/resolve", {"note": "refunded in the Dashboard"}).json()
    assert answer["resolution"] == {"how": "by_hand", "by": "token", "note": "refunded in the Dashboard", "run": None}
    assert shop.post(f"/runs/{run['id']}/resolve").status_code == 409
    assert shop.open_failures() == 0
    assert shop.post(f"/runs/{run['id']}/reopen").json()["resolved_at"] is None
    assert shop.post(f"/runs/{run['id']}/reopen").status_code == 409
    shop.post(f"/runs/{run['id']}/resolve")
    shop.bulk("retry", [run["id"]])
    assert (shop.run(run["id"])["status"], shop.run(run["id"])["resolved_at"]) == ("failed", None)
    assert shop.open_failures() == 1


def test_a_retry_stays_on_its_version_and_a_rerun_takes_the_current_one_and_both_are_said_before(shop: Shop) -> None:
    ids = [shop.failing()["id"] for _ in range(2)]
    shop.publish(FIXED)
    plan = shop.plan("retry", [*ids, "run_nothing"])
    assert plan["items"] == ids
    assert plan["skipped"] == [{"id": "run_nothing", "reason": "There is no such run."}]
    [group] = plan["groups"]
    assert (group["name"], group["runs"], group["outdated"]) == ("charge", 2, 2)
    retried = shop.bulk("retry", ids)
    assert [item["results"][0]["status"] for item in retried["items"]] == ["failed", "failed"]
    assert [item["results"][0]["message"] for item in retried["items"]] == ["It is broken.", "It is broken."]
    assert shop.open_failures() == 2
    rerun = shop.bulk("rerun", ids)
    assert [item["results"][0]["status"] for item in rerun["items"]] == ["succeeded", "succeeded"]
    assert shop.open_failures() == 0
    # The steps before the failed one kept their results: each event has one note.
    assert sum(row["text"] == "500" for row in shop.server.rows("notes", limit=200)) >= 2
    new = shop.run(rerun["items"][0]["results"][0]["id"])
    assert new["version"] == group["current"]


def test_a_version_with_other_steps_before_the_failed_step_is_refused_and_from_the_start_it_runs(
    shop: Shop,
) -> None:
    run = shop.failing()
    shop.publish(OTHER_WAY.replace("> 100", "> 100000"))
    [item] = shop.bulk("rerun", [run["id"]])["items"]
    assert item["state"] == "failed"
    assert "has other steps before step 2.then.0" in item["error"]["message"]
    assert "at the beginning" in item["error"]["hint"]
    [item] = shop.bulk("rerun", [run["id"]], from_start=True)["items"]
    assert item["results"][0]["status"] == "succeeded"


def test_a_plan_of_replays_says_what_had_succeeded_and_only_failed_leaves_it_out(shop: Shop) -> None:
    run = shop.failing()
    shop.run_of(run["event_id"], "seen", status="succeeded")
    fine = shop.charge(10)
    shop.run_of(fine, status="succeeded")
    groups = {group["name"]: group for group in shop.plan("replay", [run["event_id"], fine])["groups"]}
    assert (groups["charge"]["runs"], groups["charge"]["succeeded_before"]) == (2, 1)
    assert (groups["seen"]["runs"], groups["seen"]["succeeded_before"]) == (2, 2)
    failed = shop.plan("replay", [run["event_id"], fine], only_failed=True)
    assert [(group["name"], group["runs"]) for group in failed["groups"]] == [("charge", 1)]
    assert failed["skipped"] == [{"id": fine, "reason": "No run of it is failed."}]
    shop.publish(FIXED)
    job = shop.bulk("replay", [run["event_id"]], only_failed=True)
    assert [result["workflow"] for result in job["items"][0]["results"]] == ["charge"]


def test_a_plan_says_which_money_can_move(shop: Shop) -> None:
    moving, other = shop.charge(777), shop.charge(50)
    plan = shop.plan("replay", [moving, other])
    groups = {group["name"]: group["money"] for group in plan["groups"]}
    assert groups == {"charge": [], "seen": [], "refund": ["refunds.create"]}
    assert (plan["money_runs"], plan["unknown_amounts"]) == (1, 0)
    assert plan["amounts"] == [{"currency": "usd", "amount": 777}]
    failed = shop.run_of(moving, "refund", status="failed")
    assert shop.plan("retry", [failed["id"]])["amounts"] == [{"currency": "usd", "amount": 777}]
    assert shop.plan("resolve", [failed["id"]])["money_runs"] == 0


def test_each_kind_does_each_item_once_and_says_why_it_left_one_out(shop: Shop) -> None:
    waiting = shop.post("/workflows/ask/run").json()["run_id"]
    shop.server.wait(lambda: shop.run(waiting)["waits"])
    shop.post("/workflows/mail/run")
    mail = shop.server.wait(lambda: shop.server.manage("/mails")["data"])[0]["id"]
    items = {
        "retry": shop.failing()["id"],
        "rerun": shop.failing()["id"],
        "cancel": waiting,
        "resolve": shop.failing()["id"],
        "replay": shop.charge(10),
        "resend": mail,
    }
    assert set(items) == set(BULK_KINDS)
    for kind, key in items.items():
        assert shop.plan(kind, [key])["items"] == [key], kind
        assert shop.plan(kind, ["nothing"])["skipped"][0]["id"] == "nothing", kind
        job = shop.bulk(kind, [key, key, "nothing"])
        assert [item["state"] for item in job["items"]] == ["done", "failed"], kind
        assert job["items"][1]["error"]["message"], kind
    assert shop.run(waiting)["status"] == "canceled"
    assert len(shop.server.manage("/mails")["data"]) == 2


def test_a_job_is_stopped_and_one_that_lost_its_server_is_resumed_where_it_was(shop: Shop) -> None:
    run, later = shop.failing(), shop.failing()
    done = shop.bulk("resolve", [run["id"]])
    assert shop.post(f"/bulk/{done['id']}/stop").status_code == 409
    assert shop.post("/bulk/bulk_nothing/stop").status_code == 404
    # A server that died after its first item leaves the job as it was.
    items = [
        {"id": run["id"], "state": "done", "runs": [run["id"]], "error": None},
        {"id": later["id"], "state": "pending", "runs": [], "error": None},
    ]
    engine = sa.create_engine(shop.server.settings.database_url)
    with engine.begin() as tx:
        statement = "UPDATE payloom_bulk_jobs SET status='running', items=:items, updated_at=:at WHERE id=:id"
        tx.execute(
            sa.text(statement), {"items": json.dumps(items), "at": "2020-01-01 00:00:00+00:00", "id": done["id"]}
        )
    engine.dispose()
    assert shop.server.manage(f"/bulk/{done['id']}")["status"] == "stalled"
    assert shop.post(f"/bulk/{done['id']}/resume").status_code == 200
    shop.server.wait(lambda: shop.server.manage(f"/bulk/{done['id']}")["status"] == "done")
    assert shop.run(later["id"])["resolution"]["how"] == "by_hand"
    assert shop.server.manage("/bulk")["data"][0]["id"] == done["id"]
