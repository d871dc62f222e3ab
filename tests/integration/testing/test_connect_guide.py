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

SOLD = """\
workflow: WORKFLOW
given:
  tables:
    sellers: [{id: s1, account: acct_1ada, ready: true}, {id: s2, account: acct_1bob}]
    sales:
      - {id: a1, seller_id: s1, amount: 5000, fee: 500}
      - {id: a2, seller_id: s2, amount: 700, fee: 70}
      - {id: a3, seller_id: s1, amount: 900, fee: 90, status: paid, intent: pi_3}
  stripe: {objects: [{object: account, id: acct_1ada}]}
cases:
"""
SELL_CASES = (
    SOLD.replace("WORKFLOW", "sell")
    + """\
  - name: the seller gets the amount, we keep the fee
    call: {user: {id: u9}, inputs: {sale: a1}}
    expect:
      stripe:
        - call: payment_intents.create
          with: {amount: 5000, application_fee_amount: 500, transfer_data: {destination: acct_1ada}}
      tables: {sales: [{id: a1, status: paid}, {id: a2, status: pending}, {id: a3, intent: pi_3}]}
  - name: a seller who is not ready
    call: {user: {id: u9}, inputs: {sale: a2}}
    expect: {error: row_not_found, stripe: []}
  - name: once
    call: {user: {id: u9}, inputs: {sale: a3}}
    expect: {error: row_not_found, stripe: []}
"""
)
REFUND_CASES = (
    SOLD.replace("WORKFLOW", "refund-sale")
    + """\
  - name: from the seller, and from our fee
    call: {user: {id: u9}, inputs: {sale: a3}}
    expect:
      stripe:
        - call: refunds.create
          with: {payment_intent: pi_3, reverse_transfer: true, refund_application_fee: true}
      tables: {sales: [{id: a1, status: pending}, {id: a2, status: pending}, {id: a3, status: refunded}]}
  - name: a sale that was not paid
    call: {user: {id: u9}, inputs: {sale: a1}}
    expect: {error: row_not_found, stripe: []}
"""
)
ADD_CASES = """\
workflow: add-seller
cases:
  - name: a connected account
    call: {user: {id: u9}}
    expect:
      stripe: [{call: accounts.create, with: {type: express}}]
      tables: {sellers: [{ready: false}]}
"""
PLAYED = {"sell": SELL_CASES, "refund-sale": REFUND_CASES, "add-seller": ADD_CASES}


def files() -> dict[str, str]:
    """Return the guide's files."""
    return dict(re.findall(r"<!-- (\S+\.yaml) -->\n```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL))


def test_the_guide_is_a_sound_project(tmp_path: Path) -> None:
    root = write_project(tmp_path, files())
    project = load_project(root, load_settings(root, environ={}, keep=False)).ensure_valid()
    assert sorted(project.workflows) == ["add-seller", "refund-sale", "sell", "seller-updated"]
    assert [each.format() for each in project.diagnostics if each.severity != "advice"] == []


@pytest.mark.anyio
async def test_its_workflows_do_what_the_guide_says(tmp_path: Path) -> None:
    sources = {"tests/sellers.test.yaml": CASES, "workflows/own.yaml": OWN, "tests/own.test.yaml": OWN_CASES}
    sources |= {f"tests/{name}.test.yaml": text for name, text in PLAYED.items()}
    report = await run_cases(write_project(tmp_path, {**files(), **sources}))
    assert [
        str(variant.differences) for result in report.results for variant in result.variants if not variant.ok
    ] == []
    assert len(report.results) == 11
