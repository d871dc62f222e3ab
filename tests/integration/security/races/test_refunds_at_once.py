"""Refunds that several people begin in the same moment, at the template shop and the local Stripe.

Whoever clicks, and however often: what goes back is never more than what was paid, and one click is one refund.
"""

from __future__ import annotations

import contextlib
import functools
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import stripe
from tests.support.accounts.busy_shop import at_once
from tests.support.http_server import NO_TLS, RunningServer, running_server
from tests.support.postgres import fresh_database

from payloom.cli.support.paths import template
from payloom_emulator.embedded import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payloom_emulator.embedded import RunningEmulator

PAID = 1900
TIMES = 4
"""How often each race is run: one that is lost once in ten is found sooner."""


class RefundDesk:
    """A shop with a paid order, and the people who may refund it."""

    def __init__(self, server: RunningServer, local: RunningEmulator) -> None:
        self.server = server
        key = server.settings.stripe.secret_key.get_secret_value()
        self.stripe = stripe.StripeClient(key, base_addresses={"api": local.url})
        self.people = [self._person("admin", "tiller-and-sail"), self._person("admin", "tiller-and-sail")]

    def _person(self, name: str, password: str) -> httpx.Client:
        client = httpx.Client(base_url=self.server.url, headers={"origin": self.server.url}, timeout=60, verify=NO_TLS)
        answer = client.post("/api/auth/sign-in", json={"email": f"{name}@corner.test", "password": password})
        assert answer.is_success, answer.text
        return client

    def close(self) -> None:
        """Close the browsers."""
        for person in self.people:
            person.close()

    def paid_order(self) -> tuple[str, str]:
        """An order that is paid: its ID, and that of its payment."""
        order = str(uuid.uuid4())
        intent = self.stripe.v1.payment_intents.create({
            "amount": PAID, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}, "metadata": {"order_id": order},
        })  # fmt: skip
        assert intent.status == "succeeded"
        values = {
            "id": order, "email": "ada@corner.test", "amount": PAID, "currency": "usd", "status": "paid",
            "payment_intent": intent.id, "items": [{"sku": "guide", "quantity": 1, "name": "Guide", "amount": PAID}],
        }  # fmt: skip
        inserted = self.server.http.post(
            "/api/_payloom/tables/orders/rows", json={"values": values}, headers=self.server.admin
        )
        assert inserted.status_code == 201, inserted.text
        return order, intent.id

    def refund(self, person: int, order: str, amount: int | None, request: str | None = None) -> httpx.Response:
        """Click on *Refund*."""
        body: dict[str, Any] = {"request_id": request or str(uuid.uuid4()), "reason": "duplicate"}
        body |= {} if amount is None else {"amount": amount}
        return self.people[person % len(self.people)].post(f"/api/orders/{order}/refund", json=body)

    def given_back(self, intent: str) -> list[int]:
        """The amounts of a payment's refunds at Stripe."""
        return [refund.amount for refund in self.stripe.v1.refunds.list({"payment_intent": intent, "limit": 100}).data]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RefundDesk]:
    """The template, served, with the local Stripe beside it. Stripe's events do not come: the rows stay behind."""
    folder = template("shop")
    paths = [path for path in folder.rglob("*") if path.suffix in {".yaml", ".j2", ".css", ".js"}]
    files = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}
    with contextlib.ExitStack() as stack:
        local = stack.enter_context(run())
        files["payloom.yaml"] += f"\nstripe: {{local_port: {local.url.rpartition(':')[2]}}}\n"
        url = None
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres_server")))
        server = stack.enter_context(running_server(tmp_path_factory.mktemp("shop"), files, database_url=url))
        desk = RefundDesk(server, local)
        stack.callback(desk.close)
        yield desk


RACES: dict[str, tuple[list[int | None], Counter[int]]] = {
    "two of a part": ([1200, 1200], Counter({200: 1, 422: 1})),
    "two of everything": ([None, None], Counter({200: 1, 409: 1})),
    "everything and a part": ([None, 700], Counter()),
    "six of a third": ([700] * 6, Counter({200: 2, 422: 4})),
    "two that fit": ([900, 1000], Counter({200: 2})),
}
"""What each of the people refunds, and how they are answered where that is the same each time."""


@pytest.mark.parametrize("race", RACES)
def test_no_more_goes_back_than_was_paid(desk: RefundDesk, race: str) -> None:
    amounts, expected = RACES[race]
    for _ in range(TIMES):
        order, intent = desk.paid_order()
        answers = at_once(*(functools.partial(desk.refund, at, order, amount) for at, amount in enumerate(amounts)))
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) <= {200, 409, 422}, [answer.text for answer in answers]
        assert not expected or statuses == expected, [answer.text for answer in answers]
        back = desk.given_back(intent)
        assert len(back) == statuses[200]
        assert 0 < sum(back) <= PAID


@pytest.mark.parametrize("amount", [700, None])
def test_a_double_click_is_one_refund(desk: RefundDesk, amount: int | None) -> None:
    for _ in range(TIMES):
        order, intent = desk.paid_order()
        click = str(uuid.uuid4())
        answers = at_once(*[functools.partial(desk.refund, 0, order, amount, click)] * 4)
        assert {answer.status_code for answer in answers} <= {200, 409}, [answer.text for answer in answers]
        refunds = {answer.json()["refund_id"] for answer in answers if answer.status_code == 200}
        assert len(refunds) == 1
        assert desk.given_back(intent) == [amount or PAID]
