"""The guide to Connect: a sound project, which tells its own account's events from those of sellers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.http_server import write_project

from payloom.project.loader import load_project
from payloom.settings.load import load_settings
from payloom.testing.runner import run_cases

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "connect.md"
CASES = """\
workflow: seller-updated
given:
  tables:
    sellers: [{id: s1, account: acct_seller1}, {id: s2, account: acct_seller2}]
cases:
  - name: a seller's account
    event: {type: account.updated, account: acct_seller1, object: {id: acct_seller1, object: account, payouts_enabled: true}}
    expect:
      runs: 1
      tables: {sellers: [{id: s1, ready: true}, {id: s2, ready: false}]}
  - name: an account nobody knows
    event: {type: account.updated, account: acct_other, object: {id: acct_other, object: account, payouts_enabled: true}}
    expect: {runs: 1, tables: {sellers: [{id: s1, ready: false}, {id: s2, ready: false}]}}
  - name: the platform's own account
    event: {type: account.updated, object: {id: acct_seller1, object: account, payouts_enabled: true}}
    expect: {runs: 0, tables: {sellers: [{id: s1, ready: false}, {id: s2, ready: false}]}}
"""
OWN = """\
name: Own
description: Notes whose event it is.
on: {stripe: account, actions: [updated]}
steps:
  - insert: sellers
    values: {account: "${{ event.account ?? 'platform' }}"}
"""
OWN_CASES = """\
workflow: own
cases:
  - name: the platform's own account
    event: {type: account.updated, object: {id: acct_platform, object: account}}
    expect: {runs: 1, tables: {sellers: [{account: platform}]}}
  - name: a seller's account
    event: {type: account.updated, account: acct_seller1, object: {id: acct_seller1, object: account}}
    expect: {runs: 0}
"""


def files() -> dict[str, str]:
    """Return the guide's files."""
    return dict(re.findall(r"<!-- (\S+\.yaml) -->\n```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL))


def test_the_guide_is_a_sound_project(tmp_path: Path) -> None:
    root = write_project(tmp_path, files())
    project = load_project(root, load_settings(root, environ={}, keep=False)).ensure_valid()
    assert sorted(project.workflows) == ["add-seller", "refund-sale", "sell", "seller-updated"]
    assert [each.format() for each in project.diagnostics if each.severity != "advice"] == []


@pytest.mark.anyio
async def test_its_triggers_take_the_events_that_the_guide_says(tmp_path: Path) -> None:
    sources = {"tests/sellers.test.yaml": CASES, "workflows/own.yaml": OWN, "tests/own.test.yaml": OWN_CASES}
    report = await run_cases(write_project(tmp_path, {**files(), **sources}))
    assert [
        str(variant.differences) for result in report.results for variant in result.variants if not variant.ok
    ] == []
    assert len(report.results) == 5
