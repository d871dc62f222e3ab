"""What keeps a run from going on, in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.cli.support.output import moment


def waiting_line(run: Mapping[str, Any]) -> str | None:
    """Return what a run waits for and until when; None if it runs or is over. run: as the management API gives it."""
    wake = moment(run["wake_at"])
    if run["parked_on"]:
        since = f" since {moment(run['parked_since'])}" if run.get("parked_since") else ""
        return f"parked{since}: it goes on with the next row of {run['parked_on']}, and looks again at {wake}"
    if run["status"] == "queued":
        if run["blocked"]:
            return f"queued: another run is before it in the lane {run['lane']}"
        return "queued: no worker has taken it yet"
    if run["status"] != "waiting":
        return None
    awaited: Mapping[str, Any] = run["waiting_for"] or {}
    until = f", until {moment(awaited['until'])}" if awaited.get("until") else ""
    if "server" in awaited:
        return f"waits for a server that has {', '.join(awaited['server'])}{until}"
    if "call" in awaited:
        return f"waits for the run {awaited['run']} of {awaited['call']}{until}"
    if "event" in awaited:
        return f"waits for an event of {awaited['event']}{until}"
    if "approval" in awaited:
        return f"waits for the decision {awaited['approval']!r} of {', '.join(awaited['roles'])}{until}"
    return f"waits until {moment(awaited.get('until')) or wake}"
