"""`permit_start` for each way, each rank and each kind of `auth`: who may start, with which inputs, and as whom."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from tests.support.workflow_driver import steps

from payloom.runs.errors import NotAllowed
from payloom.runs.start_rights import RANKS, SYSTEM, WAYS, Person, Way, permit_start
from payloom.workflows.program.inputs import InvalidInput
from payloom.workflows.program.program import ApiTrigger, ManualTrigger, StripeTrigger

OPEN, MAYBE = ApiTrigger("POST", "/a", "none"), ApiTrigger("POST", "/a", "optional")
MEMBERS, CLERKS = ApiTrigger("POST", "/a", "user"), ApiTrigger("POST", "/a", ("clerk", "boss"))
BY_HAND, EVENT = ManualTrigger(), StripeTrigger("charge")
GUEST, ADA = None, {"id": "ada", "email": "ada@shop.test"}
CLERK = {"id": "cleo", "email": "cleo@shop.test", "roles": ["clerk"]}
LEAST = {"endpoint": "nobody", "by_hand": "support", "fork": "editor", "fork_with_inputs": "editor", "retry": "support", "replay": "support"}  # fmt: skip
CHOSEN = "you may not start this workflow with inputs of your choice"


def person(rank: Any = "editor", user: Any = ADA) -> Person:
    return Person(user["email"] if user else "token", rank, user)


@pytest.mark.parametrize("way", get_args(Way))
def test_each_way_has_its_least_rank(way: Way) -> None:
    assert set(WAYS) == set(get_args(Way))
    for rank in RANKS:
        if RANKS.index(rank) < RANKS.index(LEAST[way]):
            with pytest.raises(NotAllowed, match=f"this needs the role {LEAST[way]}"):
                permit_start(person(rank), way, triggers=[OPEN])
        else:
            assert permit_start(person(rank), way, triggers=[OPEN]).origin == {"way": way, "by": "ada@shop.test"}


AUTH = [
    (OPEN, GUEST, True), (OPEN, ADA, True), (MAYBE, GUEST, True), (MAYBE, ADA, True), (MEMBERS, GUEST, False),
    (MEMBERS, ADA, True), (CLERKS, GUEST, False), (CLERKS, ADA, False), (CLERKS, CLERK, True), (BY_HAND, ADA, False),
    (EVENT, CLERK, False), (None, CLERK, False),
]  # fmt: skip


@pytest.mark.parametrize(("trigger", "user", "allowed"), AUTH)
@pytest.mark.parametrize("way", ["endpoint", "by_hand", "fork_with_inputs", "fork"])
def test_who_chooses_inputs_or_repeats_a_callers_run_is_let_in_by_the_workflow(
    way: Way, trigger: Any, user: Any, allowed: bool
) -> None:
    if allowed:
        permit_start(person(user=user), way, triggers=[trigger])
    else:
        words = "and so not repeat its run" if way == "fork" else CHOSEN
        with pytest.raises(NotAllowed, match=words):
            permit_start(person(user=user), way, triggers=[trigger])
        permit_start(person("admin", user), way, triggers=[trigger])


def test_every_trigger_must_allow_the_person_and_none_is_no_permission() -> None:
    for triggers in ([MEMBERS, CLERKS], [CLERKS, MEMBERS], []):
        with pytest.raises(NotAllowed):
            permit_start(person(), "by_hand", triggers=triggers)
    permit_start(person(user=CLERK), "by_hand", triggers=[MEMBERS, CLERKS])
    for way in ("retry", "replay", "fork"):
        permit_start(person(), way, triggers=[])
    for way in ("retry", "replay"):
        permit_start(person(), way, triggers=[CLERKS])


def test_an_admin_alone_starts_a_run_as_another_user() -> None:
    with pytest.raises(NotAllowed, match="as another user"):
        permit_start(person(), "by_hand", triggers=[MEMBERS], as_user=CLERK)
    permit = permit_start(person("admin"), "by_hand", triggers=[MEMBERS], as_user=CLERK)
    assert (permit.user, permit.user_id) == (CLERK, "cleo")
    assert permit.origin == {"way": "by_hand", "by": "ada@shop.test", "on_behalf_of": "cleo@shop.test"}
    nameless = permit_start(person("admin"), "by_hand", triggers=[MEMBERS], as_user={"id": "x"})
    assert nameless.origin["on_behalf_of"] == "x"


ACTS_AS = [
    ("endpoint", "nobody", MEMBERS, None, ADA),
    ("endpoint", "admin", MEMBERS, None, ADA),
    ("endpoint", "nobody", OPEN, None, None),
    ("by_hand", "support", MEMBERS, None, ADA),
    ("by_hand", "admin", MEMBERS, None, None),
    ("fork_with_inputs", "editor", MEMBERS, CLERK, ADA),
    ("fork_with_inputs", "admin", MEMBERS, CLERK, ADA),
    ("fork", "editor", MEMBERS, CLERK, CLERK),
    ("fork", "editor", MEMBERS, None, None),
    ("retry", "support", MEMBERS, CLERK, CLERK),
    ("replay", "support", EVENT, None, None),
    ("endpoint", "admin", None, None, ADA),
]


@pytest.mark.parametrize(("way", "rank", "trigger", "former", "expected"), ACTS_AS)
def test_whom_a_run_acts_as(way: Way, rank: Any, trigger: Any, former: Any, expected: Any) -> None:
    permit = permit_start(person(rank), way, triggers=[trigger], former=former)
    assert permit.user == expected
    assert permit.user_id == (expected["id"] if expected else None)
    assert permit.origin.get("on_behalf_of") == (former["email"] if former else None)


def test_the_own_former_run_is_on_nobodys_behalf() -> None:
    assert permit_start(person(), "retry", former=ADA).origin == {"way": "retry", "by": "ada@shop.test"}


def test_inputs_are_checked_against_the_workflow_and_text_is_read_only_from_a_query() -> None:
    workflow = steps("- log: x", head="name: T\non: {manual: true}\ninput: {n: int, more: int = 2}\n")
    assert permit_start(SYSTEM, "by_hand", workflow, {"n": 1}).inputs == {"n": 1, "more": 2}
    assert permit_start(SYSTEM, "by_hand", workflow, {"n": "1"}, from_query=True).inputs == {"n": 1, "more": 2}
    with pytest.raises(InvalidInput):
        permit_start(SYSTEM, "by_hand", workflow, {"n": "1"})
    assert permit_start(SYSTEM, "by_hand", workflow).inputs is None
    assert permit_start(SYSTEM, "retry", None, {"n": "odd"}).inputs is None


def test_a_run_of_two_triggers_has_a_user_if_one_of_them_may_have_one() -> None:
    assert permit_start(person(), "endpoint", triggers=[OPEN, MEMBERS]).user == ADA
    assert permit_start(person(), "endpoint", triggers=[OPEN, OPEN]).user is None


def test_a_fork_acts_as_the_user_that_an_admin_chose() -> None:
    assert permit_start(person("admin"), "fork_with_inputs", triggers=[MEMBERS], as_user=CLERK).user == CLERK
