"""`alerts:` in payloom.yaml: who is told about trouble, and from which thresholds on."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, create_model

from payloom.kit.addresses.email_address import NotAnAddress, parse_address
from payloom.kit.addresses.loopback import is_loopback
from payloom.kit.durations import parse_duration
from payloom.settings.errors import BadSettings
from payloom.settings.sections.alert_rules import ALERT_RULES, AlertRule, default_thresholds, parse_threshold
from payloom.settings.sections.base import Reference, Section

_UNITS = {"count": "a whole number", "seconds": "a duration such as 10m", "percent": "a share in percent"}
Resolve = Callable[[Reference], str]


def _field(rule: AlertRule) -> tuple[Any, Any]:
    text = f"{rule.fires} Write {_UNITS[rule.unit]}, or `off`."
    return int | str | bool | None, Field(None, description=text, examples=[rule.default, "off"])


if TYPE_CHECKING:

    class AlertRulesSection(Section):
        """The threshold of each alert."""

else:
    AlertRulesSection = create_model(
        "AlertRulesSection", __base__=Section, **{name: _field(rule) for name, rule in ALERT_RULES.items()}
    )


class AlertsSection(Section):
    """Who is told about trouble, and from which thresholds on. Without an address nobody is."""

    email: str | list[str] | Reference | None = Field(
        None, description="An address, or a list of addresses, that gets an email when an alert fires and when it ends."
    )
    url: str | Reference | None = Field(
        None, description="An https address that gets the same as a signed POST. Write `{env: NAME}` if it has a token."
    )
    signing_secret: Reference | Literal["none"] = Field(
        Reference(env="PAYLOOM_ALERT_SECRET"),
        description="The variable that holds the key (`whsec_…`) that signs the POST as Standard Webhooks; `none` for receivers that verify nothing, such as chat hooks.",
    )
    remind: str = Field("24h", description="How long until an alert that lasts is repeated; `off`: never.")
    rules: AlertRulesSection = Field(
        AlertRulesSection(), description="The threshold of each alert, or `off`; the others keep their defaults."
    )


@dataclasses.dataclass(frozen=True, slots=True)
class AlertSettings:
    """Who is told, and the thresholds of the alerts that are on. signing_key: None signs nothing. remind: seconds."""

    emails: tuple[str, ...] = ()
    url: SecretStr | None = None
    signing_key: SecretStr | None = None
    remind: float | None = 86400
    thresholds: Mapping[str, float] = dataclasses.field(default_factory=default_thresholds)

    @property
    def has_receiver(self) -> bool:
        """Whether anybody is told."""
        return bool(self.emails or self.url)

    @property
    def origin(self) -> str | None:
        """Where the POST goes, without its path, which can hold a token."""
        if self.url is None:
            return None
        parts = urlsplit(self.url.get_secret_value())
        return f"{parts.scheme}://{parts.netloc}"

    def secret_values(self) -> list[str]:
        """Return what is masked wherever it appears."""
        path = urlsplit(self.url.get_secret_value()).path.strip("/") if self.url else ""
        token = path.rpartition("/")[2]
        key = [self.signing_key.get_secret_value()] if self.signing_key else []
        return [*key, *([token] if len(token) >= 16 else [])]

    def public(self) -> dict[str, Any]:
        """Return the settings as JSON without secrets."""
        return {
            "email": list(self.emails),
            "url": self.origin,
            "signed": self.signing_key is not None,
            "remind": self.remind,
            "rules": {name: self.thresholds.get(name) for name in ALERT_RULES},
        }


def resolve_alerts(section: AlertsSection, value_of: Resolve, environment: str) -> AlertSettings:
    """Return the settings with the values of their variables. value_of: raises for one that is not set.

    Raises BadSettings.
    """
    raw: Mapping[str, Any] = section.rules.model_dump(exclude_none=True)
    thresholds: dict[str, float | None] = {**default_thresholds()}
    for name, value in raw.items():
        try:
            thresholds[name] = parse_threshold(name, value)
        except ValueError as error:
            raise BadSettings(
                f"{value!r} is not a threshold", hint=f"Here, {error}.", where=f"alerts.rules.{name}"
            ) from None
    url = _url(section.url, value_of, environment)
    return AlertSettings(
        emails=_emails(section.email, value_of),
        url=SecretStr(url) if url else None,
        signing_key=_signing_key(section.signing_secret, value_of) if url else None,
        remind=_remind(section.remind),
        thresholds={name: threshold for name, threshold in thresholds.items() if threshold is not None},
    )


def _emails(value: str | list[str] | Reference | None, value_of: Resolve) -> tuple[str, ...]:
    texts = value_of(value).split(",") if isinstance(value, Reference) else [value] if isinstance(value, str) else value
    addresses = tuple(text.strip() for text in texts or ())
    for address in addresses:
        try:
            parse_address(address)
        except NotAnAddress:
            hint = "Write name@example.com; the part before the @ is ASCII."
            raise BadSettings(f"{address[:80]!r} is not an email address", hint=hint, where="alerts.email") from None
    return addresses


def _url(value: str | Reference | None, value_of: Resolve, environment: str) -> str | None:
    if value is None:
        return None
    text = value_of(value) if isinstance(value, Reference) else value
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.password:
        raise BadSettings("it is not an address", hint="Write https://alerts.example.com/hook.", where="alerts.url")
    if parts.scheme == "http" and environment != "dev" and not is_loopback(host):
        raise BadSettings(
            f"the address is not https, and this is {environment}", hint="Use an https address.", where="alerts.url"
        )
    return text


def _signing_key(value: Reference | Literal["none"], value_of: Resolve) -> SecretStr | None:
    if value == "none":
        return None
    secret = value_of(value)
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise BadSettings(
            f"{value.env} is no signing key",
            hint="Write `whsec_` and 24 to 64 random bytes in Base64: `openssl rand -base64 32` makes them.",
            where="alerts.signing_secret",
        )
    return SecretStr(secret)


def _remind(text: str) -> float | None:
    if text == "off":
        return None
    try:
        seconds = parse_duration(text).total_seconds()
    except ValueError:
        seconds = 0
    if seconds < 60:
        raise BadSettings(
            f"{text!r} is not a duration of a minute or more", hint="Write 24h, or off.", where="alerts.remind"
        )
    return seconds
