"""The only file that sends events: signs at send time, retries by a table, and can misbehave on purpose.

Sending happens after the response, in a loop of its own over the rows of `deliveries`. A receiver must survive
duplicates, reordering, delay and loss; the switches make them happen, the same way for the same seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from typing import TYPE_CHECKING, TypedDict, cast

from payloom_emulator.core.errors import WebhookAddressRefused
from payloom_emulator.core.unit_of_work import UnitOfWork
from payloom_emulator.objects import kinds
from payloom_emulator.presentation.expand import render
from payloom_emulator.presentation.thin_events import thin_event
from payloom_emulator.protocol.api_versions import NEWEST
from payloom_emulator.runtime.cli_sessions.sessions import (
    SNAPSHOTS,
    THIN,
    CliSessions,
    snapshot_message,
    thin_message,
)
from payloom_emulator.runtime.delivery_faults import SCHEDULES, DeliveryFaults
from payloom_emulator.runtime.requests.pretty_json import pretty
from payloom_emulator.runtime.webhook_addresses import addresses_of, allowed_targets
from payloom_emulator.runtime.webhook_secrets import secrets_of

if TYPE_CHECKING:
    import httpx

    from payloom_emulator.core.environment import Environment
    from payloom_emulator.objects.webhooks import Event, EventDestination, WebhookEndpoint
    from payloom_emulator.runtime.cli_sessions.sessions import CliSession

TIMEOUT = 10.0


REPLY_KEPT = 4096


class DeliveryRow(TypedDict):
    """One attempt to deliver an event. due, sent_at: Unix seconds. status, reply: what the endpoint answered."""

    seq: int
    event: str
    endpoint: str
    account: str
    attempt: int
    due: float
    state: str
    sent_at: float | None
    status: int | None
    reply: str | None
    error: str | None
    type: str


def _as_endpoint(destination: EventDestination) -> WebhookEndpoint:
    """Return an event destination of the v2 API in the shape of a webhook endpoint."""
    shape = {
        "id": destination["id"],
        "url": destination["_url"],
        "status": destination["status"],
        "enabled_events": [e.removeprefix("v1.") for e in destination["enabled_events"]],
        "api_version": destination["snapshot_api_version"],
        "_secret": destination["_secret"],
        "_old_secrets": destination.get("_old_secrets", []),
        "_thin": destination["event_payload"] == "thin",
        "_connect": "other_accounts" in (destination["events_from"] or []),
    }
    return cast("WebhookEndpoint", shape)


def sign(payload: bytes, secrets: list[str], moment: int) -> str:
    """Return the Stripe-Signature header: `t=…` and one `v1=…` per secret."""
    signed = f"{moment}.".encode() + payload
    parts = [f"v1={hmac.new(s.encode(), signed, hashlib.sha256).hexdigest()}" for s in secrets]
    return ",".join([f"t={moment}", *parts])


def _payload(unit: UnitOfWork, event: Event, version: str | None) -> bytes:
    """Return the bytes of an event in an API version, or of a thin event."""
    body = thin_event(unit, event) if version is None else render(unit, {**event, "api_version": version}, version)
    return pretty(body).encode()


class Delivery:
    """The outbox: plans deliveries, sends them, and keeps what was answered."""

    def __init__(self, environment: Environment, schedule: str | tuple[float, ...]) -> None:
        """Send for `environment`, retrying by a named schedule or a tuple of seconds."""
        self._environment = environment
        self.schedule: tuple[float, ...] = SCHEDULES[schedule] if isinstance(schedule, str) else schedule
        self.faults = DeliveryFaults()
        self.paused = False
        self._wake: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._endpoints: dict[str, list[WebhookEndpoint]] = {}
        self._client: httpx.AsyncClient | None = None
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._targets = allowed_targets(environment.config)
        self.cli = CliSessions(environment.config)

    def reset(self) -> None:
        """Behave as at the start: no faults, not paused, the configured schedule."""
        schedule = self._environment.config.schedule
        self.schedule = SCHEDULES[schedule] if isinstance(schedule, str) else schedule
        self.faults, self.paused = DeliveryFaults(), False
        self._endpoints.clear()
        self.cli.forget_gone()
        if self._loop is not None and not self._loop.is_closed():
            for task in list(self._busy.values()):
                self._loop.call_soon_threadsafe(task.cancel)

    # --- owing ---------------------------------------------------------------------------------------------------

    def invalidate(self) -> None:
        """Forget what is known about endpoints."""
        self._endpoints.clear()

    def endpoints_of(self, account: str) -> list[WebhookEndpoint]:
        """Return the account's endpoints, event destinations among them."""
        return self._of(account)

    def _of(self, account: str) -> list[WebhookEndpoint]:
        if account not in self._endpoints:
            select = self._environment.store.select
            endpoints = select(account, kinds.WEBHOOK_ENDPOINT, {}, oldest_first=True)
            destinations = select(account, kinds.EVENT_DESTINATION, {}, oldest_first=True)
            self._endpoints[account] = [
                *(cast("WebhookEndpoint", row) for row in endpoints),
                *(_as_endpoint(cast("EventDestination", row)) for row in destinations),
            ]
        return self._endpoints[account]

    def matching_endpoints(self, account: str, event_type: str) -> list[WebhookEndpoint]:
        """Return the endpoints that get an event of this type of this account."""
        home = self._environment.config.account
        candidates = [e for e in self._of(account) if not e.get("_connect")]
        if account != home:
            candidates += [e for e in self._of(home) if e.get("_connect")]
        enabled = [e for e in candidates if e["status"] == "enabled" and ({"*", event_type} & set(e["enabled_events"]))]
        return enabled + self.cli.endpoints_for(account)

    def enqueue(self, account: str, event: Event, endpoints: list[WebhookEndpoint]) -> None:
        """Plan the first attempt for each endpoint."""
        for endpoint in endpoints:
            copies, wait, lost = self.faults.draw()
            for _ in range(copies):
                self._plan(
                    account,
                    event["id"],
                    event["type"],
                    endpoint["id"],
                    wait=wait,
                    state="dropped" if lost else "pending",
                )

    def _plan(
        self,
        account: str,
        event_id: str,
        event_type: str,
        endpoint: str,
        *,
        attempt: int = 1,
        wait: float = 0.0,
        state: str = "pending",
    ) -> None:
        self._environment.store.query(
            "INSERT INTO deliveries (event, endpoint, account, attempt, due, state, type) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (event_id, endpoint, account, attempt, self._environment.clock.precise() + wait, state, event_type),
        )

    def redeliver(self, event_id: str, endpoint: str | None = None) -> int:
        """Plan one more attempt of an event, to one endpoint or all that were owed it; return how many."""
        rows = self._environment.store.query(
            "SELECT DISTINCT endpoint, account, type FROM deliveries WHERE event = ?", (event_id,)
        )
        chosen = [r for r in rows if endpoint in {None, r[0]}]
        for name, account, event_type in chosen:
            self._plan(account, event_id, event_type, name)
        self.wake()
        return len(chosen)

    def resend(self, account: str, event: Event, endpoint_id: str | None) -> None:
        """Plan one more attempt of an event to one endpoint, or to Stripe's CLI."""
        chosen = [e for e in self._of(account) if e["id"] == endpoint_id]
        for endpoint in chosen if endpoint_id else self.cli.endpoints_for(account):
            self._plan(account, event["id"], event["type"], endpoint["id"])

    # --- sending -------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Look for work now. Safe from any thread."""
        if self._loop is not None and self._wake is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Send what is due until cancelled. Endpoints are served side by side: a slow one holds up only itself."""
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        try:
            while True:
                self._wake.clear()
                pause = self._start_due()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._wake.wait()
        finally:
            self._loop = None
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)
            self._busy.clear()
            if self._client is not None:
                await self._client.aclose()
                self._client = None

    def _start_due(self) -> float | None:
        """Start a task for each endpoint that is owed something; return seconds until the next is due, or None."""
        if self.paused:
            return None
        now = self._environment.clock.precise()
        rows = self._environment.store.query(
            "SELECT endpoint, min(due) FROM deliveries WHERE state = 'pending' GROUP BY endpoint"
        )
        upcoming: list[float] = []
        for endpoint, due in rows:
            if endpoint in self._busy:
                continue  # it wakes this loop when it is done
            if due <= now:
                self._busy[endpoint] = asyncio.create_task(self._serve(endpoint))
            else:
                upcoming.append(due)
        return max(0.01, min(upcoming) - now) if upcoming else None

    async def _serve(self, endpoint: str) -> None:
        """Send what one endpoint is owed, in order, until nothing is due."""
        try:
            while not self.paused:
                rows = self._environment.store.query(
                    "SELECT seq FROM deliveries WHERE state = 'pending' AND endpoint = ? AND due <= ? ORDER BY due, seq LIMIT 1",
                    (endpoint, self._environment.clock.precise()),
                )
                if not rows:
                    break
                await self._send(rows[0][0])
        finally:
            self._busy.pop(endpoint, None)
            if self._wake is not None:
                self._wake.set()

    async def _send(self, seq: int) -> None:
        store = self._environment.store
        row = store.query(
            "SELECT event, endpoint, account, attempt FROM deliveries WHERE seq = ? AND state = 'pending'", (seq,)
        )
        if not row:
            return
        event_id, endpoint_id, account = row[0][:3]
        attempt = int(row[0][3])
        session = self.cli.find(endpoint_id)
        if session is not None:
            self._tell(session, seq, account, event_id)
            return
        packed = self._pack(account, event_id, endpoint_id)
        if packed is None:
            store.query("UPDATE deliveries SET state = 'canceled' WHERE seq = ?", (seq,))
            return
        url, payload, secrets, event_type = packed
        status, reply, error = await self._post(url, payload, secrets)
        ok = status is not None and 200 <= status < 300
        known = store.query(
            "UPDATE deliveries SET state = ?, sent_at = ?, status = ?, reply = ?, error = ? WHERE seq = ? RETURNING seq",
            ("succeeded" if ok else "failed", self._environment.clock.precise(), status, reply, error, seq),
        )
        if not known:
            return  # everything was forgotten meanwhile
        if ok:
            self._settled(account, event_id)
        elif attempt <= len(self.schedule):
            self._plan(account, event_id, event_type, endpoint_id, attempt=attempt + 1, wait=self.schedule[attempt - 1])

    def _pack(self, account: str, event_id: str, endpoint_id: str) -> tuple[str, bytes, list[str], str] | None:
        """Return (url, payload, secrets, type of the event), or None when there is nothing to send."""
        environment = self._environment
        endpoint = next(
            (e for owner in {account, environment.config.account} for e in self._of(owner) if e["id"] == endpoint_id),
            None,
        )
        if endpoint is None or endpoint["status"] != "enabled":
            return None
        with environment.store.transaction():
            unit = UnitOfWork(environment, account)
            event = unit.find(kinds.EVENT, event_id)
            if event is None:
                return None
            version = endpoint.get("api_version") or environment.config.api_version
            thin = endpoint.get("_thin") or event["type"].startswith("v2.")
            payload = _payload(unit, event, None if thin else version)
            unit.flush()
        return endpoint["url"], payload, secrets_of(endpoint, environment.clock.now()), event["type"]

    def _tell(self, session: CliSession, seq: int, account: str, event_id: str) -> None:
        """Send an event to Stripe's CLI, which forwards it and tells later what the receiver answered."""
        environment = self._environment
        with environment.store.transaction():
            unit = UnitOfWork(environment, account)
            event = unit.find(kinds.EVENT, event_id)
            if event is None:
                return
            own = environment.config.api_version
            if SNAPSHOTS in session.features and not event["type"].startswith("v2."):
                # The CLI drops the one that it was not asked for with `--latest`, or without.
                for version, named in ((own, None), (NEWEST, NEWEST)):
                    payload = _payload(unit, event, version)
                    headers = self._headers(payload, [session.secret])
                    session.push(
                        snapshot_message(payload.decode(), headers, number=seq, event_id=event_id, version=named)
                    )
            if THIN in session.features:
                payload = _payload(unit, event, None)
                session.push(thin_message(payload.decode(), self._headers(payload, [session.secret]), number=seq))
            unit.flush()
        self._environment.store.query(
            "UPDATE deliveries SET state = 'succeeded', sent_at = ? WHERE seq = ?", (environment.clock.precise(), seq)
        )
        self._settled(account, event_id)

    def forwarded(self, seq: int, status: int, reply: str) -> None:
        """Note what a receiver answered to Stripe's CLI. Like Stripe, nothing is sent to it again."""
        self._environment.store.query(
            "UPDATE deliveries SET state = ?, status = ?, reply = ? WHERE seq = ?",
            ("succeeded" if 200 <= status < 300 else "failed", status, reply[:REPLY_KEPT], seq),
        )

    def _settled(self, account: str, event_id: str) -> None:
        with self._environment.store.transaction():
            unit = UnitOfWork(self._environment, account)
            event = unit.find(kinds.EVENT, event_id)
            if event is not None and event["pending_webhooks"] > 0:
                unit.change(event, {"pending_webhooks": event["pending_webhooks"] - 1}, emits=())
            unit.flush()

    async def _post(self, url: str, payload: bytes, secrets: list[str]) -> tuple[int | None, str | None, str | None]:
        import httpx  # noqa: PLC0415 - loaded with the first delivery, not at start

        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=TIMEOUT, follow_redirects=False, trust_env=False, verify=httpx.create_ssl_context()
            )
        try:
            response = await self._post_to(self._client, httpx.URL(url), payload, self._headers(payload, secrets))
        except WebhookAddressRefused as error:
            return None, None, " ".join(filter(None, (error.message, error.hint)))
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return None, None, f"{type(error).__name__}: {error}"
        return response.status_code, response.text[:REPLY_KEPT], None

    def _headers(self, payload: bytes, secrets: list[str]) -> dict[str, str]:
        return {
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "*/*; q=0.5, application/xml",
            "Cache-Control": "no-cache",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": sign(payload, secrets, int(self._environment.clock.real())),
        }

    async def _post_to(
        self, client: httpx.AsyncClient, url: httpx.URL, payload: bytes, headers: dict[str, str]
    ) -> httpx.Response:
        """Send to the first address of the host that takes a connection; a name is looked up once (no rebinding)."""
        import httpx  # noqa: PLC0415 - loaded with the first delivery, not at start

        addresses = await addresses_of(str(url), self._targets)
        headers = {**headers, "Host": url.netloc.decode("ascii")}
        named = {"sni_hostname": url.host} if url.scheme == "https" else {}
        for address in addresses[:-1]:
            with contextlib.suppress(httpx.ConnectError):
                return await client.post(
                    url.copy_with(host=address), content=payload, headers=headers, extensions=named
                )
        return await client.post(url.copy_with(host=addresses[-1]), content=payload, headers=headers, extensions=named)

    def rows(self, *, event: str | None = None, limit: int = 100) -> list[DeliveryRow]:
        """Return deliveries, newest first, for the control API."""
        where, values = ("WHERE event = ?", (event,)) if event else ("", ())
        names = tuple(DeliveryRow.__annotations__)
        rows = self._environment.store.query(
            f"SELECT {', '.join(names)} FROM deliveries {where} ORDER BY seq DESC LIMIT {int(limit)}",  # noqa: S608 - names and where are our own; values are bound
            values,
        )
        return [cast("DeliveryRow", dict(zip(names, row, strict=True))) for row in rows]
