"""What is known, before a run, about the values that expressions read: JSON Schemas of roots, rows and step results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from payloom.kit.json_types import is_map
from payloom.workflows.catalog.catalog import Catalog, Schema
from payloom.workflows.catalog.events import event_types, names_only_connected, previous_type
from payloom.workflows.catalog.schemas import TEXT, closed, or_null, row_schema
from payloom.workflows.interpreter.verbs import simple
from payloom.workflows.program.program import ApiTrigger, StripeTrigger, Workflow

_USER: Schema = closed(
    {
        "id": TEXT,
        "email": TEXT,
        "email_verified": {"type": "boolean"},
        "name": {"type": ["string", "null"]},
        "roles": {"type": "array", "items": TEXT},
    }
)
"""Who is signed in, as `payloom.api.http.current_user.as_user` describes them; whether somebody is, `has_user` says."""


def roots(workflow: Workflow, catalog: Catalog) -> dict[str, Schema | None]:
    """Return the types of the names every expression of a workflow can read."""
    event, stripe_object = _event(workflow, catalog)
    known: dict[str, Schema | None] = {
        "inputs": _inputs(workflow),
        "event": event,
        "object": stripe_object,
        "previous": previous_type(stripe_object) if event is not None else None,
        "user": _USER,
        "env": closed(dict.fromkeys(catalog.env_names(), TEXT)),
        "run": closed(
            {
                "id": TEXT,
                "root_id": TEXT,
                "started_at": {"type": "string", "format": "date-time", "x-type": "timestamp"},
                "workflow": TEXT,
            }
        ),
        "vars": _vars(workflow),
        "steps": None,
    }
    changed = [trigger.table for trigger in workflow.triggers if trigger.kind == "table"]
    if changed:
        row = row_schema(catalog.table(changed[0])) if len(changed) == 1 else None
        known["row"], known["old"] = row, or_null(row)
    return known


def _inputs(workflow: Workflow) -> Schema:
    if workflow.input is not None:
        return _all_present(workflow.input)
    return closed({})


def _all_present(schema: Any) -> Any:
    # A field that was left out is null when the run reads it, so every declared field is there.
    if not is_map(schema):
        return schema
    out = dict(schema)
    if is_map(schema.get("properties")):
        required = set(schema.get("required", ()))
        out["properties"] = {
            name: _all_present(inner) if name in required or "default" in inner else or_null(_all_present(inner))
            for name, inner in schema["properties"].items()
        }
    if "items" in schema:
        out["items"] = _all_present(schema["items"])
    return out


def _vars(workflow: Workflow) -> Schema | None:
    names: dict[str, Any] = {name: {} for name in workflow.model.vars}
    for node in workflow.nodes():
        if isinstance(node, simple.Let) and is_map(node.values.literal):
            names.update({name: {} for name in node.values.literal})
    return closed(names)


def _event(workflow: Workflow, catalog: Catalog) -> tuple[Schema | None, Schema | None]:
    triggers = [trigger for trigger in workflow.triggers if isinstance(trigger, StripeTrigger)]
    if len(triggers) != 1 or len(workflow.triggers) != 1:
        return None, None
    trigger = triggers[0]
    connected = (
        trigger.account is not None and trigger.account.constant and names_only_connected(trigger.account.literal)
    )
    return event_types(trigger.family, trigger.actions, catalog, connected=connected)


def context_type(known: Mapping[str, Schema | None]) -> Schema:
    """Return the type of `context`, which holds the roots again."""
    return closed({name: schema or {} for name, schema in known.items() if name != "secrets"})


def has_user(workflow: Workflow) -> bool | None:
    """Tell whether `user` is always there: True, None for maybe, False for never."""
    answers: list[bool | None] = []
    for trigger in workflow.triggers:
        if isinstance(trigger, ApiTrigger):
            answers.append(
                {"none": False, "optional": None}.get(trigger.auth, True) if isinstance(trigger.auth, str) else True
            )
        elif trigger.kind == "manual":
            answers.append(trigger.auth != "none" if trigger.auth != "optional" else None)
        elif trigger.kind == "called":
            answers.append(None)
        else:
            answers.append(False)
    return answers[0] if len(set(answers)) == 1 else None


def names(parts: Iterable[str], most: int = 12) -> str:
    """Return a list for a hint, cut when it is long."""
    listed = list(parts)
    return ", ".join(listed[:most]) + (", …" if len(listed) > most else "")
