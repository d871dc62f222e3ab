"""What the reference says beyond the models: the value of a step, what happens at the edges, an example that loads."""

# ruff: noqa: Q003 - prose and YAML read better on long lines

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Note:
    """What the reference page of a verb or a trigger says beyond its model.

    value: what the step's id holds.
    text: paragraphs.
    example: YAML; steps for a verb, the value of `on` for a trigger.
    snippet: a step as an editor inserts it; `${1:…}` are the places to fill in.
    """

    value: str
    text: str
    example: str
    snippet: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])


VERBS: dict[str, Note] = {
    "stripe": Note(
        "Stripe's answer, as a map.",
        "A key whose value is null is not sent, at any depth; send an empty string to unset a field. Every call that writes carries an idempotency key, by default the run's id and the step's path, so a repeated try never acts twice. With `all: true` a list reads every page (at most `max` items) and the value is the list of items.",
        """\
- id: session
  stripe: checkout.sessions.create
  with:
    mode: payment
    success_url: ${{ env.SITE_URL }}/thanks?session_id={CHECKOUT_SESSION_ID}
- return: ${{ session.url }}
""",
        snippet={"id": "${1:session}", "stripe": "${2:checkout.sessions.create}", "with": {}},
    ),
    "select": Note(
        "A list of rows; with `one` a row (or null); with `key_by` a map from the column's values to rows.",
        """\
`where` joins its columns with AND; a list means one of; `any:` is a list of conditions joined with OR. A null never matches, and a `where` of which nothing is left fails (`no_filter`). `one: required` fails with 404 when there is no such row; `require: all` fails with 422 unless every value asked for is found.

Stripe's resources are tables too: `stripe.customers`, `stripe.invoices`, `stripe.payment_intents`, `stripe.prices`, `stripe.products`, `stripe.subscriptions` take the filters of Stripe's list calls and its cursors (`starting_after`, `ending_before`), newest first; with `.search` behind the name, the fields Stripe can search by (answers are up to a minute late). Rows have Stripe's columns, and a filter Stripe does not have is an error of the file. `id` reads one object, a list of ids several. Ended subscriptions are rows as well. Without `limit`, more than 1,000 rows are an error. Reading them is a step outside the database. Resources named in the setting `stripe.mirror` are read from a copy in the database instead, by any column, sorted as you like.""",
        """\
- id: order
  select: orders
  where: {user_id: u1, status: [paid, refunded]}
  one: optional
- log: ${{ order?.status ?? 'none' }}
""",
        snippet={"id": "${1:row}", "select": "${2:table}", "where": {"id": "${3:value}"}, "one": "required"},
    ),
    "insert": Note(
        "The row as stored, with its id and defaults; a list of rows if a list was given.",
        "The row and the record that it was written are one transaction: it is written once, whatever crashes.",
        "- id: order\n  insert: orders\n  values: {user_id: u1, status: pending}\n- return: ${{ order.id }}\n",
        snippet={"id": "${1:row}", "insert": "${2:table}", "values": {}},
    ),
    "update": Note(
        "The row after the change (null if none) when at most one may be touched, else the list of rows.",
        "Exactly one row must be touched, or the step fails and changes nothing: a payment that belongs to no order is a failed run that people see, not silence. `rows: 0..1`, `1..`, `any` say otherwise.",
        """\
- id: order
  update: orders
  where: {id: o1, status: pending}
  set: {status: paid, paid_at: "${{ now() }}"}
  rows: 0..1
- filter: order != null
""",
        snippet={"update": "${1:table}", "where": {"id": "${2:value}"}, "set": {}},
    ),
    "upsert": Note(
        "The row as stored.",
        "`key` names the columns that tell whether the row exists; they need a unique index and a value in `values`.",
        "- upsert: users\n  key: email\n  values: {id: u1, email: ada@example.com, plan: pro}\n",
        snippet={"upsert": "${1:table}", "key": ["${2:id}"], "values": {}},
    ),
    "delete": Note(
        "The row as it was (null if none) when at most one may be removed, else the list of rows.",
        "Exactly one row must be removed, or the step fails and removes none; `rows` says otherwise.",
        "- delete: orders\n  where: {id: o1, status: pending}\n  rows: 0..1\n",
        snippet={"delete": "${1:table}", "where": {"id": "${2:value}"}},
    ),
    "email": Note(
        "The mail's id.",
        "The template lies in `emails/`. A null in a text is an error, so no mail greets nobody. The mail is stored before it is sent and has one Message-ID, so a repeated try is recognisable.",
        "- email: receipt\n  to: ada@example.com\n  data: {total: \"${{ money(2198, 'usd') }}\"}\n",
        snippet={"email": "${1:template}", "to": "${2:address}", "data": {}},
    ),
    "switch": Note(
        "The last value of the branch taken.",
        "`cases` is a map from values to steps, or a list of `{when, do}`, of which the first that holds is taken. Without a `default`, a value that no case names fails the step (`no_case`); `default: stop` ends the run quietly.",
        "- switch: run.workflow\n  cases:\n    first: [{log: one}]\n    second: [{log: two}]\n  default: stop\n",
        snippet={"switch": "${1:event.action}", "cases": {"${2:succeeded}": []}, "default": "stop"},
    ),
    "if": Note(
        "The last value of the branch taken.",
        "The condition must be true or false; there is no truthiness. Ids set in the branch not taken are null afterwards.",
        """\
- id: row
  select: users
  where: {id: u1}
  one: required
- if: row.plan == null
  then:
    - update: users
      where: {id: u1}
      set: {plan: basic}
  else:
    - log: has ${{ row.plan }}
""",
        snippet={"if": "${1:condition}", "then": []},
    ),
    "filter": Note(
        "true.",
        "When the condition does not hold the run ends with the status `filtered`, which is no failure. In a called workflow only the call ends, with null.",
        "- filter: env.SITE_URL != ''\n- log: goes on\n",
        snippet={"filter": "${1:condition}"},
    ),
    "ensure": Note(
        "true.",
        "When the condition does not hold the step fails: `code` is the error's kind for `catch` and for the caller, `status` the HTTP status, 400 unless you say otherwise. Steps behind it may rely on the condition: after `order != null` the order is certain. To end the run without a failure, use `filter`; to fail in any case, `raise`.",
        """\
- id: order
  select: orders
  where: {id: o1}
  one: optional
- ensure: order != null
  code: unknown_order
  status: 404
  message: There is no such order
- log: ${{ order.status }}
""",
        snippet={"ensure": "${1:condition}", "message": "${2:message}"},
    ),
    "for_each": Note(
        "The list of the rounds' last values.",
        "Ids set inside belong to the round. With `concurrency` several rounds are under way at once. A list longer than `max` fails before the first round. A map gives items `{key, value}`.",
        """\
- id: names
  for_each: "['ada', 'bob']"
  as: name
  do:
    - let: {upper: "${{ name.upper() }}"}
- return: ${{ names }}
""",
        snippet={"for_each": "${1:list}", "as": "${2:item}", "do": []},
    ),
    "while": Note(
        "How many rounds there were.",
        "`max` is required: if the condition still holds after that many rounds, the step fails (`too_many_rounds`). Ids set inside are null before the first round and readable in the condition.",
        "- let: {n: 0}\n- while: vars.n < 3\n  max: 10\n  do:\n    - let: {n: \"${{ vars.n + 1 }}\"}\n",
        snippet={"while": "${1:condition}", "max": 100, "do": []},
    ),
    "try": Note(
        "The last value of the `try`, or of the `catch` that was taken.",
        "`catch` is a list of steps, with the failure under `error`, or a list of `{errors, as, do}`, of which the first that names the error's kind (or Stripe's type, code or decline code) is taken. `finally` runs in any case. `error` holds `kind, code, message, status, hint, where, step, retryable, data`.",
        """\
- try:
    - stripe: customers.create
      with: {email: ada@example.com}
  catch:
    - errors: [invalid_request]
      as: problem
      do: [{log: "${{ problem.message }}"}]
  finally:
    - log: tried
""",
        snippet={"try": [], "catch": [{"do": []}]},
    ),
    "parallel": Note(
        "A map of the branches' last values.",
        "With `fail: fast` the first failure gives the other branches up; with `fail: all` they end first. Ids are readable after the step, not in the other branches.",
        "- id: both\n  parallel:\n    mail: [{email: receipt, to: ada@example.com}]\n    note: [{log: sending}]\n  fail: all\n",
        snippet={"parallel": {"${1:one}": [], "${2:other}": []}},
    ),
    "wait": Note(
        "null.",
        "A duration (`30s`, `15m`, `14d`, `1h30m`) or a moment. The run costs nothing meanwhile and survives restarts.",
        "- wait: 14d\n- log: two weeks later\n",
        snippet={"wait": "${1:14d}"},
    ),
    "wait_for": Note(
        "The event, with `family`, `action`, `object` and so on; null when the time is up.",
        "`match` sees the names of the run and, as `event`, `object` and `previous`, the event that came. Events that came after the run began count as well.",
        """\
- id: paid
  wait_for: {stripe: payment_intent, actions: [succeeded], match: object.id == run.id, timeout: 1h}
- return: ${{ paid?.id }}
""",
        snippet={"wait_for": {"stripe": "${1:payment_intent}", "match": "${2:condition}", "timeout": "${3:1h}"}},
    ),
    "let": Note(
        "The map that was set.",
        "All values are computed before any is set. Variables belong to the run, also inside loops.",
        "- let: {total: \"${{ 2 * 1099 }}\"}\n- return: ${{ vars.total }}\n",
        snippet={"let": {"${1:name}": "${2:value}"}},
    ),
    "log": Note("null.", "The line is written once, also when the run is replayed.", "- log: Order ${{ run.id }}\n  level: warning\n", snippet={"log": "${1:text}"}),
    "return": Note(
        "Nothing comes after it.",
        "The answer to the caller of an endpoint, and the value of a `call`. In the workflow's `on_error` it is the answer of a run that failed all the same.",
        "- return: {ok: true}\n  status: 201\n",
        snippet={"return": {}},
    ),
    "respond": Note(
        "null.",
        "The caller gets the answer at once and the run goes on, so that slow work does not keep a browser waiting.",
        "- respond: {accepted: true}\n  status: 202\n- wait: 1h\n",
        snippet={"respond": {}},
    ),
    "raise": Note(
        "Nothing comes after it.",
        "`code` is the error's kind for `catch` and for the caller; `status` the HTTP status.",
        "- raise: {status: 409, code: sold_out, message: The last one is gone, hint: Choose another}\n",
        snippet={"raise": {"code": "${1:code}", "message": "${2:message}"}},
    ),
    "http": Note(
        "`{status, headers, body}`.",
        "What is filled into the address is percent-encoded; only a base address at its very beginning is taken as it is. Secrets (`secrets.NAME`) are allowed in headers and body only and never reach a journal or a log. Private addresses and redirects are refused.",
        """\
- http: POST https://api.example.com/orders/${{ run.id }}
  headers: {Authorization: "Bearer ${{ secrets.API_KEY }}"}
  body: {state: paid}
  retry: 3
  timeout: 10s
""",
        snippet={"http": "POST ${1:https://example.com/hook}", "body": {}},
    ),
    "call": Note(
        "What the workflow returns; null if it returns nothing or a filter ended it.",
        """\
The other workflow needs the `called` trigger. It runs inline, as part of this run, sees its own `inputs` and the caller's `user`, `env` and `run`, and no event. Its version is pinned with the run. Workflows call each other at most 16 deep (`call_too_deep`).

**With `once`.** If the other workflow has `once`, its key is made of these inputs, and the call is a run of its own, which everybody shares who calls with the same key: other calls, endpoints, events. Whoever comes later gets the output, or waits for it; the wait outlives the process. If the run fails or is canceled, those who wait fail with its failure (`error.data.run` says which run), which can be caught; a later call tries anew. The value is what any caller gets: JSON, with moments as text. The run has its own `run`, and a `respond` in it answers its own callers. Canceling the caller leaves it alone. A call that would wait for itself fails (`call_waits_for_itself`). Where `once` is null, the workflow runs inline.""",
        "- id: customer\n  call: ensure-customer\n  with: {user_id: u1}\n- return: ${{ customer }}\n",
        snippet={"call": "${1:workflow}", "with": {}},
    ),
    "python": Note(
        "What the function returns, as JSON.",
        "The function is registered by decorator in `actions/*.py`. It may be called again after a crash; its key is given to it so that it can tell.",
        "- id: price\n  python: shop:price\n  with: {sku: mug}\n- return: ${{ price }}\n",
        snippet={"python": "${1:module:function}", "with": {}},
    ),
    "approve": Note(
        "`{approved, by, at, note, timed_out}`.",
        "People with one of the roles answer in the studio, or by a signed link: the steps under `notify` come first and may mail `approval.url` to whoever decides. The link opens the question until `approval.until` (the time-out, or a week); opening it decides nothing, its buttons do, as the address the mail went to. Somebody who has an account must still have one of the roles. The link is in the mail alone, in no journal and no log. A no without `else` fails the step (`rejected`); no answer in time without `on_timeout` and `else` fails it too (`approval_timeout`): nothing that needs a yes happens without one.",
        """\
- approve: Refund order ${{ run.id }}?
  roles: [admin]
  data: {amount: 2198}
  timeout: 2d
  notify:
    - email: receipt
      to: boss@example.com
      data: {link: "${{ approval.url }}"}
  then: [{log: approved}]
  on_timeout: [{log: nobody answered}]
""",
        snippet={"approve": "${1:question}", "roles": ["${2:admin}"], "timeout": "${3:2d}"},
    ),
}  # fmt: skip

TRIGGERS: dict[str, Note] = {
    "api": Note(
        "`inputs` from the body, the query and the path; `user` if signed in.",
        "There is no default for `auth`. Unknown fields are refused with 422. `dedupe` holds for 24 hours, per workflow and user: the same value gets the same run and the same answer. Parts of the path in braces are inputs.",
        "{api: 'POST /orders/{order_id}/refund', auth: [admin], dedupe: \"${{ inputs.request_id }}\"}\n",
    ),
    "stripe": Note(
        "`event` (Stripe's event and `family`, `action`, `status`, `customer`, `metadata`, `previous`, and the object under its own name), `object`, `previous`.",
        "One event starts at most one run per workflow. For state families (subscriptions, invoices) `fresh` and `queue` are on unless turned off: the object is read again from Stripe, and runs about one object go one after another, so late or swapped events cannot undo newer state. `match` filters before a run begins.",
        "{stripe: customer.subscription, actions: [created, updated, deleted], fresh: true, queue: \"${{ object.id }}\"}\n",
    ),
    "schedule": Note(
        "Nothing but `run`, `env` and `vars`.",
        "Five fields: minute hour day month weekday. The time zone's clock changes are understood: a moment comes once, and starts one run, however many workers there are. Moments missed while nothing ran: `catch_up: last` makes up for the latest one, `all` for each, `none` for none. A moment counts as missed when it is more than 60 seconds ago.",
        "{schedule: '0 3 * * 1', timezone: Europe/Berlin, catch_up: last}\n",
    ),
    "manual": Note("`inputs` from the form, `user`.", "Started in the studio or by `payloom run`.", "{manual: true, auth: [admin]}\n"),
    "called": Note(
        "`inputs` from `with`.",
        "For workflows that others `call`. With [`once`](../file.md), all who call with one key share one run.",
        "{called: true}\n",
    ),
    "table": Note(
        "`row` (as it is now) and `old` (as it was; null on insert). On delete both are the row that is gone.",
        """\
Starts a run when a row of the table changes through Payloom, in the transaction of the change. `on` lists the changes: `insert`, `update`, `delete`; an `upsert` counts as what it turned out to be, and an update that changes nothing starts nothing. A run that a change started may change rows and so start further runs, 8 times over; the ninth fails (`row_changes_too_deep`), the change itself stays. Changes made past Payloom, by other programs, start nothing.

Runs of one workflow about one row (its primary column) go one after another, in the order in which the changes were committed, whichever worker does them; other rows and other workflows do not wait. A run that fails or is canceled lets the next one go. One that waits, for days perhaps, holds the row's later runs back, as with `queue` of a `stripe` trigger: let a workflow that waits start on `insert` only. A change of the primary column itself begins a new line under the new value.""",
        "{table: orders, on: [insert, update], match: row.status == 'paid'}\n",
    ),
}  # fmt: skip

_MANUAL = "name: Example\ndescription: An example.\non: {manual: true}\n"
_API = "name: Example\ndescription: An example.\non: {api: POST /example, auth: user}\n"

RULES: dict[str, tuple[str, str]] = {
    "F000": (_MANUAL + "steps:\n  - log: 3\n", _MANUAL + "steps:\n  - log: three\n"),
    "F001": (_MANUAL + "steps:\n  - select: order\n    where: {id: o1}\n", _MANUAL + "steps:\n  - select: orders\n    where: {id: o1}\n"),
    "F002": (
        _MANUAL + "steps:\n  - id: row\n    select: users\n    where: {id: u1}\n    one: optional\n  - log: ${{ row.email }}\n",
        _MANUAL + "steps:\n  - id: row\n    select: users\n    where: {id: u1}\n    one: optional\n  - log: ${{ row?.email ?? 'nobody' }}\n",
    ),
    "F003": (
        _MANUAL + "steps:\n  - update: orders\n    where: {id: o1}\n    set: {status: payed}\n",
        _MANUAL + "steps:\n  - update: orders\n    where: {id: o1}\n    set: {status: paid}\n",
    ),
    "F004": (_MANUAL + "steps:\n  - filter: run.id ==\n", _MANUAL + "steps:\n  - filter: run.id == 'run_1'\n"),
    "F005": (
        _MANUAL + "steps:\n  - return: 1\n  - log: x  # payloom: ignore[F010]\n",
        _MANUAL + "steps:\n  - return: 1\n  - log: x  # payloom: ignore[F010] kept for the next release\n",
    ),
    "F006": (
        _MANUAL + "steps:\n  - stripe: checkout.sessions.create\n    with: {mode: gift, success_url: https://example.com}\n",
        _MANUAL + "steps:\n  - stripe: checkout.sessions.create\n    with: {mode: payment, success_url: https://example.com}\n",
    ),
    "F010": (_MANUAL + "steps:\n  - return: done\n  - log: done\n", _MANUAL + "steps:\n  - log: done\n  - return: done\n"),
    "F011": (
        _MANUAL + "steps:\n  - while: run.id != ''\n    do: [{log: again}]\n",
        _MANUAL + "steps:\n  - while: run.id != ''\n    max: 10\n    do: [{log: again}]\n",
    ),
    "F101": (
        _API + "input: {order_id: uuid, amount: int}\nsteps:\n  - stripe: payment_intents.create\n    with: {amount: \"${{ inputs.amount }}\", currency: usd}\n    idempotency_key: pay-${{ inputs.order_id }}\n",
        _API + "input: {order_id: uuid}\nsteps:\n  - id: order\n    select: orders\n    where: {id: \"${{ inputs.order_id }}\", user_id: \"${{ user.id }}\"}\n    one: required\n  - stripe: payment_intents.create\n    with: {amount: \"${{ order.amount }}\", currency: usd}\n    idempotency_key: pay-${{ order.id }}\n",
    ),
    "F102": (
        _API + "input: {order_id: uuid}\nsteps:\n  - select: orders\n    where: {id: \"${{ inputs.order_id }}\"}\n",
        _API + "input: {order_id: uuid}\nsteps:\n  - select: orders\n    where: {id: \"${{ inputs.order_id }}\", user_id: \"${{ user.id }}\"}\n",
    ),
    "F103": (
        _MANUAL + "steps:\n  - stripe: customers.create\n    idempotency_key: customer-${{ uuid() }}\n",
        _MANUAL + "steps:\n  - stripe: customers.create\n    idempotency_key: customer-for-${{ run.root_id }}\n",
    ),
    "F104": (
        _API + "steps:\n  - stripe: payment_intents.create\n    with: {amount: 2198, currency: usd}\n",
        "name: Example\ndescription: An example.\non: {api: POST /example, auth: user, dedupe: \"${{ inputs.request_id }}\"}\ninput: {request_id: uuid}\nsteps:\n  - stripe: payment_intents.create\n    with: {amount: 2198, currency: usd}\n",
    ),
    "F105": (
        "name: Example\ndescription: An example.\non: {stripe: payment_intent, actions: [succeeded]}\nsteps:\n  - log: paid\n",
        "name: Example\ndescription: An example.\non: {stripe: payment_intent, actions: [succeeded, payment_failed]}\nsteps:\n  - log: ${{ event.action }}\n",
    ),
    "F106": (
        "name: Example\ndescription: An example.\non: {api: GET /thanks, auth: user}\nsteps:\n  - update: users\n    where: {id: \"${{ user.id }}\"}\n    set: {has_access: true}\n",
        "name: Example\ndescription: An example.\non: {api: GET /thanks, auth: user}\nsteps:\n  - id: me\n    select: users\n    where: {id: \"${{ user.id }}\"}\n    one: required\n  - return: {access: \"${{ me.has_access }}\"}\n",
    ),
    "F107": (
        "name: Example\ndescription: An example.\non: {stripe: checkout.session}\nsteps:\n  - email: receipt\n    to: ada@example.com\n",
        "name: Example\ndescription: An example.\non: {stripe: checkout.session}\nsteps:\n  - filter: object.payment_status != 'unpaid'\n  - email: receipt\n    to: ada@example.com\n",
    ),
    "F108": (
        "name: Example\ndescription: An example.\non: {stripe: charge}\nsteps:\n  - update: orders\n    where: {charge: \"${{ object.id }}\"}\n    set: {status: failed}\n",
        "name: Example\ndescription: An example.\non: {stripe: charge}\nsteps:\n  - update: orders\n    where: {charge: \"${{ object.id }}\", status: pending}\n    set: {status: failed}\n",
    ),
    "F109": (
        "name: Example\ndescription: An example.\non: {stripe: charge}\nsteps:\n  - select: users\n    where: {id: \"${{ object.metadata?.user_id }}\"}\n",
        "name: Example\ndescription: An example.\non: {stripe: charge, match: object.metadata?.user_id != null}\nsteps:\n  - select: users\n    where: {id: \"${{ object.metadata.user_id }}\"}\n",
    ),
    "F110": (
        "name: Example\ndescription: An example.\non: {stripe: payment_intent}\nsteps:\n  - log: ${{ object.client_secret }}\n",
        "name: Example\ndescription: An example.\non: {stripe: payment_intent}\nsteps:\n  - log: ${{ object.id }}\n",
    ),
    "F111": (
        _MANUAL + "steps:\n  - stripe: payment_intents.create\n    with: {amount: 21.98, currency: usd}\n",
        _MANUAL + "steps:\n  - stripe: payment_intents.create\n    with: {amount: 2198, currency: usd}\n",
    ),
    "F112": (
        _MANUAL + "steps:\n  - id: all\n    select: users\n    where: {plan: pro}\n  - for_each: all\n    do:\n      - email: receipt\n        to: ${{ item.email }}\n",
        _MANUAL + "steps:\n  - id: all\n    select: users\n    where: {plan: pro}\n  - for_each: all\n    max: 500\n    do:\n      - email: receipt\n        to: ${{ item.email }}\n",
    ),
    "F113": (
        _MANUAL + "steps:\n  - http: POST https://elsewhere.example/hook\n",
        _MANUAL + "steps:\n  - http: POST https://api.example/hook\n",
    ),
    "F201": (
        "name: Example\non: {manual: true}\nsteps:\n  - log: x\n",
        _MANUAL + "steps:\n  - log: x\n",
    ),
}  # fmt: skip
"""By rule, a file that the rule reports, and the same file corrected. F113 has `api.example` as its allowed host."""
