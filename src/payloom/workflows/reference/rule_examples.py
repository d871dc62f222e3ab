"""An example of each rule of the checker: a file that it reports, and the same file corrected."""

from __future__ import annotations

_MANUAL = "name: Example\ndescription: An example.\non: {manual: true}\n"
_API = "name: Example\ndescription: An example.\non: {api: POST /example, auth: user}\n"
_EVENT = "name: Example\ndescription: An example.\non: {stripe: payment_intent, actions: [succeeded, payment_failed], fresh: true}\n"

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
        _API + 'input: {order_id: uuid, amount: int}\nsteps:\n  - stripe: payment_intents.create\n    with: {amount: "${{ inputs.amount }}", currency: usd}\n    idempotency_key: pay-${{ inputs.order_id }}\n',
        _API + 'input: {order_id: uuid}\nsteps:\n  - id: order\n    select: orders\n    where: {id: "${{ inputs.order_id }}", user_id: "${{ user.id }}"}\n    one: required\n  - stripe: payment_intents.create\n    with: {amount: "${{ order.amount }}", currency: usd}\n    idempotency_key: pay-${{ order.id }}\n',
    ),
    "F102": (
        _API + 'input: {order_id: uuid}\nsteps:\n  - select: orders\n    where: {id: "${{ inputs.order_id }}"}\n',
        _API + 'input: {order_id: uuid}\nsteps:\n  - select: orders\n    where: {id: "${{ inputs.order_id }}", user_id: "${{ user.id }}"}\n',
    ),
    "F103": (
        _MANUAL + "steps:\n  - stripe: customers.create\n    idempotency_key: customer-${{ uuid() }}\n",
        _MANUAL + "steps:\n  - stripe: customers.create\n    idempotency_key: customer-for-${{ run.root_id }}\n",
    ),
    "F104": (
        _API + "steps:\n  - stripe: payment_intents.create\n    with: {amount: 2198, currency: usd}\n",
        'name: Example\ndescription: An example.\non: {api: POST /example, auth: user, dedupe: "${{ inputs.request_id }}"}\ninput: {request_id: uuid}\nsteps:\n  - stripe: payment_intents.create\n    with: {amount: 2198, currency: usd}\n',
    ),
    "F105": (
        "name: Example\ndescription: An example.\non: {stripe: payment_intent, actions: [succeeded]}\nsteps:\n  - log: paid\n",
        "name: Example\ndescription: An example.\non: {stripe: payment_intent, actions: [succeeded, payment_failed]}\nsteps:\n  - log: ${{ event.action }}\n",
    ),
    "F106": (
        'name: Example\ndescription: An example.\non: {api: GET /thanks, auth: user}\nsteps:\n  - update: users\n    where: {id: "${{ user.id }}"}\n    set: {has_access: true}\n',
        'name: Example\ndescription: An example.\non: {api: GET /thanks, auth: user}\nsteps:\n  - id: me\n    select: users\n    where: {id: "${{ user.id }}"}\n    one: required\n  - return: {access: "${{ me.has_access }}"}\n',
    ),
    "F107": (
        "name: Example\ndescription: An example.\non: {stripe: checkout.session}\nsteps:\n  - email: receipt\n    to: ada@example.com\n",
        "name: Example\ndescription: An example.\non: {stripe: checkout.session}\nsteps:\n  - filter: object.payment_status != 'unpaid'\n  - email: receipt\n    to: ada@example.com\n",
    ),
    "F108": (
        'name: Example\ndescription: An example.\non: {stripe: charge}\nsteps:\n  - update: orders\n    where: {charge: "${{ object.id }}"}\n    set: {status: failed}\n',
        'name: Example\ndescription: An example.\non: {stripe: charge}\nsteps:\n  - update: orders\n    where: {charge: "${{ object.id }}", status: pending}\n    set: {status: failed}\n',
    ),
    "F109": (
        'name: Example\ndescription: An example.\non: {stripe: charge}\nsteps:\n  - select: users\n    where: {id: "${{ object.metadata?.user_id }}"}\n',
        'name: Example\ndescription: An example.\non: {stripe: charge, match: object.metadata?.user_id != null}\nsteps:\n  - select: users\n    where: {id: "${{ object.metadata.user_id }}"}\n',
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
    "F120": (
        _API + "input: {order_id: uuid}\nonce: ${{ inputs.order_id }}\nsteps:\n  - return: {done: true}\n",
        _API + "input: {order_id: uuid}\nonce: ${{ inputs.order_id }}-${{ user.id }}\nsteps:\n  - return: {done: true}\n",
    ),
    "F113": (
        _MANUAL + "steps:\n  - http: POST https://elsewhere.example/hook\n",
        _MANUAL + "steps:\n  - http: POST https://api.example/hook\n",
    ),
    "F121": (
        _MANUAL + "steps:\n  - id: order\n    select: orders\n    where: {id: o1}\n    one: required\n  - wait: 3d\n  - if: order.status == 'pending'\n    then:\n      - log: remind\n",
        _MANUAL + "steps:\n  - wait: 3d\n  - id: order\n    select: orders\n    where: {id: o1}\n    one: required\n  - if: order.status == 'pending'\n    then:\n      - log: remind\n",
    ),
    "F122": (
        "name: Example\ndescription: An example.\non: {stripe: invoice, actions: [upcoming], fresh: true}\nsteps:\n  - log: ${{ object.customer }}\n",
        "name: Example\ndescription: An example.\non: {stripe: invoice, actions: [upcoming]}\nsteps:\n  - log: ${{ object.customer }}\n",
    ),
    "F130": (
        _API + 'input: {plan: free | pro}\nsteps:\n  - update: users\n    where: {id: "${{ user.id }}"}\n    set: {plan: "${{ inputs.plan }}"}\n',
        'name: Example\ndescription: An example.\non: {stripe: customer.subscription, actions: [created, updated, deleted], fresh: true}\nsteps:\n  - update: users\n    where: {subscription_id: "${{ object.id }}"}\n    set: {subscription_status: "${{ object.status }}"}\n',
    ),
    "F131": (
        "name: Example\ndescription: An example.\non: {api: POST /contact, auth: none}\ninput: {email: email}\nsteps:\n  - email: receipt\n    to: ${{ inputs.email }}\n",
        "name: Example\ndescription: An example.\non: {api: POST /contact, auth: none, rate_limit: 5/h}\ninput: {email: email}\nsteps:\n  - email: receipt\n    to: ${{ inputs.email }}\n",
    ),
    "F132": (
        _API + 'input: {back: string}\nsteps:\n  - stripe: checkout.sessions.create\n    with: {mode: payment, success_url: "${{ inputs.back }}"}\n',
        _API + 'input: {order: uuid}\nsteps:\n  - stripe: checkout.sessions.create\n    with: {mode: payment, success_url: "${{ env.SITE_URL }}/orders/${{ inputs.order }}"}\n',
    ),
    "F133": (
        _API + "input: {email: email}\nsteps:\n  - stripe: customers.search\n    with: {query: \"email:'${{ inputs.email }}'\"}\n",
        _API + "steps:\n  - stripe: customers.list\n    with: {limit: 1}\n",
    ),
    "F134": (
        _EVENT + "steps:\n  - log: ${{ string(object.amount / 100) }} paid\n",
        _EVENT + "steps:\n  - log: ${{ money(object.amount, object.currency) }} paid\n",
    ),
    "F135": (
        _EVENT + 'steps:\n  - update: orders\n    where: {id: "${{ object.metadata.order_id }}", status: pending}\n    set: {status: paid}\n',
        _EVENT + 'steps:\n  - update: orders\n    where: {id: "${{ object.metadata.order_id }}", status: pending, amount: "${{ object.amount }}", currency: "${{ object.currency }}"}\n    set: {status: paid}\n',
    ),
    "F136": (
        _MANUAL + 'steps:\n  - id: rows\n    select: orders\n    where: {status: pending}\n  - stripe: payment_intents.create\n    with: {amount: "${{ sum(rows.map(row, row.amount)) }}", currency: "${{ rows[0].currency }}"}\n',
        _MANUAL + 'steps:\n  - id: rows\n    select: orders\n    where: {status: pending}\n  - ensure: rows.all(row, row.currency == rows[0].currency)\n    message: One payment has one currency.\n  - stripe: payment_intents.create\n    with: {amount: "${{ sum(rows.map(row, row.amount)) }}", currency: "${{ rows[0].currency }}"}\n',
    ),
    "F137": (
        _MANUAL + "steps:\n  - stripe: payment_intents.create\n    with: {amount: 12345, currency: kwd}\n",
        _MANUAL + "steps:\n  - stripe: payment_intents.create\n    with: {amount: 12340, currency: kwd}\n",
    ),
    "F138": (
        _MANUAL + "steps:\n  - stripe: subscriptions.update\n    with: {id: sub_1, items: [{price: price_team}]}\n    idempotency_key: team-${{ run.root_id }}\n",
        _MANUAL + "steps:\n  - id: old\n    stripe: subscriptions.retrieve\n    with: {id: sub_1}\n  - stripe: subscriptions.update\n    with: {id: sub_1, items: [{id: '${{ old.items.data[0].id }}', price: price_team}]}\n    idempotency_key: team-${{ run.root_id }}\n",
    ),
    "F201": (
        "name: Example\non: {manual: true}\nsteps:\n  - log: x\n",
        _MANUAL + "steps:\n  - log: x\n",
    ),
}  # fmt: skip
"""By rule, a file that the rule reports, and the same file corrected. F113 has `api.example` as its allowed host."""
