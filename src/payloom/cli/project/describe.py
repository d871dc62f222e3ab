"""`payloom actions`, `triggers`, `schema`, `openapi`: what can be written, for people and for editors."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from payloom.cli.support.errors import NothingFound
from payloom.cli.support.options import JSON, PROJECT
from payloom.cli.support.output import print_data, print_json, print_message, print_table, report_errors
from payloom.cli.support.paths import find_project
from payloom.kit.json_types import is_list
from payloom.kit.suggest import did_you_mean

STRIPE = "stripe"


@report_errors
def actions(
    search: Annotated[str | None, typer.Argument(help="A part of the name, or a full name for its parameters.")] = None,
    as_json: JSON = False,
) -> None:
    """List what steps can call."""
    from payloom.project.catalog import base_catalog

    catalog = base_catalog()
    names = [name for name in catalog.action_names(STRIPE) if not search or search in name]
    if search and not names:
        hint = did_you_mean(search, catalog.action_names(STRIPE)) or "Try a shorter word, such as `refund`."
        raise NothingFound(f"no action has {search!r} in its name", hint=hint)
    exact = catalog.action(STRIPE, search) if search else None
    if exact and not as_json:
        _show_action(exact)
        return
    actions = {name: action for name in names if (action := catalog.action(STRIPE, name))}
    if as_json:
        print_json([_described(name, action, whole=bool(search)) for name, action in actions.items()])
        return
    rows = [(name, "writes" if action.writes else "reads", action.summary) for name, action in actions.items()]
    print_table(None, ("stripe:", "", "what it does"), rows)


def _described(name: str, action: Any, *, whole: bool) -> dict[str, Any]:
    from payloom.connectors.stripe.catalog.schemas import plain

    short = {"verb": action.verb, "name": name, "summary": action.summary, "writes": action.writes}
    return short | ({"params": plain(action.params)} if whole else {})


def _show_action(action: Any) -> None:
    print_data(f"{action.verb}: {action.name}")
    print_data(f"  {action.summary}")
    params: Mapping[str, Any] = action.params or {}
    properties: Mapping[str, Mapping[str, Any]] = params.get("properties", {})
    required: set[str] = set(params.get("required", ()))
    ordered = sorted(properties.items(), key=lambda pair: (pair[0] not in required, pair[0]))
    rows = [
        (name, _kind(part), "needed" if name in required else "", part.get("description", "")[:90])
        for name, part in ordered
    ]
    print_table(None, ("parameter", "type", "", ""), rows)


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"][:6]))
    kind = schema.get("type", "any")
    return "/".join(kind) if is_list(kind) else str(kind)


@report_errors
def triggers(
    search: Annotated[str | None, typer.Argument(help="A part of the name.")] = None, as_json: JSON = False
) -> None:
    """List what workflows can start on."""
    from payloom.project.catalog import base_catalog

    catalog = base_catalog()
    names = [name for name in catalog.family_names() if not search or search in name]
    families = [family for name in names if (family := catalog.family(name))]
    if search and not families:
        raise NothingFound(f"no trigger has {search!r} in its name")
    if as_json:
        print_json([{"name": f.name, "label": f.label, "actions": list(f.actions)} for f in families])
        return
    rows = [(family.name, family.label, ", ".join(family.actions)) for family in families]
    print_table(None, ("stripe:", "label", "actions"), rows)


class SchemaOf(enum.StrEnum):
    """What a schema describes."""

    workflows = "workflows"
    settings = "settings"


@report_errors
def schema(
    of: Annotated[SchemaOf, typer.Argument(help="Of workflow files, or of payloom.yaml.")] = SchemaOf.workflows,
    write: Annotated[
        bool, typer.Option("--write", help="Write both to .vscode/, where the settings of a new project look for them.")
    ] = False,
    project: PROJECT = None,
) -> None:
    """Print the JSON Schema of workflow files, for editors."""
    from payloom.settings.reporting.json_schema import settings_schema
    from payloom.workflows.reference.workflow_schema import workflow_schema

    if write:
        folder = find_project(project) / ".vscode"
        folder.mkdir(exist_ok=True)
        for name, described in (("payloom", settings_schema()), ("workflow", workflow_schema(_catalog(project)))):
            (folder / f"{name}.schema.json").write_text(
                json.dumps(described, indent=1, ensure_ascii=False) + "\n", "utf-8"
            )
            print_message(f"Wrote .vscode/{name}.schema.json.")
        return
    print_json(settings_schema() if of is SchemaOf.settings else workflow_schema(_catalog(project)))


@report_errors
def openapi(project: PROJECT = None) -> None:
    """Print the OpenAPI description of the project's endpoints."""
    from payloom.api.openapi import describe
    from payloom.project.loader import load_project
    from payloom.settings.offline import load_offline_settings

    root = find_project(project)
    settings = load_offline_settings(root)
    print_json(describe(settings.name, settings.site_url, load_project(root, settings).workflows))


def _catalog(project: Any) -> Any:
    from payloom.project.loader import load_project
    from payloom.settings.offline import load_offline_settings

    root = find_project(project)
    return load_project(root, load_offline_settings(root)).catalog
