"""diff, export, import and fmt as people run them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.support.processes import payloom_process
from typer.testing import CliRunner

from payloom.cli.commands import app

REFUND = """\
name: Refund
description: Gives money back.
on: {manual: true, auth: [admin]}
input: {id: string}
steps:
  - id: refund
    stripe: refunds.create
    with: {payment_intent: "${{ inputs.id }}"}
  - return: {id: "${{ refund.id }}"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    (root / "workflows").mkdir(parents=True)
    (root / "payloom.yaml").write_text("name: Shop\n")
    (root / "tables.yaml").write_text("tables: {}\n")
    (root / "workflows" / "refund.yaml").write_text(REFUND)
    return root


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return payloom_process.run(*words, cwd=root)


def git(root: Path, *words: str) -> None:
    author = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *author, *words], cwd=root, check=True, capture_output=True, timeout=30)


def test_diff_with_a_revision_tells_of_meaning_not_of_layout(project: Path) -> None:
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "first")
    path = project / "workflows" / "refund.yaml"
    path.write_text("# a comment\n" + REFUND.replace("name: Refund\ndescription", "name:   Refund\ndescription"))
    same = run(project, "diff", "HEAD", "--exit-code")
    assert (same.returncode, same.stdout) == (0, "")
    path.write_text(REFUND.replace("auth: [admin]", "auth: [admin, support]"))
    (project / "workflows" / "new.yaml").write_text(REFUND)
    changed = run(project, "diff", "HEAD", "--exit-code")
    assert changed.returncode == 1
    assert changed.stdout.splitlines() == [
        "added new",
        "changed refund",
        '  added on[0] (manual).auth[1]: "support"',
    ]
    git(project, "add", ".")
    git(project, "commit", "-qm", "second")
    between = json.loads(run(project, "diff", "HEAD", "HEAD~1", "--json").stdout)
    assert [(change["workflow"], change["kind"]) for change in between] == [("new", "removed"), ("refund", "changed")]


def test_diff_with_what_the_database_has(project: Path) -> None:
    nothing = run(project, "diff")
    assert (nothing.returncode, "no workflows yet" in nothing.stderr) == (3, True)
    assert run(project, "runs", "list").returncode == 0  # opens the project, which publishes its workflows
    assert run(project, "diff", "--exit-code").returncode == 0
    path = project / "workflows" / "refund.yaml"
    path.write_text(REFUND.replace("id: refund", "id: money").replace("refund.id", "money.id"))
    changed = run(project, "diff", "--exit-code")
    assert changed.returncode == 1
    assert "money" in changed.stdout


def test_diff_of_two_files_and_of_nonsense(project: Path) -> None:
    other = project / "other.yaml"
    other.write_text(REFUND.replace("[admin]", "[support]"))
    changed = run(project, "diff", "workflows/refund.yaml", "other.yaml")
    assert changed.stdout.splitlines()[0] == "changed workflow"
    assert "support" in changed.stdout
    for words, message in (
        (("no-such-revision",), "cannot be read"),
        (("workflows/refund.yaml",), "compared with what"),
        (("workflows/refund.yaml", "HEAD"), "a file is compared with a file"),
    ):
        refused = run(project, "diff", *words)
        assert refused.returncode == 2, refused.stderr
        assert message in refused.stderr or "what is" in refused.stderr


def test_import_and_export_give_the_same_workflow(project: Path) -> None:
    code = run(project, "import", "refund")
    assert code.returncode == 0, code.stderr
    (project / "refund.py").write_text(code.stdout)
    text = run(project, "export", "refund.py")
    assert text.returncode == 0, text.stderr
    (project / "again.yaml").write_text(text.stdout)
    assert run(project, "diff", "workflows/refund.yaml", "again.yaml", "--exit-code").returncode == 0
    refused = run(project, "export", "refund.py", "--write")
    assert (refused.returncode, "--force" in refused.stderr) == (2, True)
    assert run(project, "export", "refund.py", "--write", "--force").returncode == 0
    assert run(project, "check").returncode == 0


def test_import_and_export_of_something_else_say_what_is_wrong(project: Path) -> None:
    (project / "broken.py").write_text("import nothing_like_this\n")
    (project / "empty.py").write_text("x = 1\n")
    (project / "workflows" / "bad.yaml").write_text("name: Bad\non: {manual: true}\nsteps: [{strpe: a}]\n")
    for words, message in (
        (("export", "broken.py"), "broken.py:1: ModuleNotFoundError"),
        (("export", "empty.py"), "defines no workflow"),
        (("export", "none.py"), "there is no file"),
        (("import", "refnd"), "did you mean 'refund'"),
        (("import", "bad"), "bad.yaml:3"),
    ):
        refused = run(project, *words)
        assert refused.returncode in (2, 3), words
        assert message in refused.stderr.replace("\n", ""), (words, refused.stderr)


def test_fmt_names_files_it_cannot_read_and_formats_the_rest(project: Path) -> None:
    (project / "workflows" / "broken.yaml").write_text("name: [\n")
    (project / "workflows" / "latin.yaml").write_bytes(b"name: \xe9\n")
    (project / "workflows" / "wide.yaml").write_text(REFUND.replace("name: Refund\n", "name:     Refund\n"))
    done = run(project, "fmt")
    assert done.returncode == 1
    assert done.stdout.split() == ["workflows/refund.yaml", "workflows/wide.yaml"] or done.stdout.split() == [
        "workflows/wide.yaml"
    ]
    assert "workflows/broken.yaml:2:1: left alone" in done.stderr
    assert "workflows/latin.yaml:1:1: left alone" in done.stderr
    assert (project / "workflows" / "broken.yaml").read_text() == "name: [\n"
    again = json.loads(run(project, "fmt", "--check", "--json").stdout)
    assert again["changed"] == []
    assert [entry["file"] for entry in again["unreadable"]] == ["workflows/broken.yaml", "workflows/latin.yaml"]


def test_in_github_actions_each_error_is_an_annotation_of_its_line(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "workflows" / "refund.yaml").write_text(REFUND.replace("stripe: ", "stirpe: "))
    assert "::error" not in CliRunner().invoke(app, ["check", "-C", str(project)]).stdout
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.parent))
    checked = CliRunner().invoke(app, ["check", "-C", str(project)])
    assert checked.exit_code == 1
    start = "::error file=shop/workflows/refund.yaml,line=7,col=5,title=F001::unknown verb `stirpe`: did you mean"
    (annotation,) = [line for line in checked.stdout.splitlines() if line.startswith("::error")]
    assert annotation.startswith(start)
    assert "%0A" in annotation
