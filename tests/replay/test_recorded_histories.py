"""Histories recorded by earlier versions are understood as they were: same commands, same keys, same ends.

When this fails, runs that are under way in somebody's database would do something else after an upgrade. The change has
to be made in another way; recorded files are never written anew.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

import pytest
from histories import RECORDED, History, histories

from payloom.workflows.interpreter.execution import Execution
from payloom.workflows.program.commands import Do

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted(RECORDED.glob("*/*.json"))


def test_there_are_histories() -> None:
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_recorded_history_is_understood_as_it_was(file: Path, tmp_path: Path) -> None:
    many = 0
    for history in histories(file, tmp_path):
        assert history.now() == history.said, f"{history.name}: interpreted differently"
        many += 1
    assert many == len(json.loads(file.read_text("utf-8"))["said"]) >= 10


def first(tmp_path: Path, verb: str) -> History:
    """A history with a step of this verb."""
    for file in FILES:
        for history in histories(file, tmp_path):
            if any(f"'verb': '{verb}'" in str(state) for state in history.said[:-2]):
                return history
    raise AssertionError(verb)


def test_another_key_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test can fail: here the interpreter puts something into every key."""
    history = first(tmp_path, "stripe")
    following = Execution.next

    def wrong(self: Execution) -> object:
        state = following(self)
        for command in state if isinstance(state, list | tuple) else ():
            if isinstance(command, Do):
                object.__setattr__(command, "key", f"new:{command.key}")
        return state

    monkeypatch.setattr(Execution, "next", wrong)
    assert history.now() != history.said


def test_another_order_would_be_noticed(tmp_path: Path) -> None:
    """The test can fail: here a step less was recorded."""
    history = first(tmp_path, "update")
    commands = copy.deepcopy(history.said)
    del commands[0]
    assert history.now() != commands
