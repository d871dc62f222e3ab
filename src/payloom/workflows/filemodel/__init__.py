"""The shape of a workflow file as pydantic models: what keys may stand where.

No meaning, no expressions: text is text.
"""

from payloom.workflows.filemodel.file import WorkflowFile
from payloom.workflows.filemodel.steps import VERBS, StepHead
from payloom.workflows.filemodel.triggers import TRIGGERS, TriggerHead

__all__ = ["TRIGGERS", "VERBS", "StepHead", "TriggerHead", "WorkflowFile"]
