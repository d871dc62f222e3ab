"""A file that was saved in another encoding is named with its line, by each command that reads it; it is no bug."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.integration.cli.test_command_failures import environment, project
from tests.support.processes import payloom_process

LATIN = "caf\u00e9"
FILES = {
    "payloom.yaml": f"# A note.\nname: {LATIN}\n",
    "tables.yaml": f"# A note.\ntables: {{}} # {LATIN}\n",
    "workflows/latin.yaml": f"# A note.\nname: {LATIN}\n",
    "workflows/latin.test.yaml": f"# A note.\nworkflow: ok # {LATIN}\n",
    "pages/latin.html.j2": f"<p>\n{LATIN}</p>\n",
    "emails/latin.mjml.j2": f"---\nsubject: {LATIN}\n---\n<mj-text></mj-text>\n",
    "actions/latin.py": f"# A note.\nNAME = '{LATIN}'\n",
    ".env": f"# A note.\nNAME={LATIN}\n",
}
READERS = {"workflows/latin.test.yaml": "test"}
"""What reads a file, if that is not `check`."""
ARGUMENTS = {
    "dry-run": "dry-run workflows/latin.yaml",
    "import": "import latin",
    "diff": "diff workflows/latin.yaml workflows/ok.yaml",
    "fmt": "fmt",
    "test": "test workflows/latin.test.yaml",
}
"""Commands that read a file that is named, or all."""


@pytest.mark.parametrize("name", FILES)
def test_a_file_in_another_encoding_is_named(name: str, tmp_path: Path) -> None:
    root = project(tmp_path / "project")
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_bytes(FILES[name].encode("latin-1"))
    done = payloom_process.run(READERS.get(name, "check"), cwd=root, environment=environment())
    text = done.stdout + done.stderr
    assert done.returncode in {1, 2}, text
    assert "bug" not in text
    assert name.removeprefix("emails/").removeprefix("pages/") in text
    assert re.search(r"UTF-8|utf-8", text), text


@pytest.mark.parametrize("words", ARGUMENTS.values(), ids=ARGUMENTS)
def test_a_file_in_another_encoding_that_a_command_is_given_is_named(words: str, tmp_path: Path) -> None:
    root = project(tmp_path / "project")
    for name in ("workflows/latin.yaml", "workflows/latin.test.yaml"):
        (root / name).write_bytes(FILES[name].encode("latin-1"))
    done = payloom_process.run(*words.split(), cwd=root, environment=environment())
    text = done.stdout + done.stderr
    assert done.returncode in {1, 2}, text
    assert "bug" not in text
    assert "latin" in text
    assert re.search(r"UTF-8|utf-8", text), text


SRC = Path(__file__).parents[3] / "src" / "payloom"
OWN_FILES = {
    "auth/passwords.py": "Payloom's list of common passwords",
    "api/management/editor/routes/test_runs.py": "what the studio has pinned, as JSON; a broken file counts as none",
    "api/management/schema.py": "a page of this repository",
    "settings/local.py": "what Payloom has made up; a broken file counts as none",
    "cli/support/paths.py": "the digests of a template; a broken file counts as none",
    "cli/server/processes/emulator_process.py": "what the local Stripe has logged",
    "cli/project/fmt.py": "lists the files that it cannot read",
    "connectors/stripe/catalog/sdk_source.py": "the source of Stripe's SDK",
}


def test_texts_of_people_are_read_in_one_place() -> None:
    """`read_text` of `kit.validation.text_files` says which file is no UTF-8; others would be taken for a bug."""
    readers = {
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        if re.search(r"\.read_text\(", path.read_text("utf-8")) and "migrations" not in path.parts
    }
    assert readers == set(OWN_FILES)
