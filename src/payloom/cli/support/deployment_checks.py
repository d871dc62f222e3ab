"""What `payloom doctor` asks of staging and production: TLS, proxy, database, backups, endpoint, secrets, clock, disk.

Each check looks and changes nothing. One that can't look says so, and is no problem by itself.
"""

from __future__ import annotations

import datetime as dt
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from payloom.cli.support.findings import Finding
from payloom.kit.addresses.loopback import is_local_url, is_loopback
from payloom.kit.json_types import is_dict
from payloom.settings.model import Settings

if TYPE_CHECKING:
    import sqlalchemy as sa

LEAST_FREE = 2_000_000_000
"""Bytes that must be free where the project writes."""
OLDEST_BACKUP = dt.timedelta(hours=30)
"""The age of the newest backup from which on one was missed, if there is one each night."""
MOST_OFF = 30.0
"""Seconds that the clock may differ from Stripe's. Signatures are refused from 300 on."""
SHORTEST_TOKEN = 24
"""Characters of a token that nobody guesses."""
_STRIPE_WITHIN = 5.0


def deployment_findings(
    settings: Settings, backups: Path | None, now: dt.datetime, events: Iterable[str]
) -> Iterator[Finding]:
    """Yield what there is to say of a deployment.

    backups: the folder to look in, if not data/backups. events: the event types that the project needs.
    """
    yield _tls(settings)
    yield _proxy(settings)
    yield from _secrets(settings)
    yield _backups(settings, backups, now)
    yield _disk(settings)
    yield from _stripe(settings, now, frozenset(events))
    if settings.email.transport == "outbox":
        yield Finding("email", False, "emails stay in the outbox", "Set `email.transport: smtp` and `email.url`.")
    if not settings.alerts.has_receiver:
        yield Finding(
            "alerts",
            True,
            "no one is notified of problems",
            "Set `alerts.email` or `alerts.url`, then run `payloom alerts test`.",
        )


def _tls(settings: Settings) -> Finding:
    if settings.site_url.startswith("https://"):
        return Finding("tls", True, f"the site is {settings.site_url}")
    hint = "Put a proxy with TLS in front, and set `site_url` to its https address."
    summary = f"the site is {settings.site_url}: sign-in cookies and webhooks travel in plain text"
    local = is_local_url(settings.site_url)
    return Finding("tls", local and settings.environment == "staging", summary, hint)


def _proxy(settings: Settings) -> Finding:
    if settings.trusted_proxies:
        return Finding("proxy", True, f"trusted: {', '.join(settings.trusted_proxies)}")
    hint = "If a proxy is in front, list its address in `trusted_proxies`: else all its clients share one limit."
    if is_loopback(settings.host):
        return Finding("proxy", False, f"none is trusted, and the server listens on {settings.host} only", hint)
    return Finding("proxy", True, "none is trusted", hint)


def _secrets(settings: Settings) -> Iterator[Finding]:
    weak = [
        name
        for name, token in (
            ("PAYLOOM_ADMIN_TOKEN", settings.admin_token),
            ("PAYLOOM_METRICS_TOKEN", settings.metrics_token),
        )
        if token is not None and len(token.get_secret_value()) < SHORTEST_TOKEN
    ]
    hint = f"Use {SHORTEST_TOKEN} characters or more, such as `openssl rand -hex 24` prints."
    yield Finding("tokens", not weak, f"short: {', '.join(weak)}" if weak else "long enough", hint if weak else None)
    if settings.metrics_token is None:
        yield Finding("metrics", True, "/metrics is closed", "Set PAYLOOM_METRICS_TOKEN to let Prometheus in.")
    paths = [settings.root / ".env", *([settings.sealing.file] if settings.sealing.file else [])]
    for path in paths:
        if path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~stat.S_IRGRP:
            yield Finding("secrets", False, f"{path} can be read by other users", f"Run `chmod 600 {path}`.")


def _backups(settings: Settings, folder: Path | None, now: dt.datetime) -> Finding:
    from payloom.db.backups.archive import list_archives

    place = folder or settings.data_dir / "backups"
    try:
        archives = list_archives(place, settings.name, settings.environment) if place.is_dir() else []
        times = [dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC) for path in archives]
    except OSError as error:
        return Finding("backups", True, f"{place} can't be read: {error.strerror}", "Run the command as its owner.")
    if not times:
        hint = "Run `payloom backup` every night. If your backups are elsewhere, name the folder with --backups."
        if settings.database_url.startswith("sqlite"):
            return Finding("backups", False, f"there is none in {place}", hint)
        return Finding(
            "backups", True, f"there is none in {place}", f"{hint} A managed Postgres has backups of its own."
        )
    age = now - max(times)
    summary = f"{len(times)} in {place}, the newest is {age.total_seconds() / 3600:.0f} hours old"
    return Finding(
        "backups", age < OLDEST_BACKUP, summary, None if age < OLDEST_BACKUP else "Look at the backup's log."
    )


def _disk(settings: Settings) -> Finding:
    place = settings.data_dir if settings.data_dir.is_dir() else settings.root
    usage = shutil.disk_usage(place)
    summary = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.1f} at {place}"
    good = usage.free >= LEAST_FREE
    return Finding("disk", good, summary, None if good else "Free space, or move `data`. A full disk stops webhooks.")


def _stripe(settings: Settings, now: dt.datetime, events: frozenset[str]) -> Iterator[Finding]:
    """Ask Stripe for its webhook endpoints; the answer's date tells how the clock runs."""
    import httpx

    stripe = settings.stripe
    base = stripe.api_base or "https://api.stripe.com"
    headers = {"authorization": f"Bearer {stripe.secret_key.get_secret_value()}"}
    try:
        answer = httpx.get(
            f"{base}/v1/webhook_endpoints",
            params={"limit": 100},
            headers=headers,
            timeout=_STRIPE_WITHIN,
            trust_env=not is_local_url(base),
        )
        body = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        summary = f"Stripe can't be asked: {type(error).__name__} at {base}"
        yield Finding("endpoint", False, summary, "Check the network: steps and catch-up need Stripe, too.")
        return
    yield _clock(answer.headers.get("date"), now)
    if answer.status_code in {401, 403}:
        summary = f"Stripe refuses the key ({answer.status_code})"
        if answer.status_code == 403:
            hint = "To have it checked, let the restricted key read webhook endpoints."
            yield Finding("endpoint", True, f"{summary}: it may not list webhook endpoints", hint)
        else:
            yield Finding("endpoint", False, summary, "Set STRIPE_SECRET_KEY to a valid key.")
        return
    yield _endpoint(settings, body, events)


def _clock(date: str | None, now: dt.datetime) -> Finding:
    try:
        off = (now - parsedate_to_datetime(date or "")).total_seconds()
    except (TypeError, ValueError):
        return Finding("clock", True, "Stripe's answer has no date to compare with")
    good = abs(off) <= MOST_OFF
    summary = (
        "agrees with Stripe's" if good else f"{abs(off):.0f} seconds {'ahead of' if off > 0 else 'behind'} Stripe's"
    )
    return Finding("clock", good, summary, None if good else "Synchronize it, for example with chrony.")


def _endpoint(settings: Settings, body: Any, events: frozenset[str]) -> Finding:
    listed: list[Mapping[str, Any]] = body.get("data", []) if is_dict(body) else []
    matching = [endpoint for endpoint in listed if endpoint.get("url") == settings.webhook_url]
    if not matching:
        hint = f"Add {settings.webhook_url} in Stripe's dashboard, and put its secret into STRIPE_WEBHOOK_SECRET."
        return Finding("endpoint", False, f"Stripe has no endpoint {settings.webhook_url}", hint)
    if all(endpoint.get("status") == "disabled" for endpoint in matching):
        return Finding("endpoint", False, "Stripe has disabled the endpoint", "Enable it in Stripe's dashboard.")
    selected = {name for endpoint in matching for name in endpoint.get("enabled_events", ["*"])}
    if "*" not in selected and (missing := sorted(events - selected)):
        hint = (
            "Select them at the endpoint in Stripe's dashboard. `payloom workflows --events` lists all that are needed."
        )
        return Finding("endpoint", False, f"Stripe does not send {', '.join(missing)}", hint)
    return Finding("endpoint", True, f"Stripe sends events to {settings.webhook_url}")


def database_findings(tx: sa.Connection) -> Iterator[Finding]:
    """Yield what there is to say of the database: its migration, and, of Postgres, the role and the version."""
    import sqlalchemy as sa
    from sqlalchemy import text

    from payloom.db.migrate import VERSION_TABLE, head

    if not sa.inspect(tx).has_table(VERSION_TABLE):
        yield Finding("migration", True, "the tables are not made yet", "Run `payloom migrate`.")
    else:
        revision = str(tx.execute(text(f"SELECT max(version_num) FROM {VERSION_TABLE}")).scalar())  # noqa: S608 - our own constant
        newest = head()
        hint = "Run `payloom migrate`." if revision < newest else "Run the newer Payloom, or restore a backup."
        summary = f"at {revision}" if revision == newest else f"at {revision}, and this Payloom is at {newest}"
        yield Finding("migration", revision == newest, summary, None if revision == newest else hint)
    if tx.dialect.name == "postgresql":
        yield from _postgres(tx)


def _postgres(tx: sa.Connection) -> Iterator[Finding]:
    from sqlalchemy import text

    version = int(str(tx.execute(text("SHOW server_version_num")).scalar()))
    if version < 140000:
        yield Finding("postgres", False, f"version {version // 10000}", "Use Postgres 14 or newer.")
    query = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolname FROM pg_roles WHERE rolname = current_user"
    role = tx.execute(text(query)).one()
    owned = int(
        tx.execute(
            text("SELECT count(*) FROM pg_tables WHERE tableowner = current_user AND schemaname = 'public'")
        ).scalar()
        or 0
    )
    rights = [word for word, has in zip(("superuser", "creates databases", "creates roles"), role, strict=False) if has]
    hint = "Serve with a role that reads and writes rows only: docs/guides/postgres.md has the statements."
    if rights:
        yield Finding("role", False, f"{role.rolname}: {', '.join(rights)}", hint)
    elif owned:
        yield Finding("role", True, f"{role.rolname} owns the tables, and could drop them", hint)
    else:
        yield Finding("role", True, f"{role.rolname} reads and writes rows only")
    if str(tx.execute(text("SHOW fsync")).scalar()) != "on":
        yield Finding("postgres", False, "fsync is off: a crash of the machine loses payments", "Set `fsync = on`.")
