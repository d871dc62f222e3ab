"""What can be set about a local Stripe."""

from __future__ import annotations

import dataclasses
import secrets
from typing import TypedDict

from payloom_emulator.protocol.api_versions import DEFAULT

DEFAULT_ACCOUNT = "acct_1LocalStripe0000"


DEFAULT_SECRET_KEY = "sk_test_local_payloom_emulator"  # noqa: S105 - a key of nothing


DEFAULT_PUBLISHABLE_KEY = "pk_test_local_payloom_emulator"


DEFAULT_WEBHOOK_SECRET = "whsec_local_payloom_emulator"  # noqa: S105 - no secret: the local Stripe publishes it


DEFAULT_NAME = "Local Stripe"


ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not listened on


def new_control_key() -> str:
    """Return a random key for the control API."""
    return f"ctl_{secrets.token_urlsafe(24)}"


WEBHOOK_HOSTS = "PAYLOOM_EMULATOR_WEBHOOK_HOSTS"
"""The environment variable that names more hosts to send events to, as `host` or `host:port`, separated by blanks."""


@dataclasses.dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook endpoint that exists from the start."""

    url: str
    secret: str = DEFAULT_WEBHOOK_SECRET
    events: tuple[str, ...] = ("*",)
    api_version: str | None = None
    connect: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """A configured key: the account it opens and, for a restricted one, resource → "none" | "read" | "write"."""

    key: str
    account: str = DEFAULT_ACCOUNT
    permissions: dict[str, str] | None = None


class Business(TypedDict):
    """The business that the account belongs to. logo: a picture's path or address."""

    name: str
    logo: str | None
    country: str
    currency: str
    email: str


@dataclasses.dataclass(frozen=True, slots=True)
class EmulatorConfig:
    """Settings of one emulator.

    base_url: where browsers reach it; links in objects (Checkout, receipts) begin with it. every_address: it listens on
    every address of the machine, and answers under each of them.
    api_version: of the account, used when a request names none. store: a file, or None to forget at exit.
    allowed_hosts: names it answers for, besides this machine's own and the one in base_url.
    webhook_hosts: where events may be sent besides this machine, as `host` or `host:port`; `*` for any host.
    own_ports_only: of this machine, only the ports of `endpoints` and `webhook_hosts` get events.
    control_key: for callers of the control API on other machines; control_key_always: for all of its callers.
    schedule: a name of `delivery.SCHEDULES` or seconds between attempts. keys: when given, only these work;
    any_key_here: a program of this machine may use any test key all the same.
    settle_seconds: emulator time until a bank debit settles. seed: makes identifiers and faults repeatable.
    rate_limit: requests a second before 429 (None: no limit). latency: seconds added to each answer.
    unlimited_balance: transfers and payouts need no money on the balance.
    """

    base_url: str = "http://127.0.0.1:12111"
    every_address: bool = False
    api_version: str = DEFAULT
    store: str | None = None
    account: str = DEFAULT_ACCOUNT
    endpoints: tuple[Endpoint, ...] = ()
    schedule: str | tuple[float, ...] = "quick"
    keys: tuple[Key, ...] = ()
    any_key_here: bool = False
    settle_seconds: int = 3
    seed: int | None = None
    rate_limit: int | None = None
    latency: float = 0.0
    unlimited_balance: bool = False
    allowed_hosts: tuple[str, ...] = ()
    webhook_hosts: tuple[str, ...] = ()
    own_ports_only: bool = False
    control_key: str = dataclasses.field(default_factory=new_control_key, repr=False)
    control_key_always: bool = False
    business: Business = dataclasses.field(
        default_factory=lambda: {
            "name": DEFAULT_NAME,
            "logo": None,
            "country": "US",
            "currency": "usd",
            "email": "owner@example.com",
        }
    )

    @property
    def secret_key(self) -> str:
        """The account's own secret key: the first configured one, or the one that is well known."""
        return self._own_key("sk_", DEFAULT_SECRET_KEY)

    @property
    def publishable_key(self) -> str:
        """The account's own publishable key."""
        return self._own_key("pk_", DEFAULT_PUBLISHABLE_KEY)

    def _own_key(self, prefix: str, default: str) -> str:
        own = (key.key for key in self.keys if key.account == self.account and key.key.startswith(prefix))
        return next(own, default)
