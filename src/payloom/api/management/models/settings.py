"""Settings as the API shows them: nothing secret is in here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from payloom.api.management.models.answers import Moment, Shape


class StripeView(Shape):
    """Which Stripe is used."""

    mode: str = Field(description="local | test | live")
    api_base: str
    publishable_key: str
    secret_key: str = Field(description="Its beginning only.")
    webhook_secrets: int = Field(description="How many signing secrets are accepted.")


class EmailView(Shape):
    """How mails leave."""

    transport: str
    sender: str
    url: Literal["set"] | None


class SettingsView(Shape):
    """The effective settings. Of a secret, only whether it is set."""

    name: str
    environment: str
    root: str
    site_url: str
    webhook_url: str = Field(description="Where Stripe delivers events.")
    last_webhook: Moment | None = Field(description="When the last event with a good signature came.")
    host: str
    port: int
    database_url: str
    stripe: StripeView
    local_stripe_port: int
    email: EmailView
    accounts: list[str]
    on_start: list[str]
    env: list[str] = Field(description="Names only.")
    secrets: list[str] = Field(description="Names only.")
    admin_token: Literal["set"] | None
    metrics_token: Literal["set"] | None
    http_allow: list[str]
    trusted_proxies: list[str]
    log_format: str
    log_level: str
    mirror: list[str] = Field(description="Resources of Stripe that are kept in the database too.")
    studio_edit: bool = Field(description="Whether workflow files may be changed in the studio.")
    keep_runs: int = Field(description="Days.")
    keep_refused: int = Field(description="Days.")
    keep_failed: int = Field(description="Days.")
    keep_mails: int = Field(description="Days.")
    keep_audit: int = Field(description="Days.")
