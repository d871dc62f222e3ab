"""The eleven files that are the measure of the language do what they say."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.workflow_driver import EXAMPLES, START, Driver, Tables, caller, example, load, stripe_event

from payloom.workflows.compiler.compile import load_model
from payloom.workflows.program.commands import StepFailure
from payloom.workflows.program.inputs import validate_input
from payloom.workflows.program.program import ApiTrigger, StripeTrigger

NAMES = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
CUSTOMER = {"customers.create": {"id": "cus_new"}}


def test_all_eleven_are_here() -> None:
    assert len(NAMES) == 11


@pytest.mark.parametrize("name", NAMES)
def test_loads_without_a_finding(name: str) -> None:
    loaded = load((EXAMPLES / f"{name}.yaml").read_text(), name)
    assert [diagnostic.format() for diagnostic in loaded.diagnostics if diagnostic.severity != "advice"] == []
    assert loaded.workflow is not None


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_model_makes_the_same_workflow(name: str) -> None:
    first = example(name)
    again = load_model(first.to_model(), name)
    assert again.to_model() == first.to_model()
    assert again.version == first.version


def test_comments_and_layout_do_not_change_the_version() -> None:
    text = (EXAMPLES / "grant-access.yaml").read_text()
    spread = "# a comment\n" + text.replace("plan: premium", "plan:   'premium'  # yes")
    loaded = load(spread, "grant-access")
    assert loaded.workflow is not None
    assert loaded.workflow.version == example("grant-access").version
    changed = load(text.replace("premium", "basic"), "grant-access")
    assert changed.workflow is not None
    assert changed.workflow.version != loaded.workflow.version


def test_checkout_takes_the_price_from_the_table() -> None:
    document = example("create-checkout")
    trigger = document.triggers[0]
    assert isinstance(trigger, ApiTrigger)
    assert (trigger.method, trigger.path, trigger.auth) == ("POST", "/create-checkout", "user")
    driver = Driver(
        Tables(
            products=[{"sku": "mug", "price_id": "price_mug", "active": True}],
            users=[{"id": "u1", "email": "ada@example.com", "stripe_customer_id": None}],
        ),
        {**CUSTOMER, "checkout.sessions.create": {"id": "cs_1", "url": "https://pay.example/cs_1"}},
    )
    cart = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    inputs = validate_input(document, {"cart_id": cart, "items": [{"sku": "mug", "quantity": 2}]}, from_query=False)
    end = driver.run(document, caller(inputs), {"ensure-customer": example("ensure-customer")})
    assert end.output == {"url": "https://pay.example/cs_1"}
    create_customer, create_session = driver.calls("stripe")
    assert create_customer.path == "1.call.1.then.0"
    assert create_customer.key == "customer-for-u1"
    assert create_session.key == "run_1:3"
    assert create_session.args["with"]["line_items"] == [{"price": "price_mug", "quantity": 2}]
    assert create_session.args["with"]["success_url"] == (
        "https://shop.example/thanks?session_id={CHECKOUT_SESSION_ID}"
    )
    assert create_session.args["with"]["metadata"] == {"order_id": "orders_1"}
    assert driver.tables.rows["users"][0]["stripe_customer_id"] == "cus_new"


def test_an_unknown_sku_answers_422() -> None:
    driver = Driver(Tables(products=[]))
    end = driver.run(example("create-checkout"), caller({"cart_id": "c", "items": [{"sku": "x", "quantity": 1}]}))
    assert (end.status, end.http_status, end.path) == ("failed", 422, "0")


def test_a_known_customer_is_not_made_twice() -> None:
    driver = Driver(Tables(users=[{"id": "u1", "email": "a@b.c", "stripe_customer_id": "cus_1"}]))
    end = driver.run(example("ensure-customer"), caller({"user_id": "u1"}))
    assert end.output == "cus_1"
    assert driver.calls("stripe") == []


def test_someone_elses_session_answers_404() -> None:
    session = {"metadata": {"order_id": "o1"}, "payment_status": "paid", "amount_total": 2198, "currency": "usd",
               "line_items": {"data": [{"description": "Mug", "quantity": 1}]}}  # fmt: skip
    driver = Driver(Tables(orders=[{"id": "o1", "user_id": "u1"}]), {"checkout.sessions.retrieve": session})
    assert driver.run(example("checkout-result"), caller({"session_id": "cs_1"})).output == {
        "status": "paid", "total": "$21.98", "lines": [{"name": "Mug", "quantity": 1}],
    }  # fmt: skip
    assert driver.run(example("checkout-result"), caller({"session_id": "cs_1"}, "u2")).http_status == 404


def _completed(**fields: Any) -> dict[str, Any]:
    return stripe_event(
        "checkout.session.completed",
        **{"mode": "payment", "payment_status": "paid", "metadata": {"order_id": "o1"}, "amount_total": 2198,
           "currency": "usd", "payment_intent": "pi_1", "customer_details": {"email": "a@b.c"}, **fields},
    )  # fmt: skip


def test_a_completed_session_pays_once_and_mails_once() -> None:
    driver = Driver(Tables(orders=[{"id": "o1", "user_id": "u1", "status": "pending"}], users=[{"id": "u1"}]))
    document = example("checkout-completed")
    assert driver.run(document, _completed()).status == "succeeded"
    assert driver.run(document, _completed()).status == "filtered"
    assert driver.tables.rows["orders"][0]["status"] == "paid"
    assert driver.tables.rows["users"][0]["has_access"] is True
    (mail,) = driver.calls("email")
    assert (mail.action, mail.args["to"], mail.args["data"]["total"]) == ("receipt", "a@b.c", "$21.98")


def test_an_unpaid_session_is_not_fulfilled() -> None:
    driver = Driver(Tables(orders=[{"id": "o1", "status": "pending"}]))
    assert driver.run(example("checkout-completed"), _completed(payment_status="unpaid")).status == "filtered"
    assert driver.done == []


def test_a_subscription_runs_one_at_a_time_and_is_read_again() -> None:
    (trigger,) = example("subscription-changed").triggers
    assert isinstance(trigger, StripeTrigger)
    assert trigger.fresh is True
    assert trigger.queue is not None
    driver = Driver(Tables(users=[{"id": "u1", "stripe_customer_id": "cus_1"}]))
    scope = stripe_event(
        "customer.subscription.updated", id="sub_1", customer="cus_1", status="trialing", metadata={},
        items={"data": [{"current_period_end": 1767225600}]},
    )  # fmt: skip
    assert driver.run(example("subscription-changed"), scope).status == "succeeded"
    row = driver.tables.rows["users"][0]
    assert (row["subscription_status"], row["has_access"], row["plan"]) == ("trialing", True, "basic")
    assert row["period_ends_at"].isoformat() == "2026-01-01T00:00:00+00:00"


def test_a_subscription_checkout_has_fourteen_days_of_trial() -> None:
    driver = Driver(
        Tables(plans=[{"code": "pro", "price_id": "price_pro", "active": True}],
               users=[{"id": "u1", "email": "a@b.c", "stripe_customer_id": "cus_1"}]),
        {"checkout.sessions.create": {"url": "https://pay.example"}},
    )  # fmt: skip
    others = {"ensure-customer": example("ensure-customer")}
    end = driver.run(example("create-subscription-checkout"), caller({"plan": "pro"}), others)
    assert end.output == {"url": "https://pay.example"}
    assert driver.calls("stripe")[0].args["with"]["subscription_data"] == {
        "trial_period_days": 14, "metadata": {"user_id": "u1", "plan": "pro"},
    }  # fmt: skip


def test_an_intent_takes_amount_and_currency_from_the_order() -> None:
    order = {"id": "o1", "user_id": "u1", "status": "pending", "amount": 2198, "currency": "usd"}
    driver = Driver(
        Tables(orders=[order], users=[{"id": "u1", "email": "a@b.c", "stripe_customer_id": "cus_1"}]),
        {"payment_intents.create": {"id": "pi_1", "client_secret": "pi_1_secret_x"}},
    )
    others = {"ensure-customer": example("ensure-customer")}
    assert driver.run(example("create-intent"), caller({"order_id": "o1"}), others).output == {
        "client_secret": "pi_1_secret_x"
    }
    (call,) = driver.calls("stripe")
    assert call.key == "intent-for-o1"
    assert call.args["with"]["amount"] == 2198
    assert driver.run(example("create-intent"), caller({"order_id": "o1"}, "u2"), others).http_status == 404


def test_a_late_failure_cannot_unpay_an_order() -> None:
    driver = Driver(
        Tables(orders=[{"id": "o1", "user_id": "u1", "status": "pending"}], users=[{"id": "u1", "email": "a@b.c"}])
    )
    document = example("payment-intent")
    fields = {"id": "pi_1", "metadata": {"order_id": "o1"}, "amount": 2198, "currency": "usd",
              "last_payment_error": {"message": "declined"}}  # fmt: skip
    assert driver.run(document, stripe_event("payment_intent.succeeded", **fields)).status == "succeeded"
    assert driver.run(document, stripe_event("payment_intent.payment_failed", **fields)).status == "succeeded"
    assert driver.run(document, stripe_event("payment_intent.created", **fields)).status == "filtered"
    order = driver.tables.rows["orders"][0]
    assert (order["status"], order["payment_intent"]) == ("paid", "pi_1")
    assert order["paid_at"] == START
    assert len(driver.calls("email")) == 1


def test_a_refund_sends_exactly_one_of_intent_and_charge() -> None:
    order = {"id": "o1", "status": "paid", "payment_intent": "pi_1", "charge": "ch_1"}
    driver = Driver(Tables(orders=[order]), {"refunds.create": {"id": "re_1", "status": "succeeded"}})
    document = example("refund")
    values = {"order_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "request_id": "7c9e6679-7425-40de-944b-e07fc1f90ae8"}
    inputs = validate_input(document, values, from_query=False)
    assert inputs["amount"] is None
    assert inputs["reason"] == "requested_by_customer"
    driver.run(document, caller({**inputs, "order_id": "o1"}))
    assert driver.calls("stripe")[0].args["with"] == {
        "payment_intent": "pi_1", "reason": "requested_by_customer", "metadata": {"order_id": "o1"},
    }  # fmt: skip


def test_refunding_too_much_answers_what_stripe_says() -> None:
    failure = StepFailure("invalid_request", "Refund amount is greater than charge amount", status=400)
    driver = Driver(
        Tables(orders=[{"id": "o1", "status": "paid", "payment_intent": "pi_1"}]), {"refunds.create": failure}
    )
    end = driver.run(
        example("refund"), caller({"order_id": "o1", "request_id": "r", "amount": 9, "reason": "duplicate"})
    )
    assert (end.status, end.http_status, end.failure) == ("failed", 400, failure)


@pytest.mark.parametrize(
    ("whole", "status", "access"), [(True, "refunded", False), (False, "partially_refunded", True)]
)
def test_a_refund_event_updates_the_order(whole: bool, status: str, access: bool) -> None:
    driver = Driver(
        Tables(
            orders=[{"id": "o1", "user_id": "u1", "payment_intent": "pi_1"}], users=[{"id": "u1", "has_access": True}]
        )
    )
    scope = stripe_event("charge.refunded", id="ch_1", payment_intent="pi_1", amount_refunded=500, refunded=whole)
    assert driver.run(example("charge-refunded"), scope).status == "succeeded"
    assert driver.tables.rows["orders"][0]["status"] == status
    assert driver.tables.rows["users"][0]["has_access"] is access


def test_access_is_granted_to_the_customer_only() -> None:
    driver = Driver(
        Tables(users=[{"id": "u1", "stripe_customer_id": "cus_1"}, {"id": "u2", "stripe_customer_id": None}])
    )
    scope = stripe_event("payment_intent.succeeded", id="pi_1", customer="cus_1", metadata={})
    assert driver.run(example("grant-access"), scope).status == "succeeded"
    assert [row.get("plan") for row in driver.tables.rows["users"]] == ["premium", None]
    failed = stripe_event("payment_intent.payment_failed", id="pi_1", customer=None, metadata={})
    driver.run(example("grant-access"), failed)
    assert driver.done[-1].text == "Payment pi_1 failed"  # pyright: ignore[reportAttributeAccessIssue] - the last command is a log
