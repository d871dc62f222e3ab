"""What `payloom init` leaves: a project of each template that checks, tests, and brings what a team needs."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.test_named_commands import problem
from typer.testing import CliRunner

from payloom.cli.commands import app
from payloom.cli.support.paths import templates_folder
from payloom.cli.support.team_files import MODELINE, team_files, write_team_files
from payloom.kit.yaml.reader import read_source
from payloom.settings.reporting.json_schema import settings_schema

TEMPLATES = sorted(folder.name for folder in templates_folder().iterdir() if (folder / "payloom.yaml").is_file())
COMMAND = re.compile(r"(?:^|`|run: |entry: )\s*payloom ((?:--quiet )?[a-z][^`|>\n#]*)", re.MULTILINE)


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_new_project_is_without_errors_and_its_tests_hold(template: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    outcome = run("init", str(folder), "--template", template, "--json")
    assert outcome.exit_code == 0
    files = [path for path in folder.rglob("*") if path.is_file() and "data" not in path.relative_to(folder).parts]
    assert json.loads(outcome.stdout)["files"] == len(files)
    assert set(team_files("mine")) <= {path.relative_to(folder).as_posix() for path in files}
    assert (folder / "payloom.yaml").read_text("utf-8").startswith(MODELINE)
    assert json.loads((folder / ".vscode" / "payloom.schema.json").read_text("utf-8")) == settings_schema()
    for words in (("check",), ("fmt", "--check"), ("test", "--once"), ("config",)):
        done = run(*words, "-C", str(folder))
        assert done.exit_code == 0, (words, done.output)
    written = run("schema", "--write", "-C", str(folder))
    assert written.exit_code == 0
    assert "$defs" in json.loads((folder / ".vscode" / "workflow.schema.json").read_text("utf-8"))


def test_each_command_that_a_new_project_names_can_be_run() -> None:
    texts = team_files("mine")
    named = [words for text in texts.values() for words in COMMAND.findall(text)]
    assert len(named) > 15
    cleaned = [re.sub(r"\$\{\{.*?\}\}|\"\$\w+\"", "1", words).removeprefix("--quiet ").strip() for words in named]
    assert {words: reason for words in cleaned if shlex.split(words) and (reason := problem(words))} == {}


def test_the_yaml_and_json_of_a_new_project_can_be_read() -> None:
    for name, text in team_files("mine").items():
        if name.endswith((".yml", ".yaml")):
            assert not read_source(text, name).diagnostics, name
        if name.endswith(".json"):
            json.loads(text)
    hooks = read_source(team_files("mine")[".pre-commit-config.yaml"], "x").data["repos"][0]["hooks"]
    assert re.search(hooks[0]["files"], "workflows/shop/pay.yaml")
    assert not re.search(hooks[0]["files"], "tests/pay.test.yaml")
    assert all(re.search(hooks[1]["files"], name) for name in ("payloom.yaml", "emails/a.mjml.j2", "actions/a.py"))


def test_no_secret_is_made_and_none_is_committed(tmp_path: Path) -> None:
    run("init", str(tmp_path / "mine"), "--template", "blank")
    ignored = (tmp_path / "mine" / ".gitignore").read_text("utf-8").splitlines()
    assert {"data/", ".env"} <= set(ignored)
    text = team_files("mine")[".env.example"]
    assert all(line.startswith("#") for line in text.splitlines() if line)


def test_files_of_a_team_that_a_template_brings_are_kept(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("ours")
    assert write_team_files(tmp_path, "mine") == len(team_files("mine")) - 1
    assert (tmp_path / "README.md").read_text() == "ours"
