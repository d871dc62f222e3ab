"""Every rule finds what it is for, at its place, and stays silent about the right way to write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.workflow_driver import load, shop_catalog
from tests.unit.workflows.checker.test_callers import WRONG as WRONG_OF_CALLERS

from payloom.workflows.checker.rules import RULES

if TYPE_CHECKING:
    from payloom.kit.diagnostics import Diagnostic

MANUAL = "name: T\ndescription: d\non: {manual: true}\n"
CALLED = "name: T\ndescription: d\non: {called: true}\n"
API = "name: T\ndescription: d\non: {api: POST /x, auth: user}\n"
PAID = "name: T\ndescription: d\non: {stripe: payment_intent, actions: [succeeded, payment_failed], fresh: true}\n"


def found(text: str) -> list[Diagnostic]:
    return list(load(text).diagnostics)


def codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in found(text)]


WRONG: list[tuple[str, str, str]] = [
    # ---------------------------------------------------------------- F001
    ("F001", MANUAL + "steps: [{select: user, where: {id: 1}}]\n", "4:18: unknown table `user` (did you mean 'users'?)"),
    ("F001", MANUAL + "steps: [{select: users, where: {mail: x}}]\n", "4:33: unknown column of `users` `mail` (did you mean 'email'?)"),
    ("F001", MANUAL + "steps: [{update: users, where: {any: [{idd: x}]}, set: {plan: x}}]\n", "unknown column of `users` `idd`"),
    ("F001", MANUAL + "steps: [{stripe: checkout.session.create}]\n", "did you mean 'checkout.sessions.create'?"),
    ("F001", MANUAL + "steps: [{stripe: customers.create, with: {emial: x}}]\n", "`customers.create` does not take `emial` (did you mean 'email'?)"),
    ("F001", MANUAL + "steps: [{email: reciept, to: a@b.c}]\n", "unknown template `reciept` (did you mean 'receipt'?)"),
    ("F001", MANUAL + "steps: [{call: ensure-custmer}]\n", "unknown workflow `ensure-custmer` (did you mean 'ensure-customer'?)"),
    ("F001", MANUAL + "steps: [{python: 'shop:prise'}]\n", "unknown function `shop:prise` (did you mean 'shop:price'?)"),
    ("F001", MANUAL + "steps: [{log: \"${{ mony(1, 'usd') }}\"}]\n", "4:20: unknown function `mony` (did you mean 'money'?)"),
    ("F001", MANUAL + 'steps: [{log: "${{ env.SITE_URI }}"}]\n', "`env` has no field `SITE_URI` (did you mean 'SITE_URL'?)"),
    ("F001", MANUAL + 'steps: [{log: "${{ evnt.id }}"}]\n', "unknown name `evnt`"),
    ("F001", MANUAL + 'input: {name: string}\nsteps: [{log: "${{ inputs.nmae }}"}]\n', "`inputs` has no field `nmae` (did you mean 'name'?)"),
    ("F001", MANUAL + "steps:\n  - {id: row, select: users, where: {id: x}, one: required}\n  - log: ${{ row.emial }}\n", "6:14: `row` has no field `emial` (did you mean 'email'?)"),
    ("F001", MANUAL + 'steps: [{log: "${{ steps.nothing.x }}"}]\n', "there is no step `nothing`"),
    ("F001", MANUAL + "steps: [{id: event, log: x}]\n", "`event` is reserved for expressions"),
    ("F001", MANUAL + "steps: [{id: a, log: x}, {id: a, log: y}]\n", "the id `a` is used twice"),
    ("F001", "name: T\non: {stripe: payment_intents}\nsteps: [{log: x}]\n", "unknown event family `payment_intents` (did you mean 'payment_intent'?)"),
    ("F001", "name: T\non: {stripe: payment_intent.succeeded}\nsteps: [{log: x}]\n", "is an event type, not a family (write stripe: payment_intent and actions: [succeeded])"),
    ("F001", "name: T\non: {stripe: payment_intent, actions: [suceeded]}\nsteps: [{log: x}]\n", "unknown action of `payment_intent` `suceeded` (did you mean 'succeeded'?)"),
    ("F001", "name: T\non: {api: 'POST /orders/{order}', auth: user}\ninput: {order_id: uuid}\nsteps: [{log: x}]\n", "the path's `{order}` is not an input"),
    ("F001", 'name: t\non: {api: POST /x, auth: user}\nsteps:\n  - return: {a: "${{ user.emailVerified }}"}\n', "did you mean 'email_verified'?"),
    # ---------------------------------------------------------------- F002
    ("F002", MANUAL + "steps:\n  - log: ${{ row.email }}\n  - {id: row, select: users, where: {id: x}, one: required}\n", "5:14: `row` is read before it runs (move the step up)"),
    ("F002", MANUAL + "steps:\n  - {id: row, select: users, where: {id: x}, one: optional}\n  - log: ${{ row.email }}\n", "`row` may be null here"),
    ("F002", MANUAL + "steps:\n  - {id: row, when: 1 > run.id.size(), select: users, where: {id: x}, one: required}\n  - log: ${{ row.email }}\n", "`row` may be null here"),
    ("F002", MANUAL + "steps:\n  - for_each: \"['a']\"\n    do: [{id: row, insert: orders, values: {status: paid, user_id: u}}]\n  - log: ${{ row.status }}\n", "`row` cannot be read here"),
    ("F002", MANUAL + 'steps:\n  - parallel:\n      a: [{id: one, insert: orders, values: {status: paid, user_id: u}}]\n      b: [{log: "${{ one.id }}"}]\n', "`one` "),
    ("F002", MANUAL + "steps:\n  - log: ${{ event.id }}\n", "there is no `event` here"),
    ("F002", PAID + "steps:\n  - log: ${{ user.id }}\n", "there is no user here"),
    # ---------------------------------------------------------------- F003
    ("F003", MANUAL + "steps: [{stripe: payment_intents.create, with: {amount: '12'}}]\n", "`amount` takes a whole number, found '12'"),
    ("F003", MANUAL + "steps: [{stripe: payment_intents.create, with: {metadata: x}}]\n", "`metadata` takes a map, found 'x'"),
    ("F003", MANUAL + 'steps:\n  - {id: row, select: users, where: {id: x}, one: required}\n  - {stripe: payment_intents.create, with: {amount: "${{ row.email }}"}}\n', "`amount` takes a whole number; `row.email` is text"),
    ("F003", MANUAL + "steps: [{update: orders, where: {id: x}, set: {status: payed}}]\n", "`orders.status` cannot be 'payed' (did you mean 'paid'?)"),
    ("F003", MANUAL + "steps: [{update: orders, where: {id: x}, set: {amount: much}}]\n", "`orders.amount` is a whole number, found 'much'"),
    ("F003", MANUAL + "steps: [{insert: orders, values: {user_id: u}}]\n", "a row of `orders` needs `status`"),
    ("F003", MANUAL + "steps: [{update: users, where: {id: x}, set: {email: null}}]\n", "`users.email` cannot be null"),
    ("F003", MANUAL + "input: {n: int}\nsteps: [{if: inputs.n, then: [{log: x}]}]\n", "a condition is true or false"),
    ("F003", MANUAL + "input: {n: int}\nsteps: [{log: \"${{ inputs.n + 'a' }}\"}]\n", "5:20"),
    # ---------------------------------------------------------------- F004, F005
    ("F004", MANUAL + "steps: [{if: 'a &&', then: []}]\n", "4:"),
    ("F005", MANUAL + "steps:\n  - log: x  # payloom: ignore[F201]\n", "does not say why"),
    ("F005", MANUAL + "steps:\n  - log: x  # payloom: ignore\n", "does not say which rule"),
    ("F005", MANUAL + "steps:\n  - log: x  # payloom: ignore[F999] because\n", "there is no rule F999"),
    # ---------------------------------------------------------------- F010, F011
    ("F006", MANUAL + "steps: [{stripe: checkout.sessions.create, with: {mode: gift}}]\n", "Stripe lists no 'gift' for `mode`"),
    ("F003", MANUAL + "steps: [{stripe: checkout.sessions.create, with: {mode: ''}}]\n", "`mode` has no value yet"),
    ("F010", MANUAL + "steps: [{return: 1}, {log: x}]\n", "4:22: this step is never reached"),
    ("F010", MANUAL + "steps: [{if: 1 > 2, then: [{log: x}]}]\n", "the condition is always false"),
    ("F010", PAID + "steps:\n  - switch: event.action\n    cases: {succeded: [{log: x}]}\n", "`succeded` is not an action here (did you mean 'succeeded'?)"),
    ("F011", MANUAL + "steps: [{while: 'true', do: [{log: x}]}]\n", "`while` needs `max`"),
    # ---------------------------------------------------------------- F101 to F104
    ("F101", API + 'input: {amount: int}\nsteps: [{stripe: payment_intents.create, with: {amount: "${{ inputs.amount }}"}, idempotency_key: "${{ user.id }}"}]\n', "5:62: the client decides `amount`"),
    ("F101", API + "input: {items: [{price: string}]}\nsteps:\n  - stripe: checkout.sessions.create\n    with: {line_items: \"${{ inputs.items.map(i, {'price': i.price, 'quantity': 1}) }}\"}\n", "the client decides `price`"),
    ("F101", API + 'input: {n: int}\nsteps:\n  - let: {total: "${{ inputs.n * 2 }}"}\n  - {stripe: payment_intents.create, with: {amount: "${{ vars.total }}"}, idempotency_key: "${{ user.id }}"}\n', "the client decides `amount`"),
    ("F101", API + 'input: {n: int}\nsteps:\n  - {id: order, insert: orders, values: {user_id: u, status: pending, amount: "${{ inputs.n }}"}}\n  - {stripe: payment_intents.create, with: {amount: "${{ order.amount }}"}, idempotency_key: "${{ user.id }}"}\n', "the client decides `amount`"),
    ("F101", API + 'input: {n: int}\nsteps:\n  - {stripe: refunds.create, with: {amount: "${{ inputs.n }}"}, idempotency_key: "${{ user.id }}"}\n', "the client decides `amount`"),
    ("F101", API + 'input: {n: int}\nsteps: [{call: ensure-customer, with: {amount: "${{ inputs.n }}"}}]\n', "the client decides `amount`"),
    ("F102", API + 'input: {id: uuid}\nsteps:\n  - select: orders\n    where: {id: "${{ inputs.id }}"}\n', "7:13: any caller can name another user's row of `orders` (add user_id:"),
    ("F102", API + 'input: {id: string}\nsteps:\n  - {update: users, where: {id: "${{ inputs.id }}"}, set: {plan: pro}}\n', "another user's row of `users`"),
    ("F102", API + 'input: {sid: string}\nsteps:\n  - {id: session, stripe: checkout.sessions.retrieve, with: {id: "${{ inputs.sid }}"}}\n  - {select: orders, where: {id: "${{ session.metadata.order_id }}"}}\n', "another user's row of `orders`"),
    ("F103", MANUAL + 'steps: [{stripe: customers.create, idempotency_key: "a-${{ uuid() }}"}]\n', "this key is new on every run"),
    ("F103", MANUAL + "steps:\n  - for_each: \"['a']\"\n    do: [{stripe: customers.create, idempotency_key: same}]\n", "all rounds of the loop share this key"),
    ("F104", API + "steps: [{stripe: payment_intents.create, with: {amount: 100, currency: usd}}]\n", "a second click moves the money a second time"),
    # ---------------------------------------------------------------- F105 to F113, F201
    ("F105", "name: T\non: {stripe: payment_intent, actions: [succeeded]}\nsteps: [{log: x}]\n", "`succeeded` is handled here, and `payment_failed` is not"),
    ("F106", 'name: T\non: {api: GET /x, auth: user}\nsteps: [{update: users, where: {id: "${{ user.id }}"}, set: {has_access: true}}]\n', "a GET endpoint changes something"),
    ("F107", "name: T\non: {stripe: checkout.session, actions: [completed]}\nsteps: [{email: receipt, to: a@b.c}]\n", "a completed session need not be paid"),
    ("F108", "name: T\non: {stripe: payment_intent}\nsteps: [{update: orders, where: {id: x}, set: {status: paid}}]\n", "a late event may overwrite a newer `status`"),
    ("F109", PAID + 'steps: [{update: users, where: {id: "${{ object.metadata?.user_id }}"}, set: {plan: pro}}]\n', "`id` may be null"),
    ("F109", MANUAL + "steps: [{delete: users, where: {}}]\n", "touches every row"),
    ("F110", PAID + 'steps: [{log: "${{ object.client_secret }}"}]\n', "`client_secret` would be readable in the log"),
    ("F110", MANUAL + 'steps: [{log: "${{ secrets.KEY }}"}]\n', "secrets are for the headers and the body"),
    ("F110", MANUAL + 'input: {card_number: string}\nsteps: [{return: "${{ inputs.card_number }}"}]\n', "card data must not pass through a workflow"),
    ("F111", MANUAL + "steps: [{stripe: payment_intents.create, with: {amount: 12.5}}]\n", "12.5 is not an amount"),
    ("F111", MANUAL + 'steps: [{stripe: payment_intents.create, with: {amount: "${{ 0.5 * 3.0 }}"}}]\n', "`amount` takes a whole number"),
    ("F112", MANUAL + 'steps:\n  - {id: all, select: users, where: {plan: pro}}\n  - {for_each: all, do: [{email: receipt, to: "${{ item.email }}"}]}\n', "a mail per item, without a limit"),
    ("F121", MANUAL + "steps:\n  - {id: mine, select: orders, where: {id: o1}, one: required}\n  - wait: 3d\n  - {if: mine.status == 'paid', then: [{log: x}]}\n", "`mine.status` was read before line 6 (`wait`)"),
    ("F122", "name: T\ndescription: d\non: {stripe: invoice, actions: [upcoming], fresh: true}\nsteps: [{log: x}]\n", "cannot be read again"),
    ("F113", MANUAL + "steps: [{http: POST https://evil.example/x}]\n", "`evil.example` is not a host this project may call"),
    ("F120", API + "input: {order: string}\nonce: ${{ inputs.order }}\nsteps: [{return: 1}]\n", "5:7: this key has no user"),
    ("F120", API.replace("user}", "optional}") + "input: {order: string}\nonce: ${{ inputs.order }}\nsteps: [{return: 1}]\n", "this key has no user"),
    ("F120", API.replace("user}", "none}") + "once: first\nsteps: [{return: 1}]\n", "this key is the same for every caller"),
    ("F120", API.replace("user}", "[admin]}") + "once: first\nsteps: [{return: 1}]\n", "this key is the same for every caller"),
    ("F201", "name: T\non: {manual: true}\nsteps: [{log: x}]\n", "add a description"),
]  # fmt: skip


def test_every_rule_has_a_case() -> None:
    assert {code for code, _, _ in (*WRONG, *WRONG_OF_CALLERS)} | {"F000"} == set(RULES)


@pytest.mark.parametrize(("code", "text", "message"), WRONG)
def test_finds(code: str, text: str, message: str) -> None:
    catalog = shop_catalog()
    catalog.http_hosts = {"api.example"}
    diagnostics = [
        diagnostic for diagnostic in load(text, catalog=catalog).diagnostics if not (diagnostic.code == "F201" != code)
    ]
    hits = [diagnostic for diagnostic in diagnostics if diagnostic.code == code]
    assert hits, [diagnostic.format() for diagnostic in diagnostics]
    assert any(message in hit.format() for hit in hits), [diagnostic.format() for diagnostic in diagnostics]
    assert all(diagnostic.severity == RULES[diagnostic.code].severity for diagnostic in diagnostics)
    others = {diagnostic.code for diagnostic in diagnostics} - {code, "F105", "F108", "F106", "F135"}
    assert not others, [diagnostic.format() for diagnostic in diagnostics]


RIGHT = [
    MANUAL + "steps:\n  - {id: row, select: users, where: {id: x}, one: optional}\n  - log: ${{ row?.email ?? 'nobody' }}\n",
    MANUAL + "steps:\n  - {id: row, select: users, where: {id: x}, one: optional}\n  - filter: row != null\n  - log: ${{ row.email }}\n",
    MANUAL + "steps:\n  - {id: row, select: users, where: {id: x}, one: optional}\n  - {ensure: row != null, message: none}\n  - log: ${{ row.email }}\n",
    MANUAL + "steps:\n  - {id: row, select: users, where: {id: x}, one: optional}\n  - if: row == null\n    then: [{return: none}]\n  - log: ${{ row.email }}\n",
    MANUAL + "steps:\n  - {id: row, select: users, where: {id: x}, one: optional}\n  - when: row != null\n    log: ${{ row.email }}\n",
    MANUAL + "steps:\n  - {id: row, select: users, where: {id: x}, one: optional}\n  - log: \"${{ row != null && row.has_access }} ${{ row == null ? '' : row.email }}\"\n",
    MANUAL + "steps:\n  - {id: row, select: users, where: {id: x}, one: optional}\n  - filter: row?.plan == 'pro'\n  - log: ${{ row.email }}\n",
    MANUAL + "steps:\n  - try:\n      - {id: made, stripe: payment_intents.create}\n    catch: [{raise: {code: no, message: m}}]\n  - log: ${{ made.status }}\n",
    MANUAL + "steps:\n  - if: env.SITE_URL == 'a'\n    then: [{id: a, insert: orders, values: {user_id: u, status: paid}}]\n    else: [{id: a, insert: orders, values: {user_id: v, status: paid}}]\n  - log: ${{ a.status }}\n",
    MANUAL + "steps:\n  - parallel:\n      a: [{id: one, insert: orders, values: {status: paid, user_id: u}}]\n      b: [{log: b}]\n  - log: ${{ one.status }}\n",
    MANUAL + "steps:\n  - while: page == null || page.has_more\n    max: 3\n    do: [{id: page, stripe: customers.list}]\n",
    API + 'input: {plan: basic | pro}\nsteps:\n  - {stripe: payment_intents.create, with: {currency: "${{ inputs.plan }}"}, idempotency_key: "${{ user.id }}"}\n',
    API + 'input: {id: uuid}\nsteps:\n  - {select: orders, where: {id: "${{ inputs.id }}", user_id: "${{ user.id }}"}}\n',
    API + 'input: {sku: string}\nsteps:\n  - {id: product, select: products, where: {sku: "${{ inputs.sku }}"}, one: required}\n  - {stripe: checkout.sessions.create, with: {line_items: [{price: "${{ product.price_id }}"}]}}\n',
    'name: T\ndescription: d\non: {api: POST /x, auth: [admin]}\ninput: {n: int, id: uuid}\nsteps:\n  - {select: orders, where: {id: "${{ inputs.id }}"}}\n  - {stripe: refunds.create, with: {amount: "${{ inputs.n }}"}, idempotency_key: x}\n',
    'name: T\ndescription: d\non: {api: POST /x, auth: user, dedupe: "${{ inputs.r }}"}\ninput: {r: uuid}\nsteps: [{stripe: payment_intents.create, with: {amount: 100}}]\n',
    MANUAL + "steps:\n  - for_each: \"['a']\"\n    do: [{stripe: customers.create, idempotency_key: \"c-${{ item }}\"}]\n",
    PAID + "steps:\n  - switch: event.action\n    cases: {succeeded: [{log: x}], payment_failed: [{log: y}]}\n",
    MANUAL + 'steps: [{return: {client_secret: "${{ run.id }}"}}]\n',
    "name: T\ndescription: d\non: {table: orders, on: insert}\nsteps: [{log: \"${{ row.status }} ${{ old?.status ?? '' }}\"}]\n",
    CALLED + 'input: {id: string}\nsteps: [{select: orders, where: {id: "${{ inputs.id }}"}}]\n',
    MANUAL + 'steps:\n  - try: [{stripe: customers.create}]\n    catch: [{as: problem, do: [{log: "${{ problem.message }}"}]}]\n    on_error: [{log: "${{ error.message }}"}]\n',
    MANUAL + 'steps:\n  - http: POST https://api.example/x\n    headers: {Authorization: "Bearer ${{ secrets.KEY }}"}\n',
]  # fmt: skip


@pytest.mark.parametrize("text", RIGHT)
def test_says_nothing_about(text: str) -> None:
    assert [diagnostic.format() for diagnostic in found(text)] == []


def test_a_comment_on_the_line_silences_a_finding() -> None:
    body = "steps:\n  - return: 1\n  - log: x  # payloom: ignore[F010] kept for later\n"
    assert codes(MANUAL + body) == []
    assert codes(MANUAL + body.replace("F010", "F201")) == ["F010"]


def test_a_comment_alone_silences_the_next_line() -> None:
    assert codes(
        "name: T\non: {manual: true}\nsteps:\n  - return: 1\n  # payloom: ignore[F010] kept for later\n  - log: x\n"
    ) == ["F201"]


def test_an_error_that_would_break_the_run_cannot_be_ignored() -> None:
    text = MANUAL + "steps:\n  # payloom: ignore[F001] later\n  - {select: nothing, where: {id: 1}}\n"
    assert codes(text) == ["F005", "F001"]


def test_all_findings_come_at_once_in_the_order_they_stand() -> None:
    text = (
        MANUAL
        + "steps:\n  - {select: user, where: {id: 1}}\n  - {email: reciept, to: a@b.c}\n  - log: ${{ inputs.x }}\n"
    )
    lines = [diagnostic.line for diagnostic in found(text)]
    assert lines == [5, 6, 7]


def test_a_warning_does_not_keep_the_file_from_running() -> None:
    loaded = load(MANUAL + "steps: [{return: 1}, {log: x}]\n")
    assert loaded.workflow is not None
    assert loaded.errors == ()
