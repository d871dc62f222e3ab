"""The same document and the same history always give the same commands, wherever the history is cut."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.random_documents import RUN, CommandResponder, documents
from tests.support.workflow_driver import START, caller, shop_catalog, unchecked

from payloom.kit import strict_json
from payloom.workflows.compiler.compile import compile_workflow, load_model, normalize
from payloom.workflows.interpreter.execution import Execution
from payloom.workflows.program.commands import Entry, Finished
from payloom.workflows.syntax.filemodel.file import WorkflowFile

if TYPE_CHECKING:
    from payloom.workflows.program.program import Workflow


def compiled(document: dict[str, Any]) -> Workflow:
    """Compile raw data."""
    built = compile_workflow(normalize(WorkflowFile.model_validate(document), shop_catalog()), "test")
    assert not built.problems
    return built.workflow


SCOPE = caller({"n": 1, "list": ["a", "b"]})


def drive(workflow: Workflow, seed: int) -> tuple[list[Entry], list[Any], CommandResponder]:
    """Run to the end, taking waiting commands in a random order.

    Returns the history, what was asked before each entry and at the end, and the world with its effects.
    """
    responder, order = CommandResponder(seed), random.Random(seed)
    execution = Execution(workflow, SCOPE, RUN)
    history: list[Entry] = []
    commands: list[Any] = []
    for _ in range(2000):
        todo = execution.next()
        commands.append(todo)
        if isinstance(todo, Finished):
            return history, commands, responder
        entry = responder.do(order.choice(list(todo)))
        history.append(entry)
        execution.record(entry)
    raise AssertionError("does not end")


@settings(max_examples=150, deadline=None)
@given(documents, st.integers(0, 3))
def test_any_cut_of_the_history_gives_the_same_commands(document: dict[str, Any], seed: int) -> None:
    workflow = compiled(document)
    history, commands, _ = drive(workflow, seed)
    stored = json.loads(strict_json.canonical(workflow.to_model()))
    again = load_model(stored, "test")
    assert again.version == workflow.version
    for cut in range(len(history) + 1):
        for version in (workflow, again):
            execution = Execution(version, SCOPE, RUN, history[:cut])
            assert execution.next() == commands[cut]


@settings(max_examples=75, deadline=None)
@given(documents, st.integers(0, 3))
def test_a_crash_after_any_step_gives_the_same_effects(document: dict[str, Any], seed: int) -> None:
    """Everything in memory is lost after each entry, and the command that was under way is done twice."""
    workflow = compiled(document)
    history, commands, responder = drive(workflow, seed)
    crashed, order = CommandResponder(seed), random.Random(seed)
    recorded: list[Entry] = []
    for _ in range(2000):
        todo = Execution(workflow, SCOPE, RUN, recorded).next()
        if isinstance(todo, Finished):
            assert todo == commands[-1]
            break
        command = order.choice(list(todo))
        entry = crashed.do(command)
        before = crashed.now
        crashed.do(command)
        crashed.now = before
        recorded.append(entry)
    else:
        pytest.fail("the run does not end")
    assert crashed.effects == responder.effects
    assert [entry.path for entry in recorded] == [entry.path for entry in history]


def test_entries_out_of_the_blue_do_not_move_the_clock_back() -> None:
    document = unchecked('name: T\non: {manual: true}\nsteps: [{log: a}, {log: b}, {return: "${{ now() }}"}]\n')
    execution = Execution(document, SCOPE, RUN)
    execution.record(Entry("0", at=START + dt.timedelta(hours=1)))
    execution.record(Entry("1", at=START))
    end = execution.next()
    assert isinstance(end, Finished)
    assert end.output == "2026-01-01T13:00:00Z"
