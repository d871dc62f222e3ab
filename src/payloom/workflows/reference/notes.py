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
        "Stripe's result, as a map.",
        "A key with a null value is not sent, at any depth; send an empty string to unset a field. Every call that writes has an idempotency key, by default the run's ID and the step's path, so a retry never acts twice. With `all: true`, a list call reads every page, and the value is the list of all items; `limit` in `with` is the size of a page. With `max`, it stops after so many. More than 100,000 items fail with `too_many_items`. Of each item, the run keeps its `id` and the fields that the workflow reads by name; it keeps whole items if the list or an item is used as a whole.",
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
        "A list of rows. With `one`, a row (or null). With `key_by`, a map from the column's values to rows.",
        "`where` joins its columns with AND. A list matches any of its values; `any:` is a list of conditions joined with OR. A null never matches, and a `where` without any remaining condition fails (`no_filter`). `one: required` fails with 404 if no row matches. `require: all` fails with 422 unless every value in the list has a row.\n\nStripe's resources are tables too: `stripe.customers`, `stripe.invoices`, `stripe.payment_intents`, `stripe.prices`, `stripe.products`, and `stripe.subscriptions`. They take the filters of Stripe's list calls and its cursors (`starting_after`, `ending_before`), newest first. With `.search` after the name, they take the fields that Stripe can search by; those results are up to a minute late. Rows have Stripe's columns, and a filter that Stripe does not have is an error of the file. `id` reads one object, and a list of IDs reads several. Ended subscriptions are included. Without `limit`, more than 1,000 rows are an error. Reading from Stripe is a step outside the database. Resources in the setting `stripe.mirror` are read from a copy in the database instead, by any column and in any order.",
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
        "The row as stored, with its ID and defaults. A list of rows if the step inserts a list.",
        "The row and its journal entry are one transaction, so a crash can't insert it twice.",
        "- id: order\n  insert: orders\n  values: {user_id: u1, status: pending}\n- return: ${{ order.id }}\n",
        snippet={"id": "${1:row}", "insert": "${2:table}", "values": {}},
    ),
    "update": Note(
        "The row after the change (null if none) if at most one row can change, else the list of rows.",
        "Exactly one row must change, or the step fails and changes nothing: a payment without an order is a failed run that you can see. `rows: 0..1`, `1..`, or `any` allows other numbers.\n\nTo change a count, `select` the row and `update` it in the same workflow: the row stays locked from the one to the other, so no addition is lost. If a call to another system, a `wait`, or an `approve` is between them, the value can be old (rule F121): read the row again after it, or name the value that you read in `where`, so that the step fails if it changed.",
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
        "`key` lists the columns that identify an existing row. They need a unique index and a value in `values`.",
        "- upsert: users\n  key: email\n  values: {id: u1, email: ada@example.com, plan: pro}\n",
        snippet={"upsert": "${1:table}", "key": ["${2:id}"], "values": {}},
    ),
    "delete": Note(
        "The row as it was (null if none) if at most one row can be deleted, else the list of rows.",
        "Exactly one row must be deleted, or the step fails and deletes nothing; `rows` allows other numbers.",
        "- delete: orders\n  where: {id: o1, status: pending}\n  rows: 0..1\n",
        snippet={"delete": "${1:table}", "where": {"id": "${2:value}"}},
    ),
    "email": Note(
        "The email's ID.",
        "Templates are in `emails/`. A null in a text is an error, so no email says \"Hello null\". The email is stored before it is sent and has one Message-ID, so a repeated email is recognizable.",
        "- email: receipt\n  to: ada@example.com\n  data: {total: \"${{ money(2198, 'usd') }}\"}\n",
        snippet={"email": "${1:template}", "to": "${2:address}", "data": {}},
    ),
    "switch": Note(
        "The last value of the chosen branch.",
        "`cases` is a map from values to steps, or a list of `{when, do}`: the first true condition is chosen. Without a `default`, a value that no case has fails the step (`no_case`). `default: stop` ends the run without an error.",
        "- switch: run.workflow\n  cases:\n    first: [{log: one}]\n    second: [{log: two}]\n  default: stop\n",
        snippet={"switch": "${1:event.action}", "cases": {"${2:succeeded}": []}, "default": "stop"},
    ),
    "if": Note(
        "The last value of the chosen branch.",
        "The condition must be true or false; other values are not converted. IDs of the branch that was not chosen are null afterwards.",
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
        "If the condition is false, the run ends with the status `filtered`, which is not a failure. In a called workflow, only the call ends, with null.",
        "- filter: env.SITE_URL != ''\n- log: continues\n",
        snippet={"filter": "${1:condition}"},
    ),
    "ensure": Note(
        "true.",
        "If the condition is false, the step fails: `code` is the error's kind for `catch` and for the caller, and `status` is the HTTP status (default 400). Later steps can rely on the condition: after `order != null`, the order is not null. To end the run without a failure, use `filter`. To fail in any case, use `raise`.",
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
        "A list with the last value of each iteration.",
        "IDs inside the loop belong to the iteration. With `concurrency`, several iterations run at the same time. A list longer than `max` fails before the first iteration. A map gives items `{key, value}`.",
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
        "The number of iterations.",
        "`max` is required: if the condition is still true after that many iterations, the step fails (`too_many_rounds`). The condition can read IDs inside the loop; they are null before the first iteration.",
        "- let: {n: 0}\n- while: vars.n < 3\n  max: 10\n  do:\n    - let: {n: \"${{ vars.n + 1 }}\"}\n",
        snippet={"while": "${1:condition}", "max": 100, "do": []},
    ),
    "try": Note(
        "The last value of `try`, or of the chosen `catch`.",
        "`catch` is a list of steps, which can read the failure as `error`, or a list of `{errors, as, do}`: the first entry that has the error's kind (or Stripe's type, code, or decline code) is chosen. `finally` runs in any case. `error` has `kind, code, message, status, hint, where, step, retryable, data`.",
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
        "A map with the last value of each branch.",
        "With `fail: fast`, the first failure cancels the other branches. With `fail: all`, they end first. IDs are readable after the step, but not in the other branches.",
        "- id: both\n  parallel:\n    mail: [{email: receipt, to: ada@example.com}]\n    note: [{log: sending}]\n  fail: all\n",
        snippet={"parallel": {"${1:one}": [], "${2:other}": []}},
    ),
    "wait": Note(
        "null.",
        "A duration (`30s`, `15m`, `14d`, `1h30m`) or a timestamp. A waiting run uses no worker and survives restarts.",
        "- wait: 14d\n- log: two weeks later\n",
        snippet={"wait": "${1:14d}"},
    ),
    "wait_for": Note(
        "The event, with `family`, `action`, `object`, and so on. Null after the timeout.",
        "`match` can read the names of the run, and the event as `event`, `object`, and `previous`. Events that arrived after the run started count too.",
        """\
- id: paid
  wait_for: {stripe: payment_intent, actions: [succeeded], match: object.metadata?.run == run.id, timeout: 1h}
- return: ${{ paid?.id }}
""",
        snippet={"wait_for": {"stripe": "${1:payment_intent}", "match": "${2:condition}", "timeout": "${3:1h}"}},
    ),
    "let": Note(
        "The map that was set.",
        "The step computes all values before it sets any. Variables belong to the run, also inside loops.",
        "- let: {total: \"${{ 2 * 1099 }}\"}\n- return: ${{ vars.total }}\n",
        snippet={"let": {"${1:name}": "${2:value}"}},
    ),
    "log": Note("null.", "The line is written once, also when the run is replayed.", "- log: Order ${{ run.id }}\n  level: warning\n", snippet={"log": "${1:text}"}),
    "return": Note(
        "None; it ends its branch.",
        "The response to the caller of an endpoint, and the value of a `call`. In the workflow's `on_error`, it is the response of a run that still fails.",
        "- return: {ok: true}\n  status: 201\n",
        snippet={"return": {}},
    ),
    "respond": Note(
        "null.",
        "The caller gets the response immediately and the run continues, so that slow steps don't keep a browser waiting.",
        "- respond: {accepted: true}\n  status: 202\n- wait: 1h\n",
        snippet={"respond": {}},
    ),
    "raise": Note(
        "None; it ends its branch.",
        "`code` is the error's kind for `catch` and for the caller. `status` is the HTTP status.",
        "- raise: {status: 409, code: sold_out, message: The last one is gone, hint: Choose another}\n",
        snippet={"raise": {"code": "${1:code}", "message": "${2:message}"}},
    ),
    "http": Note(
        "`{status, headers, body}`.",
        "Expressions in the address are percent-encoded, except for a base address at its start. A value in the path is one segment: if it is empty, `.` or `..`, or has a slash or a backslash, the step fails with `http_bad_request` and sends nothing. Secrets (`secrets.NAME`) are allowed in headers and the body only, and never reach a journal or a log. Private addresses and redirects are rejected.\n\n`sign_with: NAME` signs the request as [Standard Webhooks](https://www.standardwebhooks.com) describes, with the secret `NAME` (`whsec_` and the key in Base64). The headers are `webhook-id`, the same at every attempt, `webhook-timestamp`, and `webhook-signature`. The receiver can verify the request with any library for Standard Webhooks, and drop repeats by `webhook-id`.",
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
        "What the workflow returns. Null if it returns nothing or a filter ends it.",
        "The other workflow needs the `called` trigger. It runs inline, as part of this run. It can read its own `inputs` and the caller's `user`, `env`, and `run`, but no event. The run pins its version. Workflows can call each other at most 16 levels deep (`call_too_deep`).\n\n**With `once`.** If the other workflow has `once`, its key is computed from these inputs, and the call is a run of its own. All callers with the same key share that run: other calls, endpoints, and events. A later caller gets the output, or waits for it, unless the run belongs to another user (`key_taken`); the wait survives the process. If the run fails or is canceled, waiting callers fail with its failure (`error.data.run` has the run's ID), which they can catch. A later call starts a new run. The value is JSON, with timestamps as text. The run has its own `run`, and a `respond` in it responds to its own callers. Canceling the caller does not cancel it. A call that would wait for itself fails (`call_waits_for_itself`). If `once` is null, the workflow runs inline.",
        "- id: customer\n  call: ensure-customer\n  with: {user_id: u1}\n- return: ${{ customer }}\n",
        snippet={"call": "${1:workflow}", "with": {}},
    ),
    "python": Note(
        "The function's result, as JSON.",
        "A decorator in `actions/*.py` registers the function. After a crash, it can be called again, with the same key.",
        "- id: price\n  python: shop:price\n  with: {sku: mug}\n- return: ${{ price }}\n",
        snippet={"python": "${1:module:function}", "with": {}},
    ),
    "approve": Note(
        "`{approved, by, at, note, timed_out}`.",
        "Users with one of the roles decide in the studio, or by a signed link. The steps under `notify` run first and can send `approval.url` by email. The link shows the question until `approval.until` (the timeout, or a week). Opening the link decides nothing; its buttons decide, in the name of the email's recipient. A recipient with a verified account must still have one of the roles. Only the email has the link, no journal and no log. A rejection without `else` fails the step (`rejected`). A timeout without `on_timeout` and `else` fails it too (`approval_timeout`), so no step that needs an approval runs without one.",
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
  on_timeout: [{log: no decision}]
""",
        snippet={"approve": "${1:question}", "roles": ["${2:admin}"], "timeout": "${3:2d}"},
    ),
}  # fmt: skip

TRIGGERS: dict[str, Note] = {
    "api": Note(
        "`inputs` from the body, the query, and the path; `user` if signed in.",
        "`auth` has no default. Unknown fields are rejected with 422. `dedupe` lasts 24 hours, per workflow and user: the same value with the same inputs gets the same run and the same response. With other inputs, the response is 409 (`key_taken`), as at Stripe: an answer belongs to its question. So it is if `once` finds the run of another user. Parts of the path in braces are inputs.\n\nThe address is the path below `/api`: `POST /orders/{order_id}/refund` is called at `/api/orders/o1/refund`. A run that a `filter` ends answers 200 with `null`.",
        "{api: 'POST /orders/{order_id}/refund', auth: [admin], dedupe: \"${{ inputs.request_id }}\"}\n",
    ),
    "stripe": Note(
        "`event` (Stripe's event, and `family`, `action`, `status`, `customer`, `metadata`, `previous`, and the object under its own name), `object`, `previous`.",
        "One event starts at most one run per workflow. For families with a state (subscriptions, invoices), `fresh` and `queue` are on by default: Payloom re-reads the object from Stripe, and runs about one object advance one after another, so late or reordered events can't overwrite a newer state. `match` filters events before a run starts.",
        "{stripe: customer.subscription, actions: [created, updated, deleted], fresh: true, queue: \"${{ object.id }}\"}\n",
    ),
    "schedule": Note(
        "Only `run`, `env`, and `vars`.",
        "The five fields are minute, hour, day, month, and weekday. Each scheduled time starts one run, also across daylight saving changes and with any number of workers. For times that passed while no worker ran, `catch_up: last` starts a run for the latest one, `all` for each, and `none` for none. A time counts as missed after 60 seconds.",
        "{schedule: '0 3 * * 1', timezone: Europe/Berlin, catch_up: last}\n",
    ),
    "manual": Note("`inputs` from the form, `user`.", "Users start it in the studio or with `payloom run`.", "{manual: true, auth: [admin]}\n"),
    "called": Note(
        "`inputs` from `with`.",
        "For workflows that others `call`. With [`once`](../file.md), all callers with one key share one run.",
        "{called: true}\n",
    ),
    "table": Note(
        "`row` (as it is now) and `old` (as it was; null on insert). On delete, both are the deleted row.",
        "Starts a run when a row of the table changes through Payloom, in the transaction of the change. `on` lists the changes: `insert`, `update`, `delete`. An `upsert` counts as an insert or an update, and an update that changes no value starts no run. A run that a change started can change rows and so start further runs, up to 8 levels deep; the ninth fails (`row_changes_too_deep`), and the change itself stays. Changes by other programs start no run.\n\nRuns of one workflow about one row (by its primary column) advance one after another, in commit order, on any worker. Other rows and other workflows don't wait. A failed or canceled run doesn't block the next run. A run that waits, perhaps for days, blocks the row's later runs, as with `queue` of a `stripe` trigger: start a workflow that waits on `insert` only. A change of the primary column starts a new order under the new value.",
        "{table: orders, on: [insert, update], match: row.status == 'paid'}\n",
    ),
}  # fmt: skip
