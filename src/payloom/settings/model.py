"""The settings a running Payloom works with: typed, resolved, and safe to print."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from payloom.kit.secrets.redaction import redact
from payloom.settings.file import EnvironmentName, HstsScope, PublishPolicy
from payloom.settings.keys import StripeSettings
from payloom.settings.sections.access import AccessSettings
from payloom.settings.sections.alerts import AlertSettings
from payloom.settings.studio_roles import StudioRole


@dataclasses.dataclass(frozen=True, slots=True)
class EmailSettings:
    """How mail leaves. `transport` outbox: mails are only stored; smtp: they are sent to `url` (smtp:// or smtps://)."""

    transport: Literal["outbox", "smtp"]
    sender: str
    url: SecretStr | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account made at the first start in development, shown with its password on the start page.

    roles: the project's own. studio: the role in the studio.
    """

    email: str
    password: str
    name: str | None
    roles: tuple[str, ...] = ()
    studio: StudioRole | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class SealingSettings:
    """Where the keys are that seal what is stored and secret. make: whether a file that is not there is made."""

    keys: SecretStr | None = None
    file: Path | None = None
    make: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How long a connection may take over a request, in seconds, and how many may be open (`per_address` 0: any)."""

    head_seconds: float = 10
    body_seconds: float = 30
    per_address: int = 200
    total: int = 4000


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between machines.

    root: the project's folder. site_url: without a slash at the end. database_url: an SQLAlchemy address.
    env: what expressions read as `env.…`; always holds SITE_URL and ENVIRONMENT.
    """

    name: str
    environment: EnvironmentName
    root: Path
    site_url: str
    host: str
    port: int
    database_url: str
    stripe: StripeSettings
    local_stripe_port: int
    local_stripe_logo: str | None
    email: EmailSettings
    accounts: tuple[DemoAccount, ...]
    on_start: tuple[str, ...]
    env: Mapping[str, str]
    secrets: Mapping[str, SecretStr]
    admin_token: SecretStr | None
    metrics_token: SecretStr | None
    http_allow: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    log_format: Literal["console", "json"]
    log_level: str
    mirror: tuple[str, ...] = ()
    """Stripe's resources that are kept here too."""
    keep_runs: int = 90
    """Days."""
    keep_refused: int = 1
    """Days."""
    keep_failed: int = 365
    """Days."""
    keep_mails: int = 90
    """Days."""
    keep_audit: int = 400
    """Days."""
    hsts: HstsScope = "subdomains"
    """What browsers reach by https alone after a visit."""
    guest_rate: tuple[int, float] | None = None
    """Calls per seconds of one endpoint by one guest's address, where the endpoint has no limit of its own."""
    studio_edit: bool = False
    """Whether workflow files may be changed in the studio."""
    studio_session_hours: int = 12
    """How long a session of an account with a role in the studio lasts."""
    studio_publish: PublishPolicy = "admin"
    """Who may publish in the studio."""
    connections: ConnectionSettings = ConnectionSettings()
    sealing: SealingSettings = SealingSettings()
    access: AccessSettings = dataclasses.field(default_factory=AccessSettings)
    alerts: AlertSettings = dataclasses.field(default_factory=AlertSettings)

    @property
    def data_dir(self) -> Path:
        """Where the project keeps its database and the local Stripe's state."""
        return self.root / "data"

    @property
    def is_dev(self) -> bool:
        """Whether this is a developer's machine."""
        return self.environment == "dev"

    @property
    def token_of_metrics(self) -> SecretStr | None:
        """What opens `/metrics`: its own token, in development without one the admin token; None: nothing does."""
        return self.metrics_token or (self.admin_token if self.is_dev else None)

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are sent over HTTPS only."""
        return self.site_url.startswith("https://")

    @property
    def strict_transport(self) -> str | None:
        """The value of `Strict-Transport-Security`; None: no answer carries it, as without https."""
        if not self.secure_cookies or self.hsts == "off":
            return None
        return "max-age=31536000" + ("; includeSubDomains" if self.hsts == "subdomains" else "")

    @property
    def origin(self) -> str:
        """`scheme://host[:port]` of the site, as browsers send it in Origin."""
        parts = urlsplit(self.site_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Host names a request may be addressed to (without the port)."""
        return frozenset({urlsplit(self.site_url).hostname or "localhost", "localhost", "127.0.0.1", "::1", self.host})

    @property
    def webhook_url(self) -> str:
        """Where Stripe delivers events."""
        return f"{self.site_url}/api/stripe/webhook"

    def secret_values(self) -> list[str]:
        """Return every secret that the settings hold, to be masked wherever it appears."""
        secrets = (self.stripe.secret_key, *self.stripe.webhook_secrets, *self.secrets.values())
        tokens = (token for token in (self.admin_token, self.metrics_token, self.sealing.keys) if token is not None)
        urls = (self.database_url, self.email.url.get_secret_value() if self.email.url else "")
        passwords = {urlsplit(url).password or "" for url in urls}
        # A password of letters only, such as `postgres`, would hide a word.
        named = [form for password in passwords for form in (password, unquote(password)) if not form.isalpha()]
        return [*(secret.get_secret_value() for secret in (*secrets, *tokens)), *named, *self.alerts.secret_values()]

    def public(self) -> dict[str, Any]:
        """Return the settings as JSON without any secret, for `doctor` and the studio."""
        masked = redact(dataclasses.asdict(self) | {"root": str(self.root)})
        masked["secrets"] = sorted(self.secrets)
        masked["env"] = sorted(self.env)
        masked["database_url"] = self.database_url.split("@")[-1]
        for key in ("admin_token", "metrics_token"):
            masked[key] = "set" if getattr(self, key) else None
        masked["sealing"] = {
            "keys": "set" if self.sealing.keys else None,
            "file": str(self.sealing.file) if self.sealing.file else None,
        }
        masked["stripe"] = {
            "mode": self.stripe.mode,
            "api_base": self.stripe.api_base or "https://api.stripe.com",
            "publishable_key": self.stripe.publishable_key,
            "secret_key": self.stripe.secret_key.get_secret_value()[:8] + "…",
            "webhook_secrets": len(self.stripe.webhook_secrets),
        }
        masked["email"] = dataclasses.asdict(self.email) | {"url": "set" if self.email.url else None}
        masked["alerts"] = self.alerts.public()
        masked["accounts"] = [account.email for account in self.accounts]
        return {
            key: list(cast("tuple[object, ...]", value)) if isinstance(value, tuple | frozenset) else value
            for key, value in masked.items()
        }
