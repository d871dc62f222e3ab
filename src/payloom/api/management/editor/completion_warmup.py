"""Reads Stripe's types in the background as soon as a user opens the editor."""

from __future__ import annotations

import gc
import threading

from payloom.api.management.editor import actions
from payloom.connectors.stripe.catalog import stripe_catalog
from payloom.workflows.reference.workflow_schema import COMMON


class CompletionWarmup:
    """Reads Stripe's types once, in the background, when an editor opens: the first list of actions is fast."""

    def __init__(self) -> None:
        self._once = threading.Lock()
        self._begun = False

    def begin(self) -> None:
        """Begin unless it has begun."""
        with self._once:
            if self._begun:
                return
            self._begun = True
        threading.Thread(target=self._read, name="payloom-read-types", daemon=True).start()

    @staticmethod
    def _read() -> None:
        actions.entries()
        stripe_catalog.action_names()
        for name in COMMON:
            stripe_catalog.action(name)
        gc.freeze()  # they stay, and are many: collections need not look at them again
