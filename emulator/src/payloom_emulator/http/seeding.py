"""Plays a list of calls, for seed files and triggers: a later call may name what an earlier one answered.

A call is `{"method", "path", "params", "as"}`; `{pi.id}` in a path or a value stands for a member of the answer that
was named `pi`. A call that is `{"advance": "30d"}` moves the clock, `{"challenge": "{pi.id}", "outcome": "complete"}`
ends a challenge, and `"declines": true` says that a 402 is what is wanted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.core.errors import EmulatorError
from payloom_emulator.kit.durations import parse_duration
from payloom_emulator.protocol.json_shapes import integer, is_array, is_object, members
from payloom_emulator.runtime import challenges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.runtime.emulator import Emulator

Step = TypedDict(
    "Step",
    {
        "method": str,
        "path": str,
        "params": "JsonMapping",
        "as": str,
        "version": str,
        "declines": bool,
        "advance": str,
        "challenge": str,
        "outcome": str,
    },
    total=False,
)
"""One call, or one thing that happens between calls."""

_NAME = re.compile(r"\{([A-Za-z_]\w*)((?:\.\w+)+)\}")


def replay_calls(emulator: Emulator, calls: Sequence[Step]) -> dict[str, JsonMapping]:
    """Make every call; return the answers by name (`as`, or `call_1`…). Raises EmulatorError when one fails."""
    known: dict[str, JsonMapping] = {}
    for number, step in enumerate(calls, 1):
        if "advance" in step:
            seconds = int(parse_duration(str(step["advance"])).total_seconds())
            emulator.timers.advance(emulator.clock.now() + seconds)
            continue
        if "challenge" in step:
            _challenge(emulator, _text(step["challenge"], known), step.get("outcome", "complete"))
            continue
        path, params = _text(step.get("path", ""), known), members(_filled(step.get("params"), known))
        status, body = emulator.call(step.get("method", "POST"), path, params, version=step.get("version"))
        if status == 402 and step.get("declines"):
            body = members(body["error"])
        elif status != 200:
            raise EmulatorError(
                f"Call {number} ({step.get('method', 'POST')} {path}) answered {status}: {members(body['error'])['message']}",
                where=f"calls[{number - 1}]",
            )
        known[step.get("as", f"call_{number}")] = body
    return known


def _challenge(emulator: Emulator, intent_id: str, outcome: str) -> None:

    kind = "payment_intents" if intent_id.startswith("pi_") else "setup_intents"
    _, intent = emulator.call("GET", f"/v1/{kind}/{intent_id}")
    challenges.complete_challenge(emulator, intent_id, outcome, str(intent["client_secret"]))


def _text(value: str, known: Mapping[str, JsonMapping]) -> str:
    return str(_filled(value, known))


def _filled(value: object, known: Mapping[str, JsonMapping]) -> object:
    if is_object(value):
        return {k: _filled(v, known) for k, v in value.items()}
    if is_array(value):
        return [_filled(v, known) for v in value]
    if not isinstance(value, str):
        return value

    def referenced_value(match: re.Match[str]) -> str:
        referenced: object = known.get(match[1])
        for part in match[2].strip(".").split("."):
            if is_array(referenced):
                index = integer(part)
                referenced = referenced[index] if index is not None and index < len(referenced) else None
            else:
                referenced = referenced.get(part) if is_object(referenced) else None
        if referenced is None:
            raise EmulatorError(f"Nothing is known as {match[0]}.", hint='Name an earlier call with "as".')
        return str(referenced)

    return _NAME.sub(referenced_value, value)
