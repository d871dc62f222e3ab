"""Accounts with a second factor, and the first step of their sign-in."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import sqlalchemy as sa
from pyotp.totp import TOTP
from tests.support.accounts.account_site import PASSWORD

from payloom.auth.accounts import find_account, set_studio_role
from payloom.auth.models import second_factors, sessions
from payloom.kit.clock import SystemClock

if TYPE_CHECKING:
    import httpx
    from tests.support.accounts.account_site import AccountSite as Site

OWN = "/api/auth/second-factor"
FINISH = "/api/auth/sign-in/second-factor"


@dataclasses.dataclass
class Member:
    """An account with a second factor, and what opens it."""

    site: Site
    email: str
    browser: httpx.Client
    secret: str
    codes: list[str]

    @property
    def id(self) -> str:
        """The account's ID."""
        return account_id(self.site, self.email)

    def code(self) -> str:
        """The app's code, as if no code was used in this half-minute."""
        unused = sa.update(second_factors).where(second_factors.c.account_id == self.id).values(last_step=-1)
        self.site.database(lambda tx: tx.execute(unused))
        return TOTP(self.secret).now()


def account_id(site: Site, email: str) -> str:
    """The ID of an account."""
    return site.database(lambda tx: find_account(tx, email=email)).id


def member(site: Site, state: str = "verified", role: str | None = None) -> Member:
    """A new account that has an authenticator app."""
    email = site.account(state)
    if role is not None:
        identity = account_id(site, email)
        site.database(lambda tx: set_studio_role(tx, identity, role))
    browser = site.sign_in(email)
    offer = browser.post(f"{OWN}/app", json={}).json()
    answer = browser.post(f"{OWN}/app/confirm", json={"code": TOTP(offer["secret"]).now()})
    assert answer.status_code == 200, answer.text
    return Member(site, email, browser, offer["secret"], answer.json()["recovery_codes"])


def password_by_json(owner: Member) -> httpx.Client:
    """The first step: the password, as a program sends it."""
    browser = owner.site.client()
    answer = browser.post("/api/auth/sign-in", json={"email": owner.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "second_factor_needed")
    assert not [cookie for cookie in browser.cookies if cookie in answer.text]
    return browser


def password_by_form(owner: Member) -> httpx.Client:
    """The first step: the password, in the form."""
    browser = owner.site.client()
    browser.get("/sign-in")
    form = {"email": owner.email, "password": PASSWORD, "next": "/sessions"}
    answer = browser.post("/sign-in", data=form | {"csrf_token": browser.cookies["payloom_csrf"]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/second-factor?next=%2Fsessions")
    return browser


def by_json(browser: httpx.Client, code: str) -> int:
    """The second step, as a program sends it."""
    return browser.post(FINISH, json={"code": code}).status_code


def make_old(owner: Member | str, site: Site) -> None:
    """Let the last proof of an account's sessions be an hour ago."""
    identity = owner.id if isinstance(owner, Member) else account_id(site, owner)
    long_ago = SystemClock().now() - dt.timedelta(hours=1)
    old = sa.update(sessions).where(sessions.c.account_id == identity).values(proved_at=long_ago)
    site.database(lambda tx: tx.execute(old))
