"""Lets processes die and looks at what they leave: the invariants of RunService under `kill -9`."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from child import EFFECTS

from payloom.db import open_database
from payloom.inbox.models import events
from payloom.runs.models import runs, steps
from runs_world import Ledger

DIED = -9


class Zygote:
    """The process that forks the children."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "child.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def run(self, *commands: dict[str, Any]) -> list[int]:
        """Let children live (side by side) and return their exit codes."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(commands) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@dataclasses.dataclass
class Story:
    """One folder and one database through several lives."""

    zygote: Zygote
    folder: Path
    url: str
    events: list[str]
    direct: int = 48

    def life(self, **more: Any) -> int:
        """One life; returns its exit code. Events already acknowledged are not sent again, as Stripe would do."""
        acked = self.acked()
        left = [name for name in self.events if f"evt_{name}" not in acked]
        command = {"folder": str(self.folder), "url": self.url, "events": left, "direct": self.direct, **more}
        return self.zygote.run(command)[0]

    def acked(self) -> set[str]:
        """Ids of the events that were answered with 200."""
        file = self.folder / "acks"
        return set(file.read_text().split()) if file.exists() else set()

    def points(self) -> int:
        """How many points the last whole life had."""
        return int((self.folder / "points").read_text())

    def why(self) -> str:
        """What a child that ended with 1 said."""
        file = self.folder / "error"
        return file.read_text() if file.exists() else ""

    def broken(self) -> list[str]:
        """Every invariant that does not hold, in words."""
        return check_world(self.url, self.folder, self.acked())


def check_world(url: str, folder: Path, acked: set[str]) -> list[str]:
    """Look at everything once all is quiet.

    I4 no acknowledged event is lost, I5 no effect happens twice, I8 every run is over and owns nothing, I11 the
    journal is
    complete and of one mind with the outside.
    """
    engine = open_database(url).engine
    wrong: list[str] = []
    with engine.connect() as tx:
        stored = {row.id: row.type for row in tx.execute(sa.select(events.c.id, events.c.type))}
        all_runs = tx.execute(sa.select(runs)).all()
        all_steps = tx.execute(sa.select(steps)).all()
        counters = {row.id: row.value for row in tx.execute(sa.text("SELECT id, value FROM counters"))}
    engine.dispose()
    wrong += [f"I4: {event} was acknowledged and is not stored" for event in acked - stored.keys()]
    by_event: dict[str, list[Any]] = {}
    for run in all_runs:
        by_event.setdefault(run.event_id, []).append(run)
        if run.status != "succeeded" or run.owner is not None:
            wrong.append(f"I8: {run.id} is {run.status}, owner {run.owner}, {run.failure}")
    wrong += [
        f"I4: {event} has {len(by_event.get(event, []))} runs" for event in stored if len(by_event.get(event, [])) != 1
    ]
    wrong += [
        f"I8: step {step.path} of {step.run_id} is {step.status}" for step in all_steps if step.status != "succeeded"
    ]
    quick = sum(kind == "thing.updated" for kind in stored.values())
    if counters.get("all") != quick:
        wrong.append(f"I5: counted {counters.get('all')} of {quick}")
    ledger = Ledger(folder / "ledger.jsonl")
    effects = [line for line in ledger.lines() if "effect" in line]
    keys = [line["effect"] for line in effects]
    wrong += [f"I5: {key} happened twice" for key in {key for key in keys if keys.count(key) > 1}]
    expected = {step.key for step in all_steps if step.key is not None}
    wrong += [f"I11: {key} happened and is not in the journal" for key in set(keys) - expected]
    wrong += [f"I11: {key} is in the journal and did not happen" for key in expected - set(keys)]
    wrong += [f"I5: a try under the unknown key {key}" for key in set(ledger.attempts()) - expected]
    for event, kind in stored.items():
        if kind == "thing.created":
            thing = event.replace("evt_", "thing_")
            if counters.get(thing) != 2:
                wrong.append(f"I5: {thing} counts {counters.get(thing)} instead of 2")
            run = by_event[event][0]
            done = sorted(line["action"] for line in effects if line["effect"].startswith(run.id))
            if done != sorted(EFFECTS):
                wrong.append(f"I5: {run.id} did {done}")
    return wrong
