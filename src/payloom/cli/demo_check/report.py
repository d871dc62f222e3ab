"""Plays the flows one after another and reports them as a table or as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

import httpx

from payloom.cli.demo_check.actors import DemoActors, FlowFailed
from payloom.cli.demo_check.flows import FLOWS
from payloom.cli.demo_check.invariants import summary
from payloom.cli.support.output import print_json, print_message, print_table
from payloom.kit.clock import monotonic
from payloom.sandbox.scenario.invariants import Observations, checked_invariants


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """How one flow went. seconds: how long it took."""

    flow: str
    held: bool
    told: str
    evidence: dict[str, Any]
    seconds: float


def play(actors: DemoActors, *, quiet: bool = False) -> list[Outcome]:
    """Play all flows; a flow that fails does not keep the others from being played."""
    outcomes: list[Outcome] = []
    for name, flow in FLOWS.items():
        started = monotonic()
        title, evidence, passed = (flow.__doc__ or "").strip().splitlines()[0], {}, True
        try:
            evidence = flow(actors)
        except (FlowFailed, httpx.HTTPError, KeyError, IndexError) as failure:
            passed, title = False, f"{type(failure).__name__}: {failure}"
        outcomes.append(Outcome(name, passed, title, evidence, monotonic() - started))
        if not quiet:
            print_message(f"  {'✓' if passed else '✗'} {name}  ({outcomes[-1].seconds:.1f} s)")
    return outcomes


def report(outcomes: list[Outcome], observations: Observations, broken: list[str], *, as_json: bool) -> bool:
    """Show the outcomes, and which invariants do not hold; return whether everything holds."""
    passed = all(outcome.held for outcome in outcomes) and not broken
    if as_json:
        report = {"looked_at": checked_invariants(observations), "broken": broken}
        print_json(
            {"held": passed, "flows": [dataclasses.asdict(outcome) for outcome in outcomes], "invariants": report}
        )
        return passed
    rows: list[tuple[str, str, str, str]] = []
    for outcome in outcomes:
        facts = "\n".join(f"{key}: {value}" for key, value in outcome.evidence.items() if value is not None)
        rows.append((outcome.flow, "holds" if outcome.held else "FAILED", outcome.told, facts))
    print_table("The five payment flows", ("flow", "", "what happened", "evidence"), rows)
    print_message(f"{summary(observations)}; {'all hold' if not broken else 'broken:'}.")
    for line in broken:
        print_message(f"  {line}")
    print_message("All five flows hold." if passed else "Not all flows hold.", "" if passed else "bold red")
    return passed
