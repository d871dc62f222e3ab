"""Each guide is played by a test, or says here what of it no test can do."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from tests.support.processes import payloom_process
from tests.unit.cli.test_named_commands import _LINE as LINE

from payloom.cli.support.paths import template

ROOT = Path(__file__).parents[3]
GUIDES = ROOT / "docs" / "guides"
PLAYERS = {
    "accounts": "tests/integration/testing/test_guide_players.py",
    "alerts": "tests/integration/testing/test_guide_players.py",
    "audit-trail": "tests/integration/testing/test_guide_players.py",
    "backups": "tests/acceptance/test_backup_drill.py",
    "connect": "tests/integration/testing/test_connect_guide.py",
    "deploy": "tests/integration/testing/test_guides.py",
    "deploy-containers": "tests/topology/image.py",
    "deploy-kubernetes": "tests/unit/deploy/test_deploy_files.py",
    "first-workflow": "tests/integration/testing/test_guides.py",
    "fulfill-once": "tests/integration/api/test_fulfill_once.py",
    "gallery": "tests/acceptance/test_gallery.py",
    "postgres": "tests/integration/db/test_postgres_as_run.py",
    "real-stripe": "tests/integration/testing/test_guides.py",
    "sealed-secrets": "tests/integration/testing/test_guide_players.py",
    "studio-editing": "tests/integration/testing/test_guides.py",
    "team": "tests/integration/testing/test_guides.py",
    "testing-workflows": "tests/integration/testing/test_guides.py",
    "upgrades": "tests/upgrades/test_upgrades.py",
    "workflows-in-python": "tests/unit/workflows/test_builder.py",
    **{
        f"local-stripe/{name}": "emulator/tests/integration/guides/test_language_pages.py"
        for name in (
            "ci",
            "containers",
            "curl",
            "dotnet",
            "go",
            "index",
            "java",
            "node",
            "php",
            "python",
            "ruby",
            "stripe-cli",
        )
    },
}
NO_COMMANDS = {
    "set-aside-events": "clicks in the studio, which tests/browser/studio plays",
    "studio": "clicks in the studio, which tests/browser/studio plays",
}


def command_lines(page: str) -> list[str]:
    """Return the lines of a guide's shell blocks that call Payloom."""
    text = (GUIDES / f"{page}.md").read_text("utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    shell = [block for language, block in blocks if language in {"", "console", "sh"}]
    return [line.strip() for block in shell for line in block.splitlines() if LINE.match(line)]


def test_each_guide_has_its_player_or_a_reason() -> None:
    pages = {path.relative_to(GUIDES).with_suffix("").as_posix() for path in GUIDES.rglob("*.md")}
    assert pages == PLAYERS.keys() | NO_COMMANDS.keys()
    assert [player for player in PLAYERS.values() if not (ROOT / player).is_file()] == []


@pytest.mark.parametrize("page", NO_COMMANDS)
def test_a_guide_without_a_player_has_no_block(page: str) -> None:
    assert command_lines(page) == []


# What a command of these guides ends with in a new shop that no server serves, where it isn't 0.
ENDS: dict[tuple[str, str], int] = {
    ("accounts", "accounts reset-factor ada@example.com"): 2,  # it asks, and there is no terminal
    ("alerts", "alerts test"): 1,  # nobody receives them there
}
PLAYED_HERE = [name for name, player in PLAYERS.items() if player == "tests/integration/testing/test_guide_players.py"]


@pytest.mark.parametrize("page", PLAYED_HERE)
def test_the_commands_of_a_guide_work_in_a_new_shop_in_their_order(page: str, tmp_path: Path) -> None:
    shop = Path(shutil.copytree(template("shop"), tmp_path / "shop"))
    settings = shop / "payloom.yaml"
    settings.write_text(settings.read_text("utf-8").replace("ada@corner.test", "ada@example.com"), "utf-8")
    lines = command_lines(page)
    assert lines
    for line in lines:
        words = shlex.split(line.split(" > ")[0].split("  #")[0])[1:]
        done = payloom_process.run(*words, cwd=shop)
        assert done.returncode == ENDS.get((page, " ".join(words)), 0), (line, done.stdout, done.stderr)
