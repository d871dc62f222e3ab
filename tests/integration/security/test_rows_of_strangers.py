"""Every row a stranger can make, how many of them, and when they go.

A door is a way in for somebody without an account. A new table of Payloom's without an entry in `GOES` fails here.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest
import sqlalchemy as sa
from tests.support.http_server import NO_TLS

from payloom.auth.links import sweep_links
from payloom.auth.rate_store import sweep_rates
from payloom.auth.sessions import sweep_sessions
from payloom.auth.sign_in_throttle import sweep_attempts
from payloom.db.database import metadata
from payloom.email.outbox import sweep_account_mails
from payloom.runs.scheduling.retention import Retention, prune
from payloom.views.references.retention import delete_references

if TYPE_CHECKING:
    from tests.support.http_server import RunningServer

NEVER_BY_A_STRANGER = "no door of a stranger's makes one"
GOES = {
    "payloom_runs": "keep_refused, keep_runs or keep_failed after the end",
    "payloom_steps": "with their run",
    "payloom_logs": "with their run",
    "payloom_waits": "with their run",
    "payloom_queue": "when their segment of the run is done",
    "payloom_refs": "with their run",
    "payloom_accounts": "an account stays; sign-ups have a limit for each address",
    "payloom_sessions": "when they are over, by the hourly sweep",
    "payloom_sign_in_failures": "after 15 minutes, by the hourly sweep",
    "payloom_rates": "when nothing of them is used, by the hourly sweep",
    "payloom_rejections": "one row for each reason, for good",
    "payloom_keys": "the key of what is stored sealed; the server makes it",
    "payloom_audit": "keep_audit; failures of strangers have a limit for each address and in all",
    "payloom_links": "when they are over, by the hourly sweep; mails to one address have a limit",
    "payloom_second_factors": NEVER_BY_A_STRANGER,
    "payloom_recovery_codes": NEVER_BY_A_STRANGER,
    "payloom_passkeys": NEVER_BY_A_STRANGER,
    "payloom_mails": "30 days after an account's link was sent, others after keep_mails, by the hourly sweep",
    "payloom_alerts": "one row for each alert and machine, for good",
    "payloom_alert_messages": "after 30 days",
    "payloom_events": NEVER_BY_A_STRANGER,
    "payloom_workflow_versions": NEVER_BY_A_STRANGER,
    "payloom_publications": NEVER_BY_A_STRANGER,
    "payloom_bulk_jobs": NEVER_BY_A_STRANGER,
    "payloom_declarations": NEVER_BY_A_STRANGER,
    "payloom_cursors": NEVER_BY_A_STRANGER,
    "payloom_tables": NEVER_BY_A_STRANGER,
    "payloom_seeds": NEVER_BY_A_STRANGER,
    "payloom_workers": NEVER_BY_A_STRANGER,
}
OF_THE_SERVER = frozenset({"payloom_cursors", "payloom_workers", "payloom_refs"})
"""Tables that the server writes by itself while somebody knocks."""
_number = itertools.count()


@dataclasses.dataclass(frozen=True)
class Door:
    """A way in: how to knock, what is answered, and the rows that each knock may make.

    once: tables that get one row, however often somebody knocks. after: days after which all of it is gone; None: the
    rows stay, for the reason in GOES.
    """

    knock: Callable[[RunningServer, httpx.Client], httpx.Response]
    answers: int
    rows: dict[str, int] = dataclasses.field(default_factory=dict)
    once: frozenset[str] = frozenset()
    after: float | None = 0.0


def post(path: str, body: object, **headers: str) -> Callable[[RunningServer, httpx.Client], httpx.Response]:
    return lambda _server, guest: guest.post(path, json=body, headers=headers)


def get(path: str) -> Callable[[RunningServer, httpx.Client], httpx.Response]:
    return lambda _server, guest: guest.get(path)


def forged(_server: RunningServer, guest: httpx.Client) -> httpx.Response:
    return guest.post("/api/stripe/webhook", content=b'{"id": "evt_1"}', headers={"stripe-signature": "t=1,v1=00"})


def sign_up(server: RunningServer, guest: httpx.Client) -> httpx.Response:
    values = {"email": f"guest-{next(_number)}@guests-of-the-shop.dev", "password": "violet-ladder-917"}
    answer = guest.post("/api/auth/sign-up", json=values)
    # The mail is sent behind the answer.
    server.wait(lambda: answer.status_code != 201 or server.manage("/mails", to=values["email"])["data"])
    return answer


A_RUN = {"payloom_runs": 1, "payloom_steps": 2, "payloom_logs": 1}
RATES = frozenset({"payloom_rates"})
DOORS = {
    "an endpoint with a guessed id": Door(get("/api/plans/guess"), 404, A_RUN, after=1),
    "an endpoint that raises": Door(post("/api/raises", {}), 409, A_RUN, after=1),
    "an endpoint that ensures": Door(post("/api/ensures", {"amount": 1}), 422, A_RUN, after=1),
    "an endpoint that cannot reckon with the body": Door(post("/api/reckons", {"body": {}}), 422, A_RUN, after=1),
    "an endpoint that fails by its own fault": Door(post("/api/breaks", {}), 500, A_RUN, after=365),
    "an endpoint that succeeds": Door(post("/api/succeeds", {}), 200, A_RUN, after=90),
    "an endpoint with a field that does not fit": Door(post("/api/ensures", {"amount": "x"}), 422),
    "an endpoint with a large body": Door(post("/api/succeeds", {"text": "x" * 66_000}), 413),
    "an endpoint with a body that is no JSON": Door(
        lambda _server, guest: guest.post("/api/succeeds", content=b"{", headers={"content-type": "application/json"}),
        400,
    ),
    "an endpoint for members": Door(post("/api/members", {}), 401),
    "an endpoint, from another site": Door(post("/api/succeeds", {}, origin="https://evil.example"), 403),
    "no endpoint": Door(post("/api/nothing", {}), 404),
    "a page with a guessed id": Door(get("/plan/guess"), 404),
    "a page that is not there": Door(get("/nothing-here"), 404),
    "a webhook with a forged signature": Door(forged, 400, once=frozenset({"payloom_rejections"}), after=None),
    "a failed sign-in": Door(
        post("/api/auth/sign-in", {"email": "ada@shop.test", "password": "not-the-password"}),
        401,
        {"payloom_sign_in_failures": 2, "payloom_audit": 1},
        once=RATES,
        after=1,
    ),
    "a sign-up": Door(
        sign_up,
        201,
        {"payloom_accounts": 1, "payloom_sessions": 1, "users": 1, "payloom_mails": 1, "payloom_links": 1},
        once=RATES | {"payloom_keys"},
        after=None,
    ),
    "asking for a new password": Door(
        post("/api/auth/forgot", {"email": "nobody@guests-of-the-shop.dev"}), 202, {"payloom_rates": 2}
    ),
    "a guessed link to a password": Door(
        post("/api/auth/reset", {"token": "guess", "password": "violet-ladder-917"}), 403, once=RATES
    ),
    "a guessed link to an address": Door(post("/api/auth/verify", {"token": "guess"}), 403, once=RATES),
    "sessions of nobody": Door(get("/api/auth/sessions"), 401),
    "the management API": Door(get("/api/_payloom/runs"), 401),
    "the management API with a guessed token": Door(
        lambda _server, guest: guest.get("/api/_payloom/runs", headers={"authorization": "Bearer guess"}),
        401,
        {"payloom_audit": 1},
        once=RATES,
    ),
    "a guessed link to a decision": Door(get("/approve/guess/0/guess"), 404),
}
KNOCKS = 3


def counted(server: RunningServer) -> dict[str, int]:
    """How many rows each table has."""
    engine = sa.create_engine(server.settings.database_url)
    with engine.connect() as tx:
        names = [name for name in sa.inspect(tx).get_table_names() if name in metadata.tables or name == "users"]
        counts = {
            name: tx.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar() or 0 for name in names
        }
    engine.dispose()
    return counts


def swept(server: RunningServer, days: float) -> None:
    """Do what the hourly sweep does when so many days have passed."""
    now = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    engine = sa.create_engine(server.settings.database_url)
    with engine.begin() as tx:
        prune(tx, now=now, keep=Retention(), on_prune=delete_references)
        sweep_sessions(tx, now)
        sweep_links(tx, now)
        sweep_attempts(tx, now)
        sweep_account_mails(tx, now)
        sweep_rates(tx, now.timestamp())
    engine.dispose()


def test_every_table_has_a_rule_for_when_its_rows_go() -> None:
    tables = {name for name in metadata.tables if not name.startswith(("payloom_stripe_", "payloom_story_"))}
    assert tables == set(GOES)


@pytest.mark.parametrize("name", DOORS)
def test_what_a_stranger_makes_is_bounded_and_goes(reachable: RunningServer, name: str) -> None:
    door = DOORS[name]
    swept(reachable, 3650)
    before = counted(reachable)
    with httpx.Client(base_url=reachable.url, verify=NO_TLS) as guest:
        for _ in range(KNOCKS):
            guest.cookies.clear()
            answer = door.knock(reachable, guest)
            assert answer.status_code == door.answers, answer.text
    grown = {table: count - before[table] for table, count in counted(reachable).items() if count > before[table]}
    for table in OF_THE_SERVER:
        grown.pop(table, None)
    for table, count in grown.items():
        most = 1 if table in door.once else KNOCKS * door.rows.get(table, 0)
        assert count <= most, f"{name}: {count} rows of {table}"
    if "payloom_runs" in door.rows:
        assert grown["payloom_runs"] == KNOCKS
    if door.after:
        swept(reachable, door.after - 0.01)
        counts = counted(reachable)
        if "payloom_runs" in door.rows:
            assert counts["payloom_runs"] == before["payloom_runs"] + KNOCKS
    if door.after is not None:
        swept(reachable, door.after + 0.01)
        left = counted(reachable)
        stays = OF_THE_SERVER | {"payloom_audit"} | RATES
        assert {table for table in grown if left[table] > before[table]} <= stays


ENDINGS = {
    "a row that is not there": ("GET", "/api/plans/guess", None, 404, "refused"),
    "raise": ("POST", "/api/raises", {}, 409, "refused"),
    "ensure, after an update that fitted no row": ("POST", "/api/ensures", {"amount": 1}, 422, "refused"),
    "an expression on the body": ("POST", "/api/reckons", {"body": {"a": 1}}, 422, "refused"),
    "an insert that the database refuses": ("POST", "/api/twice", {"id": "known"}, 409, "refused"),
    "an id that fits no address at Stripe": ("POST", "/api/deletes-at-stripe", {"id": ".."}, 422, "refused"),
    "a value that fits no address elsewhere": ("POST", "/api/posts-elsewhere", {"id": ".."}, 422, "refused"),
    "a called run that is refused": ("POST", "/api/calls", {"id": "guess"}, 404, "refused"),
    "an expression on our own rows": ("POST", "/api/breaks", {}, 500, "failed"),
    "raise, after a row was written": ("POST", "/api/writes-first", {"id": "v1"}, 409, "failed"),
    "raise, after a mail was written": ("POST", "/api/mails-first", {}, 404, "failed"),
    "raise, after an answer": ("POST", "/api/answers", {}, 200, "failed"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_run_is_refused_only_if_nothing_was_done(reachable: RunningServer, name: str) -> None:
    method, path, body, status, ending = ENDINGS[name]
    answer = reachable.http.request(method, path, json=body) if body is not None else reachable.http.get(path)
    assert answer.status_code == status, answer.text
    run_id = answer.headers["payloom-run-id"]
    run = reachable.wait(lambda: (seen := reachable.manage(f"/runs/{run_id}")) and seen["finished_at"] and seen)
    assert run["status"] == ending
    for other in ("refused", "failed"):
        listed = {row["id"] for row in reachable.manage("/runs", status=other, limit=100)["data"]}
        assert (run_id in listed) == (other == ending)


def test_refused_runs_raise_no_alarm(reachable: RunningServer) -> None:
    def alarms() -> tuple[int, int, int, str]:
        overview = reachable.manage("/overview")
        metrics = reachable.metrics().splitlines()
        gauge = next(line for line in metrics if line.startswith('payloom_runs{status="failed"}'))
        counts = reachable.manage("/runs/counts")
        return overview["failed_runs"]["count"], overview["last_24h"]["failed"], counts["failed"], gauge

    before, refused = alarms(), reachable.manage("/runs/counts")["refused"]
    for _ in range(3):
        assert reachable.http.get("/api/plans/guess").status_code == 404
    assert alarms() == before
    assert reachable.manage("/runs/counts")["refused"] == refused + 3


SECRET_WORDS = ("secret_plans", "price_floor", "4711", "visits", "plan", "inputs")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/plans/guess", None),
        ("POST", "/api/twice", {"id": "known"}),
        ("POST", "/api/calls", {"id": "guess"}),
        ("POST", "/api/reckons", {"body": {}}),
        ("POST", "/api/breaks", {}),
    ],
)
def test_a_stranger_reads_no_name_of_ours_and_staff_does(
    reachable: RunningServer, method: str, path: str, body: object
) -> None:
    answer = reachable.http.request(method, path, json=body) if body is not None else reachable.http.get(path)
    error = json.loads(answer.text)["error"]
    text = " ".join(str(value) for key, value in error.items() if key not in ("code", "run_id", "request_id"))
    assert not [word for word in SECRET_WORDS if word in text], text
    failure = reachable.manage(f"/runs/{error['run_id']}")["failure"]
    assert failure["kind"] == error["code"]
    assert failure["message"] != error["message"]


def test_the_words_of_the_workflow_reach_the_caller(reachable: RunningServer) -> None:
    error = reachable.http.post("/api/raises", json={}).json()["error"]
    assert (error["code"], error["message"], error["hint"]) == ("too_late", "It is too late.", "Come earlier.")
