"""`payloom config` and the JSON Schema of payloom.yaml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from typer.testing import CliRunner

from payloom.cli.commands import app
from payloom.kit.yaml.reader import read_source
from payloom.settings.load import documented_names
from payloom.settings.reporting.effective import effective_settings
from payloom.settings.reporting.json_schema import settings_schema

ROOT = Path(__file__).parents[3]
COMMITTED = ROOT / "docs" / "reference" / "payloom.schema.json"
VALIDATOR = jsonschema_rs.Draft202012Validator(settings_schema())
FILE = """\
name: Shop
port: 9000
database: {env: DATABASE_URL}
email: {from: shop@shop.example}
env: {GREETING: hello}
secrets: {SLACK: {env: SLACK_TOKEN}}
environments:
  staging: {site_url: {env: SITE}, email: {transport: smtp, url: {env: SMTP_URL}}}
"""
SECRETS = ("sk_test_4eC39HqLyjWDarjtT1zdp7dc", "hunter2-hunter2", "xoxb-1234567890")


def config(tmp_path: Path, **environ: str) -> dict[str, tuple[Any, str]]:
    (tmp_path / "payloom.yaml").write_text(FILE)
    return {entry.name: (entry.value, entry.source) for entry in effective_settings(tmp_path, environ)[0]}


def test_each_setting_is_shown_with_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SLACK_TOKEN=xoxb-1234567890\n")
    (tmp_path / "smtp").write_text("smtps://me:hunter2-hunter2@mail.example:465")
    dev = config(tmp_path, PAYLOOM_HOST="127.0.0.2")
    assert dev["name"] == ("Shop", "payloom.yaml")
    assert dev["port"] == (9000, "payloom.yaml")
    assert dev["host"] == ("127.0.0.2", "PAYLOOM_HOST")
    assert dev["email.transport"] == ("outbox", "default")
    assert dev["database"] == ("not set", "payloom.yaml")
    assert dev["secrets"] == (["SLACK"], "payloom.yaml")
    assert dev["stripe.secret_key"] == ("not set", "default")
    assert dev["alerts.rules.disk"] == ("10 %", "default")
    monkeypatch.setenv("PAYLOOM_ENV", "staging")
    staging = config(
        tmp_path,
        PAYLOOM_ENV="staging",
        SITE="https://shop.example",
        SMTP_URL_FILE="smtp",
        STRIPE_SECRET_KEY=SECRETS[0],
        STRIPE_PUBLISHABLE_KEY="pk_test_4eC39HqLyjWDarjtT1zdp7dc",
        STRIPE_WEBHOOK_SECRET="whsec_4eC39HqLyjWDarjtT1zdp7dcQm4eC39H",
        PAYLOOM_DATABASE_URL="postgresql://app:hunter2-hunter2@db.example/shop?sslmode=verify-full",
    )
    assert staging["environment"] == ("staging", "PAYLOOM_ENV")
    assert staging["site_url"] == ("https://shop.example", "SITE")
    assert staging["email.transport"] == ("smtp", "payloom.yaml, environments.staging")
    assert staging["email.url"] == ("set", "SMTP_URL_FILE")
    assert staging["stripe.secret_key"] == ("set", "STRIPE_SECRET_KEY")
    assert staging["database"] == ("db.example/shop?sslmode=verify-full", "PAYLOOM_DATABASE_URL")
    refused = config(tmp_path, STRIPE_SECRET_KEY=SECRETS[0], PAYLOOM_DATABASE_URL="postgresql://a:hunter2-hunter2@db/x")
    assert refused["database"] == ("set", "PAYLOOM_DATABASE_URL")
    text = json.dumps([dev, staging, refused])
    assert not [secret for secret in SECRETS if secret in text]


def test_every_documented_setting_of_the_file_is_there(tmp_path: Path) -> None:
    names = {name for name, _ in documented_names() if not name.startswith("PAYLOOM_") and name != "environments"}
    effective = set(config(tmp_path))
    assert {
        name for name in names if name not in effective and not any(path.startswith(f"{name}.") for path in effective)
    } == set()


def test_the_command_needs_no_variable_and_answers_for_one_setting(tmp_path: Path) -> None:
    (tmp_path / "payloom.yaml").write_text(FILE)
    run = CliRunner().invoke(app, ["config", "email", "--json", "-C", str(tmp_path)])
    assert {entry["name"] for entry in json.loads(run.stdout)} == {"email.from", "email.transport", "email.url"}
    assert CliRunner().invoke(app, ["config", "--changed", "-C", str(tmp_path)]).stdout.count("default") == 0
    unknown = CliRunner().invoke(app, ["config", "emial", "-C", str(tmp_path)])
    assert (unknown.exit_code, "did you mean" in unknown.stderr) == (3, True)


def test_the_committed_schema_is_up_to_date() -> None:
    assert json.loads(COMMITTED.read_text("utf-8")) == settings_schema(), (
        "run `payloom schema settings > docs/reference/payloom.schema.json`"
    )


@pytest.mark.parametrize("path", sorted((ROOT / "templates").glob("*/payloom.yaml")), ids=lambda path: path.parent.name)
def test_the_templates_fit_the_schema(path: Path) -> None:
    assert VALIDATOR.is_valid(read_source(path.read_text("utf-8"), path.name).data)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (FILE, True),
        ("alerts: {rules: {failed_runs: 5, disk: 5%, oldest_waiting: 10m, workers: off}}", True),
        ("environments: {production: {alerts: {email: [a@x.example]}}}", True),
        ("prot: 1", False),
        ("port: many", False),
        ("environments: {prod: {}}", False),
        ("environments: {production: {prot: 1}}", False),
        ("alerts: {rules: {oldest_waiting: 5}}", False),
        ("stripe: {secret_key: sk_test_x}", False),
    ],
)
def test_the_schema_takes_what_the_reader_takes(text: str, fits: bool) -> None:
    assert VALIDATOR.is_valid(read_source(text, "payloom.yaml").data) is fits


def test_what_a_server_would_refuse_is_said_below_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "payloom.yaml").write_text(FILE)
    monkeypatch.setenv("STRIPE_SECRET_KEY", SECRETS[0])
    run = CliRunner().invoke(app, ["config", "-C", str(tmp_path)])
    assert run.exit_code == 2
    assert "stripe.secret_key" in run.stdout
    assert "STRIPE_PUBLISHABLE_KEY" in run.stderr or "STRIPE_WEBHOOK_SECRET" in run.stderr
