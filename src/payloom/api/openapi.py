"""The OpenAPI description of a project's own endpoints, made from its workflow files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from payloom import __version__
from payloom.workflows.program.program import ApiTrigger, Workflow

_NO_BODY = frozenset({"GET", "DELETE"})


def describe(name: str, site_url: str, workflows: Mapping[str, Workflow]) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    for workflow in workflows.values():
        for trigger in workflow.triggers:
            if isinstance(trigger, ApiTrigger):
                operation = _operation(workflow, trigger)
                paths.setdefault(f"/api{trigger.path}", {})[trigger.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": __version__},
        "servers": [{"url": site_url}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "payloom_session"}},
            "schemas": {"Error": _ERROR},
        },
    }


def _operation(workflow: Workflow, trigger: ApiTrigger) -> dict[str, Any]:
    schema = workflow.input or {"type": "object", "properties": {}, "additionalProperties": False}
    in_path = re.findall(r"\{(\w+)\}", trigger.path)
    properties = schema.get("properties", {})
    required = set(schema.get("required", ()))
    parameters = [_parameter(name, "path", properties.get(name, {}), needed=True) for name in in_path]
    operation: dict[str, Any] = {
        "operationId": f"{workflow.id}_{trigger.method.lower()}".replace("/", "_").replace("-", "_"),
        "summary": workflow.name,
        "description": workflow.description or "",
        "responses": {
            "200": {"description": "What the workflow returns", "content": _json(workflow.output or {})},
            "default": {"description": "Why not", "content": _json({"$ref": "#/components/schemas/Error"})},
        },
        "security": _security(trigger),
    }
    rest = {key: value for key, value in properties.items() if key not in in_path}
    if trigger.method in _NO_BODY:
        parameters += [_parameter(key, "query", value, needed=key in required) for key, value in rest.items()]
    else:
        body = {**schema, "properties": rest}
        if left := sorted(required - set(in_path)):
            body["required"] = left
        else:
            body.pop("required", None)
        operation["requestBody"] = {"required": bool(left), "content": _json(body)}
    if parameters:
        operation["parameters"] = parameters
    return operation


def _parameter(name: str, where: str, schema: Mapping[str, Any], *, needed: bool) -> dict[str, Any]:
    return {"name": name, "in": where, "required": needed, "schema": dict(schema)}


def _security(trigger: ApiTrigger) -> list[dict[str, list[str]]]:
    if trigger.auth == "none":
        return []
    return [{"session": []}, {}] if trigger.auth == "optional" else [{"session": []}]


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": dict(schema)}}


_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "hint": {"type": "string"},
                "fields": {"type": "object", "additionalProperties": {"type": "string"}},
                "run_id": {"type": "string"},
                "request_id": {"type": "string"},
            },
        }
    },
}
