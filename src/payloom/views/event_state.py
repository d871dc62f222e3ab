"""The words by which lists of events are filtered."""

from __future__ import annotations

from typing import Literal

Source = Literal["webhook", "catch_up"]
"""How an event arrived: Stripe sent it, or Payloom fetched it later."""
State = Literal["handled", "unhandled", "failed", "running", "set_aside"]
"""failed: a run of it failed and is unresolved; running: one is not over yet; unhandled: no workflow wanted it.

set_aside: nobody asked for it; see `payloom.inbox.set_aside`.
"""
