"""What the studio needs to know of the language before it has asked the server, as a TypeScript module."""

from __future__ import annotations

import json
from collections.abc import Iterable

from payloom.workflows.syntax.filemodel.step_keys import BARE_KEYS, RESERVED, ROW_NAMES, STEP_LIST_KEYS, STEP_MAP_KEYS
from payloom.workflows.syntax.filemodel.steps import VERBS
from payloom.workflows.syntax.filemodel.triggers import TRIGGERS

STUDIO_FILE = "studio/src/model/document/language.ts"
"""Where the module is, in a clone."""
_WIDTH = 120
"""How wide a line of the studio's code may be."""


def studio_language() -> str:
    """Return the text of the module."""
    return "\n".join(
        [
            "/** The words of the language. Made by `python -m payloom.workflows.reference`; a test compares it with the code. */",
            "",
            _list("VERBS", VERBS),
            "export type Verb = (typeof VERBS)[number];",
            "",
            _list("TRIGGERS", TRIGGERS),
            "export type TriggerKind = (typeof TRIGGERS)[number];",
            "",
            "/** The keys whose value is an expression without `${{ }}`. */",
            _set("BARE_KEYS", BARE_KEYS),
            "/** The keys whose value can be a list of steps. */",
            _set("STEP_LIST_KEYS", STEP_LIST_KEYS),
            "/** The keys whose value can be a map of lists of steps. */",
            _set("STEP_MAP_KEYS", STEP_MAP_KEYS),
            "/** The words that already mean something in expressions. */",
            _set("RESERVED", RESERVED),
            "/** The same, in a workflow that starts on a changed row. */",
            _set("ROW_NAMES", ROW_NAMES),
            "",
        ]
    )


def _list(name: str, words: Iterable[str]) -> str:
    return _wrapped(f"export const {name} = [", words, "] as const;")


def _set(name: str, words: Iterable[str]) -> str:
    return _wrapped(f"export const {name}: ReadonlySet<string> = new Set([", sorted(words), "]);")


def _wrapped(opening: str, words: Iterable[str], closing: str) -> str:
    """Return the array on one line if it fits, else with a word on each, as the studio's formatter has it."""
    items = [json.dumps(word) for word in words]
    line = f"{opening}{', '.join(items)}{closing}"
    return line if len(line) <= _WIDTH else "\n".join([opening, *(f"  {item}," for item in items), closing])
