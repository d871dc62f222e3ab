"""`python` steps: which functions there are, what they get and give, and how they fail."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.present import present

from payloom.connectors.port import Attempt, StepFailed
from payloom.connectors.python.host import PythonHost
from payloom.connectors.python.loader import Functions, load_functions
from payloom.workflows.program.commands import Do, StepFailure

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio
ATTEMPT = Attempt("run_1", 2, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), in_doubt=True)
FILE = '''"""Points."""
import datetime as dt
import threading
import time
from payloom import StepContext, StepError, step
from . import _rates


@step
def points(amount: int, rate: int = 2) -> int:
    """Count points for an amount.

    More."""
    return amount * rate * _rates.BASE


@step(name="crm.push")
async def push(email: str, context: StepContext) -> dict:
    return {"key": context.key, "attempt": context.attempt, "in_doubt": context.in_doubt, "run": context.run_id}


@step
def thread():
    return threading.current_thread() is not threading.main_thread()


@step
def result(kind: str):
    return {
        "moment": dt.datetime(2026, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        "tuple": (1, 2.5, None, True, "x"),
        "naive": dt.datetime(2026, 1, 1),
        "object": object(),
        "key": {1: 2},
        "nan": float("nan"),
        "big": 2**63,
    }[kind]


@step
def fail(how: str):
    if how == "step":
        raise StepError("no such member", kind="member_unknown", status=404, hint="add it", data={"secret": "abc"})
    if how == "connection":
        raise ConnectionError("gone")
    if how == "slow":
        time.sleep(0.3)
    raise ValueError("sk_test_" + "a1B2c3D4e5F6g7")


def hidden():
    return "never"
'''


@pytest.fixture
def functions(tmp_path: Path) -> Functions:
    folder = tmp_path / "actions"
    folder.mkdir()
    (folder / "loyalty.py").write_text(FILE)
    (folder / "_rates.py").write_text("BASE = 10\n")
    return load_functions(folder)


async def call(functions: Functions, name: str, seconds: float | None = None, **args: Any) -> Any:
    do = Do("3", "python", name, {"with": args}, "run_1:3", timeout=seconds)
    return await PythonHost(functions).perform(do, ATTEMPT)


async def fails(functions: Functions, name: str, seconds: float | None = None, **args: Any) -> StepFailure:
    with pytest.raises(StepFailed) as caught:
        await call(functions, name, seconds, **args)
    return caught.value.failure


def test_only_marked_functions_are_there_with_their_place(functions: Functions) -> None:
    assert sorted(functions.by_name) == [
        "crm.push",
        "loyalty:fail",
        "loyalty:points",
        "loyalty:result",
        "loyalty:thread",
    ]
    assert functions.problems == ()
    points = functions.by_name["loyalty:points"]
    assert points.where == "actions/loyalty.py:9"
    assert points.summary == "Count points for an amount."


async def test_a_function_gets_its_arguments_and_gives_its_value(functions: Functions) -> None:
    assert await call(functions, "loyalty:points", amount=5) == 100
    assert await call(functions, "loyalty:points", amount=5, rate=1) == 50


async def test_a_function_that_asks_for_the_context_gets_the_key(functions: Functions) -> None:
    context = await call(functions, "crm.push", email="a@x.test")
    assert context == {"key": "run_1:3", "attempt": 2, "in_doubt": True, "run": "run_1"}


async def test_a_plain_function_runs_in_a_thread(functions: Functions) -> None:
    assert threading.current_thread() is threading.main_thread()
    assert await call(functions, "loyalty:thread") is True


async def test_values_are_recorded_plainly_or_refused(functions: Functions) -> None:
    assert await call(functions, "loyalty:result", kind="moment") == dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)
    assert await call(functions, "loyalty:result", kind="tuple") == [1, 2.5, None, True, "x"]
    for kind in ("naive", "object", "key", "nan", "big"):
        assert (await fails(functions, "loyalty:result", kind=kind)).kind == "bad_result"


async def test_wrong_arguments_are_named_with_the_definition(functions: Functions) -> None:
    for args in ({}, {"amount": 1, "amout": 2}, {"context": 1}):
        failure = await fails(functions, "loyalty:points", **args)
        assert failure.kind == "bad_arguments"
        assert "amount: int" in present(failure.hint)


async def test_a_function_that_is_not_marked_cannot_be_called(functions: Functions) -> None:
    for name in ("loyalty:hidden", "os:system", "builtins:eval", "loyalty:points.__globals__"):
        assert (await fails(functions, name)).kind == "unknown_function"
    assert "did you mean 'loyalty:points'?" in present((await fails(functions, "loyalty:point")).hint)


async def test_a_function_fails_on_purpose_in_its_own_words(functions: Functions) -> None:
    failure = await fails(functions, "loyalty:fail", how="step")
    assert (failure.kind, failure.status, failure.message, failure.hint) == (
        "member_unknown",
        404,
        "no such member",
        "add it",
    )
    assert failure.data == {"secret": "[redacted]"}


async def test_any_other_exception_is_a_failure_with_its_line_and_without_secrets(functions: Functions) -> None:
    failure = await fails(functions, "loyalty:fail", how="other")
    assert failure.kind == "python_error"
    line = next(number for number, text in enumerate(FILE.splitlines(), 1) if "raise ValueError" in text)
    assert failure.where == f"actions/loyalty.py:{line}"
    assert "a1B2c3" not in failure.message
    assert not failure.retryable
    assert (await fails(functions, "loyalty:fail", how="connection")).retryable


async def test_a_function_that_takes_too_long_is_in_doubt(functions: Functions) -> None:
    failure = await fails(functions, "loyalty:fail", 0.05, how="slow")
    assert (failure.kind, failure.data, failure.retryable) == ("timeout", {"in_doubt": True}, True)


def test_a_file_that_cannot_be_loaded_is_reported_with_its_line_and_the_rest_still_works(tmp_path: Path) -> None:
    folder = tmp_path / "actions"
    folder.mkdir()
    (folder / "a.py").write_text("def x(:\n")
    (folder / "b.py").write_text("x = 1\nimport does_not_exist_anywhere\n")
    (folder / "c.py").write_text("from payloom import step\n\n@step(name='x y')\ndef f(): ...\n")
    (folder / "d.py").write_text("from payloom import step\n\n@step(name='e:f')\ndef f(): ...\n")
    (folder / "e.py").write_text("from payloom import step\nfrom .d import f as g\n\n@step\ndef f(): ...\n")
    loaded = load_functions(folder)
    assert list(loaded.by_name) == ["e:f"]
    assert [problem.where for problem in loaded.problems] == [
        "actions/a.py:1",
        "actions/b.py:2",
        "actions/c.py:3",
        "actions/e.py:4",
    ]
    assert "does_not_exist_anywhere" in loaded.problems[1].message
    assert load_functions(tmp_path / "none").by_name == {}


def test_loading_again_reads_changed_files(tmp_path: Path) -> None:
    path = tmp_path / "actions" / "a.py"
    path.parent.mkdir()
    path.write_text("from payloom import step\n@step\ndef one(): ...\n")
    assert list(load_functions(path.parent).by_name) == ["a:one"]
    path.write_text("from payloom import step\n@step\ndef another(): ...\n")
    assert list(load_functions(path.parent).by_name) == ["a:another"]
