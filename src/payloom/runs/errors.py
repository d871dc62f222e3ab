"""What the runs room refuses."""

from __future__ import annotations

from typing import ClassVar

from payloom.kit.errors import PayloomError


class RunError(PayloomError):
    """The run cannot do that."""

    code: ClassVar[str] = "run_error"


class RunUnknown(RunError):
    """There is no run with this id."""

    code: ClassVar[str] = "run_unknown"
    status: ClassVar[int] = 404


class WorkflowUnknown(RunError):
    """There is no workflow with this id."""

    code: ClassVar[str] = "workflow_unknown"
    status: ClassVar[int] = 404


class VersionUnknown(RunError):
    """The version this run is pinned to is not stored."""

    code: ClassVar[str] = "version_unknown"
    status: ClassVar[int] = 409


class WrongState(RunError):
    """The run is in a state in which that is not possible."""

    code: ClassVar[str] = "wrong_state"
    status: ClassVar[int] = 409


class NotAllowed(RunError):
    """You may not decide this."""

    code: ClassVar[str] = "not_allowed"
    status: ClassVar[int] = 403


class Superseded(Exception):
    """Another worker has taken the run over; whoever meets this stops without writing."""
