"""Stripe's tables through a real server and the local Stripe: steps, the studio's list, a copy kept by webhooks."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
import stripe
from tests.support.http_server import RunningServer, event, running_server

from payloom_emulator.embedded import RunningEmulator, run

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN = """
name: Open invoices
description: What a customer owes.
on: {api: "GET /owes/{customer}", auth: none}
input: {customer: string}
steps:
  - id: due
    select: stripe.invoices
    where: {customer: "${{ inputs.customer }}", status: draft}
  - return: {count: "${{ size(due) }}"}
"""
NAMED = """
name: Products by name
description: Reads the copy.
on: {api: "GET /named/{name}", auth: none}
input: {name: string}
steps:
  - id: found
    select: stripe.products
    where: {name: {starts_with: "${{ inputs.name }}"}}
    order_by: name
    one: optional
  - return: {id: "${{ found?.id }}"}
"""


def client(local: RunningEmulator) -> stripe.StripeClient:
    """Return the official client."""
    return stripe.StripeClient(local.secret_key, base_addresses={"api": local.url})


@pytest.fixture(scope="module")
def local() -> Iterator[RunningEmulator]:
    with run() as running:
        yield running


@pytest.fixture(scope="module")
def shop(local: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    port = local.url.rpartition(":")[2]
    files = {
        "payloom.yaml": f"name: Test Shop\nstripe: {{local_port: {port}, mirror: [products]}}\n",
        "tables.yaml": "tables: {}\n",
        "workflows/owes.yaml": OPEN,
        "workflows/named.yaml": NAMED,
    }
    client(local).v1.products.create({"name": "Listed at the start"})
    with running_server(tmp_path_factory.mktemp("tables"), files) as server:
        yield server


def test_a_select_step_reads_stripe(local: RunningEmulator, shop: RunningServer) -> None:
    customer = client(local).v1.customers.create({"email": "a@b.c"})
    assert shop.http.get(f"/api/owes/{customer.id}").json() == {"count": 0}
    client(local).v1.invoices.create({"customer": customer.id})
    assert shop.http.get(f"/api/owes/{customer.id}").json() == {"count": 1}
    run_id = shop.manage("/runs", workflow="owes")["data"][0]["id"]
    step = shop.manage(f"/runs/{run_id}")["steps"][0]
    assert (step["verb"], step["action"]) == ("select", "stripe.invoices")


def test_the_copy_is_listed_at_the_start_and_kept_by_webhooks(local: RunningEmulator, shop: RunningServer) -> None:
    listed = shop.wait(lambda: shop.http.get("/api/named/Listed").json().get("id"))
    assert client(local).v1.products.retrieve(listed).name == "Listed at the start"
    later = int(time.time()) + 1000
    body = json.loads(event("product.created", "evt_1", id="prod_new", name="Brand new", created=later))
    body["created"] = later
    assert shop.deliver(json.dumps(body).encode()).status_code == 200
    assert shop.http.get("/api/named/Brand").json() == {"id": "prod_new"}


def test_the_studio_lists_and_reads_them(local: RunningEmulator, shop: RunningServer) -> None:
    tables = {table["name"]: table for table in shop.manage("/tables")["data"]}
    assert tables["stripe.products"]["mirrored"]
    assert not tables["stripe.prices"]["mirrored"]
    assert {"name": "active", "type": "boolean", "range": False, "choices": None} in tables["stripe.prices"]["filters"]
    emails = [f"p{number}@b.c" for number in range(3)]
    for email in emails:
        client(local).v1.customers.create({"email": email})
    first = shop.manage("/tables/stripe.customers/rows", limit=2)
    second = shop.manage("/tables/stripe.customers/rows", limit=2, cursor=first["next"])
    assert [row["email"] for row in (*first["data"], *second["data"])][:3] == emails[::-1]
    filtered = shop.manage("/tables/stripe.customers/rows", email="p1@b.c", **{"created.gt": 1})
    assert [row["email"] for row in filtered["data"]] == ["p1@b.c"]


def test_what_cannot_be_asked_is_told(shop: RunningServer) -> None:
    answer = shop.http.get("/api/_payloom/tables/stripe.customers/rows", params={"name": "x"}, headers=shop.admin)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unknown_column")
    answer = shop.http.get("/api/_payloom/tables/stripe.customer/rows", headers=shop.admin)
    assert answer.json()["error"]["hint"] == "did you mean 'stripe.customers'?"
