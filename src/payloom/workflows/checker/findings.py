"""What all rules share: the workflow, its text, the catalog, and a way to report a finding at its place."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.diagnostics import Diagnostic, Path, Place
from payloom.kit.json_types import is_dict, is_list, is_map
from payloom.kit.yaml.masking import closing
from payloom.kit.yaml.source import Source
from payloom.workflows.catalog.catalog import Catalog
from payloom.workflows.checker.rules import RULES
from payloom.workflows.expressions.expression import Compiled
from payloom.workflows.program.node import ExpressionSite, Node
from payloom.workflows.program.program import ApiTrigger, StripeTrigger, Trigger, Workflow


def file_path(source: Source, path: Path) -> Path:
    """Return where in the file a place of the model is: the model lists its triggers, the file may hold just one."""
    data = source.data
    if path[:1] == ("on",) and len(path) > 1 and is_dict(data) and is_dict(data.get("on")):
        return ("on", *path[2:])
    return path


@dataclasses.dataclass(slots=True)
class Findings:
    """Collects findings about one workflow."""

    workflow: Workflow
    source: Source
    catalog: Catalog
    found: list[Diagnostic] = dataclasses.field(default_factory=list[Diagnostic])
    by_path: Mapping[Path, list[ExpressionSite]] = dataclasses.field(default_factory=dict[Path, list[ExpressionSite]])
    nodes: tuple[Node, ...] = ()
    by_node: Mapping[Node, list[ExpressionSite]] = dataclasses.field(default_factory=dict[Node, list[ExpressionSite]])
    by_place: Mapping[Path, Node] = dataclasses.field(default_factory=dict[Path, Node])

    def __post_init__(self) -> None:
        grouped: defaultdict[Path, list[ExpressionSite]] = defaultdict(list)
        of_node: defaultdict[Node, list[ExpressionSite]] = defaultdict(list)
        for site in self.workflow.sites:
            grouped[site.path].append(site)
            if site.node is not None:
                of_node[site.node].append(site)
        self.by_path, self.by_node = grouped, of_node
        self.nodes = self.workflow.nodes()
        self.by_place = {node.path: node for node in self.nodes}

    def report(self, code: str, path: Path, message: str, hint: str | None = None, *, key: bool = False) -> None:
        """Report a finding about the value at `path` (about its key if `key`)."""
        at = file_path(self.source, path)
        place = self.source.place(at) if key else self.source.value_place(at)
        self._add(code, path, place, message, hint)

    def report_in(
        self,
        code: str,
        site: ExpressionSite,
        message: str,
        hint: str | None = None,
        span: tuple[int, int] | None = None,
    ) -> None:
        """Report a finding about an expression, or a stretch of it."""
        place = self.source.inside(file_path(self.source, site.path), site.compiled.source, span=span)
        self._add(code, site.path, place, message, hint)

    def _add(self, code: str, path: Path, place: Place, message: str, hint: str | None) -> None:
        severity = RULES[code].severity
        self.found.append(
            Diagnostic.at(place, code, message, hint=hint, path=path, file=self.source.file, severity=severity)
        )

    def sites_of(self, node: Node) -> list[ExpressionSite]:
        """Return the expressions of a step, those of the steps inside not included."""
        return self.by_node.get(node, [])

    def sites_below(self, path: Path) -> list[ExpressionSite]:
        """Return the expressions of the value at `path`, however deep they stand in it."""
        return [site for at, sites in self.by_path.items() if at[: len(path)] == path for site in sites]

    def around(self, node: Node) -> Iterator[Node]:
        """Yield the steps that a step stands in, outermost first."""
        for length in range(2, len(node.path)):
            outer = self.by_place.get(node.path[:length])
            if outer is not None:
                yield outer

    def single(self, value: Any, path: Path) -> ExpressionSite | None:
        """Return the expression when the text at `path` is exactly one."""
        if not isinstance(value, str) or not value.strip().startswith("${{"):
            return None
        text = value.strip()
        sites = self.by_path.get(path, [])
        return sites[0] if closing(text, 0) == len(text) and len(sites) == 1 else None

    def single_of(self, path: Path) -> ExpressionSite | None:
        """Return the expression of a place that holds one, without the braces around it."""
        sites = self.by_path.get(path, [])
        return sites[0] if len(sites) == 1 else None

    @property
    def apis(self) -> list[ApiTrigger]:
        """The workflow's endpoints."""
        return [trigger for trigger in self.workflow.triggers if isinstance(trigger, ApiTrigger)]

    @property
    def events(self) -> list[StripeTrigger]:
        """The workflow's Stripe triggers."""
        return [trigger for trigger in self.workflow.triggers if isinstance(trigger, StripeTrigger)]

    def of_kind(self, kind: str) -> list[tuple[int, Trigger]]:
        """Return the triggers of a kind with their position."""
        return [(at, trigger) for at, trigger in enumerate(self.workflow.triggers) if trigger.kind == kind]


def leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield the texts and scalars in a value, with their paths."""
    if is_map(value):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif is_list(value):
        for at, item in enumerate(value):
            yield from leaves(item, (*path, at))
    else:
        yield path, value


def root_of(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return a reference without a leading `context.`; `steps.x` becomes `x`."""
    if path[:1] == ("context",) and len(path) > 1:
        path = path[1:]
    if path[:1] == ("steps",) and len(path) > 1:
        path = path[1:]
    return path


def reads(compiled: Compiled, *names: str) -> bool:
    """Whether an expression reads one of these roots."""
    return any(root_of(ref.path)[:1] == (name,) for ref in compiled.refs for name in names)
