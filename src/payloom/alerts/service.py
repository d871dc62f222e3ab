"""Looks at every alert twice a minute, in whichever process comes first, and tells people what changed."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import socket
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from payloom.alerts.errors import NoAlertReceiver
from payloom.alerts.measures import MEASURES, Reading, Situation
from payloom.alerts.models import alerts
from payloom.alerts.sender import AlertSender, queue
from payloom.alerts.states import AlertState, exceeds, next_state
from payloom.alerts.wording import notice_body, sample_body, sentence
from payloom.db.database import Database
from payloom.email.outbox import Outbox
from payloom.kit.clock import Clock
from payloom.kit.errors import PayloomError
from payloom.runs.models import cursors
from payloom.settings.model import Settings
from payloom.settings.sections.alert_rules import ALERT_RULES, with_unit
from payloom.views.health import read_health

log = structlog.get_logger("payloom.alerts")

FIRST = 10.0
EVERY = 30.0
"""Seconds between two looks."""
_SLACK = 0.9
"""The share of EVERY after which another process can look: their timers do not tick together."""
FORGET_MACHINE = dt.timedelta(days=1)


class AlertService:
    """The alerts of one project, in one process."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, outbox: Outbox) -> None:
        """Nothing happens before the first look."""
        self._database = database
        self._clock = clock
        self._settings = settings
        self._machine = socket.gethostname()[:200] or "machine"
        self._sender = AlertSender(database, clock, settings, outbox)

    async def run_forever(self) -> None:
        """Look soon and then twice a minute, until canceled. A failure is logged, and the next look tries again."""
        await asyncio.sleep(FIRST)
        while True:
            try:
                await self.check()
                await self._sender.send_due()
            except (PayloomError, SQLAlchemyError, OSError) as error:
                log.warning("alerts_failed", error=type(error).__name__, again_in=EVERY)
            await asyncio.sleep(EVERY)

    async def check(self) -> None:
        """Look once, unless another process just did, and write messages about what changed."""
        for subject in ("", self._machine):
            names = [name for name in self._settings.alerts.thresholds if ALERT_RULES[name].by_machine == bool(subject)]
            if names and await self._database.write(lambda tx, subject=subject: self._claim(tx, subject)):
                readings = await self._database.read(
                    lambda tx, names=names, subject=subject: self._measure(tx, names, subject)
                )
                await self._database.write(
                    lambda tx, readings=readings, subject=subject: self._advance(tx, readings, subject)
                )

    async def send_test(self) -> list[dict[str, Any]]:
        """Send a test to every receiver now; return `{channel, to, sent, error}` of each. Raises NoAlertReceiver."""
        if not self._settings.alerts.has_receiver:
            hint = "Set `alerts: {email: you@example.com}` in payloom.yaml, or `alerts.url`."
            raise NoAlertReceiver("no alert has a receiver", hint=hint)
        now = self._clock.now()
        body = sample_body(self._settings, now)
        ids = await self._database.write(lambda tx: queue(tx, self._settings, body, now))
        return await self._sender.send_due(ids)

    async def list(self) -> list[dict[str, Any]]:
        """Return every alert with its threshold, its state, and what is measured now."""
        return await self._database.read(self._listed)

    async def firing(self) -> list[dict[str, Any]]:
        """Return the alerts that fire."""
        query = sa.select(alerts).where(alerts.c.state == "firing").order_by(alerts.c.since)
        rows = await self._database.read(lambda tx: tx.execute(query).all())
        on = self._settings.alerts.thresholds
        return [self._firing_row(row) for row in rows if row.rule in on]

    def _firing_row(self, row: Any) -> dict[str, Any]:
        rule = ALERT_RULES[row.rule]
        text = sentence(row.rule, row.value, self._settings.alerts.thresholds[row.rule])
        return {
            "rule": row.rule,
            "title": rule.title,
            "text": f"{text} {row.detail}".strip(),
            "fires": rule.fires,
            "steps": list(rule.do),
            "machine": row.subject or None,
            "since": row.since,
        }

    def _claim(self, tx: sa.Connection, subject: str) -> bool:
        """Return whether this process looks now. What belongs to nobody any more is deleted on the way."""
        now, name = self._clock.now(), f"alerts {subject}".strip()[:128]
        insert = (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(cursors)
        first = insert.values(name=name, value={}, at=now).on_conflict_do_nothing(index_elements=["name"])
        if tx.execute(first.returning(cursors.c.name)).one_or_none() is not None:
            return True
        pause = dt.timedelta(seconds=EVERY * _SLACK)
        due = (cursors.c.at <= now - pause) | (cursors.c.at > now + pause)
        if not tx.execute(sa.update(cursors).where(cursors.c.name == name, due).values(at=now)).rowcount:
            return False
        stale = (alerts.c.subject != "") & (alerts.c.checked_at < now - FORGET_MACHINE)
        off = alerts.c.rule.not_in(list(self._settings.alerts.thresholds))
        tx.execute(sa.delete(alerts).where(stale | off))
        return True

    def _measure(self, tx: sa.Connection, names: list[str], subject: str) -> dict[str, Reading]:
        now = self._clock.now()
        at = Situation(now, read_health(tx, now), self._settings.data_dir)
        noted = {row.rule: row.memory for row in tx.execute(sa.select(alerts).where(alerts.c.subject == subject))}
        return {name: MEASURES[name](tx, dataclasses.replace(at, memory=noted.get(name) or {})) for name in names}

    def _advance(self, tx: sa.Connection, readings: Mapping[str, Reading], subject: str) -> None:
        query = sa.select(alerts).where(alerts.c.subject == subject).with_for_update()
        rows = {row.rule: row for row in tx.execute(query)}
        now = self._clock.now()
        for name, reading in readings.items():
            row = rows.get(name)
            last = _state(row) if row is not None else AlertState("ok", now)
            state, notice = next_state(
                last,
                ALERT_RULES[name],
                reading.value,
                threshold=self._settings.alerts.thresholds[name],
                now=now,
                remind=self._settings.alerts.remind,
            )
            values = {
                **dataclasses.asdict(state),
                "value": reading.value,
                "detail": reading.detail,
                "memory": None if reading.memory is None else dict(reading.memory),
                "checked_at": now,
            }
            if row is None:
                tx.execute(sa.insert(alerts).values(rule=name, subject=subject, **values))
            else:
                tx.execute(sa.update(alerts).where(alerts.c.rule == name, alerts.c.subject == subject).values(values))
            if notice is not None:
                log.warning("alert", notice=notice, rule=name, value=reading.value, detail=reading.detail)
                since = last.since if notice == "resolved" else state.since
                body = notice_body(
                    name, notice, reading, settings=self._settings, subject=subject, since=since, now=now
                )
                queue(tx, self._settings, body, now)

    def _listed(self, tx: sa.Connection) -> list[dict[str, Any]]:
        thresholds = self._settings.alerts.thresholds
        by_machine = {name: self._machine if rule.by_machine else "" for name, rule in ALERT_RULES.items()}
        readings: dict[str, Reading] = {}
        for subject in ("", self._machine):
            names = [name for name, own in by_machine.items() if own == subject]
            readings |= self._measure(tx, names, subject)
        rows = {(row.rule, row.subject): row for row in tx.execute(sa.select(alerts))}
        watched = self._settings.alerts.has_receiver
        listed: list[dict[str, Any]] = []
        for name, rule in ALERT_RULES.items():
            row = rows.get((name, by_machine[name]))
            reading, threshold = readings[name], thresholds.get(name)
            is_on = threshold is not None and watched
            listed.append(
                {
                    "rule": name,
                    "title": rule.title,
                    "state": (row.state if row is not None else "ok") if is_on else "off",
                    "since": row.since if row is not None and is_on else None,
                    "value": reading.value,
                    "shown": "" if reading.value is None else with_unit(rule, reading.value),
                    "threshold": threshold,
                    "limit": "off"
                    if threshold is None
                    else f"{'below' if rule.below else 'at'} {with_unit(rule, threshold)}",
                    "unit": rule.unit,
                    "detail": reading.detail,
                    "fires": rule.fires,
                    "over": threshold is not None and exceeds(rule, reading.value, threshold),
                    "steps": list(rule.do),
                    "machine": by_machine[name] or None,
                }
            )
        return listed


def _state(row: Any) -> AlertState:
    return AlertState(row.state, row.since, row.clear_since, row.sent_value, row.sent_at)
