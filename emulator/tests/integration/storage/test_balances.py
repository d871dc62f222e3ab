"""The balance is the sum of all balance transactions, without reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.tools.sweep.objects import CARD

from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.ledger import balance
from payloom_emulator.runtime.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

PAYMENT = {
    "amount": 10000,
    "currency": "usd",
    "confirm": True,
    "payment_method": "pm_card_visa",
    "return_url": "https://shop.example",
}


def _both(emulator: Emulator) -> tuple[int, int]:
    status, body = emulator.call("GET", "/v1/balance")
    assert status == 200
    return body["available"][0]["amount"], body["pending"][0]["amount"]


def _moved(emulator: Emulator) -> None:
    """Pay, pay with money that is there at once, refund, and let a week pass for the first."""
    first = emulator.call("POST", "/v1/payment_intents", PAYMENT)[1]
    emulator.timers.advance(emulator.clock.now() + 8 * 86400)
    emulator.call("POST", "/v1/payment_intents", {**PAYMENT, "payment_method": "pm_card_bypassPending"})
    emulator.call("POST", "/v1/payment_intents", PAYMENT)
    emulator.call("POST", "/v1/refunds", {"payment_intent": first["id"], "amount": 1000})


def test_each_movement_changes_the_sums_and_a_recount_finds_the_same() -> None:
    emulator = Emulator()
    _moved(emulator)
    assert _both(emulator) == (2 * (10000 - 320) - 1000, 10000 - 320)
    balance.count(emulator.store)
    assert _both(emulator) == (2 * (10000 - 320) - 1000, 10000 - 320)


def test_a_file_of_an_older_version_is_counted_when_it_is_opened(tmp_path: Path) -> None:
    config = EmulatorConfig(store=str(tmp_path / "store.db"))
    before = Emulator(config)
    _moved(before)
    sums = _both(before)
    before.store.query("DROP TABLE sums")
    before.store.query("DELETE FROM meta WHERE name = ?", (balance.SUMMED,))
    before.store.close()
    assert _both(Emulator(config)) == sums


def test_a_transfer_of_more_than_is_available_is_refused_and_moves_nothing() -> None:
    emulator = Emulator()
    account = emulator.call("POST", "/v1/accounts", {"type": "custom", "country": "US"})[1]["id"]
    _moved(emulator)
    available = _both(emulator)[0]
    transfer = {"currency": "usd", "destination": account}
    status, body = emulator.call("POST", "/v1/transfers", {**transfer, "amount": available + 1})
    assert (status, body["error"]["code"]) == (400, "balance_insufficient")
    assert _both(emulator)[0] == available
    assert emulator.call("POST", "/v1/transfers", {**transfer, "amount": available})[0] == 200
    assert _both(emulator)[0] == 0


def test_a_charge_is_the_source_of_transfers_up_to_its_amount() -> None:
    emulator = Emulator()
    account = emulator.call("POST", "/v1/accounts", {"type": "custom", "country": "US"})[1]["id"]
    token = emulator.call("POST", "/v1/tokens", {"card": CARD})[1]["id"]
    charge = emulator.call("POST", "/v1/charges", {"amount": 1000, "currency": "usd", "source": token})[1]["id"]
    transfer = {"amount": 600, "currency": "usd", "destination": account, "source_transaction": charge}
    assert emulator.call("POST", "/v1/transfers", transfer)[0] == 200
    status, body = emulator.call("POST", "/v1/transfers", transfer)
    assert (status, body["error"]["message"]) == (
        400,
        "Transfers using this transaction as a source must not exceed the source amount of $10.00. (There is already an existing transfer using this source, totalling $6.00.)",
    )
