"""Metadata: 50 keys of 40 characters with values of 500; an empty value drops a key, an empty whole drops all."""

from __future__ import annotations

from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import members

MAX_KEYS, MAX_KEY, MAX_VALUE = 50, 40, 500


def merge_metadata(current: object, changes: object) -> dict[str, str]:
    """Return the metadata after an update with `changes` (a dict, or "" to clear)."""
    if changes == "" or changes is None:
        return {}
    merged = {key: str(value) for key, value in members(current).items()}
    for key, value in members(changes).items():
        if len(key) > MAX_KEY:
            raise invalid(
                f"Metadata keys can have up to {MAX_KEY} characters; the one you passed has {len(key)}: {key}.",
                f"metadata[{key}]",
            )
        if value in {"", None}:
            merged.pop(key, None)
            continue
        if len(str(value)) > MAX_VALUE:
            raise invalid(
                f"Metadata values can have up to {MAX_VALUE} characters, but you passed in a value that is {len(str(value))} characters. Invalid value: {str(value)[:50]}...",
                f"metadata[{key}]",
            )
        merged[key] = str(value)
    if len(merged) > MAX_KEYS:
        raise invalid(f"Metadata can have up to {MAX_KEYS} keys, but this would make {len(merged)}.", "metadata")
    return merged
