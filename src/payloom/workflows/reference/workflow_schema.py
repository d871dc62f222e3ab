"""JSON Schema of workflow files, for completion and checks in editors; made from the models that read the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from payloom.kit.json_types import is_list, is_map
from payloom.workflows.catalog.catalog import Catalog
from payloom.workflows.catalog.limits import OF_THE_CHECKER, STARTS
from payloom.workflows.reference.notes import VERBS as VERB_NOTES
from payloom.workflows.syntax.filemodel.file import WorkflowFile
from payloom.workflows.syntax.filemodel.steps import VERBS
from payloom.workflows.syntax.filemodel.triggers import TRIGGERS

COMMON = (
    "billing_portal.sessions.create",
    "checkout.sessions.create",
    "checkout.sessions.retrieve",
    "customers.create",
    "customers.update",
    "invoice_items.create",
    "invoices.create",
    "payment_intents.create",
    "prices.create",
    "products.create",
    "refunds.create",
    "setup_intents.create",
    "subscriptions.cancel",
    "subscriptions.create",
    "subscriptions.update",
)
"""The actions that editors describe in full unless told otherwise."""
_UNSEEN = OF_THE_CHECKER | {STARTS}
"""What no editor is given: a limit, for one, is of a value, and an expression in a file is longer than its value."""


def workflow_schema(catalog: Catalog | None = None, *, parameters: Sequence[str] | None = COMMON) -> dict[str, Any]:
    """Return the schema (draft 2020-12).

    catalog: its tables, templates, actions and families become the choices.
    parameters: Stripe actions whose `with:` is described in full; None for all, which makes megabytes.
    """
    schema = WorkflowFile.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema["$defs"]
    for verb, model in VERBS.items():
        _describe(definitions[model.__name__], verb, model.__doc__)
        definitions[model.__name__]["defaultSnippets"] = [{"label": verb, "body": VERB_NOTES[verb].snippet}]
    for kind, trigger in TRIGGERS.items():
        _describe(definitions[trigger.__name__], kind, trigger.__doc__)
    if catalog is not None:
        _choices(definitions, catalog)
        _parameters(definitions, catalog, parameters)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Payloom workflow",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def _describe(definition: dict[str, Any], name: str, doc: str | None) -> None:
    definition["title"] = name
    definition["description"] = (doc or "").strip()
    definition["required"] = [name, *(key for key in definition.get("required", ()) if key != name)]


def _choices(definitions: dict[str, Any], catalog: Catalog) -> None:
    tables = list(catalog.table_names())
    for model in ("Select", "Insert", "Update", "Upsert", "Delete", "TableChange"):
        properties = definitions[model]["properties"]
        _one_of(properties[VERBS_AND_TABLE[model]], tables)
    _one_of(definitions["Stripe"]["properties"]["stripe"], catalog.action_names("stripe"))
    _one_of(definitions["StripeEvent"]["properties"]["stripe"], catalog.family_names())
    _one_of(definitions["WaitedEvent"]["properties"]["stripe"], catalog.family_names())
    _one_of(definitions["Email"]["properties"]["email"], catalog.email_names())
    _one_of(definitions["Call"]["properties"]["call"], catalog.workflow_names())
    _one_of(definitions["Python"]["properties"]["python"], catalog.python_names())


VERBS_AND_TABLE = {
    "Select": "select",
    "Insert": "insert",
    "Update": "update",
    "Upsert": "upsert",
    "Delete": "delete",
    "TableChange": "table",
}


def _one_of(prop: dict[str, Any], choices: Sequence[str]) -> None:
    if choices:
        prop["enum"] = list(choices)


def _parameters(definitions: dict[str, Any], catalog: Catalog, names: Sequence[str] | None) -> None:
    """Describe `with:` per Stripe action, chosen by what stands after `stripe:`."""
    rules: list[dict[str, Any]] = []
    seen: dict[str, str] = {}
    for name in catalog.action_names("stripe") if names is None else names:
        action = catalog.action("stripe", name)
        if action is None or action.params is None:
            continue
        key = f"with.{action.name}"
        if action.name not in seen:
            seen[action.name] = key
            definitions[key] = {**_open_to_expressions(action.params), "description": action.summary}
        rules.append(
            {
                "if": {"properties": {"stripe": {"const": name}}},
                "then": {"properties": {"with": {"$ref": f"#/$defs/{key}"}}},
            }
        )
    if rules:
        definitions["Stripe"]["allOf"] = rules


def _open_to_expressions(schema: Any) -> Any:
    """Return the schema with `${{ … }}` allowed wherever it asks for something else."""
    if is_list(schema):
        return [_open_to_expressions(item) for item in schema]
    if not is_map(schema):
        return schema
    out = {
        key: value if key in {"enum", "required"} else _open_to_expressions(value)
        for key, value in schema.items()
        if key not in _UNSEEN
    }
    if out.get("x-open") and "enum" in out:
        # Stripe adds values between two releases: offer the known ones, allow others.
        rest = {key: value for key, value in out.items() if key not in {"enum", "type"}}
        out = {**rest, "anyOf": [{"enum": out["enum"]}, {"type": "string"}]}
    if is_map(schema.get("properties")):
        out["properties"] = {
            name: {"anyOf": [_open_to_expressions(inner), {"type": "string", "pattern": r"\$\{\{"}]}
            if is_map(inner) and inner.get("type") != "string"
            else _open_to_expressions(inner)
            for name, inner in schema["properties"].items()
        }
        out.pop("required", None)
    return out
