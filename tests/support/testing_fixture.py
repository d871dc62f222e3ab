"""A small project with what storms and cases need, and a way to play cases of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from payloom.testing.runner import Report, run_cases

if TYPE_CHECKING:
    from pathlib import Path

TABLES = """\
tables:
  orders:
    columns:
      id: uuid primary
      status: pending | paid | refunded = pending
      amount: int = 0
      email: string = buyer@example.com
      refund?: string
      paid_at?: datetime
"""
RECEIPT = """\
---
subject: Receipt {{ number }}
---
<mjml><mj-body><mj-section><mj-column><mj-text>Paid: {{ total }}</mj-text></mj-column></mj-section></mj-body></mjml>
"""
PAY = """\
name: Pay
description: Marks the order paid and writes a receipt.
on:
  stripe: payment_intent
  actions: [succeeded, payment_failed]
  match: object.metadata?.order_id != null
steps:
  - switch: event.action
    cases:
      succeeded:
        - id: order
          update: orders
          where: {id: "${{ object.metadata.order_id }}", status: pending}
          set: {status: paid, paid_at: "${{ now() }}"}
          rows: 0..1
        - filter: order != null
        - email: receipt
          to: ${{ order.email }}
          data: {number: "${{ order.id }}", total: "${{ money(object.amount, object.currency) }}"}
      payment_failed:
        - log: it failed
    default: stop
"""
REFUND = """\
name: Refund
description: Gives the money back.
on:
  api: POST /refund
  auth: none
input: {order_id: uuid}
steps:
  - id: order
    select: orders
    where: {id: "${{ inputs.order_id }}", status: paid}
    one: required
  - id: refund
    stripe: refunds.create
    with: {payment_intent: pi_1, amount: "${{ order.amount }}", metadata: {order_id: "${{ order.id }}"}}
    idempotency_key: refund-${{ order.id }}
  - update: orders
    where: {id: "${{ order.id }}"}
    set: {status: refunded, refund: "${{ refund.id }}"}
  - return: {refund: "${{ refund.id }}"}
"""
STORM_CASES = """\
workflow: [pay, refund]
given:
  tables: {orders: [{id: o1, amount: 500}]}
  stripe: {objects: [{id: pi_1, amount: 500, currency: usd}]}
cases:
  - name: paid
    event: {type: payment_intent.succeeded, object: {id: pi_1, amount: 500, metadata: {order_id: o1}}}
  - name: paid and given back
    given: {tables: {orders: [{id: o1, status: paid}]}}
    call: {workflow: refund, inputs: {order_id: o1}}
"""


class SmallProject:
    """A project in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("workflows", "emails", "tests", "pages"):
            (root / folder).mkdir()
        self.write("payloom.yaml", "name: Small\n")
        self.write("tables.yaml", TABLES)
        self.write("emails/receipt.mjml.j2", RECEIPT)
        self.write("workflows/pay.yaml", PAY)
        self.write("workflows/refund.yaml", REFUND)

    def write(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.root / name
        path.write_text(text, "utf-8")
        return path

    def cases(self, text: str, name: str = "tests/one.test.yaml", **more: Any) -> Report:
        """Write a test file and run it."""
        self.write(name, text)
        return asyncio.run(run_cases(self.root, only=[self.root / name], **more))
