"""What the models of the verbs say about the keys of a step, for all who read steps as raw data."""

from __future__ import annotations

from collections.abc import Iterator

from payloom.workflows.syntax.filemodel.steps import VERB_MODELS, CaseClause, StepHead, WaitedEvent
from payloom.workflows.syntax.filemodel.values import Strict


def _keys_of(*types: str) -> Iterator[str]:
    """Yield the keys of steps and their clauses that are declared with one of the types."""
    models: tuple[type[Strict], ...] = (*VERB_MODELS, StepHead, CaseClause, WaitedEvent)
    for model in models:
        for name, annotation in model.__annotations__.items():
            if annotation.removesuffix(" | None") in types:
                yield model.model_fields[name].alias or name


CONDITION_KEYS = frozenset(_keys_of("Condition"))
"""The keys whose value is true or false, as an expression without `${{ }}`."""
BARE_KEYS = CONDITION_KEYS | frozenset(_keys_of("Operand"))
"""The keys whose value is an expression without `${{ }}`."""
STEP_KEYS = frozenset(_keys_of("Steps"))
"""The keys whose value is a list of steps."""
STEP_LIST_KEYS = STEP_KEYS | frozenset(_keys_of("OnError", "DefaultBranch", "Catch"))
"""The keys whose value can be a list of steps."""
STEP_MAP_KEYS = frozenset(_keys_of("Cases", "Annotated[dict[str, Steps], Field(min_length=1)]"))
"""The keys whose value can be a map of lists of steps."""

ROOTS = ("inputs", "event", "object", "previous", "user", "env", "run", "vars", "steps", "context")
"""The names that every expression of a workflow can read."""
RESERVED = frozenset({*ROOTS, "secrets", "error", "true", "false", "null", "in"})
"""The words that already mean something in expressions: no step can have one as its id."""
ROW_NAMES = frozenset({"row", "old"})
"""The same, in a workflow that starts on a changed row."""
