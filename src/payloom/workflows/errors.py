"""What can be wrong with workflows as programs see it. A file's own mistakes are diagnostics, not exceptions."""

from __future__ import annotations

from typing import ClassVar

from payloom.kit.errors import PayloomError


class WorkflowsError(PayloomError):
    """A workflow has an error."""

    code: ClassVar[str] = "workflow"


class UnknownWorkflow(WorkflowsError):
    """No workflow has this ID."""

    code: ClassVar[str] = "unknown_workflow"


class HistoryMismatch(WorkflowsError):
    """The recorded history does not belong to this version of the workflow."""

    code: ClassVar[str] = "history_mismatch"


class BrokenModel(WorkflowsError):
    """A stored version can't be read."""

    code: ClassVar[str] = "broken_model"


class BadEdit(WorkflowsError):
    """The change does not fit the file."""

    code: ClassVar[str] = "bad_edit"
    status: ClassVar[int] = 422
