"""The interpreter: a document and a recorded history in, the next commands out. Pure and deterministic."""

from payloom.workflows.interpreter.execution import Execution, RunInfo
from payloom.workflows.interpreter.frame import Visit

__all__ = ["Execution", "RunInfo", "Visit"]
