"""Verified events that cannot be for this project: acknowledged, so that Stripe does not repeat them, and set aside.

They start nothing and count as nothing. Some can be handed to workflows later, when there is a trigger for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal, get_args

SetAside = Literal["foreign_account", "other_mode", "unknown_kind", "unknown_type"]
REASONS: tuple[SetAside, ...] = get_args(SetAside)
WHAT_TO_DO: Mapping[SetAside, tuple[str, str]] = {
    "foreign_account": (
        "It happened in a connected account, and no workflow names that account.",
        "If a workflow is to handle it, add `account:` to its trigger, publish it, and replay the event.",
    ),
    "other_mode": (
        "It is of the other mode: Stripe sends live and test events to one Connect endpoint.",
        "There is nothing to do. An environment of the other mode handles it, with its own endpoint.",
    ),
    "unknown_kind": (
        "It is no snapshot event: Payloom does not handle thin events and notifications of API v2 yet.",
        "Take it out of the endpoint at Stripe, or keep it: a later version may handle it.",
    ),
    "unknown_type": (
        "This version of Payloom does not know its type, and no workflow has a trigger for it.",
        "If a workflow is to handle it, add a trigger with its type, publish it, and replay the event.",
    ),
}
"""What each reason means, and what to do."""
CAN_BE_HANDLED: frozenset[SetAside] = frozenset({"foreign_account", "unknown_type"})
"""Reasons that end when a workflow asks for the event."""


def why(reason: SetAside) -> dict[str, str]:
    """Return `{reason, message, hint}`."""
    message, hint = WHAT_TO_DO[reason]
    return {"reason": reason, "message": message, "hint": hint}


def moment_of(value: Any, now: int) -> int:
    """Return a moment as Unix seconds, whether Stripe writes it as such or in words; `now` if it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return int(dt.datetime.fromisoformat(value).timestamp())
        except ValueError:
            return now
    return now
