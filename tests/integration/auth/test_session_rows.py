"""When a session opens nothing any more, to the second; what is done to one leaves those of everybody else."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from payloom.auth import models
from payloom.auth.errors import LinkNotValid
from payloom.auth.links import RESET, VERIFY, drop_links, make_link, read_link, sweep_links, use_link
from payloom.auth.sessions import (
    CurrentSession,
    Device,
    csrf_matches,
    csrf_token,
    current_session,
    end_session,
    end_session_named,
    end_sessions,
    list_sessions,
    prove_session,
    start_session,
    sweep_sessions,
    touch_session,
)

if TYPE_CHECKING:
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
SECOND, MINUTE, HOUR, DAY = (dt.timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86_400))


def account(tx: sa.Connection, name: str, *, role: str | None = None, disabled: bool = False) -> str:
    row = {"id": name, "email": f"{name}@a.co", "email_key": f"{name}@a.co", "roles": [], "studio_role": role}
    tx.execute(sa.insert(models.accounts).values(**row, disabled=disabled, created_at=NOW, verified_at=NOW))
    return name


def rows(tx: sa.Connection, name: str) -> list[Any]:
    query = (
        sa.select(models.sessions).where(models.sessions.c.account_id == name).order_by(models.sessions.c.created_at)
    )
    return list(tx.execute(query))


OPEN: list[tuple[str | None, dt.timedelta, dt.timedelta, bool]] = [
    # role in the studio, since the sign-in, since it was used, whether it still opens
    (None, 30 * DAY - SECOND, 0 * DAY, True),
    (None, 30 * DAY, 0 * DAY, False),
    (None, 20 * DAY, 14 * DAY - SECOND, True),
    (None, 20 * DAY, 14 * DAY, False),
    ("admin", 12 * HOUR - SECOND, 0 * DAY, True),
    ("admin", 12 * HOUR, 0 * DAY, False),
    ("admin", 11 * HOUR, 2 * HOUR - SECOND, True),
    ("admin", 11 * HOUR, 2 * HOUR, False),
    (None, 13 * HOUR, 3 * HOUR, True),
]


@pytest.mark.parametrize(("role", "age", "unused", "still"), OPEN)
async def test_a_session_ends_by_its_age_and_by_its_last_use(
    database: Database, role: str | None, age: dt.timedelta, unused: dt.timedelta, still: bool
) -> None:
    def play(tx: sa.Connection) -> tuple[CurrentSession | None, CurrentSession | None, int, int]:
        token = start_session(tx, account(tx, "ada", role=role), NOW - age)
        touch_session(tx, token, NOW - unused)
        other = start_session(tx, account(tx, "bob"), NOW)
        listed = len(list_sessions(tx, "ada", NOW))
        return current_session(tx, token, NOW), current_session(tx, other, NOW), listed, sweep_sessions(tx, NOW)

    own, other, listed, swept = await database.write(play)
    assert (own is not None) is still
    assert other is not None
    if role is None:
        assert (listed, swept) == (int(still), int(not still))


async def test_what_a_session_tells(database: Database) -> None:
    def play(tx: sa.Connection) -> None:
        token = start_session(tx, account(tx, "ada"), NOW, Device("Firefox", "192.0.2.1"))
        away = start_session(tx, account(tx, "eve", disabled=True), NOW)
        for nobody in (None, "", "x", away):
            assert current_session(tx, nobody, NOW) is None
        for later, due in ((15 * MINUTE - SECOND, False), (15 * MINUTE, True)):
            current = current_session(tx, token, NOW + later)
            assert current is not None
            assert (current.account.id, current.touch, current.proved_at, current.second_factor) == (
                "ada",
                due,
                NOW,
                False,
            )
        touch_session(tx, token, NOW + HOUR)
        prove_session(tx, token, NOW + 2 * HOUR)
        current = current_session(tx, token, NOW + HOUR)
        assert current is not None
        assert (current.touch, current.proved_at) == (False, NOW + 2 * HOUR)
        [session] = list_sessions(tx, "ada", NOW + HOUR)
        assert (session.created_at, session.last_seen_at, session.expires_at) == (NOW, NOW + HOUR, NOW + 30 * DAY)
        assert session.device == Device("Firefox", "192.0.2.1")
        short = start_session(tx, "ada", NOW, lifetime=HOUR)
        assert current_session(tx, short, NOW + HOUR - SECOND) is not None
        assert current_session(tx, short, NOW + HOUR) is None
        assert (csrf_matches(token, csrf_token(token)), csrf_matches(short, csrf_token(token))) == (True, False)
        assert csrf_matches(token, None) is False

    await database.write(play)


async def test_what_is_done_to_one_session_leaves_the_others(database: Database) -> None:
    def play(tx: sa.Connection) -> None:
        tokens = [
            start_session(tx, name, NOW + at * SECOND) for at, name in enumerate(PEOPLE) if account_once(tx, name)
        ]
        before = rows(tx, "bob")
        touch_session(tx, tokens[0], NOW + HOUR)
        prove_session(tx, tokens[0], NOW + HOUR)
        end_session(tx, "unknown")
        [latest, *_] = list_sessions(tx, "ada", NOW + HOUR)
        assert latest.last_seen_at == NOW + HOUR
        names = [session.id for session in list_sessions(tx, "ada", NOW)]
        [of_bob] = list_sessions(tx, "bob", NOW)
        assert [end_session_named(tx, "ada", name) for name in (of_bob.id, "x", names[1], names[1])] == [
            False,
            False,
            True,
            False,
        ]
        assert len(rows(tx, "ada")) == 3
        end_session(tx, tokens[0])
        assert (len(rows(tx, "ada")), rows(tx, "bob")) == (2, before)
        left = [token for token in tokens if current_session(tx, token, NOW) and token != tokens[2]]
        assert end_sessions(tx, "ada", keep=left[-1]) == 1
        assert current_session(tx, left[-1], NOW) is not None
        assert (end_sessions(tx, "ada"), rows(tx, "ada"), rows(tx, "bob")) == (1, [], before)

    await database.write(play)


PEOPLE = ["ada", "ada", "bob", "ada", "ada"]
"""Who signs in, one after another: the third is a bystander."""


def account_once(tx: sa.Connection, name: str) -> bool:
    known = tx.execute(sa.select(models.accounts.c.id).where(models.accounts.c.id == name)).first()
    return bool(known or account(tx, name))


async def test_the_fifty_first_session_ends_the_oldest_of_its_account(database: Database) -> None:
    def play(tx: sa.Connection) -> None:
        bystander = start_session(tx, account(tx, "bob"), NOW - DAY)
        tokens = [
            start_session(tx, name, NOW + at * SECOND) for at in range(51) if (name := "ada") and account_once(tx, name)
        ]
        assert [current_session(tx, token, NOW + MINUTE) is not None for token in tokens] == [False, *[True] * 50]
        assert current_session(tx, bystander, NOW) is not None

    await database.write(play)


async def test_a_link_opens_its_own_account_once_and_leaves_every_other_link_as_it_was(database: Database) -> None:
    """The table has links of other people and of other purposes, and they stay."""
    now, day = NOW, dt.timedelta(days=1)

    def make(tx: sa.Connection) -> dict[str, str]:
        for name in ("ada", "bob"):
            account(tx, name)
        return {
            f"{purpose} {name}": make_link(tx, purpose, now, account_id=name, lifetime=day)
            for purpose in (RESET, VERIFY)
            for name in ("ada", "bob")
        }

    tokens = await database.write(make)

    async def answer(name: str, purpose: str, at: dt.datetime, *, use: bool) -> str | None:
        do = use_link if use else read_link
        try:
            return await database.write(lambda tx: do(tx, tokens[name], purpose, at))
        except LinkNotValid:
            return "refused"

    for use in (False, True):
        assert await answer(f"{RESET} ada", VERIFY, now, use=use) == "refused"
        assert await answer(f"{RESET} ada", RESET, now + day, use=use) == "refused"
    assert await answer(f"{RESET} ada", RESET, now, use=False) == "ada"
    assert await answer(f"{RESET} ada", RESET, now + day - dt.timedelta(seconds=1), use=True) == "ada"
    for use in (False, True):
        assert await answer(f"{RESET} ada", RESET, now, use=use) == "refused"
    for name in (f"{VERIFY} ada", f"{RESET} bob", f"{VERIFY} bob"):
        assert [await answer(name, name.split()[0], now, use=False)] == name.split()[1:]
    assert await database.write(lambda tx: sweep_links(tx, now + day - dt.timedelta(seconds=1))) == 0
    assert await database.write(lambda tx: drop_links(tx, "ada")) == 2
    assert await answer(f"{VERIFY} ada", VERIFY, now, use=False) == "refused"
    assert await answer(f"{RESET} bob", RESET, now, use=True) == "bob"
    assert await database.write(lambda tx: sweep_links(tx, now + day)) == 2
