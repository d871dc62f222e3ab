"""`payloom demo` as a stranger meets it: it starts, holds five flows, stops cleanly, forgets nothing when killed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.support.browser.shop_fixture import Shop
from tests.support.ports import free_port
from tests.support.present import present
from tests.support.processes import payloom_process

if TYPE_CHECKING:
    from collections.abc import Iterator

PAYLOOM = Path(sys.executable).parent / "payloom"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "demo")
    shop.start()
    yield shop
    if present(shop.process).poll() is None:
        shop.stop()


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PAYLOOM, "demo", "--check", "--json", *arguments], capture_output=True, text=True, timeout=110, check=False
    )


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_all_five_flows_hold_with_their_evidence(kind: str) -> None:
    done = check(*(["--postgres"] if kind == "postgres" else []))
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["held"] is True
    assert len(result["flows"]) == 5
    for flow in result["flows"]:
        assert flow["held"], flow
        assert flow["evidence"]["event"].startswith("evt_"), flow
        assert flow["evidence"]["mail"].startswith("mail_"), flow


def order(shop: Shop) -> dict[str, str]:
    cart = {"cart_id": str(uuid.uuid4()), "items": [{"sku": "mug", "quantity": 1}], "email": "ann@example.test"}
    answer = httpx.post(f"{shop.url}/api/create-checkout", json=cart, timeout=20)
    assert answer.status_code == 200, answer.text
    session = answer.json()["url"].partition("/c/pay/")[2].partition("#")[0]
    return {"session": session, "email": cart["email"]}


def pay(shop: Shop, session: str) -> None:
    answer = httpx.post(
        f"{shop.stripe_url}/v1/payment_pages/{session}/confirm",
        data={"payment_method": "pm_card_visa"},
        headers={"authorization": f"Bearer {shop.local_stripe.publishable_key}"},
        timeout=20,
    )
    assert answer.status_code == 200, answer.text


def test_a_second_start_keeps_the_data(shop: Shop) -> None:
    placed = order(shop)
    shop.stop()
    shop.start()
    assert [row["checkout_session"] for row in shop.rows("orders")] == [placed["session"]]
    pay(shop, placed["session"])
    shop.wait("paid", lambda: shop.rows("orders")[0]["status"] == "paid")


def test_reset_throws_the_data_away(shop: Shop) -> None:
    order(shop)
    shop.stop()
    shop.start("--reset")
    assert shop.rows("orders") == []


def test_a_payment_made_while_the_shop_is_dead_is_settled_when_it_is_back(shop: Shop) -> None:
    placed = order(shop)
    shop.kill()
    shop.start()
    pay(shop, placed["session"])
    shop.wait("paid", lambda: shop.rows("orders")[0]["status"] == "paid")
    shop.wait("the receipt", lambda: shop.mails(placed["email"]))


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.3])
def test_killed_right_after_a_payment_the_order_is_paid_once_and_one_receipt_is_written(
    shop: Shop, moment: float
) -> None:
    placed = order(shop)
    threading.Timer(moment, shop.kill).start()
    try:
        pay(shop, placed["session"])
    except httpx.TransportError:
        pytest.skip("the local Stripe went down with the shop before the payment was made")
    present(shop.process).wait(10)
    shop.start()
    shop.wait("paid", lambda: shop.rows("orders")[0]["status"] == "paid", patience=40)
    shop.wait("the receipt", lambda: shop.mails(placed["email"]), patience=40)
    assert len(shop.mails(placed["email"])) == 1
    assert shop.rows("orders")[0]["access"] is True


def test_a_second_server_for_the_same_project_is_refused_with_the_reason(shop: Shop) -> None:
    ports = ["--port", str(free_port()), "--stripe-port", str(free_port())]
    second = payloom_process.run("demo", "--no-browser", "--dir", shop.folder, *ports, timeout=100)
    assert second.returncode == 4, second.stderr
    assert f"served already, at {shop.url}" in second.stderr
    assert httpx.get(f"{shop.url}/readyz", timeout=20).status_code == 200


def test_commands_ask_the_running_server_and_work_without_one(shop: Shop) -> None:
    def runs() -> list[dict[str, str]]:
        done = payloom_process.run("runs", "list", "--json", "-C", shop.folder, timeout=100)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["data"]

    order(shop)
    live = runs()
    assert {run["workflow"] for run in live} == {"setup-prices", "create-checkout"}
    shop.stop()
    assert [run["id"] for run in runs()] == [run["id"] for run in live]
