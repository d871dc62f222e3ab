"""The gallery on a real server with the local Stripe: endpoints, webhooks, mails, rows and objects at Stripe."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
import pytest
from emulator.tests.support.request_params import request_params
from tests.support.browser.shop_fixture import Shop
from tests.support.present import present
from tests.support.processes import payloom_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    import stripe

PAYLOOM = Path(sys.executable).parent / "payloom"
ROOT = Path(__file__).parents[2]


class Gallery(Shop):
    """A project made from the template `gallery`, served by `payloom dev`."""

    def start(self, *options: str) -> None:
        """Make the project and serve it."""
        assert payloom_process.run("init", self.folder, "--template", "gallery").returncode == 0
        ports = ("--port", str(self.port), "--stripe-port", str(self.stripe_port))
        with (self.folder.parent / "dev.log").open("wb") as log:
            command = [PAYLOOM, "dev", "-C", self.folder, *ports, *options]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.wait("the gallery's start", self._ready, 60)

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder.parent / "dev.log").read_text()
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def sign_in(self, name: str, password: str) -> Person:
        """Sign in with one of the project's accounts."""
        return Person(self, f"{name}@harbour.test", password)

    def run(self, workflow: str) -> Any:
        """Start a workflow by hand and return its answer, as `payloom run` does."""
        path = f"{self.url}/api/_payloom/workflows/{workflow}/run"
        answer = httpx.post(path, json={"user": "admin@harbour.test"}, headers=self.admin, timeout=30).json()
        assert answer["status"] == 200, answer["body"]
        return answer["body"]

    def runs(self, workflow: str) -> list[dict[str, Any]]:
        """Return a workflow's runs, newest first."""
        response = httpx.get(f"{self.url}/api/_payloom/runs", headers=self.admin, params={"workflow": workflow})
        return response.json()["data"]

    def mail(self, template: str, to: str, subject: str = "") -> dict[str, Any]:
        """Wait for a mail made from a template."""

        def look() -> Any:
            return next(
                (mail for mail in self.mails(to) if mail["template"] == template and subject in mail["subject"]), None
            )

        return self.wait(f"the mail {template} to {to}", look)

    def order(self, email: str, method: str | None = "pm_card_visa") -> dict[str, Any]:
        """Order a chart, and pay it unless method is None; returns the endpoint's answer."""
        body = {"request_id": str(uuid.uuid4()), "email": email, "sku": "chart"}
        placed = good(httpx.post(f"{self.url}/api/buy", json=body, timeout=20))
        if method:
            self.pay(placed["session"], method)
            self.wait("the payment", lambda: self.rows("orders", id=placed["order_id"], status="paid"))
        return placed

    def pay(self, session: str, method: str) -> None:
        """Press Pay on the hosted page."""
        address = f"{self.stripe_url}/v1/payment_pages/{session}/confirm"
        good(
            httpx.post(
                address,
                data={"payment_method": method},
                headers={"authorization": f"Bearer {self.local_stripe.publishable_key}"},
                timeout=20,
            )
        )


class Person:
    """Somebody signed in."""

    def __init__(self, gallery: Gallery, email: str, password: str) -> None:
        self.http = httpx.Client(base_url=gallery.url, headers={"origin": gallery.url}, timeout=20)
        self.email = email
        self.id = self.post("/auth/sign-in", email=email, password=password)["user"]["id"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def post(self, path: str, **body: Any) -> Any:
        """POST JSON to an endpoint and return its answer."""
        return good(self.http.post(f"/api{path}", json=body))


def good(answer: httpx.Response) -> Any:
    assert answer.is_success, (answer.status_code, answer.text)
    return answer.json()


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    gallery = Gallery(tmp_path_factory.mktemp("gallery") / "mine")
    gallery.start()
    yield gallery
    gallery.stop()


@pytest.fixture(scope="module")
def ada(gallery: Gallery) -> Iterator[Person]:
    with gallery.sign_in("ada", "correct-horse") as person:
        yield person


@pytest.fixture(scope="module")
def admin(gallery: Gallery) -> Iterator[Person]:
    with gallery.sign_in("admin", "tiller-and-sail") as person:
        yield person


@pytest.fixture(scope="module")
def support(gallery: Gallery) -> Iterator[Person]:
    with gallery.sign_in("support", "battery-staple") as person:
        yield person


@pytest.fixture(scope="module")
def customer(gallery: Gallery, ada: Person) -> str:
    """Ada's customer at Stripe, made by asking for the portal, with a card that works."""
    ada.post("/portal")
    (row,) = gallery.rows("users", email=ada.email)
    customer_id = row["stripe_customer_id"]
    method = gallery.stripe.v1.payment_methods.attach("pm_card_visa", {"customer": customer_id})
    gallery.stripe.v1.customers.update(customer_id, {"invoice_settings": {"default_payment_method": method.id}})
    return customer_id


def subscribe(gallery: Gallery, customer: str, **more: Any) -> stripe.Subscription:
    product = gallery.stripe.v1.products.create({"name": "Letters"})
    price = gallery.stripe.v1.prices.create(
        {"product": product.id, "unit_amount": 1000, "currency": "usd", "recurring": {"interval": "month"}}
    )
    return gallery.stripe.v1.subscriptions.create(
        request_params({"customer": customer, "items": [{"price": price.id, "quantity": 2}], **more})
    )


def test_the_portal_opens_for_the_signed_in_persons_own_customer(gallery: Gallery, ada: Person, customer: str) -> None:
    url = ada.post("/portal")["url"]
    assert httpx.get(url).status_code == 200
    assert gallery.stripe.v1.customers.retrieve(customer).email == ada.email


def test_a_saved_card_becomes_the_one_that_renewals_use(gallery: Gallery, ada: Person, customer: str) -> None:
    setup = ada.post("/cards")
    done = gallery.stripe.v1.setup_intents.confirm(setup["id"], {"payment_method": "pm_card_mastercard"})
    assert done.status == "succeeded"
    gallery.wait("the card", lambda: gallery.rows("users", email=ada.email, card=str(done.payment_method)))
    assert (
        present(gallery.stripe.v1.customers.retrieve(customer).invoice_settings).default_payment_method
        == done.payment_method
    )


def test_an_invoice_has_our_prices_and_is_open_and_sent_once(
    gallery: Gallery, ada: Person, admin: Person, customer: str
) -> None:
    body = {
        "request_id": str(uuid.uuid4()),
        "user_id": ada.id,
        "lines": [{"sku": "chart", "quantity": 2}, {"sku": "almanac", "quantity": 1}],
    }
    answer = admin.post("/invoices", **body)
    assert admin.post("/invoices", **body) == answer
    invoice = gallery.stripe.v1.invoices.retrieve(answer["invoice"])
    assert (invoice.status, invoice.total, invoice.customer) == ("open", 6700, customer)
    assert sorted(line.amount for line in invoice.lines.data) == [2900, 3800]
    assert answer["total"] == "$67.00"
    sent = gallery.stripe.v1.events.list({"type": "invoice.sent"}).data
    assert [event.data.object["id"] for event in sent] == [invoice.id]


def test_a_promotion_code_can_be_typed_in_and_ends(gallery: Gallery, admin: Person) -> None:
    promotion = admin.post("/promotion-codes", code="spring", percent_off="20", uses=5, days=10)
    code = gallery.stripe.v1.promotion_codes.retrieve(promotion["id"])
    assert (code.code, code.active, code.max_redemptions) == ("SPRING", True, 5)
    assert code.expires_at is not None
    assert 9 * 86400 < code.expires_at - code.created <= 10 * 86400 + 60
    assert gallery.stripe.v1.coupons.retrieve(promotion["coupon"]).percent_off == 20


def test_only_admins_make_promotion_codes(ada: Person) -> None:
    assert ada.http.post("/api/promotion-codes", json={"code": "mine", "percent_off": "30"}).status_code == 403


def test_a_gift_opens_access_for_the_recipient_and_mails_once(gallery: Gallery) -> None:
    body = {"request_id": str(uuid.uuid4()), "sku": "year", "giver": "gil@example.com", "message": "Read it at sea."}
    gift = good(httpx.post(f"{gallery.url}/api/gifts", json={**body, "recipient": "rosa@example.com"}, timeout=20))
    assert gallery.rows("access") == []
    gallery.pay(gift["session"], "pm_card_visa")
    gallery.mail("gift", "rosa@example.com")
    (key,) = gallery.rows("access")
    assert (key["email"], key["sku"], key["gift_id"]) == ("rosa@example.com", "year", gift["gift_id"])
    (event,) = [
        event
        for event in gallery.stripe.v1.events.list({"type": "checkout.session.completed"}).data
        if event.data.object["id"] == gift["session"]
    ]
    good(httpx.post(f"{gallery.stripe_url}/_emulator/redeliver", json={"event": event.id}, timeout=20))
    path = f"{gallery.stripe_url}/_emulator/deliveries?event={event.id}"
    gallery.wait(
        "the repeat", lambda: len(re.findall(r'"state": ?"(?:delivered|succeeded)"', httpx.get(path).text)) >= 2
    )
    assert len(gallery.mails("rosa@example.com")) == 1
    assert len(gallery.runs("give-gift")) == 1


def test_an_expired_checkout_is_written_about_once_with_a_link_that_works(gallery: Gallery) -> None:
    placed = gallery.order("leo@example.com", None)
    gallery.stripe.v1.checkout.sessions.expire(placed["session"])
    gallery.mail("cart-waiting", "leo@example.com")
    (order,) = gallery.rows("orders", id=placed["order_id"])
    assert order["checkout_session"] != placed["session"]
    fresh = gallery.stripe.v1.checkout.sessions.retrieve(order["checkout_session"])
    assert (fresh.status, fresh.amount_total) == ("open", 1900)
    gallery.stripe.v1.checkout.sessions.expire(fresh.id)
    gallery.wait("the second expiry", lambda: len(gallery.runs("abandoned-checkout")) == 2)
    assert len(gallery.mails("leo@example.com")) == 1


def test_a_dispute_gets_its_evidence_as_a_draft_and_the_owner_a_deadline(gallery: Gallery) -> None:
    placed = gallery.order("dan@example.com", "pm_card_createDispute")
    gallery.mail("dispute-opened", "owner@harbour.test")
    (order,) = gallery.rows("orders", id=placed["order_id"])
    (dispute,) = gallery.stripe.v1.disputes.list({"payment_intent": order["payment_intent"]}).data
    assert dispute.status == "needs_response"
    assert dispute.evidence.customer_email_address == "dan@example.com"
    assert dispute.evidence.uncategorized_text is not None
    assert order["id"] in dispute.evidence.uncategorized_text
    assert dispute.evidence_details.submission_count == 0


@pytest.mark.parametrize(("approved", "status", "refunds"), [(True, "refunded", 1), (False, "refused", 0)])
def test_nothing_is_refunded_before_an_admin_says_so(
    gallery: Gallery, support: Person, approved: bool, status: str, refunds: int
) -> None:
    placed = gallery.order(f"{status}@example.com")
    request = support.post(f"/orders/{placed['order_id']}/refund", reason="arrived wet")
    (order,) = gallery.rows("orders", id=placed["order_id"])
    intent = {"payment_intent": order["payment_intent"]}

    def waiting() -> Any:
        run = gallery.runs("refund-with-approval")[0]["id"]
        details = httpx.get(f"{gallery.url}/api/_payloom/runs/{run}", headers=gallery.admin).json()
        return details["waits"] and details

    run = gallery.wait("the question", waiting)
    assert gallery.stripe.v1.refunds.list(request_params(intent)).data == []
    decision = {"path": run["waits"][0]["path"], "approved": approved}
    good(httpx.post(f"{gallery.url}/api/_payloom/runs/{run['id']}/decide", json=decision, headers=gallery.admin))
    gallery.wait("the decision", lambda: gallery.rows("refund_requests", id=request["request_id"], status=status))
    assert [refund.amount for refund in gallery.stripe.v1.refunds.list(request_params(intent)).data] == [1900] * refunds
    gallery.wait("the mail", lambda: any(placed["order_id"][:8] in m["subject"] for m in gallery.mails(support.email)))


def test_a_marketplace_sells_pays_its_seller_and_takes_both_shares_back(
    gallery: Gallery, ada: Person, admin: Person, support: Person
) -> None:
    v1 = gallery.stripe.v1

    def rows(table: str, **values: Any) -> dict[str, Any]:
        path = f"{gallery.url}/api/_payloom/tables/{table}/rows"
        good(httpx.post(path, headers=gallery.admin, json={"values": values}))
        return gallery.rows(table)[0]

    def balances() -> tuple[int, int]:
        own, other = v1.balance.retrieve(), v1.balance.retrieve(options={"stripe_account": seller["account"]})
        first, second = (
            sum(money.amount for money in [*balance.available, *balance.pending]) for balance in (own, other)
        )
        return first, second

    link = ada.post("/sellers")
    (seller,) = gallery.rows("sellers")
    assert ada.post("/sellers")["seller_id"] == link["seller_id"] == seller["id"]
    listing = rows("listings", seller_id=seller["id"], title="Old chart", amount=5000, fee=500)
    body = {"request_id": str(uuid.uuid4()), "email": "cleo@example.com"}
    path = f"{gallery.url}/api/listings/{listing['id']}/buy"
    assert httpx.post(path, json=body).json()["error"]["code"] == "seller_not_ready"
    assert httpx.post(link["url"], headers={"origin": gallery.stripe_url}).status_code == 303
    gallery.wait("the seller", lambda: gallery.rows("sellers", ready="True"))
    body["request_id"] = str(uuid.uuid4())
    sale = good(httpx.post(path, json=body, timeout=20))
    v1.charges.create({"amount": 10_000, "currency": "usd", "source": "tok_bypassPending"})  # what pays the bonus
    before = balances()
    gallery.pay(sale["session"], "pm_card_bypassPending")
    gallery.wait("the payment", lambda: gallery.rows("sales", id=sale["sale_id"], status="paid"))
    paid = balances()
    assert paid[1] - before[1] == 4500
    assert 0 < paid[0] - before[0] < 500  # the fee, less what Stripe takes
    support.post(f"/sales/{sale['sale_id']}/refund")
    gallery.wait("the refund", lambda: gallery.rows("sales", id=sale["sale_id"], status="refunded"))
    refunded = balances()
    assert refunded[1] == before[1]
    bonus = rows("bonuses", seller_id=seller["id"], amount=300)
    assert admin.post(f"/bonuses/{bonus['id']}/pay") == admin.post(f"/bonuses/{bonus['id']}/pay")
    assert balances() == (refunded[0] - 300, before[1] + 300)
    assert len(v1.transfers.list({"destination": seller["account"]}).data) == 2  # of the sale, and the bonus


def test_more_seats_are_prorated_and_our_row_follows(gallery: Gallery, ada: Person, customer: str) -> None:
    subscription = subscribe(gallery, customer)
    gallery.wait("the seats", lambda: gallery.rows("users", email=ada.email, seats="2"))
    gallery.forward(10)
    answer = ada.post("/seats", request_id=str(uuid.uuid4()), seats=5)
    assert answer == {"seats": 5}
    gallery.wait("the new seats", lambda: gallery.rows("users", email=ada.email, seats="5"))
    pending = gallery.stripe.v1.invoice_items.list({"customer": customer, "pending": True}).data
    assert sum(item.amount for item in pending) in range(1500, 2999)  # two thirds of three more seats
    assert all(item.proration for item in pending)
    gallery.stripe.v1.subscriptions.cancel(subscription.id)
    gallery.wait("the end", lambda: gallery.rows("users", email=ada.email, seats="0"))


def test_usage_is_reported_once_however_often_it_runs(
    gallery: Gallery, ada: Person, admin: Person, customer: str
) -> None:
    v1 = gallery.stripe.v1
    meter = v1.billing.meters.create(
        {
            "display_name": "Calls",
            "event_name": "api_calls",
            "default_aggregation": {"formula": "sum"},
            "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
            "value_settings": {"event_payload_key": "value"},
        }
    )
    used = {"request_id": str(uuid.uuid4()), "user_id": ada.id, "quantity": 7}
    assert admin.post("/usage", **used) == admin.post("/usage", **used)
    assert gallery.run("report-usage") == {"reported": 1}
    assert gallery.run("report-usage") == {"reported": 0}
    now = int(time.time()) // 60 * 60
    window = {"customer": customer, "start_time": now - 3600, "end_time": now + 3600}
    (counted,) = v1.billing.meters.event_summaries.list(meter.id, request_params(window)).data
    assert counted.aggregated_value == 7


def test_a_trial_says_when_and_how_much_before_it_ends_and_dunning_follows_a_refused_renewal(
    gallery: Gallery, ada: Person, customer: str
) -> None:
    subscription = subscribe(gallery, customer, trial_period_days=5)
    gallery.wait("the seats", lambda: gallery.rows("users", email=ada.email, subscription_status="trialing"))
    gallery.forward(2.1)
    gallery.mail("trial-ending", ada.email)
    broken = gallery.stripe.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    gallery.stripe.v1.subscriptions.update(subscription.id, {"default_payment_method": broken.id})
    gallery.forward(3)
    gallery.mail("dunning", ada.email, "did not go through")
    (reminder,) = gallery.rows("reminders")
    assert reminder["attempt"] == 1
    for _ in range(3):
        gallery.forward(8)
        time.sleep(0.2)
    gallery.mail("dunning", ada.email)
    attempts = gallery.wait("later attempts", lambda: rows if len(rows := gallery.rows("reminders")) > 1 else None)
    dunning = [mail for mail in gallery.mails(ada.email) if mail["template"] == "dunning"]
    assert len(dunning) <= len(attempts)


def test_the_weekly_report_adds_up_what_stripe_booked(gallery: Gallery) -> None:
    gallery.order("eve@example.com")
    moves = [
        entry for entry in gallery.stripe.v1.balance_transactions.list({"limit": 100}).data if entry.type == "charge"
    ]
    assert moves
    report = gallery.run("sales-report")
    assert report["sales"] >= 1900
    mail = gallery.mail("sales-report", "owner@harbour.test")
    assert re.search(r"\$\d", mail["subject"])


def test_the_guide_lists_the_folder() -> None:
    page = (ROOT / "docs" / "guides" / "gallery.md").read_text("utf-8")
    listed = re.findall(r"templates/gallery/workflows/([a-z-]+)\.yaml", page)
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "templates/gallery/workflows").glob("*.yaml"))


def test_every_workflow_has_its_cases() -> None:
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "templates/gallery/tests").glob("*.test.yaml"))
    tested = set(re.findall(r"^workflow: ([a-z-]+)$", tests, re.MULTILINE))
    called_only = {"ensure-customer", "find-customer", "open-checkout"}
    assert tested | called_only == {path.stem for path in (ROOT / "templates/gallery/workflows").glob("*.yaml")}


def test_the_gallery_is_clean_when_checked(gallery: Gallery) -> None:
    done = payloom_process.run("check", "-C", gallery.folder)
    assert (done.returncode, "no errors" in done.stdout + done.stderr) == (0, True), done.stdout
