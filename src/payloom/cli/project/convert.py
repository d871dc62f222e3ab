"""`payloom export`, `payloom import`: workflows between files and Python."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payloom.cli.support.errors import CommandError, NothingFound
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, report_errors
from payloom.cli.support.paths import find_project
from payloom.kit.suggest import did_you_mean
from payloom.kit.validation.text_files import read_text

if TYPE_CHECKING:
    from payloom.workflows.builder import Definition


class NotAWorkflow(CommandError):
    """The file has no workflow that can be converted."""

    code = "not_a_workflow"


@report_errors
def export(
    file: Annotated[Path, typer.Argument(help="A Python file with functions under `@workflow`.")],
    write: Annotated[bool, typer.Option("--write", help="Write them under the project's workflows/.")] = False,
    force: Annotated[bool, typer.Option("--force", help="With --write: replace files that differ.")] = False,
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Print workflows written in Python as files; they are checked like any other from then on.

    Executes the project's Python: the file that you name.
    """
    from payloom.workflows.builder import to_yaml

    texts = {definition.id: to_yaml(definition) for definition in definitions(file)}
    if write:
        _write(find_project(project), texts, force=force)
    elif as_json:
        print_json(texts)
    else:
        print_data("---\n".join(texts.values()).rstrip())


@report_errors
def import_(
    name: Annotated[str, typer.Argument(help="A workflow's id, or the path of its file.")],
    project: PROJECT = None,
    as_json: JSON = False,
) -> None:
    """Print a workflow file as Python: the same workflow, written with the builder."""
    from payloom.workflows.builder import to_python

    path, workflow_id = _file_of(name, project)
    data = _sound(read_text(path, path.name), workflow_id, path.name)
    code = to_python(data, workflow_id)
    if as_json:
        print_json({workflow_id: code})
    else:
        print_data(code.rstrip())


def definitions(file: Path) -> list[Definition]:
    """Run a Python file and return the workflows it defines, by name of the variable."""
    from payloom.workflows.builder import Definition

    if not file.is_file():
        raise NothingFound(f"there is no file {file}")
    spec = importlib.util.spec_from_file_location(f"payloom_export_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise NotAWorkflow(f"{file} is not a Python file", hint="Its name ends in .py.")
    module = importlib.util.module_from_spec(spec)
    # The functions' source is looked up by the module's name.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise NotAWorkflow(f"{type(error).__name__}: {error}", where=_line_of(error, file)) from error
    definitions_here = [value for value in vars(module).values() if isinstance(value, Definition)]
    if not definitions_here:
        raise NotAWorkflow(f"{file} defines no workflow", hint='Write a function under `@workflow("its-id", on=…)`.')
    return definitions_here


def _line_of(error: BaseException, file: Path) -> str:
    line, trace = 1, error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename) == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{file}:{line}"


def _write(root: Path, texts: dict[str, str], *, force: bool) -> None:
    """Write the files that are new or equal; one that differs is left alone unless forced."""
    different = [
        name
        for name, text in texts.items()
        if (path := root / "workflows" / f"{name}.yaml").is_file() and read_text(path) != text
    ]
    if different and not force:
        raise CommandError(
            f"workflows/{different[0]}.yaml is there and differs", hint="Compare both, then add --force to replace it."
        )
    for name, text in texts.items():
        path = root / "workflows" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print_message(f"wrote workflows/{name}.yaml")


def _file_of(name: str, project: Path | None) -> tuple[Path, str]:
    path = Path(name)
    if path.is_file():
        return path, path.stem
    from payloom.project.loader import workflow_names

    root = find_project(project)
    names = workflow_names(root)
    if name not in names:
        raise NothingFound(f"there is no workflow {name!r}", hint=did_you_mean(name, names) or None)
    return root / "workflows" / f"{name}.yaml", name


def _sound(text: str, workflow_id: str, file: str) -> dict[str, Any]:
    """Return what a file holds, if it is a workflow."""
    from payloom.project.catalog import base_catalog
    from payloom.workflows.loading.loader import read_workflow

    draft = read_workflow(text, workflow_id=workflow_id, file=file, catalog=base_catalog())
    if draft.compiled is None or draft.source.diagnostics:
        first = draft.source.diagnostics[0]
        raise NotAWorkflow(first.message, where=f"{file}:{first.line}:{first.column}", hint=first.hint)
    return draft.source.data
