"""Faults of the local Stripe itself, shown to the person who runs it."""

from __future__ import annotations

import sys
import traceback


def report_bug(error: Exception) -> None:
    """Print the traceback of a bug in the local Stripe to stderr."""
    traceback.print_exception(error, file=sys.stderr)
