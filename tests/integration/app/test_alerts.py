"""Alerts on real servers: told once, over workers and restarts, by email and by a signed POST, and told when over."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import datetime as dt
import hashlib
import hmac
import http.server
import json
import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from tests.support.http_server import RunningServer, event, running_server
from tests.support.processes.rehearsal import SEALING_KEY
from tests.support.processes.tls_proxy import certificate

from payloom.alerts import sender, service, states
from payloom.db.database import open_database
from payloom.db.sealing.source import sealer_for
from payloom.email.models import mails
from payloom.email.outbox import Outbox
from payloom.email.transport import OutboxTransport
from payloom.inbox.models import events
from payloom.kit.clock import SystemClock
from payloom.runs.models import cursors, runs, steps
from payloom.settings.model import SealingSettings
from payloom.settings.sections.alert_rules import ALERT_RULES
from payloom.settings.sections.alerts import AlertSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from payloom.settings.model import Settings

KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
FILES = {
    "tables.yaml": "tables:\n  stock:\n    columns:\n      id: string primary\n",
    "workflows/take.yaml": """\
name: Take
on: {manual: true}
steps:
  - select: stock
    where: {id: tea}
    one: required
""",
}
SHARED = {"sealing": SealingSettings(keys=SecretStr(SEALING_KEY))}


class Receiver(http.server.ThreadingHTTPServer):
    """Takes POSTs; refuses as many as `refuse` says first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.refuse = 0
        self.bodies: list[tuple[Mapping[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The bodies of one type that were taken, each with its `webhook-id`."""
        received = [{**json.loads(body), "id": headers["webhook-id"]} for headers, body in list(self.bodies)]
        return [body for body in received if body["type"] == kind]


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        receiver = self.server
        assert isinstance(receiver, Receiver)
        refused = receiver.refuse > 0
        receiver.refuse -= refused
        if not refused:
            receiver.bodies.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(500 if refused else 204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever)
    thread.start()
    yield receiver
    receiver.shutdown()
    receiver.server_close()
    thread.join()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look all the time, and end an alert soon after its condition is gone."""
    monkeypatch.setattr(service, "FIRST", 0.05)
    monkeypatch.setattr(service, "EVERY", 0.05)
    monkeypatch.setattr(sender, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(states, "CLEAR_AFTER", dt.timedelta(seconds=0.2))


def settings(receiver: Receiver, **changes: Any) -> AlertSettings:
    """Thresholds that only the alert in question reaches."""
    thresholds: dict[str, float] = {"failed_runs": 1}
    return AlertSettings(("ops@shop.example",), SecretStr(receiver.url), SecretStr(KEY), 86400, thresholds | changes)


def sent(server: RunningServer) -> list[str]:
    """The subjects of the alert emails, oldest first."""
    page = server.manage("/mails", template="payloom-alert", limit=200)["data"]
    return [mail["subject"] for mail in reversed(page)]


@contextlib.contextmanager
def second_process(settings: Settings) -> Iterator[None]:
    """Watch the same database as another process does: with connections and a loop of its own."""
    database = open_database(settings.database_url, sealer_for(settings.sealing))
    clock = SystemClock()
    watching = service.AlertService(database, clock, settings, Outbox(database, OutboxTransport(), clock))
    stop = threading.Event()

    async def watch() -> None:
        task = asyncio.create_task(watching.run_forever())
        await asyncio.to_thread(stop.wait)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await database.close()

    thread = threading.Thread(target=lambda: asyncio.run(watch()))
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.usefixtures("quick")
def test_each_receiver_is_told_once_over_workers_and_restarts_and_again_when_it_is_over(
    tmp_path: Path, database_url: str, database_kind: str, receiver: Receiver
) -> None:
    changes = {**SHARED, "alerts": settings(receiver)}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running_server(tmp_path / "a", FILES, database_url=database_url, changes=changes))
        if database_kind == "postgresql":  # two servers share it
            stack.enter_context(second_process(server.settings))
        receiver.refuse = 2
        assert server.http.post("/api/_payloom/workflows/take/run", json={}, headers=server.admin).is_success
        server.wait(lambda: receiver.of("alert.firing") and sent(server), 60)
        run = server.wait(lambda: server.manage("/runs", status="failed")["data"], 60)[0]
        (alert,) = server.manage("/overview")["alerts"]
        assert (alert["rule"], alert["text"]) == ("failed_runs", "Failed runs: 1 (alert at 1). take (1).")

    with running_server(tmp_path / "a", FILES, database_url=database_url, changes=changes) as server:
        looks = _looks(server)
        server.wait(lambda: _looks(server) > looks, 60)
        assert server.http.post("/api/_payloom/workflows/take/run", json={}, headers=server.admin).is_success
        server.wait(lambda: server.manage("/alerts")["data"][0]["value"] == 2, 60)
        row = {"values": {"id": "tea"}}
        assert server.http.post("/api/_payloom/tables/stock/rows", json=row, headers=server.admin).is_success
        failed = [run["id"] for run in server.manage("/runs", status="failed")["data"]]
        assert run["id"] in failed
        server.http.post("/api/_payloom/runs/retry", json={"ids": failed}, headers=server.admin)
        server.wait(lambda: receiver.of("alert.resolved") and len(sent(server)) == 2, 60)
        assert server.manage("/overview")["alerts"] == []
        subjects = sent(server)
    assert [body["data"]["rule"] for _, body in _read(receiver)] == ["failed_runs", "failed_runs"]
    assert subjects[0].startswith("[ALERT] Test Shop (dev): Failed runs: 1 (alert at 1).")
    assert subjects[1].startswith("[RESOLVED] Test Shop (dev): Failed runs: 0")


def _looks(server: RunningServer) -> Any:
    database = open_database(server.settings.database_url)
    try:
        with database.engine.connect() as connection:
            return connection.execute(sa.select(cursors.c.at).where(cursors.c.name == "alerts")).scalar()
    finally:
        database.engine.dispose()


def _read(receiver: Receiver) -> list[tuple[str, dict[str, Any]]]:
    """Every POST with its id, its signature verified as a receiver does by the standard's text."""
    read: list[tuple[str, dict[str, Any]]] = []
    for headers, body in receiver.bodies:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = hmac.new(base64.b64decode(KEY.removeprefix("whsec_")), signed, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
        read.append((headers["webhook-id"], json.loads(body)))
    assert len({message_id for message_id, _ in read}) == len(read)
    return read


def test_a_test_message_says_what_became_of_each_receiver(tmp_path: Path, receiver: Receiver) -> None:
    with running_server(tmp_path, FILES, changes={"alerts": settings(receiver)}) as server:
        for refused, expected in ((0, [True, True]), (1, [True, False])):
            receiver.refuse = refused
            answer = server.http.post("/api/_payloom/alerts/test", headers=server.admin).json()["data"]
            assert [result["sent"] for result in answer] == expected
        assert answer[1] == {
            "channel": "url",
            "to": receiver.url.removesuffix("/hook"),
            "sent": False,
            "error": f"{receiver.url.removesuffix('/hook')} responded with 500",
        }
        assert sent(server) == ["[TEST] Test Shop (dev): This is a test. Alerts arrive here."] * 2


def test_without_a_receiver_a_test_is_refused_and_all_alerts_are_off(tmp_path: Path) -> None:
    with running_server(tmp_path, FILES) as server:
        refused = server.http.post("/api/_payloom/alerts/test", headers=server.admin)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_alert_receiver")
        assert {alert["state"] for alert in server.manage("/alerts")["data"]} == {"off"}


def _rejected(server: RunningServer, _tx: sa.Connection) -> None:
    for number in range(3):
        assert server.deliver(event("x.y", f"evt_{number}"), "t=1,v1=00").status_code == 400


EMPTY: dict[str, Any] = {
    "Json": {},
    "Boolean": False,
    "Integer": 0,
    "BigInteger": 0,
    "UtcDateTime": dt.datetime.now(dt.UTC),
}


def _insert(table: sa.Table, **values: Any) -> Callable[[RunningServer, sa.Connection], None]:
    """Insert a row; columns that must have a value and have none here get an empty one of their type."""
    needed = [column for column in table.columns if not column.nullable]
    row = {**{column.name: EMPTY.get(type(column.type).__name__, "") for column in needed}, **values}
    return lambda _server, tx: (tx.execute(sa.insert(table).values(row)), None)[1]


NOW = dt.datetime.now(dt.UTC)
LATE = NOW - dt.timedelta(hours=2)
RUN = {"id": "run_1", "workflow_id": "pay", "updated_at": NOW}
EVENT = {"id": "evt_row", "type": "charge.succeeded", "received_at": LATE, "source": "webhook"}
SITUATIONS: dict[str, tuple[Callable[[RunningServer, sa.Connection], None], float, str]] = {
    "failed_runs": (_insert(runs, **RUN, status="failed"), 1, "pay (1)."),
    "oldest_waiting": (_insert(runs, **{**RUN, "updated_at": LATE}, status="waiting", wake_at=LATE), 7200, ""),
    "in_doubt": (
        lambda server, tx: [
            _insert(runs, **RUN, status="failed")(server, tx),
            _insert(steps, run_id="run_1", path="0", status="failed", in_doubt=True)(server, tx),
        ][0],
        1,
        "",
    ),
    "webhook_silence": (_insert(events, **EVENT), 7200, ""),
    "rejections": (_rejected, 3, "malformed_signature (3)."),
    "catch_up_drift": (
        _insert(events, **{**EVENT, "source": "catch_up"}, created=int(LATE.timestamp()) - 3600),
        1,
        "charge.succeeded (1).",
    ),
    "catch_up_late": (_insert(cursors, name="catch_up", at=LATE), 7200, ""),
    "set_aside": (_insert(events, **{**EVENT, "received_at": NOW}, set_aside="other_mode"), 1, "other_mode (1)."),
    "undelivered_mails": (_insert(mails, id="mail_1", key="k", status="failed", created_at=NOW), 1, "failed (1)."),
    "workers": (lambda _server, _tx: None, 1, ""),
    "disk": (lambda _server, _tx: None, 0, "MB are free."),
}


def test_a_receiver_with_a_certificate_of_ones_own_authority_is_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    authority, key = certificate(tmp_path, days=2)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, key)
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    address = SecretStr(receiver.url.replace("http://", "https://"))
    changes = {"alerts": dataclasses.replace(settings(receiver), url=address)}
    with running_server(tmp_path / "a", FILES, changes=changes) as server:
        refused = server.http.post("/api/_payloom/alerts/test", json={}, headers=server.admin).json()
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        reached = server.http.post("/api/_payloom/alerts/test", json={}, headers=server.admin).json()
    assert "ConnectError" in str(refused)
    assert "ConnectError" not in str(reached)
    assert len(receiver.bodies) == 1


@pytest.mark.usefixtures("quick")
def test_each_alert_measures_its_situation_and_nothing_else(
    tmp_path: Path, database_url: str, receiver: Receiver
) -> None:
    assert set(SITUATIONS) == set(ALERT_RULES)
    changes = {"alerts": settings(receiver, rejections=1000)}
    with running_server(tmp_path, FILES, database_url=database_url, changes=changes) as server:
        server.wait(lambda: _looks(server))
        before = {alert["rule"]: alert["value"] for alert in server.manage("/alerts")["data"]}
        assert {name for name, value in before.items() if value} == {"workers", "disk"}
        database = open_database(database_url)
        try:
            for name, (make, value, detail) in SITUATIONS.items():
                with database.engine.begin() as tx:
                    make(server, tx)
                measured = {alert["rule"]: alert for alert in server.manage("/alerts")["data"]}[name]
                assert measured["value"] >= value, name
                assert detail in measured["detail"], name
                with database.engine.begin() as tx:
                    for table in (runs, steps, events, mails):
                        tx.execute(sa.delete(table))
        finally:
            database.engine.dispose()
