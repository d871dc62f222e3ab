"""The doorman counts by address, but not those who speak for many."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from payloom.api.http.client_address import address_key
from payloom.api.http.errors import TooManyConnections
from payloom.api.limits.connection_limiter import ConnectionLimiter, raw_response
from payloom.settings.model import ConnectionSettings


class Guest:
    def check_deadlines(self, now: float) -> None:
        """Stay."""


def connection_limiter(**limits: int) -> ConnectionLimiter:
    return ConnectionLimiter(ConnectionSettings(**limits), CollectorRegistry(), strict_transport=None)


def let_in(at: ConnectionLimiter, address: str, times: int, trusted: tuple[str, ...] = ()) -> int:
    return sum(at.admit(Guest(), address, trusted)[0] for _ in range(times))


@pytest.mark.anyio
async def test_one_address_may_have_so_many_and_others_still_come_in() -> None:
    at = connection_limiter(per_address=3)
    assert let_in(at, "198.51.100.1", 5) == 3
    assert let_in(at, "198.51.100.2", 5) == 3


@pytest.mark.anyio
async def test_who_leaves_makes_room() -> None:
    at = connection_limiter(per_address=1)
    guest = Guest()
    _, key = at.admit(guest, "198.51.100.1", ())
    assert let_in(at, "198.51.100.1", 1) == 0
    at.release(guest, key)
    assert let_in(at, "198.51.100.1", 1) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "10.0.0.7", ""])
async def test_this_machine_and_trusted_proxies_are_counted_in_all_only(address: str) -> None:
    at = connection_limiter(per_address=2, total=5)
    assert let_in(at, address, 10, trusted=("10.0.0.7",)) == 5


@pytest.mark.anyio
async def test_no_limit_per_address_when_it_is_nought() -> None:
    assert let_in(connection_limiter(per_address=0, total=50), "198.51.100.1", 60) == 50


def test_ipv6_addresses_count_by_their_network() -> None:
    assert address_key("2001:db8:1:2:3:4:5:6") == address_key("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert address_key("2001:db8:1:3::1") != address_key("2001:db8:1:2::1")
    assert address_key("::ffff:192.0.2.1") == address_key("192.0.2.1") == "192.0.2.1"
    assert address_key("fe80::1%eth0") == "fe80::/64"


@pytest.mark.anyio
async def test_nobody_looks_while_there_is_nobody() -> None:
    at = connection_limiter()
    guest = Guest()
    _, key = at.admit(guest, "198.51.100.1", ())
    assert at._timer is not None
    at.release(guest, key)
    at._check_all()
    assert at._timer is None
    await asyncio.sleep(0)


def test_an_answer_from_the_door_carries_what_every_answer_carries() -> None:
    head, _, body = raw_response(TooManyConnections(), strict_transport="max-age=31536000").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    for line in (b"connection: close", b"retry-after: 5", b"x-content-type-options: nosniff", b"content-length: %d"):
        assert (line % len(body) if b"%d" in line else line) in head
    assert b"strict-transport-security" in head
