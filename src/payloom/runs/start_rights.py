"""May this person start this workflow with these inputs, and as whom? Every way to start a run asks `permit_start`.

A way that is not in `WAYS` cannot be asked for, so a new one begins with a line in that table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from payloom.runs.errors import NotAllowed
from payloom.workflows.program.inputs import validate_input
from payloom.workflows.program.program import ApiTrigger, Trigger, Workflow

Rank = Literal["nobody", "viewer", "support", "editor", "admin"]
"""A caller's role in the studio. Users of endpoints are `nobody` there."""
RANKS: tuple[Rank, ...] = ("nobody", "viewer", "support", "editor", "admin")
Way = Literal["endpoint", "by_hand", "fork", "fork_with_inputs", "retry", "replay"]


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """Who may start a run in one way.

    rank: the least rank in the studio. trigger: the workflow's own `auth` must allow the person as well; admins are
    exempt. repeats: so it must where the run of a caller is repeated. chosen: the person chooses the inputs.
    keeps_user: the run acts as the user of the run that it repeats. admin_is_nobody: the run of an admin who names no
    user has none.
    """

    rank: Rank
    trigger: bool = False
    repeats: bool = False
    chosen: bool = False
    keeps_user: bool = False
    admin_is_nobody: bool = False


WAYS: Mapping[Way, Rule] = {
    "endpoint": Rule("nobody", trigger=True, chosen=True),
    "by_hand": Rule("support", trigger=True, chosen=True, admin_is_nobody=True),
    "fork": Rule("editor", repeats=True, keeps_user=True),
    "fork_with_inputs": Rule("editor", trigger=True, chosen=True),
    "retry": Rule("support", keeps_user=True),
    "replay": Rule("support"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """Who starts a run.

    by: what the run records: an email address, `token`, or the name of a part of Payloom. user: the account as the
    language sees it; none for a token and for guests.
    """

    by: str
    rank: Rank = "nobody"
    user: Mapping[str, Any] | None = None

    @property
    def is_admin(self) -> bool:
        """Whether this person may start everything."""
        return self.rank == "admin"


SYSTEM = Person("payloom", "admin")
"""Payloom itself: `on_start`, case tests, and dry runs."""


@dataclasses.dataclass(frozen=True, slots=True)
class Permit:
    """The inputs, checked and with their defaults, and the user that the run acts as. origin: what the run records."""

    inputs: dict[str, Any] | None
    user: Mapping[str, Any] | None
    origin: Mapping[str, Any]

    @property
    def user_id(self) -> str | None:
        """The ID of the user that the run acts as."""
        return None if self.user is None else str(self.user["id"])


def permit_start(
    person: Person,
    way: Way,
    workflow: Workflow | None = None,
    inputs: Mapping[str, Any] | None = None,
    *,
    triggers: Sequence[Trigger | None] = (),
    former: Mapping[str, Any] | None = None,
    as_user: Mapping[str, Any] | None = None,
    from_query: bool = False,
) -> Permit:
    """Return what a run may begin with. Raises `NotAllowed` (403) and `InvalidInput` (422).

    workflow: whose `input` the inputs must fit; None for ways that repeat what Payloom checked before. triggers: each
    must allow the person, if the way asks for it; None stands for one that is gone. former: the user of the run that is
    repeated. as_user: the user that an admin chose. from_query: inputs are text.
    """
    rule = WAYS[way]
    if RANKS.index(person.rank) < RANKS.index(rule.rank):
        raise NotAllowed(f"this needs the role {rule.rank}", hint="Ask an admin.")
    if (
        (rule.trigger or (rule.repeats and triggers))
        and not person.is_admin
        and not (triggers and all(_allows(trigger, person.user) for trigger in triggers))
    ):
        raise NotAllowed(
            "you may not start this workflow with inputs of your choice"
            if rule.chosen
            else "you may not start this workflow, and so not repeat its run",
            hint="Its own `auth` must allow you, or an admin starts it.",
        )
    if as_user is not None and not person.is_admin:
        raise NotAllowed("only an admin can start a run as another user", hint="Ask an admin.")
    checked = None if inputs is None or workflow is None else validate_input(workflow, inputs, from_query=from_query)
    user = former if rule.keeps_user else as_user
    is_user = rule.trigger and not (person.is_admin and rule.admin_is_nobody)
    if user is None and is_user and not all(_ignores_user(trigger) for trigger in triggers):
        user = person.user
    return Permit(checked, user, _origin(person, way, former if former is not None else as_user))


def _allows(trigger: Trigger | None, user: Mapping[str, Any] | None) -> bool:
    """Whether a trigger's own `auth` lets this user in. Only endpoints say who may start them."""
    return isinstance(trigger, ApiTrigger) and auth_allows(trigger.auth, user)


def auth_allows(auth: str | Sequence[str], user: Mapping[str, Any] | None) -> bool:
    """Whether the `auth` of a trigger lets this user in; None is a guest."""
    if isinstance(auth, str):
        return auth in {"none", "optional"} or user is not None
    return user is not None and bool(set(auth) & set(user.get("roles") or ()))


def _ignores_user(trigger: Trigger | None) -> bool:
    """Whether a run of this trigger never has a `user`."""
    return isinstance(trigger, ApiTrigger) and trigger.auth == "none"


def _origin(person: Person, way: Way, behalf: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the run records: who started it, in which way, and on whose behalf."""
    origin: dict[str, Any] = {"way": way, "by": person.by}
    if behalf is not None and behalf.get("email") != person.by:
        origin["on_behalf_of"] = behalf.get("email") or behalf.get("id")
    return origin
