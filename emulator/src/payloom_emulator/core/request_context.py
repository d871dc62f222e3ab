"""What a handler is given: the checked parameters, the ids in the URL, who calls, and the unit of work."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from payloom_emulator.protocol.errors import parameter_missing

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.protocol.auth import Caller


@dataclasses.dataclass(slots=True)
class RequestContext:
    """One request on its way through a handler.

    params: checked and typed, only what was given. ids: the URL's placeholders. target: for actions and for standard
    operations on one object, that object. version: the API version the caller speaks. path: the URL as called.
    """

    unit: UnitOfWork
    params: dict[str, Any]
    ids: dict[str, str]
    caller: Caller
    version: str
    path: str
    loaded: Any = None

    @property
    def target(self) -> Any:
        """The object the URL names: of the kind whose resource declares the URL."""
        assert self.loaded is not None
        return self.loaded

    def get(self, name: str, default: object = None) -> Any:
        """Return a parameter, "" counting as not given."""
        value = self.params.get(name)
        return default if value is None or value == "" else value

    def need(self, *names: str) -> None:
        """Raise `parameter_missing` for the first of `names` that was not given."""
        for name in names:
            if self.params.get(name) in {None, ""} if not isinstance(self.params.get(name), list | dict) else False:
                raise parameter_missing(name)

    def before(self, version: str) -> bool:
        """Return whether the caller speaks a version older than `version`, e.g. `call.before("2025-03-31")`."""
        return self.version[:10] < version[:10]

    def page(self, object_name: str, **filters: Any) -> dict[str, Any]:
        """Return the page of a list that the caller's limit, starting_after, ending_before and created ask for."""
        return self.unit.page(object_name, filters, self.params, url=self.path)
