"""Payment workflows you can read, run and trust.

A project's own code in actions/ imports `payloom.steps`: `from payloom.steps import StepContext, StepError, step`.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"
_STEPS = ("StepContext", "StepError", "step")


def __getattr__(name: str) -> Any:
    """Return `step`, `StepContext` or `StepError`, which may be imported from here, too; loads them on first use."""
    if name not in _STEPS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("payloom.steps"), name)
