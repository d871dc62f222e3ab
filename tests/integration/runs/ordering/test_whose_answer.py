"""Runs with one key: who may have the answer of a run that somebody else began. Over all pairs of callers."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from tests.support.runs_fixture import RunsFixture, build

from payloom.runs.dependencies import RunLimits
from payloom.runs.errors import KeyTaken
from payloom.runs.intake.callers import Caller

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

SHARED = """\
name: Fulfil
on: {api: POST /fulfil, auth: none}
once: ${{ inputs.thing }}
input: {thing: string}
steps:
  - stripe: things.create
    with: {}
  - return: {thing: "${{ inputs.thing }}"}
"""
CALLED = SHARED.replace("{api: POST /fulfil, auth: none}", "{called: true}")
PAGE = """\
name: Page
on: [{api: POST /page, auth: optional}, {manual: true}]
input: {thing: string}
steps:
  - call: CALLS
    with: {thing: "${{ inputs.thing }}"}
  - return: {done: true}
"""


@pytest.fixture
async def fixture(database: Database, tmp_path: Path) -> AsyncIterator[RunsFixture]:
    built = await build(database, tmp_path, limits=RunLimits(answer_within=10))
    await built.service.start()
    yield built
    await built.service.stop(2.0)


async def test_a_key_that_people_share_answers_nobody_but_its_first_caller(fixture: RunsFixture) -> None:
    """A person gets the answer of their own run; a guest that of a guest who sent the very same."""
    text = SHARED.replace("auth: none", "auth: optional").replace("{thing: string}", "{thing: string, note: string}")
    text = text.replace(
        "once: ${{ inputs.thing }}", "once: ${{ inputs.thing }}  # payloom: ignore[F120] what happens then"
    )
    await fixture.publish(shared=text)
    callers = [Caller(user_id=name) for name in (None, "u1", "u2")]
    for number, (first, second, same) in enumerate(itertools.product(callers, callers, (True, False))):
        begun = await fixture.service.call("shared", {"thing": f"t{number}", "note": "a"}, caller=first)
        again = {"thing": f"t{number}", "note": "a" if same else "b"}
        if first == second and (same or first.user_id):
            assert (await fixture.service.call("shared", again, caller=second)).run_id == begun.run_id
        else:
            with pytest.raises(KeyTaken):
                await fixture.service.call("shared", again, caller=second)


CALLERS = [("api", None), ("api", "u1"), ("api", "u2"), ("manual", None)]


@pytest.mark.parametrize("through", ["fulfil", "between"])
async def test_a_call_joins_the_run_of_a_guest_or_of_the_same_person_and_no_other(
    fixture: RunsFixture, through: str
) -> None:
    """What nobody waits for, such as a run by hand or of an event, may join every run. Also through a call between."""
    between = CALLED.replace("once: ${{ inputs.thing }}\n", "").replace("stripe: things.create", "call: fulfil")
    between = between.replace("    with: {}", '    with: {thing: "${{ inputs.thing }}"}')
    await fixture.publish(fulfil=CALLED, between=between, page=PAGE.replace("CALLS", through))
    for number, (first, second) in enumerate(itertools.product(CALLERS, CALLERS)):
        results = []
        for trigger, user in (first, second):
            caller = Caller(user_id=user)
            index = int(trigger == "manual")
            answer = await fixture.service.call(
                "page", {"thing": f"t{number}"}, trigger=trigger, trigger_index=index, caller=caller, wait=10
            )
            results.append(answer.failure.kind if answer.failure else "done")
        owner, joins = first[1], second[1]
        may_join = owner is None or joins == owner or second[0] == "manual"
        assert results == ["done", "done" if may_join else "key_taken"], (first, second)
    assert len(fixture.ledger.effects()) == len(CALLERS) ** 2
