"""What an event says and does not say: other outcomes, checkouts that are not paid, late events, GETs that write."""

from __future__ import annotations

import pytest
from tests.support.workflow_driver import load
from tests.unit.workflows.checker.test_checker_with_stripe import catalog


def on(trigger: str, *steps: str) -> str:
    return f"name: T\ndescription: d\non: {trigger}\nsteps:\n" + "".join(f"  - {step}\n" for step in steps)


SESSION, COMPLETED = "{stripe: checkout.session}", "{stripe: checkout.session, actions: [completed]}"
INTENT, FRESH = "{stripe: payment_intent}", "{stripe: payment_intent, fresh: true}"
PAY = 'update: orders, where: {id: "${{ object.id }}"}, set: {paid_at: "${{ now() }}"}'
WRITE = f"{{{PAY}}}"
READ = '{select: orders, where: {id: "${{ object.id }}"}}'
LOG = "{log: x}"
CREATE, RETRIEVE = (
    "{stripe: customers.create, with: {email: a@b.co}}",
    "{stripe: customers.retrieve, with: {id: cus_1}}",
)


def when(condition: str, step: str = WRITE) -> str:
    return f"{{if: {condition}, then: [{step}]}}"


def switch(value: str, *cases: str) -> str:
    return f"{{switch: {value}, cases: {{{', '.join(f'{case}: [{WRITE}]' for case in cases)}}}, default: stop}}"


def status(column: str, where: str = "") -> str:
    return f'{{update: orders, where: {{id: "${{{{ object.id }}}}"{where}}}, set: {{{column}: paid}}}}'


CASES: dict[str, tuple[str, str, bool]] = {
    "every session": ("F107", on(SESSION, WRITE), True),
    "a completed one": ("F107", on(COMPLETED, WRITE), True),
    "an expired one": ("F107", on("{stripe: checkout.session, actions: [expired]}", WRITE), False),
    "nothing is written": ("F107", on(COMPLETED, READ, LOG), False),
    "another family": ("F107", on(INTENT, WRITE), False),
    "the case of the completed": ("F107", on(SESSION, switch("event.action", "completed")), True),
    "the case of the expired": ("F107", on(SESSION, switch("event.action", "expired")), False),
    "if it is completed": ("F107", on(SESSION, when("event.action == 'completed'")), True),
    "if it is expired": ("F107", on(SESSION, when("event.action == 'expired'")), False),
    "its payment is asked for": ("F107", on(COMPLETED, when("object.payment_status == 'paid'")), False),
    "a subscription": ("F107", on(COMPLETED, when("object.mode == 'subscription'")), False),
    "a card that is saved": ("F107", on(COMPLETED, when("object.mode == 'setup'")), False),
    "in other quotes": ("F107", on(COMPLETED, "{if: 'object.mode == \"setup\"', then: [" + WRITE + "]}"), False),
    "another mode": ("F107", on(COMPLETED, when("object.mode == 'payment'")), True),
    "one outcome": ("F105", on("{stripe: payment_intent, actions: [succeeded]}", LOG), True),
    "both outcomes": ("F105", on("{stripe: payment_intent, actions: [succeeded, payment_failed]}", LOG), False),
    "all outcomes alike": ("F105", on(INTENT, LOG), False),
    "one outcome of a condition": ("F105", on(INTENT, when("event.action == 'succeeded'")), True),
    "one outcome of a switch": ("F105", on(INTENT, switch("event.action", "succeeded")), True),
    "both outcomes of a switch": ("F105", on(INTENT, switch("event.action", "succeeded", "payment_failed")), False),
    "a switch over a state": ("F105", on(INTENT, switch("object.status", "succeeded")), False),
    "a GET that writes": (
        "F106",
        on("{api: GET /x, auth: user}", "{insert: orders, values: {user_id: u, amount: 5, status: pending}}"),
        True,
    ),
    "a GET that calls": ("F106", on("{api: GET /x, auth: user}", CREATE), True),
    "a GET that reads": ("F106", on("{api: GET /x, auth: user}", RETRIEVE, "{select: orders, where: {id: x}}"), False),
    "a POST that calls": ("F106", on("{api: POST /x, auth: user}", CREATE), False),
    "a GET beside a POST": ("F106", on("[{api: POST /x, auth: user}, {api: GET /x, auth: user}]", CREATE), True),
    "a late event": ("F108", on(INTENT, status("status")), True),
    "a fresh one": ("F108", on(FRESH, status("status")), False),
    "one in a queue": ("F108", on('{stripe: payment_intent, queue: "${{ object.id }}"}', status("status")), False),
    "a fresh one beside a late one": ("F108", on(f"[{FRESH}, {{stripe: charge}}]", status("status")), True),
    "both fresh": ("F108", on(f"[{FRESH}, {{stripe: charge, fresh: true}}]", status("status")), False),
    "the old state is asked for": ("F108", on(INTENT, status("status", ", status: pending")), False),
    "another column": ("F108", on(INTENT, status("failure")), False),
    "no event": ("F108", on("{manual: true}", "{update: orders, where: {id: x}, set: {status: paid}}"), False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_rule_about_outcomes_finds_its_own(case: str) -> None:
    code, text, expected = CASES[case]
    diagnostics = load(text, catalog=catalog()).diagnostics
    assert not [str(diagnostic) for diagnostic in diagnostics if diagnostic.code in {"F000", "F001", "F003", "F004"}]
    assert any(diagnostic.code == code for diagnostic in diagnostics) is expected
