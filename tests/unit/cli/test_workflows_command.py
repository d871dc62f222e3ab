"""`payloom workflows` lists the workflows of a project with what starts them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from payloom.cli.commands import app

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "payloom.yaml": "name: Shop\n",
    "tables.yaml": "tables:\n  orders:\n    columns:\n      id: string primary\n",
    "workflows/pay.yaml": "name: Pay\non: {api: POST /pay, auth: none}\nsteps:\n  - log: hi\n",
    "workflows/paid.yaml": "name: Paid\non: {stripe: invoice, actions: [paid]}\nsteps:\n  - log: hi\n",
    "workflows/nightly.yaml": "name: Nightly\non: {schedule: '0 3 * * 1'}\nsteps:\n  - log: hi\n",
    "workflows/row.yaml": "name: Row\non: {table: orders, on: [insert]}\nsteps:\n  - log: hi\n",
    "workflows/part/helper.yaml": "name: Helper\non: {called: true}\nsteps:\n  - log: hi\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_each_workflow_has_its_id_name_and_triggers(project: Path) -> None:
    printed = CliRunner().invoke(app, ["workflows", "-C", str(project), "--json"])
    assert printed.exit_code == 0, printed.output
    assert {row["id"]: row["triggers"] for row in json.loads(printed.stdout)} == {
        "pay": ["POST /pay"],
        "paid": ["stripe invoice: paid"],
        "nightly": ["schedule 0 3 * * 1 (UTC)"],
        "row": ["table orders: insert"],
        "part/helper": ["called"],
    }
    assert "part/helper" in CliRunner().invoke(app, ["workflows", "-C", str(project), "part"]).stdout


WAITING = """\
name: Waiting
on: {called: true}
steps:
  - if: true
    then:
      - wait_for: {stripe: payment_intent, actions: [succeeded], timeout: 1h}
"""


def test_the_event_types_to_select_at_stripe_are_those_that_start_wake_or_keep_fresh(project: Path) -> None:
    (project / "workflows" / "waiting.yaml").write_text(WAITING)
    (project / "workflows" / "refunds.yaml").write_text("name: R\non: {stripe: refund}\nsteps:\n  - log: hi\n")
    (project / "payloom.yaml").write_text("name: Shop\nstripe: {mirror: [products]}\n")
    printed = CliRunner().invoke(app, ["workflows", "--events", "-C", str(project), "--json"])
    assert printed.exit_code == 0, printed.output
    assert {row["type"]: row["for"] for row in json.loads(printed.stdout)} == {
        "invoice.paid": ["paid"],
        "payment_intent.succeeded": ["waiting"],
        **{f"refund.{action}": ["refunds"] for action in ("created", "failed", "updated")},
        **{f"product.{action}": ["stripe.mirror"] for action in ("created", "deleted", "updated")},
    }
    lines = CliRunner().invoke(app, ["workflows", "--events", "-C", str(project)]).stdout.splitlines()
    assert lines[0] == "invoice.paid"


def test_a_word_that_no_id_has_is_refused_with_a_suggestion(project: Path) -> None:
    refused = CliRunner().invoke(app, ["workflows", "nightlyy", "-C", str(project)])
    assert refused.exit_code == 3
    assert "did you mean 'nightly'?" in refused.output


def test_a_workflow_with_errors_is_named_apart(project: Path) -> None:
    (project / "workflows" / "broken.yaml").write_text("name: Broken\n")
    printed = CliRunner().invoke(app, ["workflows", "-C", str(project)])
    assert printed.exit_code == 0
    assert "Not listed because of errors: broken. Run `payloom check`." in printed.output
    assert "Broken" not in printed.stdout
