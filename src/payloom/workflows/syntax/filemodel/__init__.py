"""The shape of a workflow file as pydantic models: what keys may stand where.

No meaning, no expressions: text is text.
"""

from payloom.workflows.syntax.filemodel.file import WorkflowFile
from payloom.workflows.syntax.filemodel.steps import VERBS, StepHead
from payloom.workflows.syntax.filemodel.triggers import TRIGGERS, TriggerHead

__all__ = ["TRIGGERS", "VERBS", "StepHead", "TriggerHead", "WorkflowFile"]
