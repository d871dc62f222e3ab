"""`kill -9` while calls come in: what was answered is there afterwards, whole, and with its event."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from tests.support.present import present

from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.runtime.emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS, CALLS = 2, 25
HEADERS = {"Authorization": "Bearer sk_test_123", "Content-Type": "application/x-www-form-urlencoded"}
PAYMENT = "amount=2000&currency=usd&confirm=true&payment_method=pm_card_visa&return_url=https://shop.example"


def test_nothing_that_was_answered_is_lost(tmp_path: Path) -> None:
    store = str(tmp_path / "stripe.db")
    answered: list[str] = []
    for number in range(1, ROUNDS + 1):
        process = subprocess.Popen(
            [sys.executable, "-m", "payloom_emulator", "--port", "0", "--store", store],
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            port = int(present(process.stdout).readline().split("http://127.0.0.1:")[1].split()[0])
            writers = [threading.Thread(target=_pay, args=(port, answered, CALLS * number)) for _ in range(2)]
            for writer in writers:
                writer.start()
            while len(answered) < CALLS * number:
                writers[0].join(0.005)
            process.kill()
            for writer in writers:
                writer.join(10)
        emulator = Emulator(EmulatorConfig(store=store))
        for intent_id in answered:
            status, intent = emulator.call("GET", f"/v1/payment_intents/{intent_id}", {"expand": ["latest_charge"]})
            assert (status, intent["status"]) == (200, "succeeded")
            assert intent["latest_charge"]["balance_transaction"] or intent["capture_method"] == "automatic_async"
        succeeded = emulator.store.query("SELECT count(*) FROM objects WHERE object = 'payment_intent'")[0][0]
        events = emulator.store.query("SELECT count(*) FROM links WHERE value = 'payment_intent.succeeded'")[0][0]
        assert events == succeeded >= len(answered)
        emulator.store.close()


def _pay(port: int, answered: list[str], at_least: int) -> None:
    """Pay until the other side is gone; note what was answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        while len(answered) < at_least + 500:
            connection.request("POST", "/v1/payment_intents", PAYMENT, HEADERS)
            answered.append(json.loads(connection.getresponse().read())["id"])
    except (OSError, http.client.HTTPException, ValueError):
        pass
    finally:
        connection.close()
