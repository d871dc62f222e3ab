"""F001 and F002 for mails: what a step hands over, and what its template reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_map
from payloom.kit.suggest import did_you_mean
from payloom.workflows.checker.expressions import Types
from payloom.workflows.checker.findings import Findings
from payloom.workflows.checker.scope import names
from payloom.workflows.expressions.types import Type, type_of_schema
from payloom.workflows.interpreter.verbs import outbound


def check_email_data(findings: Findings, types: Types) -> None:
    """Compare `data` with the names and fields in the template, unless an expression makes all of it."""
    for node in findings.nodes:
        if not isinstance(node, outbound.Email) or not is_map(node.data.literal):
            continue
        template = findings.catalog.email_data(node.template)
        if template is None:
            continue
        sent = {str(name) for name in node.data.literal}
        for name in sorted(sent - template.known):
            hint = did_you_mean(name, template.known - sent) or f"it reads {names(sorted(template.known)) or 'nothing'}"
            findings.report(
                "F001", (*node.path, "data", name), f"the template `{node.template}` reads no `{name}`", hint, key=True
            )
        missing = sorted(template.required - sent)
        if missing:
            findings.report(
                "F002",
                (*node.path, "email"),
                f"the template `{node.template}` reads {names(missing)}, and `data` has none",
                f"add data: {{{missing[0]}: …}}",
            )
        for field in sorted(template.fields):
            if field[0] in sent:
                _check_field(findings, types, node, field)


def _check_field(findings: Findings, types: Types, node: outbound.Email, field: Sequence[str]) -> None:
    """Report a field that the template reads and that the value of the step cannot have."""
    value, path = node.data.literal, (*node.path, "data")
    for at, name in enumerate(field):
        if not is_map(value):
            lacking = _lacks(findings, types, value, path, field[at:])
        elif name in value:
            value, path = value[name], (*path, name)
            continue
        else:
            lacking = name, {str(known) for known in value}
        if lacking is not None:
            missing, known = lacking
            text = ".".join(field)
            hint = did_you_mean(missing, known) or f"it has {names(sorted(known)) or 'no fields'}"
            message = f"the template `{node.template}` reads `{text}`, and this value has no `{missing}`"
            findings.report("F002", path, message, hint)
        return


def _lacks(
    findings: Findings, types: Types, value: Any, path: Path, field: Sequence[str]
) -> tuple[str, set[str]] | None:
    """Return the first name of `field` that no form of an expression's value has, and the names it has."""
    site = findings.single(value, path)
    shape = type_of_schema(types.of(site)) if site is not None else None
    for name in field if shape is not None else ():
        alternatives = shape.alternatives() if shape is not None else None
        maps = [schema for schema in alternatives or () if schema.get("type") != "null"]
        known: set[str] = set()
        inner: Type | None = None
        for schema in maps:
            properties = schema.get("properties")
            if not is_map(properties) or schema.get("additionalProperties") is not False:
                return None
            known |= {str(each) for each in properties}
            if name in properties:
                inner = shape.of(properties[name]) if shape is not None else None
        if not maps:
            return None
        if inner is None:
            return name, known
        shape = inner
    return None
