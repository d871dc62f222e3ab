"""Metadata: 50 keys of 40 characters with values of 500; an empty value drops a key, an empty whole drops all."""

from __future__ import annotations

from payloom_emulator.protocol.errors import invalid

MAX_KEYS, MAX_KEY, MAX_VALUE = 50, 40, 500


def merge_metadata(current: dict[str, str] | None, given: object) -> dict[str, str]:
    """Return the metadata after an update with `given` (a dict, or "" to clear)."""
    if given == "" or given is None:
        return {}
    merged = dict(current or {})
    for key, value in given.items():
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
