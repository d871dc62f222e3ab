"""Objects that a case gives in part stand in the local Stripe as they come about at Stripe, and follow its rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from payloom.testing.runner import Report

if TYPE_CHECKING:
    from tests.support.testing_fixture import SmallProject

Lines = Callable[[Report], list[str]]
LOOK = """\
name: Look
description: Looks at what Stripe has.
on: {api: POST /look, auth: none}
steps:
"""
OBJECTS = {
    "intent": "{id: pi_1, amount: 1900, currency: usd, status: succeeded}",
    "unpaid": "{id: pi_2, amount: 700, status: requires_payment_method}",
    "held": "{id: pi_3, amount: 900, status: requires_capture}",
    "session": "{id: cs_test_1, amount_total: 1900, payment_status: paid, line_items: {data: [{id: li_1, description: Mug, quantity: 2, amount_total: 1900}]}}",
    "invoice": "{id: in_1, customer: cus_ada, total: 2400, status: open}",
    "subscription": "{id: sub_1, customer: cus_ada, status: active, items: {data: [{id: si_1, quantity: 2, price: price_pro}]}}",
    "charge": "{id: ch_8, amount: 500}",
    "refund": "{id: re_8, payment_intent: pi_8, amount: 300}",
    "dispute": "{id: du_8, charge: ch_7, amount: 1200, reason: fraudulent}",
}


def looks(small: SmallProject, objects: list[str], steps: str, expected: str) -> Report:
    """Run a workflow of these steps with the objects given, and expect what `expected` says."""
    small.write("workflows/look.yaml", LOOK + steps)
    initial_state = "\n".join(f"      - {OBJECTS.get(each, each)}" for each in objects)
    return small.cases(
        f"workflow: look\ngiven:\n  stripe:\n    objects:\n{initial_state}\ncases:\n  - name: looks\n    call: {{}}\n    expect: {expected}\n"
    )


READS = [
    # A payment has its charge, and a refund changes both.
    (
        ["intent"],
        """\
  - {id: refund, stripe: refunds.create, with: {payment_intent: pi_1, amount: 400}, idempotency_key: refund-1}
  - {id: charge, stripe: charges.retrieve, with: {id: ch_1, expand: [refunds, payment_intent]}}
  - {id: all_charges, stripe: charges.list, with: {payment_intent: pi_1}}
  - return: {charge: "${{ refund.charge }}", left: "${{ charge.amount - charge.amount_refunded }}", refunds: "${{ charge.refunds.data.map(r, r.id) }}", intent: "${{ charge.payment_intent.amount_received }}", listed: "${{ all_charges.data.map(c, c.id) }}"}
""",
        "{output: {charge: ch_1, left: 1500, refunds: [re_1], intent: 1900, listed: [ch_1]}}",
    ),
    # What was captured cannot be given back twice.
    (
        ["intent"],
        """\
  - {stripe: refunds.create, with: {payment_intent: pi_1}, idempotency_key: refund-1}
  - {stripe: refunds.create, with: {payment_intent: pi_1, amount: 1}, idempotency_key: refund-2}
""",
        "{error: charge_already_refunded, stripe: [{call: refunds.create}]}",
    ),
    (
        ["unpaid"],
        """\
  - {stripe: refunds.create, with: {payment_intent: pi_2}, idempotency_key: refund-2}
""",
        "{status: failed, stripe: []}",
    ),
    (
        ["unpaid"],
        """\
  - {id: gone, stripe: payment_intents.cancel, with: {id: pi_2, cancellation_reason: abandoned}, idempotency_key: cancel-2}
  - {id: again, stripe: payment_intents.retrieve, with: {id: pi_2}}
  - return: {status: "${{ gone.status }}", reason: "${{ again.cancellation_reason }}", at: "${{ again.canceled_at != null }}"}
""",
        "{output: {status: canceled, reason: abandoned, at: true}}",
    ),
    (
        ["held"],
        """\
  - {id: part, stripe: payment_intents.capture, with: {id: pi_3, amount_to_capture: 500}, idempotency_key: capture-3}
  - return: {status: "${{ part.status }}", received: "${{ part.amount_received }}"}
""",
        "{output: {status: succeeded, received: 500}}",
    ),
    (
        ["intent"],
        """\
  - {stripe: payment_intents.capture, with: {id: pi_1}, idempotency_key: capture-1}
""",
        "{error: payment_intent_unexpected_state, stripe: []}",
    ),
    # A session has its payment; its lines only when they are asked for.
    (
        ["session"],
        """\
  - {id: plain, stripe: checkout.sessions.retrieve, with: {id: cs_test_1}}
  - {id: asked, stripe: checkout.sessions.retrieve, with: {id: cs_test_1, expand: [line_items, payment_intent]}}
  - return: {plain: "${{ plain?.line_items }}", lines: "${{ asked.line_items.data.map(l, l.description) }}", payment: "${{ asked.payment_intent.id }}", received: "${{ asked.payment_intent.amount_received }}", status: "${{ plain.status }}"}
""",
        "{output: {plain: null, lines: [Mug], payment: pi_1, received: 1900, status: complete}}",
    ),
    # An invoice is paid once.
    (
        ["invoice"],
        """\
  - {id: paid, stripe: invoices.pay, with: {id: in_1, paid_out_of_band: true}, idempotency_key: pay-1}
  - {id: listed, stripe: invoices.list, with: {customer: cus_ada, status: paid}}
  - {stripe: invoices.pay, with: {id: in_1}, idempotency_key: pay-2}
""",
        "{status: failed, stripe: [{call: invoices.pay}]}",
    ),
    (
        ["invoice"],
        """\
  - {id: paid, stripe: invoices.pay, with: {id: in_1, paid_out_of_band: true}, idempotency_key: pay-1}
  - {id: listed, stripe: invoices.list, with: {customer: cus_ada, status: paid}}
  - return: {left: "${{ paid.amount_remaining }}", listed: "${{ listed.data.map(i, i.id) }}"}
""",
        "{output: {left: 0, listed: [in_1]}}",
    ),
    # A subscription keeps its items' ids, and ends.
    (
        ["subscription"],
        """\
  - {id: more, stripe: subscriptions.update, with: {id: sub_1, items: [{id: si_1, quantity: 5}], proration_behavior: none}, idempotency_key: more-1}
  - {id: ends, stripe: subscriptions.update, with: {id: sub_1, cancel_at_period_end: true}, idempotency_key: ends-1}
  - {id: listed, stripe: subscriptions.list, with: {customer: cus_ada, price: price_pro, expand: [data.customer]}}
  - return: {quantity: "${{ more.items.data[0].quantity }}", listed: "${{ listed.data.map(s, s.id) }}", customer: "${{ listed.data[0].customer.id }}", ends: "${{ ends.cancel_at == ends.items.data[0].current_period_end }}"}
""",
        "{output: {quantity: 5, listed: [sub_1], customer: cus_ada, ends: true}}",
    ),
    # What an object belongs to comes about with it.
    (
        ["charge", "refund", "dispute"],
        """\
  - {id: refund, stripe: refunds.retrieve, with: {id: re_8, expand: [charge]}}
  - {id: dispute, stripe: disputes.retrieve, with: {id: du_8, expand: [charge]}}
  - {id: charge, stripe: charges.retrieve, with: {id: ch_8}}
  - return: {refund: "${{ refund.charge.amount_refunded }}", dispute: "${{ dispute.charge.disputed }}", charge: "${{ charge.paid }}"}
""",
        "{output: {refund: 300, dispute: true, charge: true}}",
    ),
]


@pytest.mark.parametrize(("objects", "steps", "expected"), READS)
def test_calls_about_given_objects_follow_the_rules(
    small: SmallProject, lines: Lines, objects: list[str], steps: str, expected: str
) -> None:
    assert lines(looks(small, objects, steps, expected)) == []


def test_the_state_that_a_case_does_not_say_is_the_one_that_the_call_needs(small: SmallProject, lines: Lines) -> None:
    steps = """\
  - {id: refund, stripe: refunds.create, with: {payment_intent: pi_5, amount: 400}, idempotency_key: refund-5}
  - {id: part, stripe: payment_intents.capture, with: {id: pi_6}, idempotency_key: capture-6}
  - return: {refund: "${{ refund.status }}", part: "${{ part.status }}"}
"""
    report = looks(
        small, ["{id: pi_5, amount: 1900}", "{id: pi_6}"], steps, "{output: {refund: succeeded, part: succeeded}}"
    )
    assert lines(report) == []


PAID = """\
name: Paid
description: Gives back what was paid.
on: {stripe: checkout.session, actions: [completed]}
steps:
  - {stripe: refunds.create, with: {payment_intent: "${{ object.payment_intent }}", amount: 100}, idempotency_key: "back-${{ object.id }}"}
  - {id: charges, stripe: charges.list, with: {payment_intent: "${{ object.payment_intent }}"}}
  - log: left ${{ charges.data[0].amount - charges.data[0].amount_refunded }}
"""


@pytest.mark.parametrize(
    "session", ["{id: cs_test_3, amount_total: 900}", "{id: cs_test_3, amount_total: 900, payment_intent: pi_77}"]
)
def test_what_an_event_says_has_happened_in_the_local_stripe(small: SmallProject, lines: Lines, session: str) -> None:
    small.write("workflows/paid.yaml", PAID)
    case = f"event: {{type: checkout.session.completed, object: {session}}}, expect: {{logs: [{{text: left 800}}]}}"
    assert lines(small.cases(f"workflow: paid\ncases: [{{name: paid, {case}}}]\n")) == []


GONE = """\
name: Gone
description: Reads a customer that was deleted.
on: {stripe: customer, actions: [deleted]}
steps:
  - {id: ada, stripe: customers.retrieve, with: {id: "${{ object.id }}"}}
  - log: ${{ ada?.deleted }} ${{ object.email }}
"""


def test_a_deleted_customer_is_read_as_a_deleted_one(small: SmallProject, lines: Lines) -> None:
    small.write("workflows/gone.yaml", GONE)
    event = "{type: customer.deleted, object: {id: cus_ada, email: ada@example.org}}"
    case = f"cases: [{{name: gone, event: {event}, expect: {{logs: [{{text: true ada@example.org}}]}}}}]\n"
    assert lines(small.cases("workflow: gone\n" + case)) == []
