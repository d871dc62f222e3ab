"""Why the runs room rejects an operation."""

from __future__ import annotations

from typing import ClassVar

from payloom.kit.errors import PayloomError


class RunError(PayloomError):
    """The run can't do that."""

    code: ClassVar[str] = "run_error"


class RunUnknown(RunError):
    """No run has this ID."""

    code: ClassVar[str] = "run_unknown"
    status: ClassVar[int] = 404


class WorkflowUnknown(RunError):
    """No workflow has this ID."""

    code: ClassVar[str] = "workflow_unknown"
    status: ClassVar[int] = 404


class VersionUnknown(RunError):
    """The version that the run is pinned to is not stored."""

    code: ClassVar[str] = "version_unknown"
    status: ClassVar[int] = 409


class JobUnknown(RunError):
    """No bulk action has this ID."""

    code: ClassVar[str] = "job_unknown"
    status: ClassVar[int] = 404


class WrongState(RunError):
    """The run's current status doesn't allow this operation."""

    code: ClassVar[str] = "wrong_state"
    status: ClassVar[int] = 409


class KeyTaken(RunError):
    """Another request has the same `once` or `dedupe` value."""

    code: ClassVar[str] = "key_taken"
    status: ClassVar[int] = 409


class NotAllowed(RunError):
    """Your account has none of the roles of this approval."""

    code: ClassVar[str] = "not_allowed"
    status: ClassVar[int] = 403


class Superseded(Exception):
    """Another worker has taken the run over. The worker that catches this stops without writing."""
