"""The queue before password hashing. A hash takes 64 MB and tens of milliseconds of all processors, by design.

So only few are made at once, in threads of their own that give way to all others: what else the server does never
waits for one. The queue is bounded in length and time, and one network address has only a part of it.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from payloom.auth.accounts import clean_email
from payloom.auth.errors import SignInBusy, SignInRefused
from payloom.auth.passwords import Passwords

AT_ONCE = 2
WAITING = 40
WAITING_PER_CALLER = 8
NICENESS = 10
"""Of the threads, on Linux: beside an event to acknowledge, a hash gets a tenth of a processor."""
PATIENCE = 2.0
"""Seconds that a sign-in waits for its turn."""
RETRY_AFTER = 3
T = TypeVar("T")


class PasswordHashing:
    """Checks and hashes passwords, few at once."""

    def __init__(self, passwords: Passwords, *, at_once: int = AT_ONCE, patience: float = PATIENCE) -> None:
        """at_once: hashes that are made at the same time. patience: seconds until a waiting one is refused."""
        self._passwords = passwords
        self._turns = asyncio.Semaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="payloom-passwords", initializer=_give_way)
        self._patience = patience
        self._waiting: collections.Counter[str] = collections.Counter()

    async def verify(self, password: str, stored: str | None, *, caller: str) -> bool:
        """Return whether the password belongs to the hash; None takes as long. Raises `SignInBusy`."""
        return await self._in_turn(caller, lambda: self._passwords.verify(password, stored))

    async def require_match(self, password: str, stored: str | None, *, caller: str) -> None:
        """Raise `SignInRefused` unless the password belongs to the hash. Raises `SignInBusy`."""
        if not await self.verify(password, stored, caller=caller):
            raise SignInRefused("the password is wrong")

    async def hash(self, password: str, *, caller: str) -> str:
        """Return the hash. Raises `SignInBusy`."""
        return await self._in_turn(caller, lambda: self._passwords.hash(password))

    async def good_hash(self, email: str, password: str, *, caller: str) -> str:
        """Return the hash of a password that may be used with this address. Raises `BadPassword`, `SignInBusy`."""
        self._passwords.require_good(password, email=clean_email(email))
        return await self.hash(password, caller=caller)

    def outdated(self, stored: str) -> bool:
        """Return whether the hash was made with weaker parameters than today's."""
        return self._passwords.outdated(stored)

    async def _in_turn(self, caller: str, work: Callable[[], T]) -> T:
        async with self._turn(caller):
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @contextlib.asynccontextmanager
    async def _turn(self, caller: str) -> AsyncGenerator[None]:
        if self._waiting.total() >= WAITING or self._waiting[caller] >= WAITING_PER_CALLER:
            raise _busy()
        self._waiting[caller] += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._waiting[caller] -= 1
            if self._waiting[caller] <= 0:
                del self._waiting[caller]
        try:
            yield
        finally:
            self._turns.release()


def _give_way() -> None:
    """Let everything else go first, for this thread and those that the hash starts."""
    if sys.platform == "linux":  # elsewhere the priority would be the process's
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _busy() -> SignInBusy:
    return SignInBusy(hint=f"try again in {RETRY_AFTER} seconds", retry_after=RETRY_AFTER)
