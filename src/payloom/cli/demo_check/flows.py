"""The five flows. Each returns its evidence: short facts with the ids they were seen on."""

from __future__ import annotations

import uuid
from typing import Any

from payloom.cli.demo_check.actors import DemoActors, Person, expect, session_of, wait_for

Evidence = dict[str, Any]


def one_time_checkout(actors: DemoActors) -> Evidence:
    """A guest buys two mugs; the first card is declined; a second click on Pay changes nothing."""
    guest = actors.person()
    expect("Add" in guest.page("/"), "the shop shows products")
    session_id, cart = actors.checkout(guest, "mug", 2)
    again = session_of(guest.call("/create-checkout", cart)["url"])
    expect(again == session_id, "a second click on Pay leads to the same session", again)
    declined = actors.stripe.pay_session(session_id, "pm_card_chargeDeclined")
    expect(declined.status_code == 402, "a declined card is refused", declined.status_code)
    reason = declined.json()["error"]["message"]
    actors.pay(session_id)
    guest.page(f"/thanks?session_id={session_id}")
    result = guest.ask("/checkout-result", session_id=session_id)
    expect(result["status"] == "paid", "the thanks page says paid", result)
    order = _paid_order(actors, checkout_session=session_id)
    expect(order["amount"] == 2800, "the price came from the table", order["amount"])
    mails = _receipts(actors, guest.email or "", 1)
    events = actors.owner.events_of(session_id, "checkout.session.completed")
    expect(len(events) == 1, "the event is stored once", events)
    return {
        "order": order["id"],
        "status": order["status"],
        "access": order["access"],
        "declined first": reason,
        "mail": mails[0]["id"],
        "event": events[0],
        "payment_intent": order["payment_intent"],
    }


def subscription(actors: DemoActors) -> Evidence:
    """Fourteen days free, a renewal, an unpaid renewal and the end, by moving the local clock."""
    person = actors.person().sign_up("grace")
    session_id = session_of(person.call("/create-subscription-checkout", {"plan": "pro"})["url"])
    actors.pay(session_id)
    row = _user_with(actors, person, subscription_status="trialing")
    expect(row["has_access"] is True, "the trial opens access", row)
    subscription_id = row["subscription_id"]
    observations = ["trialing"]
    actors.stripe.advance("12d")
    mails = wait_for("the reminder", lambda: actors.owner.mails_to(person.email or "", "trial-ending"))
    actors.stripe.advance("3d")
    row = _user_with(actors, person, subscription_status="active")
    observations.append("active")
    first_end = row["period_ends_at"]
    actors.stripe.advance("32d")
    row = wait_for("the renewal", lambda: _renewed(actors, person, first_end))
    expect(row["subscription_status"] == "active", "a renewal keeps it active", row["subscription_status"])
    observations.append("renewed")
    _let_renewals_fail(actors, row["stripe_customer_id"], subscription_id)
    actors.stripe.advance("32d")
    row = wait_for("the unpaid renewal", lambda: _not_active(actors, person))
    observations.append(row["subscription_status"])
    actors.stripe.request("DELETE", f"/v1/subscriptions/{subscription_id}")
    row = _user_with(actors, person, subscription_status="canceled")
    expect(row["has_access"] is False, "the end closes access", row)
    observations.append("canceled")
    events = actors.owner.events_of(subscription_id)
    return {
        "subscription": subscription_id,
        "status": " → ".join(observations),
        "access": row["has_access"],
        "mail": mails[0]["id"],
        "events": len(events),
        "event": events[0],
    }


def own_form(actors: DemoActors) -> Evidence:
    """The own payment form with a 3-D Secure challenge: failed first, then passed."""
    person = actors.person().sign_up("ada")
    cart = {"cart_id": str(uuid.uuid4()), "items": [{"sku": "guide", "quantity": 1}]}
    order_id = person.call("/orders", cart)["order_id"]
    person.page(f"/pay/{order_id}")
    secret = person.call("/payments/intent", {"order_id": order_id})["client_secret"]
    back = f"{actors.site}/paid/{order_id}"
    intent = actors.stripe.confirm_intent(secret, "pm_card_threeDSecure2Required", back)
    expect(intent["status"] == "requires_action", "the bank wants a challenge", intent["status"])
    actors.stripe.challenge(secret, "fail")
    wait_for("the failed challenge", lambda: (actors.owner.row("orders", id=order_id) or {}).get("status") == "failed")
    intent = actors.stripe.confirm_intent(secret, "pm_card_threeDSecure2Required", back)
    actors.stripe.challenge(secret, "complete")
    order = _paid_order(actors, id=order_id)
    person.page(f"/paid/{order_id}")
    status = person.ask("/payments/status", order_id=order_id, payment_intent=intent["id"])
    expect(status["status"] == "succeeded", "the status page says succeeded", status)
    stranger = actors.person().sign_up("mallory")
    foreign = stranger.post("/payments/intent", {"order_id": order_id})
    expect(foreign.status_code == 404, "another person's order answers 404", foreign.status_code)
    events = actors.owner.events_of(intent["id"], "payment_intent.succeeded")
    return {
        "order": order_id,
        "status": order["status"],
        "access": order["access"],
        "challenge": "failed, then passed",
        "mail": _receipts(actors, person.email or "", 1)[0]["id"],
        "event": events[0],
        "payment_intent": intent["id"],
    }


def refund(actors: DemoActors) -> Evidence:
    """An admin refunds a part, then is told that more than the rest is too much, then refunds the rest."""
    person = actors.person().sign_up("grace")
    session_id, _ = actors.checkout(person, "icons")
    actors.pay(session_id)
    order = _paid_order(actors, checkout_session=session_id)
    path = f"/orders/{order['id']}/refund"
    refused = person.post(path, {"request_id": str(uuid.uuid4())})
    expect(refused.status_code == 403, "customers cannot refund", refused.status_code)
    admin = actors.person().sign_in(*actors.admin)
    click = {"request_id": str(uuid.uuid4()), "amount": 900, "reason": "duplicate"}
    first = admin.call(path, click)
    expect(admin.call(path, click)["refund_id"] == first["refund_id"], "a double click refunds once")
    _order_with(actors, order["id"], status="partially_refunded", refunded=900)
    greedy = admin.post(path, {"request_id": str(uuid.uuid4()), "amount": order["amount"]})
    expect(400 <= greedy.status_code < 500, "more than is left is refused", (greedy.status_code, greedy.text[:300]))
    reason = greedy.json()["error"]["message"]
    rest = admin.call(path, {"request_id": str(uuid.uuid4())})
    order = _order_with(actors, order["id"], status="refunded", refunded=order["amount"])
    expect(order["access"] is False, "a full refund closes access", order["access"])
    events = wait_for(
        "the refund's events", lambda: actors.owner.events_of(_charge_of(actors, order), "charge.refunded")
    )
    mails = wait_for("the mail", lambda: actors.owner.mails_to(person.email or "", "refunded"))
    return {
        "order": order["id"],
        "status": order["status"],
        "access": order["access"],
        "refunds": f"{first['refund_id']}, {rest['refund_id']}",
        "too much": reason,
        "mail": mails[0]["id"],
        "event": events[0],
    }


def grant_access(actors: DemoActors) -> Evidence:
    """Premium opens the account page of the user who paid, and no other."""
    person, other = actors.person().sign_up("ada"), actors.person().sign_up("grace")
    expect('data-premium="free"' in person.page("/account"), "premium is closed before")
    session_id, _ = actors.checkout(person, "premium")
    actors.pay(session_id)
    row = _user_with(actors, person, plan="premium")
    expect(bool(row["paid_at"]), "the moment is stored", row)
    expect('data-premium="premium"' in person.page("/account"), "the account page opens")
    expect('data-premium="free"' in other.page("/account"), "another person's stays closed")
    order = _paid_order(actors, checkout_session=session_id)
    events = actors.owner.events_of(order["payment_intent"], "payment_intent.succeeded")
    return {
        "order": order["id"],
        "status": order["status"],
        "access": f"plan {row['plan']}; another person's stays {actors.owner.row('users', id=other.id)['plan']}",  # type: ignore[index] - the row was made above
        "mail": _receipts(actors, person.email or "", 1)[0]["id"],
        "event": events[0],
        "payment_intent": order["payment_intent"],
    }


FLOWS = {
    "1 one-time Checkout": one_time_checkout,
    "2 subscription": subscription,
    "3 own form": own_form,
    "4 refund": refund,
    "5 grant access": grant_access,
}


def _paid_order(actors: DemoActors, **where: Any) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        row = actors.owner.row("orders", **where)
        return row if row and row["status"] == "paid" else None

    order = wait_for("the paid order", look)
    expect(order["access"] is True, "what was bought is open", order)
    return order


def _order_with(actors: DemoActors, order_id: str, **values: Any) -> dict[str, Any]:
    return wait_for(f"an order with {values}", lambda: _with(actors.owner.row("orders", id=order_id), values))


def _user_with(actors: DemoActors, person: Person, **values: Any) -> dict[str, Any]:
    return wait_for(f"a user with {values}", lambda: _with(actors.owner.row("users", id=person.id), values))


def _with(row: dict[str, Any] | None, values: dict[str, Any]) -> dict[str, Any] | None:
    return row if row and all(row[name] == value for name, value in values.items()) else None


def _renewed(actors: DemoActors, person: Person, before: str) -> dict[str, Any] | None:
    row = actors.owner.row("users", id=person.id)
    return row if row and row["period_ends_at"] > before else None


def _not_active(actors: DemoActors, person: Person) -> dict[str, Any] | None:
    row = actors.owner.row("users", id=person.id)
    return row if row and row["subscription_status"] in {"past_due", "unpaid", "canceled"} else None


def _let_renewals_fail(actors: DemoActors, customer: str, subscription_id: str) -> None:
    method = actors.stripe.request("POST", "/v1/payment_methods/pm_card_chargeCustomerFail/attach", customer=customer)
    path = f"/v1/subscriptions/{subscription_id}"
    actors.stripe.request("POST", path, default_payment_method=method["id"])


def _charge_of(actors: DemoActors, order: dict[str, Any]) -> str:
    return actors.stripe.request("GET", f"/v1/payment_intents/{order['payment_intent']}")["latest_charge"]


def _receipts(actors: DemoActors, address: str, count: int) -> list[dict[str, Any]]:
    mails = wait_for("the receipt", lambda: actors.owner.mails_to(address, "receipt"))
    expect(len(mails) == count, f"{count} receipt is in the outbox", len(mails))
    return mails
