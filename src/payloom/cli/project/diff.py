"""`payloom diff`: what changed in workflows, in words; comments, layout and order of keys are no change."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payloom.cli.support.errors import CommandError, NothingFound
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, report_errors
from payloom.cli.support.paths import find_project
from payloom.kit.validation.text_files import read_text

if TYPE_CHECKING:
    from payloom.workflows.catalog.catalog import Catalog

STORED = "stored"
FILES = "files"
Models = Mapping[str, Mapping[str, Any]]


class NotComparable(CommandError):
    """One side of the comparison can't be read."""

    code = "not_comparable"


@report_errors
def diff(
    old: Annotated[
        str, typer.Argument(help="A git revision, `stored` (what the database has), `files`, or a workflow file.")
    ] = STORED,
    new: Annotated[str, typer.Argument(help="The same; default: the project's files.")] = FILES,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 1 if something changed.")] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Say which workflows changed and how: steps, arguments, triggers, inputs."""
    from payloom.workflows.program.diff import diff_models

    one_file = Path(old).is_file()
    if one_file != Path(new).is_file() and new != FILES:
        raise NotComparable("a file is compared with a file", hint="Name two files, or two revisions.")
    if one_file and new == FILES:
        raise NotComparable(f"what is {old} compared with?", hint=f"`payloom diff {old} other.yaml`")
    before, after = (_of_file(Path(old)), _of_file(Path(new))) if one_file else _of_project(old, new, project)
    rows: list[dict[str, Any]] = []
    for name in sorted({*before, *after}):
        if name not in after:
            rows.append({"workflow": name, "kind": "removed", "changes": []})
        elif name not in before:
            rows.append({"workflow": name, "kind": "added", "changes": []})
        elif changes := diff_models(before[name], after[name]):
            rows.append({"workflow": name, "kind": "changed", "changes": [change.format() for change in changes]})
    if as_json:
        print_json(rows)
    else:
        for entry in rows:
            print_data(f"{entry['kind']} {entry['workflow']}")
            for line in entry["changes"]:
                print_data(f"  {line}")
        print_message(f"{len(rows) or 'No'} workflow{'' if len(rows) == 1 else 's'} changed.")
    sys.exit(1 if exit_code and rows else 0)


def _of_project(old: str, new: str, project: Path | None) -> tuple[Models, Models]:
    from payloom.project.loader import load_project
    from payloom.settings.load import load_settings

    root = find_project(project)
    settings = load_settings(root, keep=False)
    loaded = load_project(root, settings)

    def side(name: str) -> Models:
        if name == FILES:
            broken = sorted(set(loaded.sources) - set(loaded.workflows))
            if broken:
                raise NotComparable(f"workflows/{broken[0]}.yaml has errors", hint="See `payloom check`.")
            return {key: workflow.to_model() for key, workflow in loaded.workflows.items()}
        if name == STORED:
            return asyncio.run(_stored(settings.database_url, frozenset(loaded.sources)))
        return _of_revision(root, name, loaded.catalog)

    return side(old), side(new)


def _model(text: str, name: str, file: str, catalog: Catalog) -> Mapping[str, Any]:
    from payloom.workflows.loading.loader import read_workflow

    draft = read_workflow(text, workflow_id=name, file=file, catalog=catalog)
    if draft.compiled is None:
        first = draft.source.diagnostics[0]
        raise NotComparable(first.message, where=f"{file}:{first.line}:{first.column}", hint=first.hint)
    return draft.compiled.workflow.to_model()


def _of_file(path: Path) -> Models:
    """Two files are compared as versions of one workflow, whatever they are called."""
    from payloom.project.catalog import base_catalog

    return {"workflow": _model(read_text(path), path.stem, str(path), base_catalog())}


def _of_revision(root: Path, revision: str, catalog: Catalog) -> Models:
    listed = _git(root, "ls-tree", "-r", "--name-only", "-z", revision, "--", "workflows", revision=revision)
    models: dict[str, Mapping[str, Any]] = {}
    for name in filter(None, listed.split("\0")):
        if not name.endswith(".yaml") or name.endswith(".test.yaml"):
            continue
        text = _git(root, "show", f"{revision}:./{name}", revision=revision)
        workflow_id = name.removeprefix("workflows/").removesuffix(".yaml")
        models[workflow_id] = _model(text, workflow_id, f"{revision}:{name}", catalog)
    return models


def _git(root: Path, *words: str, revision: str) -> str:
    if revision.startswith("-"):
        raise NotComparable(f"{revision!r} is not a revision")
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, check=False, timeout=60)  # noqa: S603, S607 - the user's own git
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotComparable(f"git cannot be run: {error}", hint="Install git, or name two files.") from None
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        hint = "Name a git revision, `stored`, `files`, or a workflow file."
        raise NotComparable(f"{revision!r} cannot be read: {lines[0] if lines else 'git failed'}", hint=hint)
    return done.stdout.decode("utf-8", "replace")


async def _stored(url: str, names: frozenset[str]) -> Models:
    """Return the newest stored version of each workflow; of workflows that are no more, none."""
    import sqlalchemy as sa

    from payloom.db.database import open_database
    from payloom.runs.models import versions

    def work(tx: sa.Connection) -> dict[str, Any]:
        if not sa.inspect(tx).has_table(versions.name):
            return {}
        query = sa.select(versions.c.workflow_id, versions.c.model).order_by(versions.c.created_at)
        return {row.workflow_id: row.model for row in tx.execute(query) if row.workflow_id in names}

    database = open_database(url)
    try:
        stored = await database.read(work)
    finally:
        await database.close()
    if not stored:
        raise NothingFound("the database has no workflows yet", hint="Start the project once, or name a git revision.")
    return stored
