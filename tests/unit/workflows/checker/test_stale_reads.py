"""F121: what was read before a call, a wait, or an approval is not taken for what is there behind it."""

from __future__ import annotations

import pytest

from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe
from payloom.workflows.catalog.catalog import Column, TableShape
from payloom.workflows.loading.loader import load_workflow

HEAD = """\
name: N
description: N.
on: ON
input: {n: int, id: string}
steps:
"""
READ = """\
  - id: seat
    select: seats
    where: {id: "${{ inputs.id }}"}
    one: required
"""
REREAD = READ.replace("id: seat", "id: again")
ALL = "  - id: seats\n    select: seats\n    where: {status: open}\n"
CALL = "  - stripe: customers.create\n    with: {email: a@example.com}\n"
HTTP = "  - http: POST https://api.example/x\n"
PYTHON = "  - python: jobs:work\n"
WAIT = "  - wait: 3d\n"
EVENT = "  - wait_for: {stripe: refund, timeout: 1d}\n"
APPROVE = "  - approve: Well?\n    roles: [admin]\n"
MAIL = "  - email: hello\n    to: a@example.com\n"
TAKE = '  - update: seats\n    where: {id: "${{ seat.id }}"}\n    set: {free: "${{ seat.free - inputs.n }}"}\n'
GUARDED = TAKE.replace("}\n    set", ', free: "${{ seat.free }}"}\n    set')
CLOSE = '  - update: seats\n    where: {id: "${{ seat.id }}"}\n    set: {status: closed}\n'
OF_STRIPE = "  - if: NAME.status == 'active'\n    then:\n      - log: open\n"
RETRIEVE = "  - {id: sub, stripe: subscriptions.retrieve, with: {id: sub_1}}\n"
DECIDE = "  - if: seat.status == 'open'\n    then:\n      - log: open\n"


def indented(text: str, by: int = 4) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


STALE = {
    **{
        f"a counter across {name}": READ + between + TAKE
        for name, between in (
            ("a call", CALL), ("http", HTTP), ("python", PYTHON), ("a wait", WAIT), ("an event", EVENT),
            ("an approval", APPROVE),
        )
    },
    **{
        f"a decision across {name}": READ + between + DECIDE
        for name, between in (("a wait", WAIT), ("an event", EVENT), ("an approval", APPROVE))
    },
    **{
        f"a state across {name}": READ + between + CLOSE
        for name, between in (("a wait", WAIT), ("an event", EVENT), ("an approval", APPROVE))
    },
    "through a variable": READ + '  - let: {left: "${{ seat.free - 1 }}"}\n' + CALL
    + '  - update: seats\n    where: {id: "${{ inputs.id }}"}\n    set: {free: "${{ vars.left }}"}\n',
    "in the yes of an approval": READ + APPROVE + "    then:\n" + indented(DECIDE),
    "a condition on the step": READ + WAIT + "  - log: open\n    when: seat.free > 0\n",
    "a filter": READ + WAIT + "  - filter: seat.free > 0\n",
    "a switch": READ + WAIT + "  - switch: seat.status\n    cases:\n      open:\n        - log: open\n    default: stop\n",
    "in the call's own branch": READ + "  - if: inputs.n > 1\n    then:\n" + indented(CALL + TAKE),
    "behind a branch that calls": READ + "  - if: inputs.n > 1\n    then:\n" + indented(CALL) + TAKE,
    "in a loop over what was read": ALL + "  - for_each: ${{ seats }}\n    as: seat\n    do:\n" + indented(CALL + TAKE),
    "in the next round": READ + '  - for_each: "${{ [1, 2] }}"\n    do:\n' + indented(TAKE + CALL),
    "in a `try`": READ + "  - try:\n" + indented(CALL) + "    catch:\n" + indented(TAKE),
    "across a workflow that is called": READ + "  - call: other\n" + TAKE,
    **{
        f"an object of Stripe's across {name}": RETRIEVE + between + OF_STRIPE.replace("NAME", "sub")
        for name, between in (("a wait", WAIT), ("an event", EVENT), ("an approval", APPROVE))
    },
    "one of a list": RETRIEVE.replace("retrieve", "list").replace("id: sub_1", "customer: cus_1") + WAIT
    + OF_STRIPE.replace("NAME", "sub.data[0]"),
    "an object of the mirror": "  - {id: sub, select: stripe.subscriptions, where: {id: sub_1}, one: required}\n" + WAIT
    + OF_STRIPE.replace("NAME", "sub"),
    "a moment that came meanwhile": READ + WAIT + "  - filter: seat.ended == null\n",
    "the event's object": WAIT + OF_STRIPE.replace("NAME", "object"),
    "the trigger's row": WAIT + "  - if: row.status == 'open'\n    then:\n      - log: open\n",
}  # fmt: skip
FRESH = {
    "no time passes": READ + TAKE + CALL,
    "an object of Stripe's that is read again": RETRIEVE + WAIT + RETRIEVE.replace("id: sub,", "id: now,")
    + OF_STRIPE.replace("NAME", "now"),
    "an object of Stripe's after a call alone": RETRIEVE + CALL + OF_STRIPE.replace("NAME", "sub"),
    "what never changes of an object": RETRIEVE + WAIT + "  - if: sub.customer == 'cus_1'\n    then:\n      - log: x\n",
    "a mail is no pause": READ + MAIL + DECIDE,
    "a decision by a row after a call alone": READ + CALL + DECIDE,
    "read again": READ + WAIT + REREAD + DECIDE.replace("seat.", "again."),
    "counted from what was read again": READ + CALL + REREAD + TAKE.replace("seat.free", "again.free"),
    "guarded by the old value": READ + CALL + GUARDED,
    "guarded by the state": READ + WAIT + CLOSE.replace("}\n    set", ", status: open}\n    set", 1).replace(
        "status: open", 'status: "${{ seat.status }}"'
    ),
    "guarded by the state that it must have": READ + APPROVE + CLOSE.replace('seat.id }}"}', 'seat.id }}", status: open}'),
    "guarded by the old value, which is compared with more": READ + CALL
    + GUARDED.replace('seat.free }}"}', "seat.name == 'a' ? seat.free : 0 }}\"}"),
    "a call after the loop": READ + '  - for_each: "${{ [1, 2] }}"\n    do:\n' + indented(TAKE) + CALL,
    "what never changes": READ + WAIT + "  - if: seat.id == 'a'\n    then:\n      - log: a\n",
    "a text of any kind": READ + WAIT + "  - if: seat.name == 'a'\n    then:\n      - log: a\n",
    "the other branch": READ + "  - if: inputs.n > 1\n    then:\n" + indented(CALL) + "    else:\n" + indented(TAKE),
    "the calling branch ends": READ + "  - if: inputs.n > 1\n    then:\n" + indented(CALL + "  - return: {no: true}\n")
    + TAKE,
    "what an event must be": READ + WAIT
    + '  - wait_for: {stripe: refund, match: "object.status == seat.status", timeout: 1d}\n',
    "a variable that is set when": READ + "  - let: {x: 1}\n    when: seat.free > 0\n" + TAKE,
    "a text that is set": READ + WAIT + CLOSE.replace("status: closed", "name: new"),
    "a state of rows picked otherwise": READ + WAIT + CLOSE.replace('id: "${{ seat.id }}"', 'name: "${{ seat.status }}"'),
    "a state of another table": READ + WAIT + CLOSE.replace("update: seats", "update: others"),
    "before the call in a branch": READ + "  - if: inputs.n > 1\n    then:\n" + indented(TAKE + CALL),
    "whose row it is": READ + WAIT + "  - filter: seat.owner == 5\n",
    "a moment that stays": READ + WAIT + "  - filter: seat.begun < now()\n",
    "another table": READ + CALL + TAKE.replace("update: seats", "update: others"),
    "a value from elsewhere": READ + CALL + TAKE.replace("seat.free - inputs.n", "inputs.n"),
    "the case of a switch": READ + "  - switch: inputs.id\n    cases:\n      a:\n" + indented(CALL, 8) + "      b:\n"
    + indented(TAKE, 8) + "    default: stop\n",
}  # fmt: skip


def catalog() -> CatalogWithStripe:
    names = CatalogWithStripe()
    columns = [
        Column("id", "string", primary=True, nullable=False),
        Column("free", "int", nullable=False),
        Column("status", "string", nullable=False, enum=["open", "closed"]),
        Column("name", "string", nullable=False),
        Column("begun", "datetime", nullable=False),
        Column("ended", "datetime"),
        Column("owner", "int", references="users.id"),
    ]
    for table in ("seats", "others"):
        names.tables[table] = TableShape(table, {column.name: column for column in columns})
    names.emails.add("hello")
    names.functions.add("jobs:work")
    names.workflows.add("other")
    return names


def stale(case: str, steps: str) -> list[int]:
    """Return the lines that F121 names, counted from the first step."""
    triggers = {
        "the trigger's row": "{table: seats, 'on': [update]}",
        "the event's object": "{stripe: customer.subscription, actions: [updated]}",
    }
    head = HEAD.replace("ON", triggers.get(case, "{manual: true}"))
    if case in triggers:
        head = head.replace("input: {n: int, id: string}\n", "")
    loaded = load_workflow(head + steps, workflow_id="n", file="n.yaml", catalog=catalog())
    assert loaded.workflow is not None, [str(diagnostic) for diagnostic in loaded.diagnostics]
    assert not [diagnostic for diagnostic in loaded.diagnostics if diagnostic.severity == "error"], [
        str(diagnostic) for diagnostic in loaded.diagnostics
    ]
    return [diagnostic.line - len(head.splitlines()) for diagnostic in loaded.diagnostics if diagnostic.code == "F121"]


@pytest.mark.parametrize("case", STALE)
def test_a_stale_row_is_found_where_it_is_used(case: str) -> None:
    lines = stale(case, STALE[case])
    assert len(lines) == 1
    used = STALE[case].splitlines()[lines[0] - 1]
    assert any(word in used for word in ("set:", "if:", "when:", "filter:", "switch:")), used


@pytest.mark.parametrize("case", FRESH)
def test_what_is_sure_is_no_finding(case: str) -> None:
    assert stale(case, FRESH[case]) == []
