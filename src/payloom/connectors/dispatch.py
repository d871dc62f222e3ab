"""The connectors behind the driver's two seams: table steps, and everything that leaves the machine, by verb."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.connectors.port import Attempt, OutsideHost, StepFailed
from payloom.kit.suggest import did_you_mean
from payloom.workflows.program.commands import Do, StepFailure


class VerbDispatcher:
    """Hands each step to the host of its verb."""

    def __init__(self, hosts: Mapping[str, OutsideHost]) -> None:
        """hosts: verb → host."""
        self._hosts = dict(hosts)

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Do one step; see OutsideHost."""
        host = self._hosts.get(do.verb)
        if host is None:
            hint = did_you_mean(do.verb, self._hosts) or None
            raise StepFailed(StepFailure("unknown_verb", f"nothing here does {do.verb!r} steps", hint=hint))
        return await host.perform(do, attempt)
