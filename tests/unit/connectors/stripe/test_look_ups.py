"""What a look-up asks Stripe for, and which of several objects it takes: beside the own one stands another's."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any, cast

import pytest

from payloom.connectors.stripe.connector import STAMP
from payloom.connectors.stripe.failures import StripeStepFailed, refused
from payloom.connectors.stripe.lookup import LookupResult, find_existing
from payloom.kit.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom.connectors.stripe.connector import StripeConnector

pytestmark = pytest.mark.anyio

NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
SINCE = NOW - dt.timedelta(days=2)
GTE = {"gte": int((SINCE - dt.timedelta(minutes=5)).timestamp())}
KEY = "run_1:0"
ALL = {"all": True, "limit": 5_000}
UNKNOWN, MAY_BE_SENT = LookupResult(None, certain=False), LookupResult(None, certain=True)


def page(*items: Mapping[str, Any], more: bool = False) -> dict[str, Any]:
    return {"data": list(items), "has_more": more}


def stamped(name: str, key: str = KEY) -> dict[str, Any]:
    return {"id": name, "metadata": {STAMP: key}}


class Stripe:
    """Answers each call with what the case gives, in turn, and keeps what was asked."""

    def __init__(self, answers: list[Any]) -> None:
        self.clock = ManualClock(NOW)
        self.answers, self.calls = list(answers), list[tuple[str, Any, Any]]()

    async def perform(self, action: str, arguments: Mapping[str, Any], *, account: str | None) -> Any:
        self.calls.append((action, dict(arguments), account))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclasses.dataclass
class Case:
    """One look-up. calls: what Stripe is asked, with the parameters. answers: what it answers to each."""

    action: str
    args: dict[str, Any]
    calls: list[tuple[str, dict[str, Any]]]
    answers: list[Any]
    result: LookupResult
    since: dt.datetime = SINCE
    key: str = KEY


def known(answer: dict[str, Any]) -> LookupResult:
    return LookupResult(answer, certain=True)


def event(brought: dict[str, Any], key: str | None = KEY) -> dict[str, Any]:
    request = None if key is None else {"idempotency_key": key}
    return {"request": request, "data": {"object": brought}}


SOMEBODY = {"email": "a@b.c"}
LISTED = [("customers.list", {"created": GTE, **ALL})]
PAIR = {"value_list": "rsl_1", "value": "x"}
PAIRED = [("radar.value_list_items.list", {**PAIR, **ALL})]
CHANGED = [("events.list", {"types": ["customer.subscription.updated"], "created": GTE, **ALL})]
DECLINE = [("issuing.authorizations.retrieve", {"authorization": "iauth_1"})]
MISSING, FORBIDDEN = refused("resource_missing", "no such", status=404), refused("stripe_keys_refused", "no")
DISCOUNT = [("subscriptions.retrieve", {"subscription_exposed_id": "sub_1"})]

CASES = {
    "the stamp of another step is not ours": Case(
        "customers.create", SOMEBODY, LISTED,
        [page({"id": "cus_0"}, stamped("cus_1", "run_2:0"), stamped("cus_2"), stamped("cus_3", "run_1:1"))],
        known(stamped("cus_2")),
    ),
    "no stamp of ours: it never was": Case(
        "customers.create", SOMEBODY, LISTED, [page(stamped("cus_1", "run_2:0"))], MAY_BE_SENT
    ),
    "no stamp of ours on the first five thousand": Case(
        "customers.create", SOMEBODY, LISTED, [page(stamped("cus_1", "run_2:0"), more=True)], UNKNOWN
    ),
    "a long key has a short stamp": Case(
        "customers.create", SOMEBODY, LISTED, [page(stamped("cus_1", "k" * 300))], MAY_BE_SENT, key="k" * 300
    ),
    "no room for a stamp": Case("customers.create", {"metadata": {f"k{n}": "" for n in range(50)}}, [], [], UNKNOWN),
    "the last place holds the stamp": Case(
        "customers.create", {"metadata": {f"k{n}": "" for n in range(49)}}, LISTED, [page()], MAY_BE_SENT
    ),
    "the list is narrowed by what it takes, and by texts only": Case(
        "refunds.create", {"payment_intent": "pi_1", "amount": 5, "charge": None, "customer": "cus_1", "metadata": {"customer": "x"}},
        [("refunds.list", {"payment_intent": "pi_1", "created": GTE, **ALL})], [page(stamped("re_1"))],
        known(stamped("re_1")),
    ),
    "the list does not take what the call does": Case(
        "payment_links.create", {"line_items": [{"price": "price_1", "quantity": 1}]},
        [("payment_links.list", ALL)], [page()], MAY_BE_SENT,
    ),
    "an empty text narrows nothing": Case(
        "invoice_items.create", {"customer": "cus_1", "invoice": ""},
        [("invoice_items.list", {"customer": "cus_1", **ALL})], [page()], MAY_BE_SENT,
    ),
    "ids of the address are those of the list": Case(
        "customers.balance_transactions.create", {"customer": "cus_1", "amount": 5, "currency": "usd"},
        [("customers.balance_transactions.list", {"customer": "cus_1", "created": GTE, **ALL})],
        [page(stamped("cbtxn_1"))], known(stamped("cbtxn_1")),
    ),
    "a subscription that ended is one": Case(
        "subscriptions.create", {"customer": "cus_1", "items": [{"price": "price_1"}]},
        [("subscriptions.list", {"customer": "cus_1", "created": GTE, "status": "all", **ALL})],
        [page(stamped("sub_1"))], known(stamped("sub_1")),
    ),
    "the list needs what the call has": Case(
        "subscription_items.create", {"subscription": "sub_1", "price": "price_1"},
        [("subscription_items.list", {"subscription": "sub_1", **ALL})], [page()], MAY_BE_SENT,
    ),
    "stamped, and in no list": Case("sources.create", {"type": "card"}, [], [], MAY_BE_SENT),
    "one of two values is another's": Case(
        "radar.value_list_items.create", PAIR, PAIRED,
        [page({"value_list": "rsl_1", "value": "y"}, {"value_list": "rsl_2", "value": "x"}, {**PAIR, "id": "rsli_1"})],
        known({**PAIR, "id": "rsli_1"}),
    ),
    "no pair": Case("radar.value_list_items.create", PAIR, PAIRED, [page({**PAIR, "value": "y"})], MAY_BE_SENT),
    "no pair on these pages": Case("radar.value_list_items.create", PAIR, PAIRED, [page(more=True)], UNKNOWN),
    "a field that the list does not take": Case(
        "products.features.create", {"product": "prod_1", "entitlement_feature": "feat_1"},
        [("products.features.list", {"product": "prod_1", **ALL})],
        [page({"entitlement_feature": {"id": "feat_2"}}, {"entitlement_feature": {"id": "feat_1"}})],
        known({"entitlement_feature": {"id": "feat_1"}}),
    ),
    "the event of another call": Case(
        "subscriptions.update", {"id": "sub_1", "description": "x"}, CHANGED,
        [page(event({"id": "sub_2"}, "run_2:0"), event({"id": "sub_3"}, None), event({"id": "sub_1"}))],
        known({"id": "sub_1"}),
    ),
    "no event": Case("subscriptions.update", {"id": "sub_1"}, CHANGED, [page(event({"id": "sub_1"}, "z"))], MAY_BE_SENT),
    "no event on these pages": Case("subscriptions.update", {"id": "sub_1"}, CHANGED, [page(more=True)], UNKNOWN),
    "an event brings the object around it": Case(
        "subscription_items.update", {"id": "si_1", "quantity": 2},
        [*CHANGED, ("subscription_items.retrieve", {"item": "si_1"})],
        [page(event({"id": "sub_1"})), {"id": "si_1", "quantity": 2}], known({"id": "si_1", "quantity": 2}),
    ),
    "an event brings what was made below another object": Case(
        "customers.tax_ids.create", {"customer": "cus_1", "type": "eu_vat", "value": "DE1"},
        [("events.list", {"types": ["customer.tax_id.created"], "created": GTE, **ALL})],
        [page(event({"id": "txi_1"}))], known({"id": "txi_1"}),
    ),
    "an event brings what was made": Case(
        "test_helpers.test_clocks.create", {"frozen_time": 5},
        [("events.list", {"types": ["test_helpers.test_clock.created"], "created": GTE, **ALL})],
        [page(event({"id": "clock_1"}))], known({"id": "clock_1"}),
    ),
    "Stripe still has the events of the day": Case(
        "subscriptions.update", {"id": "sub_1"},
        [("events.list", {**CHANGED[0][1], "created": {"gte": GTE["gte"] - 27 * 86_400}})], [page()], MAY_BE_SENT,
        since=NOW - dt.timedelta(days=29),
    ),
    "Stripe may have forgotten the events of the day": Case(
        "subscriptions.update", {"id": "sub_1"}, [], [], UNKNOWN, since=NOW - dt.timedelta(days=29, seconds=1)
    ),
    "both signs": Case(
        "issuing.authorizations.decline", {"authorization": "iauth_1"}, DECLINE,
        [{"approved": False, "status": "closed"}], known({"approved": False, "status": "closed"}),
    ),
    "one sign of two": Case(
        "issuing.authorizations.decline", {"authorization": "iauth_1"}, DECLINE,
        [{"approved": False, "status": "pending"}], MAY_BE_SENT,
    ),
    "no argument that would tell": Case(
        "invoices.remove_lines", {"invoice": "in_1", "lines": []}, [("invoices.retrieve", {"invoice": "in_1"})],
        [{"lines": {"data": []}}], UNKNOWN,
    ),
    "what must be asked for is asked for": Case(
        "invoices.attach_payment", {"invoice": "in_1", "payment_intent": "pi_1"},
        [("invoices.retrieve", {"invoice": "in_1", "expand": ["payments"]})],
        [{"payments": {"data": [{"payment": {"payment_intent": "pi_2"}}, {"payment": {"payment_intent": "pi_1"}}]}}],
        known({"payments": {"data": [{"payment": {"payment_intent": "pi_2"}}, {"payment": {"payment_intent": "pi_1"}}]}}),
    ),
    "read elsewhere, and the answer is another object": Case(
        "payouts.reverse", {"id": "po_1"}, [("payouts.retrieve", {"payout": "po_1"}), ("payouts.retrieve", {"id": "po_2"})],
        [{"id": "po_1", "reversed_by": "po_2"}, {"id": "po_2"}], known({"id": "po_2"}),
    ),
    "read by an operation of another service": Case(
        "test_helpers.refunds.expire", {"refund": "re_1"}, [("refunds.retrieve", {"refund": "re_1"})],
        [{"status": "failed"}], known({"status": "failed"}),
    ),
    "what is taken away answers with its owner": Case(
        "subscriptions.delete_discount", {"id": "sub_1"}, DISCOUNT, [{"discounts": []}],
        known({"object": "discount", "deleted": True, "subscription": "sub_1"}),
    ),
    "what is still there": Case(
        "subscriptions.delete_discount", {"id": "sub_1"}, DISCOUNT, [{"discounts": ["di_1"]}], MAY_BE_SENT
    ),
    "no such object: Stripe says so itself": Case(
        "invoices.pay", {"id": "in_1"}, [("invoices.retrieve", {"invoice": "in_1"})], [MISSING], MAY_BE_SENT
    ),
    "a map narrows nothing": Case(
        "plans.create", {"product": {"name": "Mug"}, "currency": "usd", "interval": "month"},
        [("plans.list", {"created": GTE, **ALL})], [page()], MAY_BE_SENT,
    ),
    "a deletion of something without a name": Case(
        "sources.detach", {"customer": "cus_1", "id": "src_1"}, [], [],
        LookupResult(None, certain=True, if_missing={"id": "src_1", "deleted": True}),
    ),
    "a deletion": Case(
        "products.delete", {"product": "prod_1"}, [], [],
        LookupResult(None, certain=True, if_missing={"id": "prod_1", "object": "product", "deleted": True}),
    ),
    "a deletion by its parameters": Case(
        "apps.secrets.delete_where", {"name": "n", "scope": {"type": "account"}}, [], [],
        LookupResult(
            None, certain=True,
            if_missing={"name": "n", "scope": {"type": "account"}, "object": "apps.secret", "deleted": True},
        ),
    ),
    "an update can be made again": Case("customers.update", {"id": "cus_1"}, [], [], MAY_BE_SENT),
    "nothing shows it": Case("tax_ids.create", {"type": "eu_vat", "value": "DE1"}, [], [], UNKNOWN),
}  # fmt: skip


@pytest.mark.fault("A15")
@pytest.mark.parametrize("account", [None, "acct_1"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_look_up_asks_narrowly_and_takes_its_own(case: Case, account: str | None) -> None:
    stripe = Stripe(case.answers)
    result = await find_existing(
        cast("StripeConnector", stripe), case.action, case.args, case.key, since=case.since, account=account
    )
    assert result == case.result
    assert stripe.calls == [(action, args, account) for action, args in case.calls]
    assert stripe.answers == []


@pytest.mark.fault("A15")
async def test_a_refusal_that_says_nothing_of_the_object_is_no_answer() -> None:
    with pytest.raises(StripeStepFailed) as refusal:
        await find_existing(
            cast("StripeConnector", Stripe([FORBIDDEN])), "invoices.pay", {"id": "in_1"}, KEY, since=SINCE
        )
    assert refusal.value.failure.kind == "stripe_keys_refused"
