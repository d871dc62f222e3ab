"""What a message about an alert says, as data: for the email, the signed POST, and the studio."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from payloom.alerts.measures import Reading
from payloom.alerts.states import Notice
from payloom.kit.clock import rfc3339
from payloom.settings.model import Settings
from payloom.settings.sections.alert_rules import ALERT_RULES, with_unit

_WORDS: Mapping[Notice, str] = {
    "firing": "ALERT",
    "worse": "ALERT, WORSE",
    "reminder": "ALERT, STILL FIRING",
    "resolved": "RESOLVED",
}


def sentence(name: str, value: float | None, threshold: float) -> str:
    """Return a sentence such as `Failed runs: 3 (alert at 1).`, with the threshold."""
    rule = ALERT_RULES[name]
    amount = "nothing to measure" if value is None else with_unit(rule, value)
    return f"{rule.title}: {amount} (alert {'below' if rule.below else 'at'} {with_unit(rule, threshold)})."


def notice_body(
    name: str,
    notice: Notice,
    reading: Reading,
    *,
    settings: Settings,
    subject: str,
    since: dt.datetime,
    now: dt.datetime,
) -> dict[str, Any]:
    """Return the body of a message: Standard Webhooks' `type`, `timestamp` and `data`, and `text` for chat hooks."""
    rule = ALERT_RULES[name]
    threshold = settings.alerts.thresholds[name]
    text = sentence(name, reading.value, threshold) + (f" Machine: {subject}." if subject else "")
    ended = notice == "resolved"
    return {
        "type": f"alert.{notice}",
        "timestamp": rfc3339(now),
        "text": f"[{_WORDS[notice]}] {settings.name} ({settings.environment}): {text}" + _after(reading.detail),
        "data": {
            "rule": name,
            "title": rule.title,
            "text": text,
            "detail": reading.detail,
            "value": reading.value,
            "threshold": threshold,
            "unit": rule.unit,
            "machine": subject or None,
            "since": rfc3339(since),
            "fires": None if ended else rule.fires,
            "steps": [] if ended else list(rule.do),
            **_project(settings),
        },
    }


def sample_body(settings: Settings, now: dt.datetime) -> dict[str, Any]:
    """Return the body of a message that only shows that messages arrive."""
    text = "This is a test. Alerts arrive here."
    return {
        "type": "alert.test",
        "timestamp": rfc3339(now),
        "text": f"[TEST] {settings.name} ({settings.environment}): {text}",
        "data": {"rule": None, "title": "Test", "text": text, "detail": "", "steps": [], **_project(settings)},
    }


def mail_values(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template of the email uses."""
    data = body["data"]
    rule = data["rule"]
    footer = f"Payloom, {data['project']} ({data['environment']})."
    return {
        "subject": body["text"][:200],
        "headline": data["title"] + (" resolved" if body["type"] == "alert.resolved" else ""),
        "text": data["text"],
        "detail": data["detail"],
        "fires": data.get("fires"),
        "steps": data["steps"],
        "link": f"{data['site_url']}/studio/",
        "footer": f"{footer} `payloom explain {rule}` prints the runbook." if rule else footer,
    }


def _project(settings: Settings) -> dict[str, Any]:
    return {"project": settings.name, "environment": settings.environment, "site_url": settings.site_url}


def _after(detail: str) -> str:
    return f" {detail}" if detail else ""
