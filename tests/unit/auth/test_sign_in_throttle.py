"""Attempts to sign in are counted by account, address, and device, each apart; the numbers are written out."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from payloom.auth import sign_in_throttle as throttle
from payloom.auth.errors import TooManyAttempts
from payloom.auth.models import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
ADA, BOB = "ada@example.test", "bob@example.test"


@pytest.fixture
def tx() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        failures.create(connection)
        yield connection
    engine.dispose()


def passes(attempt: Callable[[], None]) -> int:
    """Try until it is refused; returns how often it passed."""
    for tries in range(200):
        try:
            attempt()
        except TooManyAttempts:
            return tries
    raise AssertionError("it was never refused")


def by(
    tx: sa.Connection, email: str = ADA, caller: str = "1.1.1.1", *, at: dt.datetime = NOW, device: str | None = None
) -> None:
    throttle.count_attempt(tx, email, caller, at, device=device)


def counts(tx: sa.Connection) -> list[int]:
    return sorted(tx.execute(sa.select(failures.c.count)).scalars())


def test_one_address_has_five_tries_and_another_has_its_own(tx: sa.Connection) -> None:
    assert passes(lambda: by(tx)) == 5
    by(tx, caller="2.2.2.2")
    by(tx, BOB)
    with pytest.raises(TooManyAttempts):
        by(tx)


def test_an_account_has_fifty_tries_from_all_addresses(tx: sa.Connection) -> None:
    addresses = iter(range(200))
    assert passes(lambda: by(tx, caller=f"10.0.0.{next(addresses)}")) == 50
    by(tx, BOB, "10.0.0.199")


def test_a_device_has_ten_tries_of_its_own_and_then_those_of_its_address(tx: sa.Connection) -> None:
    addresses = iter(range(200))
    passes(lambda: by(tx, caller=f"10.0.0.{next(addresses)}"))
    assert passes(lambda: by(tx, device="d1")) == 10
    by(tx, device="d2")
    with pytest.raises(TooManyAttempts):
        by(tx)
    assert passes(lambda: by(tx, BOB, "3.3.3.3", device="d1")) == 10 + 5


def test_a_second_factor_has_five_tries_from_an_address_and_twenty_from_all(tx: sa.Connection) -> None:
    assert passes(lambda: throttle.count_factor_attempt(tx, "acc_1", "1.1.1.1", NOW)) == 5
    throttle.forget_factor_attempts(tx, "acc_1", "1.1.1.1")
    addresses = iter(range(200))
    assert passes(lambda: throttle.count_factor_attempt(tx, "acc_1", f"10.0.0.{next(addresses)}", NOW)) == 20
    throttle.count_factor_attempt(tx, "acc_2", "1.1.1.1", NOW)


def test_a_success_forgets_the_factors_of_its_account_and_address_only(tx: sa.Connection) -> None:
    for account, caller in (("acc_1", "1.1.1.1"), ("acc_1", "2.2.2.2"), ("acc_2", "1.1.1.1")):
        throttle.count_factor_attempt(tx, account, caller, NOW)
    assert counts(tx) == [1, 1, 1, 1, 2]
    throttle.forget_factor_attempts(tx, "acc_1", "1.1.1.1")
    assert counts(tx) == [1, 1, 1]


def test_a_success_forgets_the_tries_of_its_address_and_one_of_the_account(tx: sa.Connection) -> None:
    for email, caller in ((ADA, "1.1.1.1"), (ADA, "1.1.1.1"), (ADA, "2.2.2.2"), (BOB, "1.1.1.1")):
        by(tx, email, caller)
    assert counts(tx) == [1, 1, 1, 2, 3]
    throttle.forget_attempts(tx, ADA, "1.1.1.1")
    assert counts(tx) == [1, 1, 1, 2]


def test_a_success_on_a_known_device_forgets_its_tries_and_leaves_the_accounts(tx: sa.Connection) -> None:
    by(tx, device="d1")
    by(tx, device="d2")
    by(tx)
    by(tx, BOB, device="d1")
    assert counts(tx) == [1] * 5
    throttle.forget_attempts(tx, ADA, "1.1.1.1", device="d1")
    assert counts(tx) == [1] * 3
    assert passes(lambda: by(tx, device="d2")) == 9 + 5


def test_an_attempt_that_nobody_looked_at_is_taken_back_and_no_count_is_below_zero(tx: sa.Connection) -> None:
    by(tx)
    by(tx)
    by(tx, BOB)
    throttle.take_attempt_back(tx, ADA, "1.1.1.1")
    assert counts(tx) == [1, 1, 1, 1]
    for _ in range(3):
        throttle.take_attempt_back(tx, ADA, "1.1.1.1")
    assert counts(tx) == [0, 0, 1, 1]


def test_an_owner_who_is_there_opens_the_account_and_no_other_one(tx: sa.Connection) -> None:
    by(tx)
    by(tx, BOB)
    throttle.forget_account_attempts(tx, ADA)
    assert counts(tx) == [1, 1, 1]
    assert passes(lambda: by(tx)) == 4


def test_the_window_is_fifteen_minutes_from_the_first_try(tx: sa.Connection) -> None:
    passes(lambda: by(tx))
    with pytest.raises(TooManyAttempts) as refused:
        by(tx, at=NOW + dt.timedelta(minutes=13, seconds=59))
    assert (refused.value.data["retry_after"], refused.value.hint) == (61, "wait 2 minutes")
    with pytest.raises(TooManyAttempts) as refused:
        by(tx, at=NOW + dt.timedelta(minutes=14, seconds=59, milliseconds=999))
    assert (refused.value.data["retry_after"], refused.value.hint) == (1, "wait 1 minutes")
    later = NOW + dt.timedelta(minutes=15)
    assert passes(lambda: by(tx, at=later)) == 5
    with pytest.raises(TooManyAttempts) as refused:
        by(tx, at=later)
    assert refused.value.data["retry_after"] == 900


def test_a_clock_that_runs_ahead_never_says_to_wait_no_time() -> None:
    with pytest.raises(TooManyAttempts) as refused:
        throttle._require_few(2, NOW, 1, NOW + dt.timedelta(hours=1))
    assert refused.value.data["retry_after"] == 1
    throttle._require_few(1, NOW, 1, NOW)


def test_the_sweep_takes_what_is_over_and_says_how_many(tx: sa.Connection) -> None:
    by(tx)
    by(tx, BOB, at=NOW + dt.timedelta(seconds=1))
    assert throttle.sweep_attempts(tx, NOW + dt.timedelta(minutes=14, seconds=59)) == 0
    assert throttle.sweep_attempts(tx, NOW + dt.timedelta(minutes=15)) == 2
    assert counts(tx) == [1, 1]


def test_spellings_of_an_address_are_one_account(tx: sa.Connection) -> None:
    by(tx)
    by(tx, " Ada@Example.TEST ")
    by(tx, ADA, "caller with \udcff bytes")
    throttle.count_factor_attempt(tx, "acc_\udcff", "1.1.1.1", NOW)
    assert counts(tx) == [1, 1, 1, 2, 3]
