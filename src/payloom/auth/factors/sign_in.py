"""Between the first proof and the session: where the account has a second factor, nothing opens without it."""

from __future__ import annotations

import dataclasses
import datetime as dt

import sqlalchemy as sa

from payloom.auth.accounts import Account, is_enrolled
from payloom.auth.errors import SecondFactorNeeded
from payloom.auth.links import make_link
from payloom.auth.models import SECOND_FACTOR_LINK
from payloom.auth.sessions import Device, start_session

PURPOSE = SECOND_FACTOR_LINK
WAITS_FOR = dt.timedelta(minutes=10)


@dataclasses.dataclass(frozen=True, slots=True)
class SignIn:
    """What a right password or link leads to: a session, or the wait for the second factor."""

    account: Account
    token: str | None = None
    challenge: str | None = None

    def session(self) -> tuple[Account, str]:
        """Return the account and the session's token. Raises `SecondFactorNeeded` with the challenge."""
        if self.token is None:
            raise SecondFactorNeeded(hint="Give a code of your authenticator app.", challenge=self.challenge)
        return self.account, self.token


def begin(tx: sa.Connection, account: Account, now: dt.datetime, device: Device | None) -> SignIn:
    """Begin a session of an account whose password or link was right, or let it wait for the second factor.

    Every way to sign in passes here. Nothing is raised: the caller's transaction must stand in both cases.
    """
    if is_enrolled(tx, account.id):
        return SignIn(account, challenge=make_link(tx, PURPOSE, now, account_id=account.id, lifetime=WAITS_FOR))
    return SignIn(account, token=start_session(tx, account.id, now, device))
