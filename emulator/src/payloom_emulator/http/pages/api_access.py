"""What a page may ask of the emulator: the calls any API client can make, with the account's own keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar, cast

from payloom_emulator.protocol.json_shapes import elements, members, text

if TYPE_CHECKING:
    from starlette.requests import Request

    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.kit.kind import Kind
    from payloom_emulator.runtime.emulator import Emulator

T = TypeVar("T")


LOGO = "/_emulator/logo"


class Merchant(str):
    """The name of whoever is paid. logo: the address of the picture that pages show beside it, or None."""

    __slots__ = ("logo",)

    def __new__(cls, name: str, logo: str | None = None) -> Self:
        """Return the name with its logo."""
        self = super().__new__(cls, name)
        self.logo = logo
        return self


class Access:
    """Reads through the emulator's front door. Every answer is in the newest API version, whatever the account's is."""

    def __init__(self, request: Request, object_id: str | None = None) -> None:
        """Use the emulator the request came to, in the account that `object_id` belongs to (else the default one)."""
        self.emulator: Emulator = request.app.state.emulator
        self.account = self.emulator.config.account
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
        return self.emulator.clock.now()

    def call(self, method: str, path: str, **params: object) -> tuple[int, JsonMapping]:
        """Return (status, body) of a call."""
        return self.emulator.call(
            method,
            path,
            params,
            key=self.secret_key,
            version=NEWEST,
            account=self.connected or None,
            source="DASHBOARD",
        )

    def get(self, path: str, **params: object) -> JsonMapping | None:
        """Return the object at `path`, or None when there is none."""
        status, body = self.call("GET", path, **params)
        return body if status == 200 else None

    def read(self, kind: Kind[T], object_id: str | None) -> T | None:
        """Return the object of a kind with this id, or None when there is none."""
        path = self.emulator.schema(kind).path
        return cast("T | None", self.get(f"{path}/{object_id}")) if object_id else None

    def rows(self, kind: Kind[T], path: str | None = None, **params: object) -> list[T]:
        """Return the first page of a list: of all objects of the kind, or of those at `path`."""
        answer = self.get(path or self.emulator.schema(kind).path or "", **params) or {}
        return [cast("T", row) for row in elements(answer.get("data"))]

    def stored(self, kind: Kind[T], object_id: str | None) -> T | None:
        """Return an object as the emulator keeps it, with what no API shows (prices' tiers, links' tokens)."""
        row = self.emulator.store.read(self.account, object_id) if object_id else None
        return cast("T", row[0]) if row and not row[1] and row[0]["object"] == kind else None

    def merchant(self) -> Merchant:
        """Return the account's public name, with the logo that was configured for the platform's own account."""
        account = cast("dict[str, object]", self.get("/v1/account") or {})
        profile = members(account.get("business_profile"))
        dashboard = members(members(account.get("settings")).get("dashboard"))
        named = profile.get("name") or dashboard.get("display_name") or self.emulator.config.business.get("name")
        return Merchant(str(named or "Your shop"), None if self.connected else self._logo())

    def _logo(self) -> str | None:
        logo = self.emulator.config.business["logo"]
        return logo if logo is None or logo.startswith(("https://", "http://")) else LOGO


def error_message(body: JsonMapping) -> str | None:
    """Return what an API error says."""
    return text(members(body.get("error")).get("message"))


NEWEST = "2026-10-28.endive"
