"""The same document and the same history always give the same commands, wherever the history is cut."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.workflow_driver import START, caller, shop_catalog, unchecked

from payloom.kit import strict_json
from payloom.workflows.compiler.compile import compile_workflow, load_model, normalize
from payloom.workflows.interpreter.execution import Execution
from payloom.workflows.interpreter.frame import RunInfo
from payloom.workflows.program.commands import Command, Do, Entry, Finished, Sleep, StepFailure
from payloom.workflows.syntax.filemodel.file import WorkflowFile

if TYPE_CHECKING:
    from payloom.workflows.program.program import Workflow

RUN = RunInfo("run_1", "run_1", START, "test")
EXPRESSIONS = (
    "inputs.n > 1",
    "inputs.n == 1",
    "vars.x == 2",
    "1 < 2",
    "now() > run.started_at",
    "inputs.list.size() == 2",
)
VALUES = (
    "text",
    3,
    None,
    "${{ inputs.n }}",
    "${{ uuid() }}",
    "${{ now() }}",
    "${{ vars.x + 1 }}",
    "n is ${{ inputs.n }}",
)

conditions = st.sampled_from(EXPRESSIONS)
values = st.sampled_from(VALUES)
maps = st.dictionaries(st.sampled_from(["a", "b", "c"]), values, min_size=1, max_size=3)


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    calls = st.one_of(
        st.builds(lambda v: {"insert": "orders", "values": v}, maps),
        st.builds(lambda v: {"update": "users", "where": {"id": "u"}, "set": v, "rows": "0.."}, maps),
        st.builds(lambda v: {"stripe": "customers.create", "with": v, "on_error": "continue"}, maps),
        st.builds(lambda v: {"python": "shop:price", "with": v}, maps),
        st.just({"log": "at ${{ now() }}"}),
        st.just({"wait": "2h"}),
        st.just({"respond": {"ok": True}}),
    )
    quiet = st.one_of(
        st.builds(lambda v: {"let": {"x": v}}, st.sampled_from([1, 2, "${{ vars.x + 1 }}"])),
        st.builds(lambda c: {"filter": c}, conditions),
        st.builds(lambda v: {"return": v}, values),
        st.just({"raise": {"code": "stop_here", "message": "x"}}),
    )
    # Mostly steps that leave an entry: a run that ends at once says nothing about replays.
    return st.integers(0, 9).flatmap(lambda n: quiet if n == 0 else calls)


def nested(steps: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    block = st.lists(steps, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda c, a, b: {"if": c, "then": a, "else": b}, conditions, block, block),
        st.builds(lambda a, b: {"switch": "inputs.n", "cases": {"1": a}, "default": b}, block, block),
        st.builds(lambda a, n: {"for_each": "inputs.list", "do": a, "concurrency": n}, block, st.integers(1, 3)),
        st.builds(lambda a: {"while": "vars.x < 3", "do": [*a, {"let": {"x": "${{ vars.x + 1 }}"}}], "max": 4}, block),
        st.builds(lambda a, b, c: {"try": a, "catch": b, "finally": c}, block, block, block),
        st.builds(
            lambda a, b, f: {"parallel": {"a": a, "b": b}, "fail": f}, block, block, st.sampled_from(["fast", "all"])
        ),
        st.builds(lambda s, c: {**s, "when": c}, steps, conditions),
        st.builds(lambda s, a: {**s, "on_error": a}, steps, block),
    )


documents = st.builds(
    lambda steps, handler: {
        "name": "T", "on": {"manual": True}, "vars": {"x": 1}, "steps": steps,
        **({"on_error": handler} if handler else {}),
    },
    st.lists(st.recursive(leaves(), nested, max_leaves=12), min_size=2, max_size=5),
    st.lists(leaves(), max_size=2),
)  # fmt: skip


def compiled(document: dict[str, Any]) -> Workflow:
    """Compile raw data."""
    built = compile_workflow(normalize(WorkflowFile.model_validate(document), shop_catalog()), "test")
    assert not built.problems
    return built.workflow


class CommandResponder:
    """Answers commands by their path alone, so that a command done again gets the same answer."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.effects: dict[str, Any] = {}
        self.now = START

    def do(self, command: Command) -> Entry:
        self.now += dt.timedelta(seconds=1)
        choice = random.Random(f"{self.seed}:{command.path}").random()
        if isinstance(command, Sleep):
            self.now = max(self.now, command.until)
        if isinstance(command, Do):
            seen = self.effects.setdefault(command.key, (command.action, command.args))
            assert seen == (command.action, command.args), "one key, two different calls"
            if choice < 0.2:
                return Entry(command.path, failure=StepFailure("broken", "It broke."), at=self.now)
        return Entry(command.path, {"id": command.path, "n": int(choice * 5)}, at=self.now)


SCOPE = caller({"n": 1, "list": ["a", "b"]})


def drive(workflow: Workflow, seed: int) -> tuple[list[Entry], list[Any], CommandResponder]:
    """Run to the end, taking waiting commands in a random order.

    Returns the history, what was asked before each entry and at the end, and the world with its effects.
    """
    responder, order = CommandResponder(seed), random.Random(seed)
    execution = Execution(workflow, SCOPE, RUN)
    history: list[Entry] = []
    asked: list[Any] = []
    for _ in range(2000):
        todo = execution.next()
        asked.append(todo)
        if isinstance(todo, Finished):
            return history, asked, responder
        entry = responder.do(order.choice(list(todo)))
        history.append(entry)
        execution.record(entry)
    raise AssertionError("does not end")


@settings(max_examples=150, deadline=None)
@given(documents, st.integers(0, 3))
def test_any_cut_of_the_history_gives_the_same_commands(document: dict[str, Any], seed: int) -> None:
    workflow = compiled(document)
    history, asked, _ = drive(workflow, seed)
    stored = json.loads(strict_json.canonical(workflow.to_model()))
    again = load_model(stored, "test")
    assert again.version == workflow.version
    for cut in range(len(history) + 1):
        for version in (workflow, again):
            execution = Execution(version, SCOPE, RUN, history[:cut])
            assert execution.next() == asked[cut]


@settings(max_examples=75, deadline=None)
@given(documents, st.integers(0, 3))
def test_a_crash_after_any_step_gives_the_same_effects(document: dict[str, Any], seed: int) -> None:
    """Everything in memory is lost after each entry, and the command that was under way is done twice."""
    workflow = compiled(document)
    history, asked, responder = drive(workflow, seed)
    crashed, order = CommandResponder(seed), random.Random(seed)
    kept: list[Entry] = []
    for _ in range(2000):
        todo = Execution(workflow, SCOPE, RUN, kept).next()
        if isinstance(todo, Finished):
            assert todo == asked[-1]
            break
        command = order.choice(list(todo))
        entry = crashed.do(command)
        before = crashed.now
        crashed.do(command)
        crashed.now = before
        kept.append(entry)
    else:
        pytest.fail("the run does not end")
    assert crashed.effects == responder.effects
    assert [one.path for one in kept] == [one.path for one in history]


def test_entries_out_of_the_blue_do_not_move_the_clock_back() -> None:
    document = unchecked('name: T\non: {manual: true}\nsteps: [{log: a}, {log: b}, {return: "${{ now() }}"}]\n')
    execution = Execution(document, SCOPE, RUN)
    execution.record(Entry("0", at=START + dt.timedelta(hours=1)))
    execution.record(Entry("1", at=START))
    end = execution.next()
    assert isinstance(end, Finished)
    assert end.output == "2026-01-01T13:00:00Z"
