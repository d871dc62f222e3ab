"""The shop as a stranger gets it: `payloom demo` in a process of its own, and people who click in it."""

from __future__ import annotations

import functools
import json
import re
import signal
import subprocess
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import stripe
from playwright.sync_api import Page, expect
from tests.support.ports import free_port
from tests.support.processes import payloom_process
from tests.support.processes.payloom_process import PayloomProcess

from payloom.settings.keys import StripeSettings
from payloom.settings.load import load_settings

PASSWORD = "a-long-enough-password"
GOOD, DECLINED, SECURE = "4242424242424242", "4000000000000002", "4000002760003184"


class Shop:
    """A running demo: its addresses, and what its owner can look up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.stripe_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.stripe_url = f"http://127.0.0.1:{self.stripe_port}"
        self.process: subprocess.Popen[bytes] | PayloomProcess | None = None

    @property
    def local_stripe(self) -> StripeSettings:
        """The address and the keys of its local Stripe, once it has started."""
        return load_settings(self.folder, local_stripe_port=self.stripe_port, environ={}).stripe

    @functools.cached_property
    def stripe(self) -> stripe.StripeClient:
        """A client of its local Stripe, once it has started."""
        key = self.local_stripe.secret_key.get_secret_value()
        return stripe.StripeClient(key, base_addresses={"api": self.stripe_url})

    def start(self, *options: str) -> None:
        """Start it and wait until the first page answers."""
        with (self.folder.parent / "demo.log").open("ab") as log:
            self.process = payloom_process.start(
                *("demo", "--no-browser", "--dir", self.folder),
                *("--port", str(self.port), "--stripe-port", str(self.stripe_port), *options),
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self.process.poll() is None, (self.folder.parent / "demo.log").read_text()
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                threading.Event().wait(0.05)
        self.kill()
        raise AssertionError((self.folder.parent / "demo.log").read_text())

    def stop(self) -> None:
        """Stop it as Ctrl-C does; it must end by itself."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(20) == 0

    def kill(self) -> None:
        """Kill it without a word."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    @property
    def admin(self) -> dict[str, str]:
        """The header that opens the management API."""
        token = json.loads((self.folder / "data" / "local.json").read_text())["admin_token"]
        return {"authorization": f"Bearer {token}"}

    def rows(self, table: str, **filters: str) -> list[dict[str, Any]]:
        """Return rows of one of the shop's tables."""
        answer = httpx.get(f"{self.url}/api/_payloom/tables/{table}/rows", headers=self.admin, params={"limit": 200})
        answer.raise_for_status()
        rows = answer.json()["data"]
        return [row for row in rows if all(str(row[name]) == value for name, value in filters.items())]

    def mails(self, to: str) -> list[dict[str, Any]]:
        """Return the mails in the outbox to one address, newest first, but those about the account itself."""
        answer = httpx.get(f"{self.url}/api/_payloom/mails", headers=self.admin, params={"limit": 200})
        answer.raise_for_status()
        return [
            mail for mail in answer.json()["data"] if to in mail["to"] and not mail["template"].startswith("account-")
        ]

    def forward(self, days: float) -> None:
        """Move the local Stripe's clock."""
        answer = httpx.post(f"{self.stripe_url}/_emulator/clock", json={"advance": int(days * 86400)}, timeout=30)
        answer.raise_for_status()

    def wait(self, condition: str, look: Any, patience: float = 20) -> Any:
        """Return what `look()` returns as soon as it is true."""
        end = time.monotonic() + patience
        while True:
            if value := look():
                return value
            assert time.monotonic() < end, f"{condition} did not happen"
            threading.Event().wait(0.1)


class Visitor:
    """Somebody in front of the shop's pages."""

    def __init__(self, shop: Shop, page: Page) -> None:
        self.shop, self.page = shop, page
        self.email = ""

    def sign_up(self) -> Visitor:
        """Make an account with a fresh address."""
        self.email = f"ann.{uuid.uuid4().hex[:8]}@example.test"
        self.page.goto(f"{self.shop.url}/sign-up")
        self.page.get_by_label("Email").fill(self.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name=re.compile("sign up|create", re.IGNORECASE)).click()
        expect(self.page.get_by_role("link", name=self.email)).to_be_visible()
        return self

    def sign_in(self, email: str, password: str) -> Visitor:
        """Sign in with an account that exists."""
        self.email = email
        self.page.goto(f"{self.shop.url}/sign-in")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("link", name=email)).to_be_visible()
        return self

    def put_in_cart(self, *names: str) -> Visitor:
        """Put products into the cart and open it."""
        self.page.goto(self.shop.url)
        for name in names:
            self.page.get_by_role("button", name=f"Add {name} to cart").click()
        self.page.get_by_role("link", name="Cart").click()
        expect(self.page.get_by_role("heading", name="Cart")).to_be_visible()
        return self

    def me(self) -> dict[str, Any]:
        """Return the visitor's own row."""
        (row,) = self.shop.rows("users", email=self.email)
        return row

    def orders(self) -> list[dict[str, Any]]:
        """Return the visitor's orders."""
        return self.shop.rows("orders", email=self.email)

    def fill_card(self, where: Any, number: str) -> None:
        """Fill card fields the way a person would; `where` is a page or a frame."""
        where.get_by_label("Card number").fill(number)
        where.get_by_label("Expiration date").fill("12 / 34")
        where.get_by_label("Security code").fill("123")

    def pay_at_checkout(self, number: str = GOOD) -> None:
        """Fill the hosted Checkout page and press its button."""
        self.page.wait_for_url(re.compile(re.escape(self.shop.stripe_url) + "/c/pay/.*"))
        self.fill_card(self.page, number)
        self.page.get_by_label("Cardholder name").fill("Ann Example")
        zip_code = self.page.get_by_label("ZIP code")
        if zip_code.count():
            zip_code.fill("42424")
        self.page.get_by_test_id("hosted-payment-submit-button").click()
