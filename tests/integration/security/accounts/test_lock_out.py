"""Strangers cannot lock an owner out, and a burst of sign-ins is refused rather than kept waiting."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.accounts.account_site import PASSWORD

from payloom.auth.errors import SignInBusy
from payloom.auth.guards.hashing import NICENESS, WAITING_PER_CALLER, PasswordHashing
from payloom.auth.passwords import Passwords
from payloom.auth.sign_in_throttle import PER_ACCOUNT, PER_DEVICE

if TYPE_CHECKING:
    import httpx
    from tests.support.accounts.account_site import AccountSite as Site


def flood(site: Site, email: str) -> None:
    """Wrong passwords from many addresses, until the account is closed to strangers."""
    statuses: list[int] = []
    for _ in range(PER_ACCOUNT // 4 + 2):
        with site.client() as stranger:
            statuses += [try_in(stranger, email, "wrong-guess-77") for _ in range(4)]
    assert set(statuses) == {401, 429}


def try_in(browser: httpx.Client, email: str, password: str = PASSWORD) -> int:
    """Try to sign in; returns the status."""
    return browser.post("/api/auth/sign-in", json={"email": email, "password": password}).status_code


def test_the_owners_device_passes_while_strangers_are_stopped(site: Site) -> None:
    email, other = site.account("verified"), site.account("verified")
    known = site.sign_in(email)
    foreign = site.sign_in(other)
    known.post("/api/auth/sign-out", json={})
    flood(site, email)
    forged = site.client()
    mark = known.cookies["payloom_device"]
    forged.cookies.set("payloom_device", mark[:-2] + ("AA" if mark[-2:] != "AA" else "BB"))
    assert [try_in(browser, email) for browser in (site.client(), foreign, forged)] == [429, 429, 429]
    assert try_in(known, email) == 200


def test_a_known_device_has_a_limit_of_its_own(site: Site) -> None:
    email = site.account("verified")
    known = site.sign_in(email)
    statuses = [try_in(known, email, "wrong-guess-77") for _ in range(PER_DEVICE + 6)]
    assert (statuses[0], statuses[-1]) == (401, 429)


def test_a_mark_of_a_device_opens_nothing_by_itself(site: Site) -> None:
    email = site.account("verified")
    mark = site.sign_in(email).cookies["payloom_device"]
    browser = site.client()
    browser.cookies.set("payloom_device", mark)
    assert browser.get("/api/auth/me").status_code == 401
    assert try_in(browser, email, "wrong-guess-77") == 401


def test_a_reset_opens_an_account_that_strangers_closed(site: Site) -> None:
    email = site.account("verified")
    flood(site, email)
    site.client().post("/api/auth/forgot", json={"email": email})
    token = site.mail_to(email, "account-reset")
    with site.client() as browser:
        assert browser.post("/api/auth/reset", json={"token": token, "password": PASSWORD + "x"}).status_code == 200
        assert try_in(browser, email, PASSWORD + "x") == 200


class SlowPasswords:
    """Checks passwords when it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def verify(self, _password: str, _stored: str | None) -> bool:
        """Wait."""
        assert self.go.wait(20)
        return True


@pytest.mark.anyio
async def test_a_burst_is_refused_within_the_patience_and_an_address_has_only_a_part_of_the_queue() -> None:
    passwords: Any = SlowPasswords()
    hashing = PasswordHashing(passwords, at_once=1, patience=0.2)
    first = asyncio.create_task(hashing.verify("x", None, caller="a"))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(hashing.verify("x", None, caller="a")) for _ in range(WAITING_PER_CALLER + 3)]
    refused = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(refusal) for refusal in refused} == {SignInBusy}
    errors = [refusal for refusal in refused if isinstance(refusal, SignInBusy)]
    assert errors[0].data["retry_after"] > 0
    assert errors[0].status == 503
    passwords.go.set()
    assert await first
    assert await hashing.verify("x", None, caller="a")


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform != "linux", reason="a thread has no priority of its own elsewhere")
async def test_hashing_gives_way_to_everything_else() -> None:
    priorities: list[int] = []

    class Asked(Passwords):
        def verify(self, password: str, stored: str | None) -> bool:
            priorities.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return super().verify(password, stored)

    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert not await PasswordHashing(Asked()).verify("x", None, caller="a")
    assert priorities == [NICENESS]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == own < NICENESS
