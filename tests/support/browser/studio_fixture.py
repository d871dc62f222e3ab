"""A demo in which all flows have been played, and a person signed in to its studio."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
from playwright.sync_api import Page
from tests.support.browser.shop_fixture import Shop

from payloom.cli.demo_check.actors import DemoActors
from payloom.cli.demo_check.report import play
from payloom.cli.support.paths import copy_template, template

OpenPage = Callable[..., Page]
"""Opens a page of the studio, signed in, by its path. Options: width, height, theme, page (an open one to reuse)."""

REPOSITORY = Path(__file__).resolve().parents[3]

# What the shop does not have: a run that fails until its input is right, one that can be watched, one that asks.
WORKFLOWS = {
    "studio-fragile.yaml": """\
name: Fragile import
description: Fails while the amount is too large.
on:
  api: POST /studio/fragile
  auth: none
input: {amount: int, api_key?: string}
steps:
  - id: doubled
    let: {amount: "${{ inputs.amount * 2 }}"}
  - log: doubled is ${{ doubled.amount }}
  - id: checked
    if: doubled.amount > 100
    then:
      - raise: {status: 500, code: too_large, message: "The amount ${{ doubled.amount }} is too large."}
  - return: {amount: "${{ doubled.amount }}"}
""",
    "studio-slow.yaml": """\
name: Slow report
on:
  api: POST /studio/slow
  auth: none
input: {seconds: "int 1..60 = 2"}
steps:
  - respond: {accepted: true}
    status: 202
  - id: first
    let: {n: 1}
  - wait: ${{ duration(string(inputs.seconds) + 's') }}
  - id: second
    let: {n: "${{ first.n + 1 }}"}
  - log: the report has ${{ second.n }} pages
""",
    "studio-ask.yaml": """\
name: Ask before paying out
on:
  api: POST /studio/ask
  auth: none
input: {amount: int}
steps:
  - respond: {accepted: true}
    status: 202
  - approve: Pay out ${{ money(inputs.amount, 'usd') }}?
    roles: [admin]
    data: {amount: "${{ inputs.amount }}"}
    timeout: 2d
    then:
      - id: paid
        let: {amount: "${{ inputs.amount }}"}
    else:
      - log: nobody was paid
""",
    "studio-settle.yaml": """\
name: Settle once
on: {called: true}
input: {batch: string}
once: ${{ inputs.batch }}
steps:
  - approve: Settle ${{ inputs.batch }}?
    roles: [admin]
    timeout: 2d
    then:
      - id: settled
        let: {batch: "${{ inputs.batch }}"}
  - return: {settled: "${{ inputs.batch }}"}
""",
    "studio-settles.yaml": """\
name: Ask to settle
on:
  api: POST /studio/settle
  auth: none
input: {batch: string}
steps:
  - respond: {accepted: true}
    status: 202
  - id: done
    call: studio-settle
    with: {batch: "${{ inputs.batch }}"}
  - log: ${{ done.settled }} is settled
""",
}


def build_script() -> ModuleType:
    """Return studio/build.py as a module."""
    name = "payloom_studio_build"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, REPOSITORY / "studio" / "build.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def build_studio() -> None:
    """Build the studio unless it is built. PAYLOOM_STUDIO_AS_IS=1 takes the one that is there, whatever its age."""
    if os.environ.get("PAYLOOM_STUDIO_AS_IS"):
        return
    script = build_script()
    script.build(REPOSITORY / "studio", REPOSITORY / script.BUILT)


class Studio:
    """A running demo and its studio. `shop` has the shop's own views: rows, mails, the local Stripe."""

    def __init__(self, folder: Path) -> None:
        self.shop = Shop(folder)
        self.url = f"{self.shop.url}/studio"

    def start(self) -> None:
        """Start the demo with this world's workflows and play the five flows."""
        copy_template(template("shop"), self.shop.folder)
        for name, text in WORKFLOWS.items():
            (self.shop.folder / "workflows" / name).write_text(text, "utf-8")
        self.shop.start()
        token = self.shop.admin["authorization"].removeprefix("Bearer ")
        actors = DemoActors(self.shop.url, self.shop.local_stripe, token, ("admin@corner.test", "tiller-and-sail"))
        try:
            outcomes = play(actors, quiet=True)
        finally:
            actors.close()
        assert [outcome.told for outcome in outcomes if not outcome.held] == []

    def get(self, path: str, **query: Any) -> Any:
        """GET from the management API, as the admin token."""
        answer = httpx.get(f"{self.shop.url}/api/_payloom{path}", params=query, headers=self.shop.admin, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        """POST to the management API, as the admin token."""
        answer = httpx.post(f"{self.shop.url}/api/_payloom{path}", json=body or {}, headers=self.shop.admin, timeout=20)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def call(self, path: str, body: Any) -> httpx.Response:
        """POST to one of the project's own endpoints, as its customers do."""
        return httpx.post(f"{self.shop.url}/api{path}", json=body, timeout=20)

    def run_of(self, workflow: str, **fields: Any) -> dict[str, Any]:
        """Return the newest run of a workflow whose fields are as given."""
        runs = self.get("/runs", workflow=workflow, limit=50)["data"]
        return next(run for run in runs if all(run[name] == value for name, value in fields.items()))

    def failing_run(self, amount: int = 80) -> dict[str, Any]:
        """Make a run of studio-fragile that failed."""
        assert self.call("/studio/fragile", {"amount": amount, "api_key": "sk_live_never_shown"}).status_code == 500
        return self.run_of("studio-fragile", status="failed")

    def sign_in(self, page: Page) -> Page:
        """Give the page's context the session of the template's admin."""
        answer = page.request.post(
            f"{self.shop.url}/api/auth/sign-in",
            data=json.dumps({"email": "admin@corner.test", "password": "tiller-and-sail"}),
            headers={"content-type": "application/json"},
        )
        assert answer.ok, answer.text()
        return page

    def wait(self, condition: str, look: Callable[[], Any], patience: float = 15) -> Any:
        """Return what `look()` returns as soon as it is true."""
        return self.shop.wait(condition, look, patience)
