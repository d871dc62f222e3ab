"""`payloom doctor` asks what a deployment needs: each condition gives the finding of its name, good or bad."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import shutil
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr
from tests.support.processes.rehearsal import staging

from payloom.cli.server.doctor import _data_folder
from payloom.cli.support.deployment_checks import deployment_findings
from payloom.cli.support.findings import Finding
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from payloom.settings.model import Settings

NOW = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.UTC)
SITE = "https://shop.example.test"
ENDPOINT = {"url": f"{SITE}/api/stripe/webhook", "status": "enabled"}
GOOD: dict[str, Any] = {"site_url": SITE, "host": "127.0.0.1", "trusted_proxies": ("127.0.0.1",)}
TOKENS = {"admin_token": SecretStr("an-admin-token-of-good-length")}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "payloom.yaml").write_text("name: Shop\nemail: {transport: outbox}\n", "utf-8")
    loaded = load_settings(tmp_path, environ=staging())
    email = dataclasses.replace(loaded.email, transport="smtp")
    return dataclasses.replace(loaded, email=email, **GOOD, **TOKENS)


def look(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    *,
    status: int = 200,
    endpoints: list[dict[str, Any]] | None = None,
    date: dt.datetime | None = NOW,
) -> dict[str, Finding]:
    """Return the findings by name, with Stripe's answer as given; date: None, as if Stripe did not answer."""

    def get(url: str, **_: Any) -> httpx.Response:
        if date is None:
            raise httpx.ConnectError("nothing there")
        body = {"data": [ENDPOINT] if endpoints is None else endpoints}
        return httpx.Response(status, json=body, headers={"date": format_datetime(date, usegmt=True)})

    monkeypatch.setattr(httpx, "get", get)
    return {finding.name: finding for finding in deployment_findings(settings, None, NOW, ["invoice.paid"])}


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], str, bool]] = {
    "plain http": ({"site_url": "http://shop.example.test"}, {}, "tls", False),
    "a rehearsal on this machine": ({"site_url": "http://127.0.0.1:8000"}, {}, "tls", True),
    "https": ({}, {}, "tls", True),
    "a proxy of this machine that is not trusted": ({"trusted_proxies": ()}, {}, "proxy", False),
    "no proxy": ({"trusted_proxies": (), "host": "0.0.0.0"}, {}, "proxy", True),
    "a short token": ({"metrics_token": SecretStr("sixteen-letters!")}, {}, "tokens", False),
    "long tokens": ({}, {}, "tokens", True),
    "no backup": ({}, {}, "backups", False),
    "no backup of a Postgres here": ({"database_url": "postgresql://db/shop"}, {}, "backups", True),
    "an endpoint": ({}, {}, "endpoint", True),
    "no endpoint": ({}, {"endpoints": []}, "endpoint", False),
    "a disabled endpoint": ({}, {"endpoints": [{**ENDPOINT, "status": "disabled"}]}, "endpoint", False),
    "an endpoint with the events": (
        {},
        {"endpoints": [{**ENDPOINT, "enabled_events": ["invoice.paid"]}]},
        "endpoint",
        True,
    ),
    "an endpoint without an event": (
        {},
        {"endpoints": [{**ENDPOINT, "enabled_events": ["refund.failed"]}]},
        "endpoint",
        False,
    ),
    "an endpoint with all events": ({}, {"endpoints": [{**ENDPOINT, "enabled_events": ["*"]}]}, "endpoint", True),
    "a key that may not look": ({}, {"status": 403}, "endpoint", True),
    "a wrong key": ({}, {"status": 401}, "endpoint", False),
    "no way to Stripe": ({}, {"date": None}, "endpoint", False),
    "the right time": ({}, {"date": NOW - dt.timedelta(seconds=29)}, "clock", True),
    "a slow clock": ({}, {"date": NOW + dt.timedelta(seconds=31)}, "clock", False),
    "a fast clock": ({}, {"date": NOW - dt.timedelta(seconds=31)}, "clock", False),
    "a clock that can't be compared": ({}, {"status": 401}, "clock", True),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_deployment_lacks_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    changed, answer, check, good = CHANGES[name]
    finding = look(dataclasses.replace(settings, **changed), monkeypatch, **answer)[check]
    assert finding.good is good, finding
    assert good or finding.hint, "a problem says what to do"


def test_files_and_disk_are_looked_at(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    backups = settings.data_dir / "backups"
    backups.mkdir(parents=True)
    archive = backups / "shop-staging-20261130T060000.000000Z.tar.gz"
    monkeypatch.setattr("payloom.db.backups.archive.list_archives", lambda *_: [archive])
    archive.touch()
    secret = settings.root / ".env"
    secret.write_text("A=b", "utf-8")
    for age, mode, free, good in ((6, 0o600, 5e9, True), (40, 0o644, 1e9, False)):
        at = (NOW - dt.timedelta(hours=age)).timestamp()
        os.utime(archive, (at, at))
        secret.chmod(mode)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: shutil._ntuple_diskusage(10e9, 0, free))  # type: ignore[attr-defined] - disk_usage returns this kind
        findings = look(settings, monkeypatch)
        assert (findings["backups"].good, findings["disk"].good, "secrets" not in findings) == (good, good, good), (
            findings
        )


def test_the_data_folder_is_written_to_and_left_as_it_was(tmp_path: Path) -> None:
    """Root has every right in /proc, and nobody can write there; a full disk is the same."""
    refused = _data_folder(Path("/proc"))
    assert (refused.good, "cannot be written: " in refused.summary) == (False, True)
    assert _data_folder(tmp_path).good
    assert list(tmp_path.iterdir()) == []
