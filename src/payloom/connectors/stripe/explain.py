"""What `payloom actions` and `payloom triggers` print and the studio lists: plain data about Stripe's vocabulary."""

from __future__ import annotations

from typing import Any

from payloom.connectors.stripe import aliases, catalog, events, operations, schemas, sdk


def search_actions(text: str = "") -> list[dict[str, Any]]:
    """Return `{name, summary, aliases, writes, moves_money}` of every action whose names or summary hold all words."""
    words = text.lower().replace("_", " ").split()
    found: list[dict[str, Any]] = []
    for name in operations.names():
        operation = operations.find(name)
        assert operation is not None
        labels = [alias.label for alias in aliases.ALIASES if alias.operation == name]
        haystack = " ".join((name, name.replace("_", " "), *labels, operation.summary)).lower()
        if all(word in haystack for word in words):
            found.append({
                "name": name,
                "summary": operation.summary,
                "aliases": labels,
                "writes": operation.method != "get",
                "moves_money": name in catalog.MOVES_MONEY,
            })  # fmt: skip
    return sorted(
        found, key=lambda one: (not any(word in one["name"] for word in words), one["name"].count("."), one["name"])
    )


def describe_action(name: str, depth: int = 2) -> dict[str, Any] | None:
    """Return everything about one action, parameters and result as plain JSON Schema `depth` objects deep."""
    action = catalog.action(name)
    operation = operations.find(action.name) if action else None
    if action is None:
        return None
    return {
        "name": action.name,
        "summary": action.summary,
        "description": operation.text if operation else action.summary,
        "http": f"{operation.method.upper()} {operation.url}" if operation else None,
        "aliases": list(action.aliases),
        "writes": action.writes,
        "moves_money": action.moves_money,
        "docs_url": action.docs_url,
        "params": schemas.plain(action.params, depth),
        "returns": schemas.plain(action.returns, depth),
        "api_version": sdk.api_version(),
    }


def list_triggers(text: str = "") -> list[dict[str, Any]]:
    """Return `{family, label, actions, stateful}` of every event family that holds all words."""
    words = text.lower().replace("_", " ").split()
    found: list[dict[str, Any]] = []
    for name, actions in sorted(events.families().items()):
        family = _family(name)
        haystack = f"{name} {family['label']} {' '.join(actions)}".lower().replace("_", " ")
        if all(word in haystack for word in words):
            found.append(family)
    return found


def _family(name: str) -> dict[str, Any]:
    actions = events.families()[name]
    return {
        "family": name,
        "label": events.label(name),
        "actions": list(actions),
        "stateful": name in events.STATEFUL,
    }
