"""`payloom migrate --allow-drop`: prints what will be lost, asks, and deletes only what is named."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest
from tests.support.processes.rehearsal import staging
from typer.testing import CliRunner

from payloom.cli.commands import app

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

BEFORE = "tables:\n  orders:\n    columns:\n      id: string primary\n      note?: string\n      sum?: int\n"
AFTER = "tables:\n  orders:\n    columns:\n      id: string primary\n      sum?: int\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project whose table holds two rows, and whose tables.yaml no longer declares a column of it."""
    (tmp_path / "payloom.yaml").write_text("name: Shop\n")
    (tmp_path / "tables.yaml").write_text(BEFORE)
    assert migrate(tmp_path).exit_code == 0
    with sqlite3.connect(tmp_path / "data" / "payloom.sqlite") as database:
        database.execute("INSERT INTO orders (id, note) VALUES ('one', 'gift'), ('two', NULL)")
    database.close()
    (tmp_path / "tables.yaml").write_text(AFTER)
    return tmp_path


def migrate(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["migrate", "-C", str(folder), *options])


def columns(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "data" / "payloom.sqlite") as database:
        names = [row[1] for row in database.execute("PRAGMA table_info(orders)")]
    database.close()
    return names


def test_without_the_option_nothing_is_dropped_and_the_message_names_the_option(project: Path) -> None:
    done = migrate(project)
    assert done.exit_code == 0
    assert "orders.note stays: no longer declared; dropping the column would lose the values of 1 row" in done.output
    assert "`payloom migrate --allow-drop orders.note`" in done.output
    assert columns(project) == ["id", "note", "sum"]


def test_what_is_lost_is_printed_and_must_be_confirmed(project: Path) -> None:
    refused = migrate(project, "--allow-drop", "orders.note")
    assert refused.exit_code == 2
    assert "dropping the column would lose the values of 1 row" in refused.output
    assert "Add --yes" in refused.output
    assert columns(project) == ["id", "note", "sum"]


def test_with_yes_the_column_is_dropped_and_the_rows_stay(project: Path) -> None:
    done = migrate(project, "--allow-drop", "orders.note", "--yes")
    assert (done.exit_code, "orders.note: no longer declared" in done.output) == (0, True)
    assert columns(project) == ["id", "sum"]
    with sqlite3.connect(project / "data" / "payloom.sqlite") as database:
        assert database.execute("SELECT count(*) FROM orders").fetchone() == (2,)
    database.close()


def test_a_name_that_is_not_dropped_is_refused_before_anything_is(project: Path) -> None:
    refused = migrate(project, "--allow-drop", "orders.note", "--allow-drop", "orders.nte", "--yes", "--json")
    assert refused.exit_code == 2
    assert json.loads(refused.stdout)["error"]["message"] == "this migration does not drop 'orders.nte'"
    assert columns(project) == ["id", "note", "sum"]


def test_a_plan_prints_the_statements_and_the_losses_and_changes_nothing(project: Path) -> None:
    (project / "tables.yaml").write_text(
        AFTER + "      currency: string = it's 5%\n  notes:\n    columns: {text: string}\n"
    )
    before = (project / "data" / "payloom.sqlite").read_bytes()
    planned = migrate(project, "--plan")
    assert planned.exit_code == 0, planned.output
    assert "add column orders.currency: string" in planned.stderr
    assert "orders.note stays" in planned.stderr
    assert "CREATE TABLE notes (" in planned.stdout
    assert 'UPDATE orders SET currency=?;  -- "it\'s 5%"' in planned.stdout
    assert "'it''s 5%'" in planned.stdout
    dropped = migrate(project, "--plan", "--allow-drop", "orders.note", "--json")
    plan = json.loads(dropped.stdout)
    assert plan["lost"] == {
        "orders.note": "no longer declared; dropping the column would lose the values of 1 row",
    }
    assert plan["changes"] == ["add column orders.currency: string", "drop column orders.note", "create table notes"]
    assert (project / "data" / "payloom.sqlite").read_bytes() == before
    assert migrate(project, "--plan", "--allow-drop", "orders.nte").exit_code == 2
    assert columns(project) == ["id", "note", "sum"]


def test_a_plan_makes_no_database(tmp_path: Path) -> None:
    (tmp_path / "payloom.yaml").write_text("name: Shop\n")
    (tmp_path / "tables.yaml").write_text(BEFORE)
    planned = migrate(tmp_path, "--plan")
    assert (planned.exit_code, "CREATE TABLE orders (" in planned.stdout) == (0, True)
    assert not (tmp_path / "data" / "payloom.sqlite").exists()


def test_a_rename_keeps_the_databases_name_until_it_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/data/payloom.sqlite"
    for name, value in staging(PAYLOOM_DATABASE_URL=url).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "payloom.yaml").write_text("name: Shop\n")
    (tmp_path / "tables.yaml").write_text(BEFORE)
    assert migrate(tmp_path).exit_code == 0
    (tmp_path / "tables.yaml").write_text(BEFORE.replace("sum?: int", "total?: int was sum"))
    assert "rename column orders.total: was sum" in migrate(tmp_path).output
    assert columns(tmp_path) == ["id", "note", "sum"]
    planned = migrate(tmp_path, "--plan", "--finish-renames")
    assert "ALTER TABLE orders RENAME COLUMN sum TO total;" in planned.stdout
    assert columns(tmp_path) == ["id", "note", "sum"]
    assert migrate(tmp_path, "--finish-renames").exit_code == 0
    assert columns(tmp_path) == ["id", "note", "total"]
