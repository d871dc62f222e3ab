"""What a page may ask of the emulator: the calls any API client can make, with the account's own keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

Json = dict[str, object]


class Access:
    """Reads through the emulator's front door. Every answer is in the newest API version, whatever the account's is."""

    def __init__(self, request: Request, object_id: str | None = None) -> None:
        """Use the emulator the request came to, in the account that `object_id` belongs to (else the default one)."""
        self.emulator = request.app.state.emulator
        self.account: str = self.emulator.config.account
        if object_id:
            rows = self.emulator.store.query("SELECT account FROM objects WHERE id = ?", (object_id,))
            self.account = rows[0][0] if rows else self.account

    @property
    def publishable_key(self) -> str:
        """The key that scripts of the pages use."""
        return self.emulator.config.publishable_key

    @property
    def secret_key(self) -> str:
        """The key the pages' own reads are made with; it never reaches a page."""
        return self.emulator.config.secret_key

    @property
    def connected(self) -> str:
        """The connected account the page is about, or "" for the platform's own."""
        return self.account if self.account != self.emulator.config.account else ""

    @property
    def now(self) -> int:
        """The emulator's time in Unix seconds."""
        return int(self.emulator.clock.now())

    def call(self, method: str, path: str, **params: object) -> tuple[int, Json]:
        """Return (status, body) of a call."""
        return self.emulator.call(
            method, path, params, key=self.secret_key, version=NEWEST, account=self.connected or None
        )

    def get(self, path: str, **params: object) -> Json | None:
        """Return the object at `path`, or None when there is none."""
        status, body = self.call("GET", path, **params)
        return body if status == 200 else None

    def stored(self, object_id: str) -> Json | None:
        """Return an object as the emulator keeps it, with what no API shows (prices' tiers, links' tokens)."""
        row = self.emulator.store.read(self.account, object_id)
        return row[0] if row and not row[1] else None

    def merchant(self) -> str:
        """Return the account's public name."""
        account = self.get("/v1/account") or {}
        profile = account.get("business_profile") or {}
        dashboard = (account.get("settings") or {}).get("dashboard") or {}
        named = profile.get("name") or dashboard.get("display_name") or self.emulator.config.business.get("name")
        return str(named or "Your shop")


NEWEST = "2026-10-28.endive"
