"""A call of a workflow with `once`, seen from the interpreter: one command, and histories that are older than it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.workflow_driver import START, unchecked

from payloom.workflows.catalog.events import build_scope
from payloom.workflows.compiler.compile import load_model
from payloom.workflows.interpreter.execution import Execution
from payloom.workflows.interpreter.frame import RunInfo
from payloom.workflows.program.commands import CallOnce, Do, Entry, Finished, Log, StepFailure

if TYPE_CHECKING:
    from payloom.workflows.program.program import Workflow

CALLEE = """\
name: Callee
description: Is called.
on: {called: true}
input: {order: string, many: int = 3}
once: "${{ {'order': inputs.order, 'who': user.id} }}"
steps:
  - log: one
  - id: made
    stripe: customers.create
    with: {email: a@example.com}
  - return: {id: "${{ made.id }}", run: "${{ run.id }}"}
"""
ONCE = "once: \"${{ {'order': inputs.order, 'who': user.id} }}\"\n"
CALLER = """\
name: Caller
description: Calls.
on: {api: POST /x, auth: user}
input: {order: string}
steps:
  - log: before
  - id: found
    call: ensure-customer
    with: {order: "${{ inputs.order }}"}
    on_error:
      - return: {code: "${{ error.code }}", of: "${{ error.data?.run }}"}
  - return: ${{ found.id }}
"""
RUN = RunInfo("run_1", "run_1", START, "caller")
USER = {"id": "ada", "roles": []}
FAILED = StepFailure("card_declined", "No.", status=402, data={"run": "run_2"})


def begin(callee: Workflow, *history: Entry, run: RunInfo = RUN) -> Execution:
    """The caller, which calls `callee`."""
    scope = build_scope(inputs={"order": "o1"}, user=USER)
    return Execution(unchecked(CALLER, "caller"), scope, run, history, lambda _name: callee)


def asked_by(execution: Execution) -> Any:
    """The one command that waits to be done."""
    state = execution.next()
    assert not isinstance(state, Finished)
    [command] = state
    return command


def later(path: str, value: Any = None, failure: StepFailure | None = None, seconds: int = 1) -> Entry:
    """An entry of a moment after the start."""
    return Entry(path, value, failure, START + dt.timedelta(seconds=seconds))


def test_it_is_one_command_with_the_key_of_the_called_one() -> None:
    execution = begin(unchecked(CALLEE, "ensure-customer"), later("0"))
    command = asked_by(execution)
    assert isinstance(command, CallOnce)
    assert (command.path, command.workflow, command.once) == ("1", "ensure-customer", '{"order":"o1","who":"ada"}')
    assert (command.inputs, command.user, command.depth) == ({"order": "o1", "many": 3}, USER, 1)
    execution.record(later("1", {"id": "cus_1"}))
    end = execution.next()
    assert isinstance(end, Finished)
    assert end.output == "cus_1"


def test_its_failure_can_be_caught() -> None:
    end = begin(unchecked(CALLEE, "ensure-customer"), later("0"), later("1", failure=FAILED)).next()
    assert isinstance(end, Finished)
    assert end.output == {"code": "card_declined", "of": "run_2"}


def test_a_history_in_which_it_ran_inline_goes_on_inline() -> None:
    """Entry by entry, and all at once: the command is asked for, and what is there answers another way."""
    callee = unchecked(CALLEE, "ensure-customer")
    execution = begin(callee)
    for path in ("0", "1.call.0"):
        execution.record(later(path))
    assert_inline(execution)
    assert_inline(begin(callee, later("0"), later("1.call.0")))


def assert_inline(execution: Execution) -> None:
    """It waits for the called workflow's second step, and ends with its answer."""
    command = asked_by(execution)
    assert isinstance(command, Do)
    assert (command.path, command.key) == ("1.call.1", "run_1:1.call.1")
    execution.record(later("1.call.1", {"id": "cus_2"}))
    end = execution.next()
    assert isinstance(end, Finished)
    assert end.output == "cus_2"


def test_a_version_stored_before_runs_inline_from_the_beginning() -> None:
    """Also when the first step of it is under way and nothing is recorded yet."""
    callee = unchecked(CALLEE, "ensure-customer")
    old = load_model({**callee.to_model(), "language": 1}, "ensure-customer")
    assert (callee.language, old.language) == (2, 1)
    assert old.version != callee.version
    command = asked_by(begin(old, later("0")))
    assert isinstance(command, Log)
    assert command.path == "1.call.0"
    again = load_model(old.to_model(), "ensure-customer")
    assert (again.language, again.version) == (1, old.version)


def test_a_file_without_once_is_the_version_that_it_was() -> None:
    callee = unchecked(CALLEE.replace(ONCE, ""), "ensure-customer")
    assert (callee.language, callee.shares_runs) == (1, False)
    command = asked_by(begin(callee, later("0")))
    assert command.path == "1.call.0"


@pytest.mark.parametrize(
    ("once", "path"), [("null", "1.call.0"), ("inputs.many > 0 ? null : inputs.order", "1.call.0")]
)
def test_without_a_key_it_runs_inline(once: str, path: str) -> None:
    callee = unchecked(CALLEE.replace(ONCE, f'once: "${{{{ {once} }}}}"\n'), "x")
    command = asked_by(begin(callee, later("0")))
    assert command.path == path


def test_a_key_that_cannot_be_made_fails_the_step() -> None:
    callee = unchecked(CALLEE.replace("{'order': inputs.order, 'who': user.id}", "event.object.id"), "ensure-customer")
    end = begin(callee, later("0")).next()
    assert isinstance(end, Finished)
    assert end.output == {"code": "expression", "of": None}


def test_the_depth_goes_on_in_the_called_run() -> None:
    callee = unchecked(CALLEE, "ensure-customer")
    command = asked_by(begin(callee, later("0"), run=RunInfo("run_1", "run_1", START, "caller", 15)))
    assert isinstance(command, CallOnce)
    assert command.depth == 16
    end = begin(callee, later("0"), run=RunInfo("run_1", "run_1", START, "caller", 16)).next()
    assert isinstance(end, Finished)
    assert end.output == {"code": "call_too_deep", "of": None}
