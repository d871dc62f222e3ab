"""Everything a workflow may be made of: verbs, triggers, event families, tables, templates, functions, error kinds."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from payloom.kit.json_types import is_list, is_map
from payloom.project.publisher import ProjectPublisher
from payloom.workflows.checker.rules import RULES, Rule
from payloom.workflows.expressions.functions.library import FUNCTIONS, HAS, MACROS, METHODS, Function
from payloom.workflows.reference import notes, rule_examples
from payloom.workflows.reference.workflow_schema import workflow_schema
from payloom.workflows.syntax.filemodel.steps import VERBS
from payloom.workflows.syntax.filemodel.triggers import TRIGGERS

ERRORS: Mapping[str, str] = {
    "card_declined": "The bank refused the card; `error.data.decline_code` says why. So do Stripe's other codes.",
    "expression": "An expression could not be computed.",
    "row_not_found": "`one: required` or an update found no row.",
    "rows_mismatch": "More or fewer rows would have been touched than `rows` allows.",
    "rows_missing": "`require: all` did not find every value.",
    "unique_violation": "A row with this value is there already.",
    "reference_violation": "The row refers to one that is not there, or is referred to.",
    "missing_value": "A column needs a value.",
    "type_mismatch": "A value does not fit its column.",
    "no_filter": "Nothing was left of `where`.",
    "too_many_rows": "`one` found several rows.",
    "invalid_filter": "A filled-in value of `where` is a map.",
    "invalid_parameters": "A Stripe parameter is unknown or of the wrong type.",
    "stripe_error": "Stripe refused the call; `error.data.code` says why.",
    "stripe_unreachable": "Stripe could not be reached; nothing happened.",
    "stripe_no_answer": "Stripe did not answer; it may have happened.",
    "rate_limit": "Too many calls in a short time.",
    "timeout": "The step took longer than its `timeout`.",
    "http_unreachable": "The address could not be reached.",
    "http_bad_answer": "The response of the address can't be read.",
    "http_bad_request": "The call was not understood or not allowed.",
    "mail_refused": "The mail server refused the mail for good.",
    "email_template": "The template could not be filled in.",
    "no_recipient": "`to` is empty.",
    "bad_arguments": "The function does not take these arguments.",
    "bad_result": "The function returned something that is no JSON.",
    "unknown_workflow": "`call` names a workflow that is not there.",
    "too_many_items": "The list is longer than `max`.",
    "too_many_rounds": "The loop's condition still held after `max` rounds.",
    "rejected": "An approval was answered with no.",
    "approval_timeout": "No user decided in time.",
    "internal": "Payloom itself failed.",
}


@functools.cache
def _language() -> dict[str, Any]:
    definitions: Mapping[str, Any] = workflow_schema()["$defs"]
    return {
        "verbs": [
            {
                "verb": verb,
                "doc": _first(model.__doc__),
                "value": notes.VERBS[verb].value,
                "text": notes.VERBS[verb].text,
                "example": notes.VERBS[verb].example,
                "schema": _inlined(definitions[model.__name__], definitions),
                "snippet": _filled(notes.VERBS[verb].snippet),
            }
            for verb, model in VERBS.items()
        ],
        "triggers": [
            {
                "kind": kind,
                "doc": _first(model.__doc__),
                "value": notes.TRIGGERS[kind].value,
                "text": notes.TRIGGERS[kind].text,
                "example": notes.TRIGGERS[kind].example,
                "schema": _inlined(definitions[model.__name__], definitions),
            }
            for kind, model in TRIGGERS.items()
        ],
        "expressions": [
            _function(function) for function in (*FUNCTIONS.values(), *METHODS.values(), *MACROS.values(), HAS)
        ],
        "errors": [{"kind": kind, "doc": doc} for kind, doc in ERRORS.items()],
        "rules": [_rule(rule) for rule in RULES.values()],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    wrong, right = rule_examples.RULES[rule.id]
    return {
        "code": rule.id,
        "severity": rule.severity,
        "title": rule.title,
        "why": rule.why,
        "wrong": wrong,
        "right": right,
    }


def _first(doc: str | None) -> str:
    return (doc or "").strip().splitlines()[0]


def _function(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "kind": function.kind,
        "signature": function.signature,
        "doc": function.summary,
        "example": function.example,
        "returns": dict(function.returns) if function.returns else None,
    }


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a schema without references, but those to steps: `{"$ref": "#/$defs/Step"}` stays."""
    if is_list(schema):
        return [_inlined(part, definitions) for part in schema]
    if not is_map(schema):
        return schema
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name and name != "Step":
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {**_inlined(definitions[name], definitions), **rest}
    return {
        key: _inlined(value, definitions)
        for key, value in schema.items()
        if key != "defaultSnippets" and not (key == "title" and isinstance(value, str) and value[:1].isupper())
    }


def _filled(snippet: Any) -> Any:
    """Return a snippet with its place holders' words instead of `${1:word}`."""
    if isinstance(snippet, str) and snippet.startswith("${") and ":" in snippet:
        return snippet.partition(":")[2].rstrip("}")
    if is_map(snippet):
        return {_filled(key): _filled(value) for key, value in snippet.items()}
    if isinstance(snippet, str) and "${" in snippet:
        head, _, tail = snippet.partition("${")
        return head + tail.partition(":")[2].rstrip("}")
    return [_filled(part) for part in snippet] if is_list(snippet) else snippet


@functools.cache
def _families(names: tuple[str, ...]) -> list[dict[str, Any]]:
    from payloom.connectors.stripe.catalog.events import STATEFUL, families, label  # noqa: PLC0415 - reads Stripe's types

    known = families()
    return [
        {"family": name, "label": label(name), "actions": list(known.get(name, ())), "stateful": name in STATEFUL}
        for name in names
    ]


def project_catalog(publisher: ProjectPublisher) -> dict[str, Any]:
    """Return the catalog of a project."""
    catalog = publisher.catalog
    tables = [catalog.table(name) for name in catalog.table_names()]
    known = {workflow.id: workflow for workflow in publisher.workflows.values()}
    return {
        **_language(),
        "families": _families(tuple(catalog.family_names())),
        "tables": [
            {
                "name": table.name,
                "columns": [
                    {
                        "name": column.name,
                        "type": column.type,
                        "nullable": column.nullable,
                        "primary": column.primary,
                        "unique": column.unique,
                        "has_default": column.has_default,
                        "enum": list(column.enum) if column.enum else None,
                        "references": column.references,
                    }
                    for column in table.columns.values()
                ],
            }
            for table in tables
            if table is not None
        ],
        "emails": [{"name": name, "title": None, "doc": None, "input": None} for name in catalog.email_names()],
        "workflows": [
            {
                "name": name,
                "title": known[name].name if name in known else None,
                "doc": known[name].description if name in known else None,
                "input": known[name].input if name in known else None,
            }
            for name in catalog.workflow_names()
        ],
        "functions": [
            {
                "name": name,
                "title": None,
                "doc": action.summary if (action := catalog.action("python", name)) else None,
                "input": dict(action.params) if action and action.params else None,
            }
            for name in catalog.python_names()
        ],
        "env": list(catalog.env_names()),
    }
