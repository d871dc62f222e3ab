"""A project that strangers knock at, on both databases, outside dev."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from tests.support.http_server import RunningServer, running_server
from tests.support.postgres import fresh_database

if TYPE_CHECKING:
    from collections.abc import Iterator

STRANGER_PROJECT = {
    "payloom.yaml": "name: Test Shop\nrate_limit: 1000/m\nhttp_allow: [api.shop.test]\n",
    "tables.yaml": """
tables:
  users:
    columns: {id: uuid primary, email: string unique, name?: string}
  secret_plans:
    columns: {id: string primary, price_floor: int = 0}
    seed: [{id: known}]
  visits:
    columns: {id: string primary}
""",
    "workflows/look.yaml": """
name: Look
on:
  api: GET /plans/{id}
  auth: none
input: {id: string}
steps:
  - id: plan
    select: secret_plans
    where: {id: "${{ inputs.id }}", price_floor: {lt: 4711}}
    one: required
  - return: {id: "${{ plan.id }}"}
""",
    "workflows/raises.yaml": """
name: Raises
on: {api: POST /raises, auth: none}
steps:
  - log: somebody came
  - raise: {status: 409, code: too_late, message: It is too late., hint: Come earlier.}
""",
    "workflows/ensures.yaml": """
name: Ensures
on: {api: POST /ensures, auth: none}
input: {amount: int}
steps:
  - update: secret_plans
    where: {id: nobody}
    set: {price_floor: 1}
    rows: 0..1
  - ensure: inputs.amount > 10
    message: It is too little.
    status: 422
    code: too_little
  - return: {}
""",
    "workflows/reckons.yaml": """
name: Reckons
on: {api: POST /reckons, auth: none}
input: {body: json}
steps:
  - return: {x: "${{ inputs.body.a.b }}"}
""",
    "workflows/breaks.yaml": """
name: Breaks
on: {api: POST /breaks, auth: none}
steps:
  - id: plan
    select: secret_plans
    where: {id: known}
    one: required
  - return: {x: "${{ int(plan.id) }}"}
""",
    "workflows/writes-first.yaml": """
name: Writes first
on: {api: POST /writes-first, auth: none}
input: {id: string}
steps:
  - insert: visits
    values: {id: "${{ inputs.id }}"}
  - raise: {status: 409, code: too_late, message: It is too late.}
""",
    "workflows/mails-first.yaml": """
name: Mails first
on: {api: POST /mails-first, auth: none}
steps:
  - email: hello
    to: ada@shop.test
  - raise: {status: 404, code: gone, message: It is gone.}
""",
    "emails/hello.mjml.j2": """---
subject: Hello
---
<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>
""",
    "workflows/twice.yaml": """
name: Twice
on: {api: POST /twice, auth: none}
input: {id: string}
steps:
  - insert: secret_plans
    values: {id: "${{ inputs.id }}"}
  - return: {}
""",
    "workflows/succeeds.yaml": """
name: Succeeds
on: {api: POST /succeeds, auth: none}
input: {text?: string}
steps:
  - return: {ok: true}
""",
    "workflows/deletes-at-stripe.yaml": """
name: Deletes at Stripe
on: {api: POST /deletes-at-stripe, auth: none}
input: {id: string}
steps:
  - stripe: products.delete
    with: {id: "${{ inputs.id }}"}  # payloom: ignore[F102, F131] what a value does that fits no address
  - return: {}
""",
    "workflows/posts-elsewhere.yaml": """
name: Posts elsewhere
on: {api: POST /posts-elsewhere, auth: none}
input: {id: string}
steps:
  - http: POST https://api.shop.test/things/${{ inputs.id }}/use
  - return: {}
""",
    "workflows/answers.yaml": """
name: Answers early
on: {api: POST /answers, auth: none}
steps:
  - respond: {ok: true}
  - raise: {status: 404, code: gone, message: It is gone.}
""",
    "workflows/shared.yaml": """
name: Shared
on: {called: true}
once: ${{ inputs.id }}
input: {id: string}
steps:
  - id: plan
    select: secret_plans
    where: {id: "${{ inputs.id }}"}
    one: required
  - return: {id: "${{ plan.id }}"}
""",
    "workflows/calls.yaml": """
name: Calls
on: {api: POST /calls, auth: none}
input: {id: string}
steps:
  - id: plan
    call: shared
    with: {id: "${{ inputs.id }}"}
  - return: {id: "${{ plan.id }}"}
""",
    "workflows/members.yaml": """
name: Members
on: {api: POST /members, auth: user}
steps:
  - return: {ok: true}
""",
    "pages/plan.html.j2": """---
path: /plan/{id}
auth: none
title: Plan
data:
  plan: {select: secret_plans, where: {id: "${{ params.id }}"}, one: required}
---
<p>{{ plan.id }}</p>
""",
}


OUTSIDE_DEV = {"environment": "staging", "metrics_token": SecretStr("metrics-token-of-the-test")}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def reachable(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The project, served outside dev."""
    folder = tmp_path_factory.mktemp("project")
    if request.param == "sqlite":
        with running_server(folder, STRANGER_PROJECT, changes=OUTSIDE_DEV) as server:
            yield server
        return
    with (
        fresh_database(request.getfixturevalue("postgres_server")) as url,
        running_server(folder, STRANGER_PROJECT, database_url=url, changes=OUTSIDE_DEV) as server,
    ):
        yield server
