"""A project's server on a free port, in a thread of the test: everything real but the process."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import sqlalchemy as sa
import uvicorn
from tests.support.migrated import copy_sqlite

from payloom.app.asgi import create_app
from payloom.db.database import open_database
from payloom.db.sealing.source import sealer_for
from payloom.email.models import mails
from payloom.project.loader import load_project
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from payloom.settings.model import Settings


NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""What a client of a server without TLS verifies with: reading the machine's certificates takes 20 ms per client."""


class RunningServer:
    """A running server: its address, its settings, and ways to knock."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # By https a proxy stands in front; tests knock behind it.
        self.url = f"http://127.0.0.1:{settings.port}" if settings.secure_cookies else settings.site_url
        self.http = httpx.Client(base_url=self.url, timeout=20, verify=NO_TLS)

    @property
    def admin(self) -> dict[str, str]:
        """The header that opens the management API."""
        assert self.settings.admin_token is not None
        return {"authorization": f"Bearer {self.settings.admin_token.get_secret_value()}"}

    def manage(self, path: str, **query: Any) -> Any:
        """GET from the management API."""
        answer = self.http.get(f"/api/_payloom{path}", params=query, headers=self.admin)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """Rows of a user's table."""
        return self.manage(f"/tables/{table}/rows", **where)["data"]

    def metrics(self) -> str:
        """The text of `/metrics`, read with the token that opens it."""
        token = self.settings.token_of_metrics
        assert token is not None
        answer = self.http.get("/metrics", headers={"authorization": f"Bearer {token.get_secret_value()}"})
        assert answer.status_code == 200, answer.text
        return answer.text

    def sign(self, body: bytes, at: float | None = None, secret: str | None = None) -> str:
        """The Stripe-Signature header for a body."""
        moment = int(at if at is not None else time.time())
        key = secret or self.settings.stripe.webhook_secrets[0].get_secret_value()
        digest = hmac.new(key.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
        return f"t={moment},v1={digest}"

    def deliver(self, body: bytes, header: str | None = None) -> httpx.Response:
        """POST a webhook, signed unless a header is given."""
        headers = {"stripe-signature": header if header is not None else self.sign(body)}
        return self.http.post("/api/stripe/webhook", content=body, headers=headers)

    def sent_mails(self) -> dict[str, str]:
        """The HTML of each mail as it is sent, by its id: who looks at mails in the studio sees no link."""
        database = open_database(self.settings.database_url, sealer_for(self.settings.sealing))
        try:
            with database.engine.connect() as connection:
                return {row.id: row.html for row in connection.execute(sa.select(mails.c.id, mails.c.html))}
        finally:
            database.engine.dispose()

    def wait(self, look: Any, seconds: float = 10) -> Any:
        """Return what `look()` returns as soon as it is true."""
        end = time.monotonic() + seconds
        while not (value := look()):
            assert time.monotonic() < end, "it did not happen"
            time.sleep(0.02)
        return value


def event(kind: str, event_id: str, **resource: Any) -> bytes:
    """The body of an event about `resource`."""
    payload = {
        "id": event_id,
        "object": "event",
        "type": kind,
        "created": int(time.time()),
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": {"object": kind.rsplit(".", 1)[0], **resource}},
    }
    return json.dumps(payload).encode()


def write_project(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a project's files; payloom.yaml is made if it is not among them."""
    for name, text in {"payloom.yaml": "name: Test Shop\n", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@contextmanager
def running_server(
    folder: Path,
    files: Mapping[str, str],
    *,
    database_url: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Iterator[RunningServer]:
    """Serve a project while the block runs. A SQLite file that is not there yet is made with Payloom's tables in it.

    changes: fields of the settings that differ from what the files say, such as the environment.
    """
    root = write_project(folder, files)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        settings = load_settings(root, port=port, database_url=database_url, environ={})
        settings = dataclasses.replace(settings, **(changes or {}))
        kind, _, path = settings.database_url.partition(":///")
        if kind == "sqlite" and not Path(path).exists():
            copy_sqlite(Path(path))
        app = create_app(load_project(root, settings), settings)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            running = RunningServer(settings)
            _wait_ready(running, thread)
            yield running
            running.http.close()
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


def _wait_ready(server: RunningServer, thread: threading.Thread) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert thread.is_alive(), "the server did not start"
        try:
            if server.http.get("/readyz", timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    raise AssertionError("the server did not get ready")
