"""The catalog as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from payloom.api.management.models.answers import Shape

JsonSchema = dict[str, Any]
"""JSON Schema, with: `x-unit` (`minor`: an amount in minor units; `seconds`: a moment), `x-open` (other values may
come), `x-alias-of`, `x-one-of` (groups of names of which one is needed), `x-expandable`, `x-left-out` (absent unless
`expanded`, or unless `deleted`)."""


class VerbEntry(Shape):
    """A verb. value: what the step's value is. schema: of the step; steps inside are `{"$ref": "#/$defs/Step"}`."""

    verb: str
    doc: str
    value: str
    text: str
    example: str
    schema_: JsonSchema = Field(alias="schema")
    snippet: dict[str, Any]


class TriggerEntry(Shape):
    """A kind of trigger. value: what can be read in its runs."""

    kind: str
    doc: str
    value: str
    text: str
    example: str
    schema_: JsonSchema = Field(alias="schema")


class FamilyEntry(Shape):
    """An event family. stateful: by default, read again and run one at a time."""

    family: str
    label: str
    actions: list[str]
    stateful: bool


class ColumnEntry(Shape):
    """A column of a table."""

    name: str
    type: str
    nullable: bool
    primary: bool
    unique: bool
    has_default: bool
    enum: list[str] | None
    references: str | None


class TableEntry(Shape):
    """A table of the project."""

    name: str
    columns: list[ColumnEntry]


class CallableEntry(Shape):
    """Something a step can name: template, workflow, Python function. input: schema of its arguments, if known."""

    name: str
    title: str | None
    doc: str | None
    input: JsonSchema | None


class ExpressionEntry(Shape):
    """A function, method or macro of expressions."""

    name: str
    kind: Literal["function", "method", "macro"]
    signature: str
    doc: str
    example: str
    returns: JsonSchema | None


class ErrorEntry(Shape):
    """A kind of failure that `catch` can name."""

    kind: str
    doc: str


class RuleEntry(Shape):
    """A rule of the checker. wrong: a file that breaks it; right: the corrected file."""

    code: str
    severity: Literal["error", "warning", "advice"]
    title: str
    why: str
    wrong: str
    right: str


class Catalog(Shape):
    """All that a workflow of this project may be made of. functions: Python functions; expressions: the language's."""

    verbs: list[VerbEntry]
    triggers: list[TriggerEntry]
    families: list[FamilyEntry]
    tables: list[TableEntry]
    emails: list[CallableEntry]
    workflows: list[CallableEntry]
    functions: list[CallableEntry]
    expressions: list[ExpressionEntry]
    errors: list[ErrorEntry]
    rules: list[RuleEntry]
    env: list[str]


class ActionEntry(Shape):
    """A Stripe action in a list. name: the value of `stripe:`; label: its display name, if it has one."""

    name: str
    label: str | None
    aliases: list[str]
    summary: str
    writes: bool
    moves_money: bool


class ActionList(Shape):
    """Best first. next: the cursor of the following page."""

    data: list[ActionEntry]
    next: str | None
    total: int


class ActionDetails(ActionEntry):
    """One action with its parameters (`params`, of `with:`) and a step to start from."""

    fixed: dict[str, Any]
    docs_url: str | None
    params: JsonSchema
    required: list[str]
    returns: JsonSchema | None
    snippet: dict[str, Any]
