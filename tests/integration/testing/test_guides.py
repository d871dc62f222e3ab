"""The guides are played: their files and commands in a shop, and what they print stands in them word for word."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from payloom.cli.commands import app
from payloom.cli.support.paths import template
from payloom.settings.offline import load_offline_settings
from payloom.testing.runner import run_cases

GUIDES = Path(__file__).parents[3] / "docs" / "guides"
WORKFLOW = re.compile(r"```yaml\n(name: .*?)```", re.DOTALL)
TEMPLATE = re.compile(r"```\n(---\nsubject.*?)```", re.DOTALL)
CHECKED = re.compile(r"\$ payloom check\n(.*?)```", re.DOTALL)
SETTINGS = re.compile(r"^( *)```yaml\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
SECOND_MUG = """\
workflow: welcome-back
given:
  tables: {orders: [{id: o1, email: ada@example.com, amount: 1400, items: [], status: paid}]}
cases:
  - name: a second order
    event: {type: checkout.session.completed, object: {id: cs_2, payment_status: paid, customer_details: {email: ada@example.com}, metadata: {order_id: 6d0c2f6e-6f0a-4d55-9a57-0d9d1f6f2c92}}}
    expect: {emails: [{template: welcome-back, to: ada@example.com, data: {times: 2}}]}
  - name: a first one
    event: {type: checkout.session.completed, object: {id: cs_3, payment_status: paid, customer_details: {email: bo@example.com}, metadata: {order_id: 6d0c2f6e-6f0a-4d55-9a57-0d9d1f6f2c93}}}
    expect: {emails: [], status: filtered}
"""


def guide(name: str) -> str:
    """Return a guide's text."""
    return (GUIDES / f"{name}.md").read_text("utf-8")


def block(pattern: re.Pattern[str], text: str) -> str:
    """Return the only block of a kind."""
    (content,) = pattern.findall(text)
    return str(content)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return Path(shutil.copytree(template("shop"), tmp_path / "corner"))


@pytest.mark.anyio
async def test_the_first_workflow_makes_its_mistake_and_greets_a_customer_once(shop: Path) -> None:
    text = guide("first-workflow")
    workflow, email = block(WORKFLOW, text), block(TEMPLATE, text)
    (shop / "emails" / "welcome-back.mjml.j2").write_text(email, "utf-8")
    written = shop / "workflows" / "welcome-back.yaml"
    written.write_text(workflow.replace("      status: paid", "      stauts: paid"), "utf-8")
    wrong = CliRunner().invoke(app, ["check", "-C", str(shop)])
    assert wrong.exit_code == 1
    for line in block(CHECKED, text).splitlines():
        assert line in wrong.stdout
    written.write_text(workflow, "utf-8")
    assert "no errors" in CliRunner().invoke(app, ["check", "-C", str(shop)]).output
    (shop / "tests" / "welcome-back.test.yaml").write_text(SECOND_MUG, "utf-8")
    report = await run_cases(shop, only=[shop / "tests" / "welcome-back.test.yaml"])
    assert [variant.differences for result in report.results for variant in result.variants if not variant.ok] == []
    assert sum(result.scenarios for result in report.results) > 10, "also delivered twice"


@pytest.mark.anyio
async def test_the_cases_of_the_guide_to_tests_hold_in_a_shop(shop: Path) -> None:
    cases = shop / "tests" / "guide.test.yaml"
    cases.write_text(block(re.compile(r"```yaml\n(workflow: .*?)```", re.DOTALL), guide("testing-workflows")), "utf-8")
    report = await run_cases(shop, only=[cases])
    assert len(report.results) == 2
    assert [variant.differences for result in report.results for variant in result.variants if not variant.ok] == []


@pytest.mark.parametrize("name", ["alerts", "deploy", "postgres", "real-stripe", "studio-editing"])
def test_settings_that_a_guide_shows_are_settings(name: str, tmp_path: Path) -> None:
    blocks = [text for _, text in SETTINGS.findall(guide(name))]
    assert blocks
    for number, text in enumerate(blocks):
        root = tmp_path / str(number)
        root.mkdir()
        (root / "payloom.yaml").write_text(f"name: Shop\n{text}", "utf-8")
        assert load_offline_settings(root).name == "Shop"


SHOWN_AS_NEW = {"workflows/welcome-back.yaml", "workflows/fulfill.yaml", "workflows/thanks.yaml", "workflows/paid.yaml",
                "workflows/catch-up.yaml", "tests/fulfill.test.yaml", "workflows/create-intent.yaml"}  # fmt: skip
COMMAND = re.compile(r"payloom [a-z][^`\n]*")
FILE = re.compile(r"\b(?:workflows|tests|emails|pages)/[\w./-]+\.\w+")


def test_files_that_a_command_of_a_guide_names_are_in_a_new_shop() -> None:
    named = {
        (path.name, file)
        for path in GUIDES.glob("*.md")
        for command in COMMAND.findall(path.read_text("utf-8"))
        for file in FILE.findall(command)
        if file not in SHOWN_AS_NEW
    }
    assert len(named) > 2
    assert [(page, file) for page, file in sorted(named) if not (template("shop") / file).is_file()] == []


PLAYED = {"payloom fmt --check": 0}
ELSEWHERE = ("payloom test", "payloom storm", "payloom diff", "payloom check", "payloom schema")
"""They are played by tests of their own, some of which take seconds."""


def test_the_commands_of_the_guide_to_teams_work_in_a_new_shop(shop: Path) -> None:
    blocks = re.findall(r"```\n(.*?)```", guide("team"), re.DOTALL)
    lines = {line for text in blocks for line in text.splitlines() if line.startswith("payloom ")}
    lines = {line for line in lines if not line.startswith(ELSEWHERE)}
    assert lines == set(PLAYED)
    for line, code in PLAYED.items():
        result = CliRunner().invoke(app, [*line.split()[1:], "-C", str(shop)])
        assert result.exit_code == code, (line, result.output)
