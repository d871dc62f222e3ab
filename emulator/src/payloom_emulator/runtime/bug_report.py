"""Faults of the local Stripe itself, shown to the person who runs it."""

from __future__ import annotations

import sys
import traceback


def report_bug(error: Exception) -> None:
    """Show a bug of ours to whoever runs the emulator."""
    traceback.print_exception(error, file=sys.stderr)
