"""What Stripe's dashboard lets an account choose about billing; here it is set by `POST /_emulator/billing`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.core.errors import EmulatorError

if TYPE_CHECKING:
    from payloom_emulator.core.store import Store

HOUR, DAY = 3_600, 86_400
_META = "billing_settings"
AFTER_RETRIES = ("cancel", "unpaid", "past_due")


@dataclasses.dataclass(frozen=True, slots=True)
class BillingSettings:
    """How failing renewals are handled and how long things take, in seconds unless named otherwise.

    retry_days: days from each failed attempt to the next; after the last, `after_retries` says what becomes of the
    subscription: "cancel", "unpaid" or "past_due" (left as it is). draft_seconds: how long a renewal's invoice stays a
    draft. upcoming_days: how long before the renewal `invoice.upcoming` comes; 0 for never.
    """

    retry_days: tuple[int, ...] = (3, 5, 7)
    after_retries: str = "cancel"
    draft_seconds: int = HOUR
    upcoming_days: int = 7
    incomplete_seconds: int = 23 * HOUR
    trial_notice_seconds: int = 3 * DAY


class StoredSettings(TypedDict, total=False):
    """The settings that were changed, as the store keeps them."""

    retry_days: tuple[int, ...]
    after_retries: str
    draft_seconds: int
    upcoming_days: int
    incomplete_seconds: int
    trial_notice_seconds: int


def _stored(store: Store) -> StoredSettings:
    stored: StoredSettings = store.meta(_META) or {}
    if "retry_days" in stored:
        stored["retry_days"] = tuple(stored["retry_days"])  # JSON has lists
    return stored


def read(store: Store) -> BillingSettings:
    """Return the settings the store remembers."""
    return BillingSettings(**_stored(store))


def write(store: Store, changes: Mapping[str, object]) -> BillingSettings:
    """Change the settings named in `changes`. Raises EmulatorError for names and values it does not know."""
    names = {f.name for f in dataclasses.fields(BillingSettings)}
    unknown = next((n for n in changes if n not in names), None)
    if unknown is not None:
        raise EmulatorError(f"There is no billing setting {unknown!r}.", hint=f"Known: {', '.join(sorted(names))}.")
    if changes.get("after_retries", "cancel") not in AFTER_RETRIES:
        raise EmulatorError("after_retries is one of cancel, unpaid, past_due.")
    store.set_meta(_META, {**_stored(store), **changes})
    return read(store)
