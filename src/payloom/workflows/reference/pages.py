"""Puts the pages together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from payloom.kit import strict_json
from payloom.kit.json_types import is_list
from payloom.workflows.checker.rules import RULES, Rule
from payloom.workflows.program.inputs import expand_input
from payloom.workflows.reference import notes, rule_examples
from payloom.workflows.syntax.filemodel.file import WorkflowFile
from payloom.workflows.syntax.filemodel.steps import VERBS
from payloom.workflows.syntax.filemodel.triggers import TRIGGERS

_HEAD = {"id", "name", "when", "on_error"}
_INPUTS = (
    "string", "string 1..80", "string cs_*", "int", "int 1..20", "int 100..50000 chosen", "number", "bool", "email", "url",
    "uuid", "date", "datetime", "currency", "json", "basic | pro", "low | high = low", "int = 1",
)  # fmt: skip


def pages() -> dict[str, str]:
    """Return every page by its name below `docs/reference/language`."""
    texts = {"index.md": _index(), "file.md": _file()}
    texts |= {f"verbs/{verb}.md": _verb(verb, model) for verb, model in VERBS.items()}
    texts |= {f"triggers/{kind}.md": _trigger(kind, model) for kind, model in TRIGGERS.items()}
    texts |= {f"rules/{rule.id}.md": _rule(rule) for rule in RULES.values()}
    return texts


def _index() -> str:
    verbs = "\n".join(f"| [`{verb}`](verbs/{verb}.md) | {_first(model)} |" for verb, model in VERBS.items())
    triggers = "\n".join(f"| [`{kind}`](triggers/{kind}.md) | {_first(model)} |" for kind, model in TRIGGERS.items())
    all_rules = RULES.values()
    rules = "\n".join(
        f"| [{trigger.id}](rules/{trigger.id}.md) | {trigger.severity} | {trigger.title} |" for trigger in all_rules
    )
    return f"# The workflow language\n\nA workflow is a YAML file: what starts it, what it takes, what it does. [The file](file.md) says what stands where, [Expressions](expressions.md) what may stand in `${{{{ }}}}`.\n\n## Triggers\n\n| trigger | starts on |\n| --- | --- |\n{triggers}\n\n## Verbs\n\nA step is one verb with its arguments.\n\n| verb | does |\n| --- | --- |\n{verbs}\n\n## Rules\n\n`payloom check` finds:\n\n| rule | severity | finds |\n| --- | --- | --- |\n{rules}\n"


def _first(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _file() -> str:
    head = next(iter(VERBS.values()))
    shared = "\n".join(line for line in _rows(*_keys(head), set()) if line.split("`")[1] in _HEAD)
    schemas = {text: _json(expand_input({"x": text})["properties"]["x"]) for text in _INPUTS}
    shapes = "\n".join(f"| `{_cell(text)}` | `{schema}` |" for text, schema in schemas.items())
    return (
        "# The file\n\n"
        + _table(WorkflowFile, None)
        + "\n## Every step\n\n| key | takes | meaning |\n| --- | --- | --- |\n"
        + shared
        + """\


A skipped step has the value null. Durations: `30s`, `15m`, `2h`, `14d`, `1h30m`.

## Inputs

The short form, and the JSON Schema it stands for:

| short | JSON Schema |
| --- | --- |
"""
        + shapes
        + """\


`key?:` may be left out and is null then; `[string]` is a list; `[{sku: string}]` a list of maps; a map is a map. A field that is not named is refused. A full JSON Schema of an object may stand here as well. `chosen` says that callers choose this amount between the bounds, as for a donation: F101 then leaves it.

## Silencing a finding

```yaml
- log: x  # payloom: ignore[F010] kept for the next release
```

On the line itself, or alone on the line before. A reason is required; F000, F001 and F004 stay.
"""
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _json(value: Any) -> str:
    return _cell(strict_json.dumps(value))


def _verb(verb: str, model: type[BaseModel]) -> str:
    note = notes.VERBS[verb]
    return f"# `{verb}`\n\n{_first(model)}\n\n```yaml\n{note.example}```\n\n**Value.** {note.value}\n\n{note.text}\n\n{_table(model, _HEAD)}\nEvery step also takes `id`, `name`, `when` and `on_error`: see [the file](../file.md).\n"


def _trigger(kind: str, model: type[BaseModel]) -> str:
    note = notes.TRIGGERS[kind]
    return f"# `{kind}`\n\n{_first(model)}\n\n```yaml\non: {note.example}```\n\n**Readable.** {note.value}\n\n{note.text}\n\n{_table(model, None)}"


def _rule(rule: Rule) -> str:
    wrong, right = rule_examples.RULES[rule.id]
    return (
        f"# {rule.id}: {rule.title}\n\nSeverity: {rule.severity}."
        + (" The file does not load.\n\n" if rule.severity == "error" else " The file loads.\n\n")
        + f"{rule.why}\n\n**What to do.** {rule.hint[0].upper()}{rule.hint[1:]}.\n\nFound:\n\n```yaml\n{wrong}```\n\nRight:\n\n```yaml\n{right}```\n"
    )


def _table(model: type[BaseModel], skip: set[str] | None) -> str:
    """Return the table of a model's keys, and below a step's, a table for each key that takes a map with fixed keys."""
    target, definitions = _keys(model)
    text = _HEADINGS + "\n".join(_rows(target, definitions, skip or set())) + "\n"
    for name, prop in target["properties"].items() if skip else ():
        for inner in [] if name in skip else _maps(prop, definitions):
            text += (
                f"\nA map in `{name}` has these keys:\n\n{_HEADINGS}"
                + "\n".join(_rows(inner, definitions, set()))
                + "\n"
            )
    return text


def _keys(model: type[BaseModel]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return a model's schema, which has its keys, and the schemas that it refers to by name."""
    schema = model.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    return (schema if "properties" in schema else definitions.get(model.__name__, schema)), definitions


_HEADINGS = "| key | takes | meaning |\n| --- | --- | --- |\n"


def _rows(target: Mapping[str, Any], definitions: Mapping[str, Any], skip: set[str]) -> list[str]:
    required = set(target.get("required", ()))
    rows: list[str] = []
    for name, prop in target["properties"].items():
        if name in skip:
            continue
        takes = _takes(prop, definitions)
        must = " **required**" if name in required else ""
        default = f" Default: `{_json(prop['default'])}`." if prop.get("default") not in (None, [], {}, "") else ""
        meaning = _cell(prop.get("description") or "")
        rows.append(f"| `{name}` | {takes}{must} | {meaning}{default} |")
    return rows


def _maps(prop: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the kinds of maps with fixed keys that a key takes, alone or in a list. Steps have pages of their own."""
    if "$ref" in prop:
        definition = definitions.get(str(prop["$ref"]).rpartition("/")[2], {})
        return [definition] if "properties" in definition else []
    inner = [*prop.get("anyOf", ()), *prop.get("oneOf", ()), *([prop["items"]] if "items" in prop else [])]
    return [each for alternative in inner for each in _maps(alternative, definitions)]


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true/false",
    "object": "map",
    "array": "list",
}


def _takes(prop: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    for key in ("anyOf", "oneOf"):
        if key in prop:
            parts = dict.fromkeys(
                _takes(alternative, definitions) for alternative in prop[key] if alternative.get("type") != "null"
            )
            return " or ".join(part for part in parts if part) or "anything"
    if "$ref" in prop:
        name = str(prop["$ref"]).rpartition("/")[2]
        return "step" if name == "Step" else "map" if definitions.get(name, {}).get("type") == "object" else "trigger"
    if "enum" in prop:
        return " or ".join(f"`{choice}`" for choice in prop["enum"])
    if "const" in prop:
        return f"`{_json(prop['const'])}`"
    kind = prop.get("type")
    if kind == "array":
        inner = _takes(prop.get("items", {}), definitions)
        return "steps" if inner == "step" else f"list of {inner}"
    if is_list(kind):
        return " or ".join(_WORDS[name] for name in kind)
    return _WORDS.get(str(kind), "anything")
