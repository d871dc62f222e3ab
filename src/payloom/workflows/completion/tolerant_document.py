"""A workflow out of a text that is being typed: what can be read is kept, what cannot is left out or stood in for."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_any_map, is_dict, is_list
from payloom.kit.yaml.reader import read_source
from payloom.kit.yaml.source import Source
from payloom.workflows.catalog.catalog import Catalog
from payloom.workflows.checker.expressions import Types
from payloom.workflows.checker.findings import Findings
from payloom.workflows.checker.flow import Flow, State, analyze
from payloom.workflows.compiler.compile import compile_workflow, normalize
from payloom.workflows.program.inputs import BadShorthand, expand_input
from payloom.workflows.program.node import Node
from payloom.workflows.program.program import Workflow
from payloom.workflows.syntax.filemodel.file import WorkflowFile
from payloom.workflows.syntax.filemodel.problems import real_path
from payloom.workflows.syntax.filemodel.step_keys import STEP_KEYS
from payloom.workflows.syntax.filemodel.steps import VERBS, verb_of
from payloom.workflows.syntax.filemodel.triggers import TRIGGERS, kind_of
from payloom.workflows.syntax.filemodel.values import STEP_ID

_BLANK: Mapping[str, Any] = {
    "where": {}, "values": {}, "set": {"_": None}, "to": "", "cases": {}, "then": [], "do": [], "try": [],
    "key": ["id"], "roles": ["admin"], "max": 1, "let": {"_": None}, "wait": "1s", "wait_for": {"stripe": ""},
    "auth": "none", "raise": {"code": "x", "message": ""}, "return": None, "http": "GET /", "on": ["insert"],
    "parallel": {"_": []},
    "api": "GET /", "schedule": "0 0 * * *", "manual": True, "called": True,
}  # fmt: skip
_ROUNDS = 6


@dataclasses.dataclass(slots=True)
class TolerantDocument:
    """What is known about a text at this moment. data: as read; types, flow: of what could be built."""

    data: dict[str, Any]
    workflow: Workflow
    catalog: Catalog
    flow: Flow
    types: Types

    def node_at(self, path: Path) -> Node | None:
        """Return the innermost step around a path."""
        best: Node | None = None
        for node in self.types.findings.nodes:
            inside = node.path == path[: len(node.path)]
            if inside and (best is None or len(node.path) > len(best.path)):
                best = node
        return best

    def readable(self, path: Path) -> State:
        """Return the ids readable at a path; True when the step has certainly run."""
        node = self.node_at(path)
        if node is None:
            return {}
        if path[-1:] == ("when",) and len(path) == len(node.path) + 1:
            return self.flow.before.get(node, {})
        return self.flow.seen.get(node, {})


def read_tolerantly(text: str, offset: int, catalog: Catalog, workflow_id: str = "draft") -> TolerantDocument:
    """Return the sketch of a text with the cursor at `offset`; never raises for what the text holds."""
    source = _readable(text, offset)
    data = source.data if is_dict(source.data) else {}
    if "on" not in data and "true" in data:
        data = {("on" if key == "true" else key): value for key, value in data.items()}
    model = normalize(_model(data), catalog)
    built = compile_workflow(model, workflow_id)
    findings = Findings(built.workflow, Source(text, ""), catalog)
    flow = analyze(findings)
    return TolerantDocument(data, built.workflow, catalog, flow, Types(findings, flow))


def _readable(text: str, offset: int) -> Source:
    """Read the text as far as it goes: as it is, without the line at the cursor, or what stands before it."""
    source = Source("", "")
    for candidate in _candidates(text, offset):
        source = read_source(candidate, "")
        if is_dict(source.data):
            return source
    return source


def _candidates(text: str, offset: int) -> Iterator[str]:
    yield text
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    line = text[start:end]
    if closers := _closers(text[start:offset]):
        yield f"{text[:offset].rstrip().rstrip(',')}{closers}{text[end:]}"
    key = re.match(r"""(\s*(?:- )*)([^\s:#"'{\[][^:#]*?)(\s*:)?(\s.*)?$""", line)
    if key is not None and key[3]:
        yield f"{text[:start]}{key[1]}{key[2]}: null{text[end:]}"
    elif key is not None:
        yield f"{text[:start]}{key[1]}{key[2]}: null{text[end:]}"
        yield f"{text[:start]}{key[1]}null{text[end:]}"
    yield text[:start] + text[end:]
    before = text[:start].rstrip().split("\n")
    for cut in range(len(before), max(len(before) - 40, 0), -1):
        yield "\n".join(before[:cut]) + "\n"


def _closers(line: str) -> str:
    """Return the brackets that are open at the end of a line, closed; nothing inside an expression or a string."""
    if line.rfind("${{") > line.rfind("}}") or line.count('"') % 2:
        return ""
    open_ones: list[str] = []
    for char in re.sub(r'\$\{\{.*?\}\}|"[^"]*"', "", line):
        if char in "{[":
            open_ones.append("}" if char == "{" else "]")
        elif char in "}]" and open_ones:
            open_ones.pop()
    return "".join(reversed(open_ones))


# ------------------------------------------------------------------ a model that always fits


def _model(data: Mapping[str, Any]) -> WorkflowFile:
    steps = _steps(data.get("steps")) or [{"log": ""}]
    listed = data.get("on")
    triggers = [_trigger(trigger) for trigger in (listed if is_list(listed) else [listed])]
    whole: dict[str, Any] = {
        "name": "draft",
        "on": [trigger for trigger in triggers if trigger] or [{"called": True}],
        "steps": steps,
        "on_error": _steps(data.get("on_error")),
        "vars": _named_entries(data.get("vars")),
    }
    for key in ("input", "output"):
        fields = _fields(data.get(key))
        if fields is not None:
            whole[key] = fields
    try:
        return WorkflowFile.model_validate(whole)
    except ValidationError:
        return WorkflowFile.model_validate({"name": "draft", "on": {"called": True}, "steps": [{"log": ""}]})


def _named_entries(value: object) -> dict[str, Any]:
    """Return the entries whose key is a name: YAML reads `1:` and `yes:` as other things."""
    return {key: item for key, item in value.items() if isinstance(key, str)} if is_any_map(value) else {}


def _map(value: Any) -> dict[str, Any]:
    return value if is_dict(value) else {}


def _fields(value: Any) -> dict[str, Any] | None:
    """Return the fields of a short form that can be read."""
    if not is_dict(value):
        return None
    if value.get("type") == "object" and "properties" in value:
        return value if _expands(value) else None
    return {key: item for key, item in value.items() if _expands({key: item})}


def _expands(value: dict[str, Any]) -> bool:
    try:
        expand_input(value)
    except BadShorthand:
        return False
    return True


def _trigger(value: Any) -> dict[str, Any] | None:
    kind = kind_of(value)
    if kind is None or not is_dict(value):
        return None
    return _fitting(TRIGGERS[kind], {"auth": "none", **value} if kind == "api" else dict(value), kind)


def _steps(value: Any) -> list[dict[str, Any]]:
    return [_step(step) for step in value] if is_list(value) else []


def _step(value: Any) -> dict[str, Any]:
    data = _map(value)
    step_id = data.get("id")
    named = {"id": step_id} if isinstance(step_id, str) and re.fullmatch(STEP_ID, step_id) else {}
    verb = verb_of(data)
    if verb is None:
        return {**named, "call": ""}
    mended = {key: item for key, item in data.items() if key != "id"} | named
    for key in STEP_KEYS:
        if key in mended:
            mended[key] = _steps(mended[key])
    if is_list(mended.get("on_error")):
        mended["on_error"] = _steps(mended["on_error"])
    if is_list(mended.get("default")):
        mended["default"] = _steps(mended["default"])
    if verb == "switch":
        mended["cases"] = _cases(mended.get("cases"))
    elif verb == "parallel":
        mended["parallel"] = {str(key): _steps(steps) for key, steps in _map(mended["parallel"]).items()} or {"_": []}
    elif verb == "try" and is_list(mended.get("catch")):
        mended["catch"] = [
            _clause(clause) if is_dict(clause) and "do" in clause else _step(clause) for clause in mended["catch"]
        ]
    return _fitting(VERBS[verb], mended, verb) or {**named, "call": ""}


def _cases(value: Any) -> Any:
    if is_list(value):
        return [{"when": str(_map(case).get("when") or "true"), "do": _steps(_map(case).get("do"))} for case in value]
    return {str(key): _steps(steps) for key, steps in _map(value).items()}


def _clause(value: dict[str, Any]) -> dict[str, Any]:
    return {**{key: item for key, item in value.items() if key in {"errors", "as"}}, "do": _steps(value["do"])}


def _fitting(model: type[BaseModel], data: dict[str, Any], verb: str) -> dict[str, Any] | None:
    """Return the data without what does not fit the model, blanks put where something is needed; None if hopeless."""
    for _ in range(_ROUNDS):
        try:
            model.model_validate(data)
        except ValidationError as error:
            for mistake in error.errors(include_url=False, include_context=False, include_input=False):
                path = real_path(mistake["loc"], data)
                key = str(path[0]) if path else verb
                if mistake["type"] == "missing" or (key == verb and key in data):
                    data = {**data, key: _BLANK.get(key, "")}
                else:
                    data = {name: value for name, value in data.items() if name != key}
        else:
            return data
    return None
