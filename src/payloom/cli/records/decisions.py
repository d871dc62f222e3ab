"""What the conditions of runs and triggers decided, in lines for the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_ENDED = "the run ended here"


def values_met(values: Mapping[str, Any]) -> str:
    """Return ` (object.mode = "setup", inputs.n = 3)`; nothing if a condition reads nothing."""
    met = ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())
    return f" ({met})" if met else ""


def decision_lines(run: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a run's conditions decided. run: as the management API gives it."""
    for decision in run["decisions"]:
        result = decision["result"]
        if decision["ended_run"] and result in ("false", "stop"):
            result += f", {_ENDED}"
        met = values_met(decision["values"])
        where = f"  {decision['where']}" if decision["where"] else ""
        yield f"{decision['path']:<24} {decision['kind']:<8} {decision['expression']}: {result}{met}{where}"
    if run["decisions_unknown"]:
        yield f"What its conditions decided is unknown: {run['decisions_unknown']}."
