"""What the engine refuses."""

from __future__ import annotations

from typing import ClassVar

from payloom.kit.errors import PayloomError


class EngineError(PayloomError):
    """The engine that schedules the runs failed."""

    code: ClassVar[str] = "engine_error"


class AnotherWorkerRuns(EngineError):
    """Another Payloom process works on this database file."""

    code: ClassVar[str] = "another_worker"
    status: ClassVar[int] = 409
