"""One small project, served for the tests of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.http_server import RunningServer, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = """
tables:
  users:
    columns:
      id: uuid primary
      email: string unique
      name?: string
  orders:
    columns:
      id: string primary
      status: pending | paid = pending
      amount: int = 0
    seed:
      - {id: o1}
      - {id: o2}
      - {id: o3, amount: 5}
"""

ECHO = """
name: Echo
on:
  api: POST /echo/{word}
  auth: none
input: {word: string, times: int 1..5 = 1, tags?: [{name: string}]}
steps:
  - return: {word: "${{ inputs.word }}", times: "${{ inputs.times }}", at: "${{ now() }}"}
"""

SEARCH = """
name: Search
on: {api: GET /search, auth: none}
input: {amount: int, paid?: bool}
steps:
  - id: found
    select: orders
    where: {amount: "${{ inputs.amount }}"}
  - return: {ids: "${{ found.map(o, o.id) }}"}
"""

PRIVATE = """
name: Private
on: {api: POST /private, auth: user, rate_limit: 3/m}
steps:
  - return: {email: "${{ user.email }}"}
"""

ADMINS = """
name: Admins
on: {api: POST /admins, auth: [admin]}
steps:
  - return: {ok: true}
"""

OPEN = """
name: Open to one other site
on: {api: POST /open, auth: optional, cors: ["https://app.example"]}
steps:
  - return: {who: "${{ user?.email ?? 'nobody' }}"}
"""

BROKEN = """
name: Broken
on: {api: POST /broken, auth: none}
input: {map: json}
steps:
  - when: inputs.map.missing == 1
    return: {}
  - id: order
    select: orders
    where: {id: o1}
    one: required
  - return: {x: "${{ int(order.id) }}"}
"""

REFUSING = """
name: Refusing
on: {api: POST /refusing, auth: none}
steps:
  - raise: {status: 409, code: too_late, message: "It is too late."}
"""

MARK_PAID = """
name: Mark paid
on: {stripe: payment_intent, actions: [succeeded]}
steps:
  - update: orders
    where: {id: "${{ object.metadata.order_id }}"}
    set: {status: paid, amount: "${{ object.amount }}"}
"""

PAGES = {
    "pages/index.html.j2": """---
path: /
auth: optional
title: Start
data:
  orders: {select: orders, order_by: id}
---
<h1>{{ title }}</h1>
<ul>{% for order in orders %}<li>{{ order.id }} {{ order.amount | money("usd") }}</li>{% endfor %}</ul>
<p>{{ user.email if user else "nobody" }}</p>
<form method="post" action="/sign-out"><input type="hidden" name="csrf_token" value="{{ csrf_token }}"></form>
<script nonce="{{ csp_nonce }}"></script>
""",
    "pages/order.html.j2": """---
path: /order/{id}
auth: none
title: Order
data:
  order: {select: orders, where: {id: "${{ params.id }}"}, one: required}
---
<p>{{ order.id }} {{ query.note if query.note is defined }}</p>
""",
    "pages/mine.html.j2": "---\npath: /mine\nauth: user\ntitle: Mine\n---\n<p>{{ user.email }}</p>\n",
    "pages/staff.html.j2": "---\npath: /staff\nauth: [admin]\ntitle: Staff\n---\n<p>staff</p>\n",
    "pages/broken.html.j2": "---\npath: /broken\nauth: none\ntitle: Broken\n---\n<p>{{ nothing_here }}</p>\n",
    "pages/assets/a.svg": "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "pages/assets/a.css": "a { color: red }",
}

PROJECT = {
    "payloom.yaml": """
name: Test Shop
accounts:
  - {email: ada@shop.test, password: correct-horse, name: Ada}
  - {email: boss@shop.test, password: battery-staple, roles: [admin], studio: admin}
""",
    "tables.yaml": TABLES,
    "workflows/echo.yaml": ECHO,
    "workflows/search.yaml": SEARCH,
    "workflows/private.yaml": PRIVATE,
    "workflows/admins.yaml": ADMINS,
    "workflows/open.yaml": OPEN,
    "workflows/broken.yaml": BROKEN,
    "workflows/refusing.yaml": REFUSING,
    "workflows/mark-paid.yaml": MARK_PAID,
    **PAGES,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The running project."""
    with running_server(tmp_path_factory.mktemp("project"), PROJECT) as server:
        yield server
