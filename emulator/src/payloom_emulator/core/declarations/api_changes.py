"""How a declaration says what its object looked like, and what requests took, before an API version."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.protocol.param_types import Ref


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One change of an object's shape. `down(unit, view, stored)` turns `view` into what it was before `since`.

    stored: the object in the newest shape, of the type that its kind has; of an event, what it carries of the object.
    expandable: fields that could be expanded before `since`, and not after.
    """

    since: str
    down: Callable[[UnitOfWork, dict[str, object], Any], None]
    expandable: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Accepted:
    """Parameters a request took before `until` and does not take any more: path to type node (see generate_params).

    A path may lead inside: `phases[].iterations`.
    """

    until: str
    method: str
    path: str
    params: Mapping[str, Ref]
