"""What a caller must not decide, and what belongs to whom: each door is found, the right way is silent."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from tests.support.workflow_driver import load
from tests.unit.workflows.checker.test_checker_with_stripe import catalog as stripe_catalog

from payloom.pages.document import read_page
from payloom.workflows.catalog.catalog import Column, TableShape, TemplateData
from payloom.workflows.checker.payment_rules.ownership import OBJECTS
from payloom.workflows.checker.payment_rules.taint import MONEY

if TYPE_CHECKING:
    from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe


def api(auth: str = "user", more: str = "") -> str:
    return f"name: T\ndescription: d\non: {{api: POST /x, auth: {auth}{more}}}\n"


API, GUEST, STAFF = api(), api("none"), api("[admin]")
CALLED = "name: T\ndescription: d\non: {called: true}\n"
PAID = "name: T\ndescription: d\non: {stripe: payment_intent, actions: [succeeded, payment_failed], fresh: true}\n"
MINE = '  - {id: mine, select: orders, where: {payment_intent: "${{ inputs.s }}", user_id: "${{ user.id }}"}, one: required}\n'
ORDERED = """input: {n: int, many: int 1..9, part: number 0..9, l: [int], id: uuid}
steps:
  - {id: one, insert: orders, values: {user_id: "${{ user.id }}", amount: "${{ inputs.n }}", status: pending}}
  - {id: two, insert: orders, values: [{user_id: "${{ user.id }}", amount: 5, status: pending}, {user_id: "${{ user.id }}", amount: "${{ inputs.n }}", status: pending}, {user_id: "${{ user.id }}", amount: 5, status: paid}]}
  - {id: again, select: orders, where: {id: "${{ one.id }}", user_id: "${{ user.id }}"}, one: required}
  - {id: all_of_them, select: orders, where: {user_id: "${{ user.id }}"}}
  - {let: {twice: "${{ inputs.n }}", never: 5}}
  - {let: {twice: 5, never: 6}}
  - {id: named, let: {theirs: "${{ inputs.n }}", ours: 5}}
  - {id: changed, update: users, where: {id: "${{ user.id }}"}, set: {stripe_customer_id: "${{ string(inputs.n) }}"}}
  - {id: me, select: users, where: {id: "${{ user.id }}"}, one: required}
"""
CHOSEN = [
    "one.amount", "two[0].amount", "again.amount", "all_of_them[0].amount", "all_of_them[inputs.many].amount",
    "sum(all_of_them.map(row, row.amount))", "sum(all_of_them.filter(row, row.amount > 5).map(row, row.amount))",
    "all_of_them.map(row, row)[0].amount", "inputs.n * 100", "[inputs.n][0]", "{'a': inputs.n}.a",
    "vars.twice", "named.theirs", "int(me.stripe_customer_id ?? '')", "int(500 * inputs.part)",
]  # fmt: skip
"""Amounts that a caller sent, whichever way they took."""
OURS = [
    "two[0].user_id", "vars.never", "named.ours", "me.email", "500 * inputs.many", "inputs.l.exists(x, x > 5)", "size(inputs.l)",
    "one.id", "all_of_them.map(row, row.id)[0]", "two.filter(row, row.amount > 5).map(row, row.id)[0]",
]  # fmt: skip
"""Other columns of the same rows."""
BY_METADATA = 'where: {id: "${{ object.metadata.order_id }}", status: pending'


def stripe(name: str, parameters: str, more: str = "") -> str:
    return f"  - {{id: done, stripe: {name}, with: {{{parameters}}}, {more}}}\n".replace(", }", "}")


def named(name: str, parameter: str, more: str = "") -> str:
    """A step whose object the caller names."""
    return "input: {s: string}\nsteps:\n" + stripe(name, f'{parameter}: "${{{{ inputs.s }}}}"{more}')


def catalog() -> CatalogWithStripe:
    known = dataclasses.replace(stripe_catalog())
    order = frozenset({("order", "id"), ("order", "amount"), ("order", "buyer"), ("order", "buyer", "email")})
    known.templates = {
        "receipt": TemplateData(frozenset({"total", "name"}), frozenset({"total"})),
        "bill": TemplateData(
            frozenset({"order"}), frozenset({"order"}), order - {("order", "buyer", "email"), ("order", "buyer")}
        ),
        "letter": TemplateData(frozenset({"order"}), frozenset({"order"}), order),
    }
    known.emails = set(known.templates)
    known.http_hosts = None
    columns = [
        *(Column(name, "string") for name in ("user_id", "state", "pay_state")),
        *(Column(name, "int") for name in ("paid", "credits")),
        Column("refunded", "bool"),
        Column("status", "string", enum=["open", "closed"]),
    ]
    known.tables = {**known.tables, "notes": TableShape("notes", {column.name: column for column in columns})}
    return known


OBJECT = [
    ("subscriptions.cancel", "id", ""),
    ("subscriptions.update", "id", ", metadata: {a: b}"),
    ("subscriptions.retrieve", "id", ""),
    ("payment_methods.detach", "id", ""),
    ("customers.delete", "id", ""),
    ("customers.retrieve", "id", ""),
    ("invoices.void_invoice", "id", ""),
    ("invoices.retrieve", "id", ""),
    ("invoices.list", "customer", ""),
    ("payment_methods.list", "customer", ""),
    ("payment_intents.cancel", "id", ""),
    ("payment_intents.retrieve", "id", ""),
    ("charges.retrieve", "id", ""),
    ("refunds.create", "charge", ""),
    ("checkout.sessions.expire", "id", ""),
    ("disputes.close", "id", ""),
]
WRONG: list[tuple[str, str, str]] = [
    ("F138", CALLED + "steps:\n" + stripe("subscriptions.update", "id: sub_1, items: [{price: price_2}]", "idempotency_key: x"), "beside those that the subscription has"),
    ("F138", CALLED + "steps:\n" + stripe("invoices.create_preview", "subscription: sub_1, subscription_details: {items: [{price: price_2}, {price: price_3}]}", ""), "beside those that the subscription has"),
    ("F137", CALLED + "steps:\n" + stripe("customers.create", "email: a@b.co", "idempotency_key: " + "k" * 256), "at most 255 characters, this has 256"),
    ("F137", CALLED + "steps:\n  - {http: POST https://api.example/x, idempotency_key: 'a${{ run.id }}" + "k" * 255 + "'}\n", "at most 255 characters, this has 256"),
    *(("F102", API + named(*door), f"somebody else's `{door[1]}` of `{door[0]}`") for door in OBJECT),
    *(("F102", GUEST + named(*door), f"somebody else's `{door[1]}` of `{door[0]}`") for door in OBJECT),
    ("F102", API + 'input: {s: string}\nsteps:\n  - {stripe: balance.retrieve, account: "${{ inputs.s }}"}\n', "somebody else's `account`"),
    ("F102", API + "input: {s: string}\nsteps:\n" + stripe("subscriptions.retrieve", 'id: "${{ inputs.s }}"').replace("done", "sub") + stripe("subscriptions.cancel", 'id: "${{ sub.id }}"'), "of `subscriptions.cancel`"),
    ("F101", API + "input: {n: int}\nsteps:\n" + stripe("subscriptions.create", 'customer: "${{ user.id }}", items: [{price: price_1}], trial_period_days: "${{ inputs.n }}"', 'idempotency_key: "${{ user.id }}"'), "decides `trial_period_days`"),
    ("F101", API + "input: {n: int}\nsteps:\n" + stripe("transfers.create", 'amount: "${{ inputs.n * 100 }}", currency: usd, destination: acct_1', "idempotency_key: x"), "decides `amount`"),
    ("F101", API + 'input: {n: int}\nsteps:\n  - {id: o, insert: orders, values: {user_id: "${{ user.id }}", status: pending, amount: "${{ inputs.n }}"}}\n  - {id: row, select: orders, where: {id: "${{ o.id }}", user_id: "${{ user.id }}"}, one: required}\n' + stripe("payment_intents.create", 'amount: "${{ row.amount }}", currency: usd', 'idempotency_key: "${{ o.id }}"'), "decides `amount`"),
    ("F101", API + "input: {n: int 100..5000}\nsteps:\n" + stripe("payment_intents.create", 'amount: "${{ inputs.n }}", currency: usd', "idempotency_key: x"), "`int 100..50000 chosen`"),
    ("F103", api(more=', dedupe: "${{ uuid() }}"') + "steps: [{log: x}]\n", "this key is new on every run"),
    ("F103", API + 'input: {id: uuid}\nonce: "${{ user.id }}-${{ now() }}"\nsteps: [{log: x}]\n', "this key is new on every run"),
    ("F120", api("none", ", dedupe: same") + "steps: [{log: x}]\n", "this key is the same for every caller"),
    ("F120", api("optional", ", dedupe: 'a-${{ env.SITE_URL }}'") + "steps: [{log: x}]\n", "this key is the same for every caller"),
    *(("F101", API + ORDERED + stripe("payment_intents.create", f'amount: "${{{{ {amount} }}}}", currency: usd', 'idempotency_key: "${{ inputs.id }}"'), "decides `amount`") for amount in CHOSEN),
    ("F103", API + 'input: {id: uuid}\nsteps:\n  - {let: {k: "${{ uuid() }}"}}\n' + stripe("refunds.create", "charge: ch_1", 'idempotency_key: "r-${{ vars.k }}"'), "new on every run"),
    ("F103", API + 'input: {id: uuid}\nsteps:\n  - {id: key, let: {k: "${{ string(now()) }}"}}\n' + stripe("refunds.create", "charge: ch_1", 'idempotency_key: "${{ key.k }}"'), "new on every run"),
    ("F103", API + "steps:\n" + stripe("payment_intents.create", "amount: 500, currency: usd", "idempotency_key: same"), "all callers share this key"),
    ("F104", API + "steps:\n" + stripe("payment_intents.create", "amount: 500, currency: usd", 'idempotency_key: "pay-${{ run.id }}"'), "a second click"),
    ("F104", API + 'steps:\n  - {id: o, insert: orders, values: {user_id: "${{ user.id }}", amount: 5, status: pending}}\n' + stripe("payment_intents.create", "amount: 500, currency: usd", 'idempotency_key: "pay-${{ o.id }}"'), "a second click"),
    ("F130", API + 'input: {id: uuid, status: string}\nsteps:\n  - {update: orders, where: {id: "${{ inputs.id }}", user_id: "${{ user.id }}"}, set: {status: "${{ inputs.status }}"}}\n', "set their own `status`"),
    ("F130", API + 'input: {id: uuid, status: "pending | paid"}\nsteps:\n  - {update: orders, where: {id: "${{ inputs.id }}", user_id: "${{ user.id }}"}, set: {status: "${{ inputs.status }}"}}\n', "set their own `status`"),
    ("F130", API + 'input: {plan: "free | pro"}\nsteps:\n  - {update: users, where: {id: "${{ user.id }}"}, set: {plan: "${{ inputs.plan }}"}}\n', "set their own `plan`"),
    ("F130", API + 'input: {on: bool}\nsteps:\n  - {update: users, where: {id: "${{ user.id }}"}, set: {has_access: "${{ inputs.on }}"}}\n', "set their own `has_access`"),
    ("F130", API + 'input: {at: datetime}\nsteps:\n  - {insert: orders, values: {user_id: "${{ user.id }}", status: pending, paid_at: "${{ inputs.at }}"}}\n', "set their own `paid_at`"),
    ("F131", GUEST + 'input: {email: email}\nsteps:\n  - {email: receipt, to: "${{ inputs.email }}", data: {total: x}}\n', "anybody can have mails sent"),
    ("F131", api("optional") + 'input: {email: email}\nsteps:\n  - {email: receipt, to: ["${{ inputs.email }}"], data: {total: x}}\n', "anybody can have mails sent"),
    ("F132", API + "input: {back: string}\nsteps:\n" + stripe("billing_portal.sessions.create", 'customer: "${{ user.id }}", return_url: "${{ inputs.back }}"'), "where `return_url` leads"),
    ("F132", API + "input: {back: url}\nsteps:\n" + stripe("checkout.sessions.create", 'mode: payment, success_url: "${{ inputs.back }}?ok=1"'), "where `success_url` leads"),
    ("F132", API + "input: {back: url}\nsteps:\n" + stripe("checkout.sessions.create", "mode: payment, success_url: \"${{ inputs.back + '/x' }}\""), "where `success_url` leads"),
    ("F132", API + "input: {u: url}\nsteps:\n  - http: GET ${{ inputs.u }}\n", "which host is called"),
    ("F133", API + "input: {e: string}\nsteps:\n" + stripe("customers.search", "query: \"email:'${{ inputs.e }}'\""), "what this query searches for"),
    ("F134", PAID + 'steps: [{log: "${{ string(object.amount / 100) }}"}]\n', "divided by hand"),
    ("F134", PAID + 'steps: [{log: "${{ string(double(object.amount_received) / 100.0) }}"}]\n', "divided by hand"),
    ("F135", PAID + f"steps:\n  - {{update: orders, {BY_METADATA}}}, set: {{status: paid}}}}\n", "compares what was paid"),
    ("F136", CALLED + 'steps:\n  - {id: rows, select: orders, where: {status: pending}}\n  - let: {total: "${{ sum(rows.map(row, row.amount)) }}"}\n' + stripe("payment_intents.create", 'amount: "${{ vars.total }}", currency: "${{ rows[0].currency }}"', "idempotency_key: x"), "may mix currencies"),
    ("F137", CALLED + "steps:\n" + stripe("payment_intents.create", "amount: 100, currency: eurr", "idempotency_key: x"), "no currency 'eurr' (did you mean 'eur'?)"),
    ("F137", CALLED + "steps:\n" + stripe("payment_intents.create", "amount: 10, currency: usd", "idempotency_key: x"), "no less than 50 usd"),
    ("F137", CALLED + "steps:\n" + stripe("payment_intents.create", "amount: 12345, currency: kwd", "idempotency_key: x"), "an amount in kwd ends in 0"),
    ("F137", CALLED + "steps:\n" + stripe("prices.create", "unit_amount: 1050, currency: isk, product: prod_1", "idempotency_key: x"), "an amount in isk ends in 00"),
    ("F137", CALLED + "steps:\n" + stripe("checkout.sessions.create", "mode: payment, line_items: [{quantity: 1, price_data: {currency: bhd, unit_amount: 1001, product: prod_1}}]", "idempotency_key: x"), "an amount in bhd ends in 0"),
    ("F137", CALLED + "steps:\n" + stripe("customers.create", f"metadata: {{{'k' * 41}: x}}", "idempotency_key: x"), "at most 40 characters"),
    ("F137", CALLED + "steps:\n" + stripe("customers.create", f"metadata: {{k: {'v' * 501}}}", "idempotency_key: x"), "at most 500 characters"),
    ("F137", CALLED + "steps:\n" + stripe("customers.create", "metadata: {" + ", ".join(f"k{n}: x" for n in range(51)) + "}", "idempotency_key: x"), "51 keys"),
    ("F137", CALLED + "steps:\n" + stripe("customers.create", 'metadata: {"a[b]": x}', "idempotency_key: x"), "square brackets"),
    ("F137", CALLED + "steps:\n" + stripe("payment_intents.create", "amount: 100, currency: usd, statement_descriptor: AB", "idempotency_key: x"), "5 to 22 characters"),
    ("F137", CALLED + "steps:\n" + stripe("payment_intents.create", "amount: 100, currency: usd, statement_descriptor_suffix: a<b", "idempotency_key: x"), "takes none of"),
    ("F137", CALLED + "steps:\n" + stripe("payment_intents.create", "amount: 100, currency: usd, statement_descriptor_suffix: '12345'", "idempotency_key: x"), "needs a letter"),
    ("F001", CALLED + "steps:\n  - {email: receipt, to: a@b.co, data: {total: 1, nmae: 2}}\n", "reads no `nmae` (did you mean 'name'?)"),
    ("F002", CALLED + "steps:\n  - {email: receipt, to: a@b.co, data: {name: 2}}\n", "reads total, and `data` has none"),
    ("F002", CALLED + "steps:\n  - {email: bill, to: a@b.co, data: {order: {id: 1, amuont: 2}}}\n", "reads `order.amount`, and this value has no `amount` (did you mean 'amuont'?)"),
    ("F002", CALLED + 'steps:\n  - {id: row, select: users, where: {id: x}, one: required}\n  - {email: bill, to: a@b.co, data: {order: "${{ row }}"}}\n', "test.yaml:6:45: the template `bill` reads `order.amount`"),
    ("F002", CALLED + 'steps:\n  - {id: row, select: users, where: {id: x}, one: optional}\n  - {email: bill, to: a@b.co, data: {order: "${{ row }}"}}\n', "reads `order.amount`"),
    ("F002", CALLED + "steps:\n  - {email: letter, to: a@b.co, data: {order: {id: 1, amount: 2, buyer: {name: x}}}}\n", "reads `order.buyer.email`, and this value has no `email`"),
    ("F002", CALLED + "steps:\n  - {email: letter, to: a@b.co, data: {order: \"${{ {'id': 1, 'amount': 2, 'buyer': {'name': 'x'}} }}\"}}\n", "reads `order.buyer.email`, and this value has no `email`"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text", "message"), WRONG)
def test_finds(code: str, text: str, message: str) -> None:
    diagnostics = list(load(text, catalog=catalog()).diagnostics)
    hits = [diagnostic.format() for diagnostic in diagnostics if diagnostic.code == code]
    assert any(message in hit for hit in hits), [diagnostic.format() for diagnostic in diagnostics]


RIGHT = [
    CALLED + "steps:\n" + stripe("subscriptions.update", "id: sub_1, items: [{id: si_1, price: price_2}, {price: price_3}]", "idempotency_key: x"),
    CALLED + "steps:\n" + stripe("subscriptions.update", "id: sub_1, items: '${{ [run.id] }}'", "idempotency_key: x"),
    CALLED + "steps:\n" + stripe("subscriptions.create", "customer: cus_1, items: [{price: price_2}]", "idempotency_key: x"),
    CALLED + "steps:\n" + stripe("invoices.create_preview", "customer: cus_1, subscription_details: {items: [{price: price_2}]}", ""),
    CALLED + "steps:\n" + stripe("customers.create", "email: a@b.co", "idempotency_key: " + "k" * 255),
    CALLED + "steps:\n" + stripe("customers.create", "email: a@b.co", "idempotency_key: \"${{ {'a': {'b': run.id}}.a.b }}" + "k" * 250 + '"'),
    PAID + 'steps: [{log: "${{ string(object.amount / size(object.id)) }} ${{ string(500 / 100) }}"}]\n',
    PAID + f"steps:\n  - {{update: orders, {BY_METADATA}}}, set: {{failure: none}}}}\n",
    API + 'steps:\n  - {update: users, where: {id: "${{ user.id }}"}, set: {paid_at: "${{ now() }}", plan: free}}\n',
    API + 'input: {n: int, s: string}\nsteps:\n  - {insert: notes, values: {user_id: "${{ user.id }}", paid: "${{ inputs.n }}", status: "${{ inputs.s }}", state: "${{ inputs.s }}"}}\n',
    API + "input: {id: uuid}\nsteps:\n" + stripe("checkout.sessions.create", 'mode: payment, line_items: [{price: price_1, quantity: 1}], client_reference_id: "${{ inputs.id }}"') + '  - {stripe: payment_intents.retrieve, with: {id: "${{ string(done.payment_intent) }}"}}\n',
    API + 'input: {s: string, id: uuid}\nsteps:\n  - {id: row, select: orders, where: {id: "${{ inputs.id }}", user_id: "${{ user.id }}"}, one: required}\n' + stripe("charges.retrieve", 'id: "${{ inputs.s }}"') + "  - {ensure: done.id == row.charge, message: no}\n",
    API + 'input: {id: uuid}\nsteps:\n  - {id: row, select: orders, where: {id: "${{ inputs.id }}", user_id: ["${{ user.id }}"]}}\n',
    *(API + ORDERED + stripe("payment_intents.create", f'amount: "${{{{ int(string({amount})) }}}}", currency: usd', 'idempotency_key: "${{ inputs.id }}"') for amount in OURS),
    API + "input: {id: uuid}\nsteps:\n" + stripe("payment_intents.create", "amount: 500, currency: usd", 'idempotency_key: "${{ inputs.id }}-${{ run.id }}"'),
    API + 'input: {id: uuid}\nsteps:\n  - {let: {k: "${{ inputs.id }}"}}\n' + stripe("payment_intents.create", "amount: 500, currency: usd", 'idempotency_key: "${{ vars.k }}"'),
    CALLED + "steps:\n" + stripe("payment_intents.create", "amount: 500, currency: usd", "idempotency_key: same"),
    API + "steps:\n" + stripe("refunds.create", "charge: ch_1", "idempotency_key: refund-ch_1"),
    STAFF + "steps:\n" + stripe("payment_intents.create", "amount: 500, currency: usd", "idempotency_key: same"),
    # The object is named by a row of the user's, or something compares its owner with the user.
    API + 'steps:\n  - {id: me, select: users, where: {id: "${{ user.id }}"}, one: required}\n' + stripe("subscriptions.cancel", 'id: "${{ me.subscription_id }}"'),
    API + "input: {s: string}\nsteps:\n" + MINE + stripe("payment_intents.cancel", 'id: "${{ inputs.s }}"'),
    API + 'input: {s: string}\nsteps:\n  - {id: me, select: users, where: {id: "${{ user.id }}"}, one: required}\n' + stripe("subscriptions.retrieve", 'id: "${{ inputs.s }}"').replace("done", "sub") + "  - {ensure: sub.customer == me.stripe_customer_id, message: no}\n" + stripe("subscriptions.cancel", 'id: "${{ sub.id }}"'),
    API + 'input: {s: string}\nsteps:\n  - {id: me, select: users, where: {id: "${{ user.id }}"}, one: required}\n' + stripe("invoices.retrieve", 'id: "${{ inputs.s }}"').replace("done", "bill") + "  - {if: bill.customer != me.stripe_customer_id, then: [{raise: {status: 404, code: no, message: no}}]}\n" + stripe("invoices.void_invoice", 'id: "${{ inputs.s }}"'),
    API + "input: {s: string cs_*}\nsteps:\n" + stripe("checkout.sessions.retrieve", 'id: "${{ inputs.s }}"'),
    # A role is there for it.
    *(STAFF + named(*door) for door in OBJECT if door[0] != "refunds.create"),
    STAFF + "input: {n: int, id: uuid}\nsteps:\n" + stripe("transfers.create", 'amount: "${{ inputs.n }}", currency: usd, destination: acct_1', 'idempotency_key: "${{ inputs.id }}"'),
    # The person chooses the amount, between two bounds.
    GUEST + "input: {n: int 100..50000 chosen, id: uuid}\nsteps:\n" + stripe("payment_intents.create", 'amount: "${{ inputs.n }}", currency: usd', 'idempotency_key: "${{ inputs.id }}"'),
    # A key of what the caller sent.
    api("none", ', dedupe: "${{ inputs.id }}"') + "input: {id: uuid}\nsteps: [{log: x}]\n",
    # A word that no money stands for, and a plan that one pays for.
    API + 'input: {id: uuid, status: "pending | failed"}\nsteps:\n  - {update: orders, where: {id: "${{ inputs.id }}", user_id: "${{ user.id }}"}, set: {status: "${{ inputs.status }}"}}\n',
    PAID + 'steps:\n  - {update: users, where: {id: "${{ object.metadata.user_id }}"}, set: {plan: pro, paid_at: "${{ now() }}", subscription_status: "${{ string(object.amount) }}"}}\n',
    STAFF + 'input: {id: string, plan: string}\nsteps:\n  - {update: users, where: {id: "${{ inputs.id }}"}, set: {plan: "${{ inputs.plan }}"}}\n',
    # Few mails, or to the person who asks.
    api("none", ", rate_limit: 5/h") + 'input: {email: email}\nsteps:\n  - {email: receipt, to: "${{ inputs.email }}", data: {total: x}}\n',
    API + 'steps:\n  - {email: receipt, to: "${{ user.email }}", data: {total: x}}\n',
    # Every field that the template reads, or a value that can have any.
    CALLED + "steps:\n  - {email: letter, to: a@b.co, data: {order: {id: 1, amount: 2, buyer: {email: x}}}}\n",
    CALLED + 'steps:\n  - {id: row, select: orders, where: {id: x}, one: required}\n  - {email: bill, to: a@b.co, data: {order: "${{ row }}"}}\n',
    PAID + 'steps:\n  - {email: letter, to: a@b.co, data: {order: "${{ object.metadata }}"}}\n',
    # Our address, their page.
    API + "input: {id: uuid}\nsteps:\n" + stripe("checkout.sessions.create", 'mode: payment, line_items: [{price: price_1, quantity: 1}], success_url: "${{ env.SITE_URL }}/orders/${{ inputs.id }}"'),
    API + "input: {id: uuid}\nsteps:\n  - http: GET https://api.example/orders/${{ inputs.id }}\n",
    # Amounts for people.
    PAID + 'steps: [{log: "${{ money(object.amount, object.currency) }}"}]\n',
    PAID + 'steps: [{log: "${{ string(object.created / 1000) }}"}]\n',
    PAID + f'steps:\n  - {{update: orders, {BY_METADATA}, amount: "${{{{ object.amount }}}}"}}, set: {{status: paid}}}}\n',
    CALLED + 'steps:\n  - {id: rows, select: orders, where: {status: pending}}\n  - {ensure: "rows.all(row, row.currency == rows[0].currency)", message: no}\n' + stripe("payment_intents.create", 'amount: "${{ sum(rows.map(row, row.amount)) }}", currency: "${{ rows[0].currency }}"', "idempotency_key: x"),
    CALLED + "steps:\n" + stripe("payment_intents.create", "amount: 12340, currency: KWD, statement_descriptor_suffix: ORDER 12, metadata: {order: x}", "idempotency_key: x"),
    CALLED + "steps:\n" + stripe("payment_intents.create", 'amount: 100, currency: usd, statement_descriptor_suffix: "order <${{ run.id }}> of the shop"', "idempotency_key: x"),
    CALLED + "steps:\n" + stripe("payment_intents.create", "amount: 50, currency: jpy", "idempotency_key: x"),
    # Setting values again sets them to what they are.
    API + 'steps:\n  - {id: me, select: users, where: {id: "${{ user.id }}"}, one: required}\n' + stripe("subscriptions.update", 'id: "${{ me.subscription_id }}", metadata: {a: b}'),
    CALLED + "steps:\n  - {email: receipt, to: a@b.co, data: {total: 1}}\n",
]  # fmt: skip
QUIET = {"F001", "F002", "F101", "F102", "F103", "F104", "F120", "F130", "F131", "F132", "F133", "F134", "F135", "F136", "F137", "F138"}  # fmt: skip


@pytest.mark.parametrize("text", RIGHT)
def test_is_silent_about_the_right_way(text: str) -> None:
    diagnostics = [diagnostic for diagnostic in load(text, catalog=catalog()).diagnostics if diagnostic.code in QUIET]
    assert diagnostics == [], [f"{diagnostic.code} {diagnostic.format()}" for diagnostic in diagnostics]


def test_every_parameter_that_refers_to_an_object_is_money_or_names_an_object() -> None:
    """Over all operations: a text parameter called like a resource of Stripe's, but for those that nobody owns."""
    owned = {
        "account", "charge", "customer", "dispute", "invoice", "mandate", "payment_intent", "payment_method", "payout",
        "quote", "refund", "setup_intent", "source", "subscription", "subscription_item", "transfer",
    }  # fmt: skip
    parameters = {
        name
        for action in (catalog().action("stripe", name) for name in catalog().action_names("stripe"))
        if action is not None and action.params
        for name in action.params.get("properties", {})
    }
    assert len(parameters) > 200
    assert parameters & owned <= OBJECTS | MONEY


PAGES = [
    ("none", '{id: "${{ params.id }}"}', True),
    ("optional", '{id: "${{ query.id }}"}', True),
    ("user", '{id: "${{ params.id }}"}', True),
    ("user", '{id: "${{ params.id }}", user_id: "${{ user.id }}"}', False),
    ("[admin]", '{id: "${{ params.id }}"}', False),
    ("none", "{status: paid}", False),
]


@pytest.mark.parametrize(("auth", "where", "reported"), PAGES)
def test_a_page_does_not_show_rows_that_a_visitor_names(auth: str, where: str, reported: bool) -> None:
    text = f"---\npath: /orders/{{id}}\nauth: {auth}\ntitle: T\ndata:\n  order: {{select: orders, where: {where}}}\n---\nx\n"
    _, diagnostics = read_page(text, "order.html.j2", catalog())
    assert ["F102" for diagnostic in diagnostics if diagnostic.code == "F102"] == (["F102"] if reported else [])


def test_an_id_that_is_money_has_one_finding() -> None:
    text = (
        API
        + "input: {s: string, id: uuid}\nsteps:\n"
        + stripe("refunds.create", 'payment_intent: "${{ inputs.s }}"', 'idempotency_key: "${{ inputs.id }}"')
    )
    assert [
        diagnostic.code for diagnostic in load(text, catalog=catalog()).diagnostics if diagnostic.code.startswith("F10")
    ] == ["F101"]
