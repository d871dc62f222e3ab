"""A loaded workflow: what the rest of Payloom knows of a file.

Everything in it is compiled; nothing is parsed per run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

from payloom.kit.diagnostics import Path
from payloom.workflows.program.node import Block, ExpressionSite, Node
from payloom.workflows.program.templates import Expression, Template
from payloom.workflows.syntax.filemodel.file import WorkflowFile

Auth = Literal["none", "optional", "user"] | tuple[str, ...]
"""Who can call: any caller, any caller (known if signed in), any signed-in user, or users with one of the roles."""
Locate = Callable[[Path, str, tuple[int, int]], str | None]


@dataclasses.dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `count` requests in `seconds`, per caller."""

    count: int
    seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class ApiTrigger:
    """A request to an endpoint. `path` may hold `{name}` parts, which become inputs. `cors`: allowed origins."""

    method: str
    path: str
    auth: Auth
    dedupe: Template | None = None
    rate_limit: RateLimit | None = None
    cors: tuple[str, ...] = ()
    kind: Literal["api"] = "api"


LANE_OF_OBJECT = "${{ object.id }}"
"""The `queue` of state families that name none: the runs about one object go one after another."""


@dataclasses.dataclass(frozen=True, slots=True)
class StripeTrigger:
    """An event of a family. `actions`: empty means all. `queue`: runs with the same value go one after another."""

    family: str
    actions: tuple[str, ...] = ()
    match: Expression | None = None
    fresh: bool = False
    queue: Template | None = None
    account: Template | None = None
    livemode: bool | None = None
    kind: Literal["stripe"] = "stripe"


@dataclasses.dataclass(frozen=True, slots=True)
class ScheduleTrigger:
    """Moments on the clock, in a time zone. `catch_up`: what happens to moments missed while stopped."""

    cron: str
    timezone: str = "UTC"
    catch_up: Literal["none", "last", "all"] = "last"
    kind: Literal["schedule"] = "schedule"


@dataclasses.dataclass(frozen=True, slots=True)
class ManualTrigger:
    """A person starts it."""

    auth: Auth = "user"
    kind: Literal["manual"] = "manual"


@dataclasses.dataclass(frozen=True, slots=True)
class CalledTrigger:
    """Another workflow calls it."""

    kind: Literal["called"] = "called"


@dataclasses.dataclass(frozen=True, slots=True)
class TableTrigger:
    """A row was inserted, updated or deleted."""

    table: str
    on: tuple[str, ...]
    match: Expression | None = None
    kind: Literal["table"] = "table"


Trigger = ApiTrigger | StripeTrigger | ScheduleTrigger | ManualTrigger | CalledTrigger | TableTrigger


def _nowhere(_path: Path, _source: str, _span: tuple[int, int]) -> str | None:
    return None


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Workflow:
    """One version of one workflow.

    input, output: JSON Schema of an object, or None. version: SHA-256 (hex) of the canonical model; comments and
    layout do not
    change it. calls: ids of the workflows it calls. lane: `fast` when no step leaves the machine or waits. sites: every
    expression in it. locate: turns a place in the model into `file:line:column`, when the file is known.
    """

    id: str
    name: str
    description: str | None
    triggers: tuple[Trigger, ...]
    input: dict[str, Any] | None
    output: dict[str, Any] | None
    once: Template | None
    vars: Template | None
    steps: Block
    on_error: Block | None
    version: str
    calls: frozenset[str]
    lane: Literal["fast", "durable"]
    step_ids: tuple[str, ...]
    sites: tuple[ExpressionSite, ...]
    model: WorkflowFile
    file: str | None = None
    locate: Locate = _nowhere
    language: int = 1

    @property
    def shares_runs(self) -> bool:
        """Whether a `call` of it is a run of its own, which all who call with the same `once` share."""
        return self.once is not None and self.language >= SHARED_CALLS

    @property
    def keeps_output(self) -> bool:
        """Whether an answer that is not what `output` promises fails the run."""
        return self.output is not None and self.language >= KEPT_OUTPUT

    def to_model(self) -> dict[str, Any]:
        """Return the canonical model as JSON data; `load_model` of the compiler makes the same workflow of it."""
        return model_data(self.model, self.language)

    def nodes(self) -> tuple[Node, ...]:
        """Return every step, at any depth, in the order they stand."""
        blocks = [self.steps, *([self.on_error] if self.on_error else [])]
        return tuple(inner for block in blocks for node in block.nodes for inner in node.walk())

    def node_at(self, run_path: str) -> Node | None:
        """Return the step at a path as runs write it, e.g.

        `3.cases.succeeded.0` or `4.do[2].0`; None if it is not here.
        """
        return _find(self.steps, self.on_error, run_path)


SHARED_CALLS = 2
"""The language in which a `call` respects the callee's `once`. In the first one it runs inline, whatever its `once`."""


KEPT_OUTPUT = 3
"""The language in which an answer must be what `output` promises. Before, it was a description that nobody compared."""


def languages(*, once: Any, output: Any) -> tuple[int, ...]:
    """Return the versions of the language's meaning that a file may have, the current one last.

    It is stored with every model, so that a run ends with the meaning it began with. A file whose meaning has not
    changed keeps its number, and so its version.
    """
    meant_before = (1,) if once is None else (1, SHARED_CALLS)
    return meant_before if output is None else (*meant_before, KEPT_OUTPUT)


def model_data(model: WorkflowFile, language: int | None = None) -> dict[str, Any]:
    """Return a file's model as JSON data, without what means nothing to a run (tests). language: else the current."""
    data = model.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"tests"})
    return {"language": language or languages(once=model.once, output=model.output)[-1], **data}


def _find(steps: Block, on_error: Block | None, run_path: str) -> Node | None:
    rest = run_path
    block: Block | None = steps
    if run_path.startswith("on_error."):
        block, rest = on_error, run_path.removeprefix("on_error.")
    while block is not None:
        index, _, rest = rest.partition(".")
        if not index.isdigit() or int(index) >= len(block.nodes):
            return None
        node = block.nodes[int(index)]
        if not rest:
            return node
        block = None
        for label, inner in node.all_blocks():
            for candidate in (label, label.partition("[")[0]):
                cut = _after(rest, candidate)
                if cut is not None:
                    block, rest = inner, cut
                    break
            if block is not None:
                break
    return None


def _after(rest: str, label: str) -> str | None:
    if rest.startswith(label + "."):
        return rest[len(label) + 1 :]
    if rest.startswith(label + "[") and label == "do":
        return rest.partition("].")[2]
    return None
