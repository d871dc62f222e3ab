"""The top of a workflow file."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from payloom.kit.json_types import is_list
from payloom.workflows.syntax.filemodel.steps import Step, Steps
from payloom.workflows.syntax.filemodel.triggers import Trigger
from payloom.workflows.syntax.filemodel.values import TAG, Strict, Template


class WorkflowFile(Strict):
    """A workflow: its triggers, its inputs, and its steps."""

    name: str = Field(min_length=1, max_length=200)
    description: str | None = None
    on: Annotated[
        Annotated[Trigger, Tag(TAG + "one")]
        | Annotated[Annotated[list[Trigger], Field(min_length=1)], Tag(TAG + "many")],
        Discriminator(lambda value: TAG + ("many" if is_list(value) else "one")),
    ]
    input: dict[str, Any] | None = Field(None, description="Fields in short form, or a JSON Schema.")
    output: dict[str, Any] | None = Field(
        None, description="The response of `return`: fields in short form, or a JSON Schema."
    )
    once: Template | None = Field(
        None, description="One run per value, whatever starts it. A `call` waits for that run and gets its output."
    )
    vars: dict[str, Any] = Field(default_factory=dict[str, Any], description="Variables, readable as `vars.<name>`.")
    steps: Annotated[Steps, Field(min_length=1)]
    on_error: Steps = Field(
        default_factory=list[Step], description="Steps that run when the run fails. They can read `error`."
    )
    tests: Any = Field(None, description="Cases for `payloom test`.")
