"""The rows of second factors: what an account has, and how each part is added, used, and removed."""

from __future__ import annotations

import dataclasses
import datetime as dt

import sqlalchemy as sa

from payloom.auth.accounts import is_enrolled
from payloom.auth.errors import FactorRefused
from payloom.auth.factors.passkeys import Passkey, list_passkeys
from payloom.auth.factors.recovery_codes import count_codes, drop_codes, replace_codes, use_code
from payloom.auth.factors.totp import is_app_code, new_secret, step_of
from payloom.auth.models import passkeys, second_factors

_NEVER_USED = -1


@dataclasses.dataclass(frozen=True, slots=True)
class Factors:
    """What an account can prove itself with, apart from the password. recovery_codes: how many are left."""

    app: bool
    passkeys: tuple[Passkey, ...]
    recovery_codes: int

    @property
    def enrolled(self) -> bool:
        """Whether a sign-in asks for a second factor."""
        return self.app or bool(self.passkeys)


def read_factors(tx: sa.Connection, account_id: str) -> Factors:
    """Return what the account has."""
    row = tx.execute(_confirmed(account_id)).one_or_none()
    return Factors(row is not None, tuple(list_passkeys(tx, account_id)), count_codes(tx, account_id))


def offer_app(tx: sa.Connection, account_id: str, now: dt.datetime) -> str:
    """Return a new secret for an authenticator app. It counts once a code confirms it."""
    if tx.execute(_confirmed(account_id)).one_or_none() is not None:
        raise FactorRefused("this account has an authenticator app", hint="Remove it first.")
    secret = new_secret()
    tx.execute(sa.delete(second_factors).where(second_factors.c.account_id == account_id))
    row = {"account_id": account_id, "secret": secret.encode(), "created_at": now, "last_step": _NEVER_USED}
    tx.execute(sa.insert(second_factors).values(**row))
    return secret


def confirm_app(tx: sa.Connection, account_id: str, code: str, now: dt.datetime) -> list[str]:
    """Let the app count, if the code is one of it; return new recovery codes. Raises `FactorRefused`."""
    row = tx.execute(sa.select(second_factors).where(second_factors.c.account_id == account_id)).one_or_none()
    if row is None or row.confirmed_at is not None:
        raise FactorRefused("there is no authenticator app to confirm", hint="Begin again.")
    if not _use_app_code(tx, account_id, code, now, confirmed=False):
        raise FactorRefused
    confirmed = sa.update(second_factors).where(second_factors.c.account_id == account_id).values(confirmed_at=now)
    tx.execute(confirmed)
    return replace_codes(tx, account_id)


def use_factor_code(tx: sa.Connection, account_id: str, code: str, now: dt.datetime) -> bool:
    """Use a code of the app, or a recovery code, up; return whether it was good. Each code counts once."""
    text = "".join(code.split())
    return _use_app_code(tx, account_id, text, now) if is_app_code(text) else use_code(tx, account_id, text, now)


def remove_app(tx: sa.Connection, account_id: str) -> bool:
    """Remove the authenticator app; return whether there was one. The last factor takes the recovery codes along."""
    removed = tx.execute(sa.delete(second_factors).where(second_factors.c.account_id == account_id)).rowcount
    drop_unneeded_codes(tx, account_id)
    return bool(removed)


def remove_all(tx: sa.Connection, account_id: str) -> bool:
    """Remove everything that a second factor can be; return whether there was something."""
    had = is_enrolled(tx, account_id)
    for table in (second_factors, passkeys):
        tx.execute(sa.delete(table).where(table.c.account_id == account_id))
    drop_codes(tx, account_id)
    return had


def drop_unneeded_codes(tx: sa.Connection, account_id: str) -> None:
    """Delete the recovery codes of an account that has no second factor any more."""
    if not is_enrolled(tx, account_id):
        drop_codes(tx, account_id)


def _confirmed(account_id: str) -> sa.Select[tuple[str]]:
    return sa.select(second_factors.c.account_id).where(
        second_factors.c.account_id == account_id, second_factors.c.confirmed_at.is_not(None)
    )


def _use_app_code(tx: sa.Connection, account_id: str, code: str, now: dt.datetime, *, confirmed: bool = True) -> bool:
    state = second_factors.c.confirmed_at.is_not(None) if confirmed else second_factors.c.confirmed_at.is_(None)
    row = tx.execute(sa.select(second_factors).where(second_factors.c.account_id == account_id, state)).one_or_none()
    step = step_of(row.secret.decode(), code, now, after=row.last_step) if row is not None else None
    if step is None:
        return False
    used = (
        sa.update(second_factors)
        .where(second_factors.c.account_id == account_id, second_factors.c.last_step < step)
        .values(last_step=step)
    )
    return tx.execute(used).rowcount == 1
