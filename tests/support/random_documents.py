"""Random workflow documents, and answers to the commands that their runs give."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from hypothesis import strategies as st
from tests.support.workflow_driver import START

from payloom.workflows.interpreter.frame import RunInfo
from payloom.workflows.program.commands import Command, Do, Entry, Sleep, StepFailure

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
    """Return steps without blocks."""
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
    """Return steps that hold others."""
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


class CommandResponder:
    """Answers commands by their path alone, so that a command done again gets the same answer."""

    def __init__(self, seed: int) -> None:
        """seed: decides which commands fail."""
        self.seed = seed
        self.effects: dict[str, Any] = {}
        self.now = START

    def do(self, command: Command) -> Entry:
        """Answer a command, later than the one before."""
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
