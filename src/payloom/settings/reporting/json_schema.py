"""The JSON Schema of payloom.yaml, for editors. It is made from the same classes that read the file."""

from __future__ import annotations

from typing import Any, get_args

from payloom.settings.file import EnvironmentName, FileSettings
from payloom.settings.sections.alert_rules import ALERT_RULES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_COUNT = {"type": "integer", "minimum": 1}
_DURATION = {"type": "string", "pattern": r"^(\d+(ms|s|m|h|d|w))+$"}
_PERCENT = {
    "anyOf": [{"type": "integer", "minimum": 1, "maximum": 99}, {"type": "string", "pattern": "^[1-9][0-9]?%$"}]
}
_THRESHOLDS: dict[str, dict[str, Any]] = {"count": _COUNT, "seconds": _DURATION, "percent": _PERCENT}


def settings_schema() -> dict[str, Any]:
    """Return the schema. What holds at the top holds below each of `environments`, too."""
    schema = FileSettings.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema.pop("$defs")
    for rule, field in definitions["AlertRulesSection"]["properties"].items():
        field.pop("anyOf", None)
        field["anyOf"] = [_THRESHOLDS[ALERT_RULES[rule].unit], {"const": "off"}, {"const": False}]
    properties: dict[str, Any] = schema["properties"]
    environments = properties.pop("environments")
    definitions["Environment"] = {
        "type": "object",
        "additionalProperties": False,
        "description": "Settings for one environment; each key overrides the one above.",
        "properties": {name: part for name, part in properties.items() if name != "environment"},
    }
    environment = {"anyOf": [{"$ref": "#/$defs/Environment"}, {"type": "null"}]}
    properties["environments"] = {
        "type": "object",
        "additionalProperties": False,
        "description": environments["description"],
        "properties": dict.fromkeys(get_args(EnvironmentName), environment),
    }
    return {"$schema": DIALECT, **schema, "title": "payloom.yaml", "$defs": definitions}
