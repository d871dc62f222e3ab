"""Whose a row is, and who decided an amount: each way out of the rule beside the way that only looks like one."""

from __future__ import annotations

import pytest
from tests.support.workflow_driver import load, shop_catalog

from payloom.workflows.catalog.catalog import Column, TableShape

USER = "name: T\ndescription: d\non: {api: POST /x, auth: user}\ninput: {id: string, n: int, many: int 1..10}\n"
GUEST = USER.replace("auth: user", "auth: optional")
STAFF = USER.replace("auth: user", "auth: [admin]")
OWN, NAMED = '{user_id: "${{ user.id }}"}', '{id: "${{ inputs.id }}"}'


def select(where: str, table: str = "orders") -> str:
    return f"steps:\n  - {{id: row, select: {table}, where: {where}}}\n"


def session(value: str) -> str:
    """A row that is named by something of a Checkout Session, which the caller named."""
    retrieve = '  - {id: session, stripe: checkout.sessions.retrieve, with: {id: "${{ inputs.id }}"}}\n'
    return f'steps:\n{retrieve}  - {{select: orders, where: {{id: "${{{{ {value} }}}}"}}}}\n'


def charge(amount: str, before: str = "") -> str:
    pay = f'{{stripe: payment_intents.create, with: {{amount: "${{{{ {amount} }}}}", currency: usd}}, idempotency_key: x}}'
    return f"steps:\n{before}  - {pay}\n"


PRICE = "  - {id: product, select: products, where: {sku: mug}, one: required}\n"

CASES = [
    # Every branch of `any` is the user's, or none of them is safe.
    ("F102", USER + select(f"{{any: [{OWN}, {OWN}]}}"), False),
    ("F102", USER + select(f"{{any: [{OWN}, {NAMED}]}}"), True),
    ("F102", USER + select(f"{{any: [{NAMED}, {OWN}]}}"), True),
    ("F102", USER + select(f"{{any: [{NAMED}]}}"), True),
    ("F102", USER + select('{any: [{id: "${{ inputs.id }}", user_id: "${{ user.id }}"}]}'), False),
    ("F102", USER + select(f'{{user_id: "${{{{ user.id }}}}", any: [{NAMED}, {{status: paid}}]}}'), False),
    ("F102", USER + select('{id: "${{ inputs.id }}", any: [{user_id: "${{ user.id }}"}]}'), False),
    ("F102", USER + select('{id: "${{ inputs.id }}", status: paid}'), True),
    # Who may call it.
    ("F102", GUEST + select(NAMED), True),
    ("F102", USER.replace("auth: user", "auth: none") + select(NAMED), True),
    ("F102", STAFF + select(NAMED), False),
    ("F102", USER.replace("{api: POST /x, auth: user}", "{called: true}") + select(NAMED), False),
    # What is nobody's, and what is somebody's by its name.
    ("F102", USER + select('{sku: "${{ inputs.id }}"}', "products"), False),
    ("F102", USER + select(NAMED, "users"), True),
    ("F102", USER + select('{id: "${{ user.id }}"}', "users"), False),
    # A value of an object that the caller named, however it is wrapped.
    ("F102", USER + session("session.metadata.order_id"), True),
    ("F102", USER + session("string(session.metadata.order_id)"), True),
    ("F102", USER + session("'a' + session.metadata.order_id"), True),
    ("F102", USER + session("inputs.many > 1 ? session.metadata.order_id : 'x'"), True),
    ("F102", USER + session("[session.metadata.order_id][0]"), True),
    # An amount is the caller's on either side of a sign, and through names.
    ("F101", USER + charge("inputs.n"), True),
    ("F101", USER + charge("100 + inputs.n"), True),
    ("F101", USER + charge("inputs.n + 100"), True),
    ("F101", USER + charge("inputs.many > 1 ? inputs.n : 100"), True),
    ("F101", USER + charge("inputs.many > 1 ? 100 : inputs.n"), True),
    ("F101", USER + charge("vars.b", '  - let: {a: "${{ inputs.n }}", b: "${{ 5 }}"}\n'), False),
    ("F101", USER + charge("vars.a", '  - let: {a: "${{ inputs.n }}", b: "${{ 5 }}"}\n'), True),
    ("F101", USER + charge("vars.b", '  - let: {a: "${{ 5 }}", b: "${{ inputs.n }}"}\n'), True),
    ("F101", USER + charge("product.amount * inputs.many", PRICE), False),
    ("F101", USER + charge("inputs.many * product.amount", PRICE), False),
    ("F101", USER + charge("product.amount * inputs.n", PRICE), True),
    ("F101", USER + charge("product.amount", PRICE), False),
    ("F101", STAFF + charge("inputs.n"), False),
    ("F101", USER + 'steps: [{call: ensure-customer, with: {amount: "${{ inputs.n }}"}}]\n', True),
    ("F101", USER + 'steps: [{call: ensure-customer, with: {name: "${{ inputs.id }}"}}]\n', False),
    *(
        ("F101", USER + f'steps:\n  - {{stripe: {action}, with: {{{name}: "${{{{ {value} }}}}"{more}}}, idempotency_key: x}}\n', True)
        for action, name, value, more in (
            ("coupons.create", "percent_off", "inputs.n", ", duration: once"),
            ("coupons.create", "amount_off", "inputs.n", ", duration: once, currency: usd"),
            ("prices.create", "unit_amount", "inputs.n", ", currency: usd, product: prod_1"),
            ("transfers.create", "amount", "inputs.n", ", currency: usd, destination: acct_1"),
            ("payment_intents.create", "application_fee_amount", "inputs.n", ", amount: 500, currency: usd"),
            ("payment_intents.create", "currency", "inputs.id", ", amount: 500"),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text", "expected"), CASES)
def test_a_rule_tells_the_callers_from_ours(code: str, text: str, expected: bool) -> None:
    codes = {diagnostic.code for diagnostic in load(text).diagnostics}
    assert (code in codes) is expected, codes


def test_a_column_that_refers_to_users_says_whose_a_row_is() -> None:
    """Whatever it is called."""
    catalog = shop_catalog()
    columns = {
        "id": Column("id", "string", primary=True),
        "buyer": Column("buyer", "uuid", references="users.id"),
        "product": Column("product", "string", references="products.sku"),
    }
    catalog.tables["gifts"] = TableShape("gifts", columns)
    catalog.tables["stock"] = TableShape("stock", {name: columns[name] for name in ("id", "product")})
    reported = {
        (table, where): "F102" in {d.code for d in load(USER + select(where, table), catalog=catalog).diagnostics}
        for table in ("gifts", "stock")
        for where in (NAMED, '{id: "${{ inputs.id }}", buyer: "${{ user.id }}"}')
        if table == "gifts" or where == NAMED
    }
    assert list(reported.values()) == [True, False, False]
