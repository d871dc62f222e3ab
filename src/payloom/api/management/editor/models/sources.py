"""What the editor's endpoints take and answer, as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from payloom.api.management.models.answers import Body, Moment
from payloom.api.management.models.answers import Shape as Answer

PathPart = str | int
"""A key or an index."""
DocumentPath = list[PathPart]
"""A place in the document, from the top: `["steps", 2, "then", 0]`."""
WorkflowId = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=256 * 1024)]


# ------------------------------------------------------------------ check


class Position(Answer):
    """A place in the text. Lines and columns count from 1, `offset` in characters from 0."""

    line: int
    column: int
    offset: int


class Finding(Answer):
    """One thing that is wrong, or could be better. step: the run path of the step it is about."""

    code: str
    severity: Literal["error", "warning", "advice"]
    message: str
    hint: str | None
    path: DocumentPath
    start: Position
    end: Position
    step: str | None
    file: str
    docs: str | None


class StepResult(Answer):
    """What a step's value is. fields: the names that can be read of it, when they are known."""

    type: str
    fields: list[str]


class Branch(Answer):
    """Steps inside a step. kind: its role; label: as run paths write it; present: whether the file has it.

    path: of the list of steps, also when it is not there yet: inserting at `[*path, 0]` makes it.
    """

    label: str
    kind: Literal[
        "then", "else", "do", "case", "default", "parallel", "try", "catch", "finally", "on_timeout", "on_error"
    ]
    title: str
    path: DocumentPath
    present: bool
    steps: list[OutlineStep]


class OutlineStep(Answer):
    """One step. path: in the document. run_path: in runs, mocks and traces, e.g. `3.cases.succeeded.0`.

    target: the verb's value, if it is a short text. on_error: `continue`, `steps` or null.
    """

    path: DocumentPath
    run_path: str
    id: str | None
    verb: str | None
    target: str | None
    name: str | None
    title: str
    when: str | None
    on_error: Literal["continue", "steps"] | None
    start: Position
    end: Position
    result: StepResult | None
    lane: Literal["fast", "durable"] | None
    branches: list[Branch]


class OutlineTrigger(Answer):
    """One trigger: `on` itself, or an item of it."""

    path: DocumentPath
    kind: str | None
    title: str
    start: Position
    end: Position


class Outline(Answer):
    """The file as a tree: enough to draw it."""

    name: str | None
    description: str | None
    triggers: list[OutlineTrigger]
    inputs: list[str]
    steps: list[OutlineStep]
    on_error: list[OutlineStep]


class Lane(Answer):
    """How runs are carried out. fast: in one go with the request or event; durable: step by step. why: in words."""

    name: Literal["fast", "durable"]
    why: str


class Check(Answer):
    """What `payloom check` says about a text, and its outline. outline: null while the text is no YAML map.

    version: the hash the workflow would have when published; null while there are errors.
    """

    diagnostics: list[Finding]
    outline: Outline | None
    lane: Lane | None
    version: str | None
    syntax_ok: bool
    ok: bool


class CheckBody(Body):
    """The text of a draft."""

    id: WorkflowId
    text: Text


# ------------------------------------------------------------------ source


class Source(Check):
    """A workflow's file. etag: of its bytes. published_version: the version new runs use, null if none."""

    id: str
    path: str
    text: str
    etag: str
    editable: bool
    published_version: str | None
    changed: bool
    """Whether publishing would change what new runs use."""


class Saved(Source):
    """A file just written. published: whether the server uses it now; publish_error: why not."""

    published: bool
    publish_error: str | None


class SaveBody(Body):
    """The whole new text, and the etag it was edited from. publish: null publishes in development."""

    text: Text
    etag: str
    publish: bool | None = None


class CreateBody(Body):
    """A new workflow; text: a start is written when it is left out."""

    id: WorkflowId
    text: Text | None = None


class Deleted(Answer):
    """The file is gone; its runs and versions stay."""

    id: str
    deleted: bool
    published: bool
    publish_error: str | None


# ------------------------------------------------------------------ edit


class Operation(Body):
    """One change. Paths are those of the document after the operations before it.

    set: the value at `path` becomes `value` (a new key goes to the end of its map).
    insert: `value` is put into the list before the item at `path`; a list that is not there yet is made.
    remove: the key or item at `path` goes, with its own comments.
    move: the item at `path` goes, with its comments, before the item at `to` (a path), or to index `to` of its list.
    copy: as move, and the original stays; `id` is the copy's id.
    rename_step: the step at `path` gets the id `to`, and so does every expression that reads it.
    rename_key: the key at `path` becomes `to`, in its place.
    replace_step: the step at `path` becomes `value`; id and comments stay, unchanged lines are not touched.
    wrap: `count` items from `path` move into the steps under `key` of a new step `value`, which takes their place.
    unwrap: the step at `path` is replaced by the steps under its `key`.
    """

    op: Literal[
        "set", "insert", "remove", "move", "copy", "rename_step", "rename_key", "replace_step", "wrap", "unwrap"
    ]
    path: DocumentPath
    value: Any = None
    to: DocumentPath | int | str | None = None
    id: str | None = None
    key: str | None = None
    count: Annotated[int, Field(ge=1, le=1000)] = 1


class EditBody(Body):
    """Changes to a text: all of them or none."""

    id: WorkflowId
    text: Text
    operations: Annotated[list[Operation], Field(min_length=1, max_length=200)]


class Edited(Check):
    """The changed text. path: the new position of the last operation's item."""

    text: str
    path: DocumentPath | None


# ------------------------------------------------------------------ complete and hover


class CompleteBody(Body):
    """Where the cursor is: `offset` in the text, or `cursor` in what is typed into the field at `path`.

    expression: an expression without `${{ }}`, or text that holds some. Offsets count code points.
    """

    id: WorkflowId
    text: Text
    offset: Annotated[int, Field(ge=0)] | None = None
    path: DocumentPath | None = None
    expression: Annotated[str, Field(max_length=20_000)] | None = None
    cursor: Annotated[int, Field(ge=0)] | None = None


class CompletionItem(Answer):
    """One completion. insert: the text to insert; the label if it is null."""

    label: str
    kind: str
    type: str | None
    detail: str | None
    doc: str | None
    insert: str | None


class Completion(Answer):
    """from, to: what an item replaces. Best first; not filtered by what is typed."""

    from_: int = Field(alias="from")
    to: int
    items: list[CompletionItem]


class HoverBody(Body):
    """A place in a text."""

    id: WorkflowId
    text: Text
    offset: Annotated[int, Field(ge=0)]


class Hover(Answer):
    """What is known about a word. link: a page of the documentation, or Stripe's."""

    from_: int = Field(alias="from")
    to: int
    title: str
    type: str | None
    doc: str | None
    link: str | None


# ------------------------------------------------------------------ publish and versions


class PublishBody(Body):
    """What is published must be what was seen; null: whatever the file holds."""

    etag: str | None = None


class Published(Answer):
    """What new runs use now. number: of this publication; changed: workflows whose version is new or gone."""

    number: int
    changed: list[str]
    version: str | None
    diagnostics: list[Finding]


class Version(Answer):
    """A stored version. hash: of the model; comments and layout do not change it."""

    hash: str
    created_at: Moment
    author: str | None
    open_runs: int
    current: bool
    has_source: bool


class Versions(Answer):
    """Newest first."""

    data: list[Version]
    next: str | None = None


class VersionSource(Version):
    """A version with its text. text: exactly as it was; null for a workflow that never had a file."""

    text: str | None
    model: dict[str, Any]


class Change(Answer):
    """One difference in meaning."""

    kind: Literal["added", "removed", "changed", "moved"]
    path: DocumentPath
    where: str
    before: Any = None
    after: Any = None
    text: str


class Diff(Answer):
    """Two texts compared. text: unified, empty when they are equal. changes: what it means, null if unknown."""

    from_: str = Field(alias="from")
    to: str
    text: str
    changes: list[Change] | None
    why_not: str | None


class RollbackBody(Body):
    """Which version, and the etag of the file that it replaces."""

    version: str
    etag: str


Branch.model_rebuild()
