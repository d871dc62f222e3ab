"""What a unit of work needs of the running emulator. The runtime provides it; the rules know only this much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

# A unit of work is `Any` here: it knows the environment, which therefore cannot know its type.

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from payloom_emulator.core.clock import EmulatorClock
    from payloom_emulator.core.config import EmulatorConfig
    from payloom_emulator.core.ids import Ids
    from payloom_emulator.core.schemas.schema import Schema
    from payloom_emulator.core.store import Store
    from payloom_emulator.objects.webhooks import Event, WebhookEndpoint


class Outbox(Protocol):
    """Where events wait for their delivery."""

    def matching_endpoints(self, account: str, event_type: str) -> list[WebhookEndpoint]:
        """Return the endpoints that get an event of this type of this account."""
        ...

    def endpoints_of(self, account: str) -> list[WebhookEndpoint]:
        """Return the account's endpoints, event destinations among them."""
        ...

    def enqueue(self, account: str, event: Event, endpoints: list[WebhookEndpoint]) -> None:
        """Plan the first attempt for each endpoint."""
        ...

    def resend(self, account: str, event: Event, endpoint_id: str | None) -> None:
        """Plan one more attempt of an event to one endpoint, or to Stripe's CLI."""
        ...

    def invalidate(self) -> None:
        """Read the endpoints again: they changed."""
        ...


class History(Protocol):
    """How objects looked in older API versions."""

    def down(self, unit: Any, view: dict[str, object], stored: dict[str, object], version: str) -> None:
        """Turn `view` (a copy of the newest shape) into the shape of `version`, in place."""
        ...

    def differs(self, object_name: str, version: str) -> bool:
        """Return whether an object looked different at `version`."""
        ...

    @property
    def expandable(self) -> Callable[[str, str], frozenset[str]]:
        """The function that returns the fields of (object name, version) only older versions could expand."""
        ...


class Environment(Protocol):
    """The emulator as its rules see it."""

    config: EmulatorConfig
    store: Store
    clock: EmulatorClock
    ids: Ids

    @property
    def base_url(self) -> str:
        """Where browsers reach the emulator."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Where events go."""
        ...

    @property
    def history(self) -> History:
        """How objects looked in older API versions."""
        ...

    def find_schema(self, object_name: str) -> Schema | None:
        """Return the schema of an object name, or None."""
        ...

    def schema(self, object_name: str) -> Schema:
        """Return the schema of an object name that exists."""
        ...

    def includes(self, object_name: str) -> Mapping[str, Callable[[Any, Any], object]]:
        """Return the fields that are shown only when expanded: name to function(unit, obj)."""
        ...

    def builtin(self, unit: Any, object_name: str, object_id: str) -> Mapping[str, object] | None:
        """Return a fresh one of the objects every account has (`pm_card_visa`), or None."""
        ...

    def subscribers(self, fact: str) -> Iterable[Callable[..., None]]:
        """Return what reacts to a fact, in declared order."""
        ...

    def timer(self, object_name: str, name: str) -> Callable[[Any, Any], None] | None:
        """Return what the timer `name` of an object runs, or None when there is no such timer."""
        ...

    def timer_added(self, due: int) -> None:
        """Look at the timers again: one was added that is due at `due` by the emulator's clock."""
        ...

    def run_timers(self, until: int, test_clock: str) -> int:
        """Run what is due by `until` on a test clock; return how many timers ran."""
        ...
