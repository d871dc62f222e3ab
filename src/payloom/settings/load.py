"""Settings: payloom.yaml, then the environment on top; refused when they could lose money or leak a secret.

    settings = load_settings(Path("shop"))

Order, later wins: defaults, payloom.yaml, its `environments: <name>:` part, `PAYLOOM_*` variables, arguments.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from pydantic import BaseModel, SecretStr

from payloom.kit.addresses.email_address import NotAnAddress, parse_address
from payloom.kit.addresses.loopback import is_loopback
from payloom.kit.durations import parse_rate
from payloom.kit.secrets.redaction import remember_secrets
from payloom.settings.environment import Environment, read_environment
from payloom.settings.errors import (
    BadSettings,
    MissingVariable,
)
from payloom.settings.file import (
    FILE_NAME,
    SECTIONS,
    EmailSection,
    EnvironmentName,
    FileSettings,
    PostgresSection,
    PublishPolicy,
    Reference,
    merge,
    read_file,
    validate,
)
from payloom.settings.keys import StripeSettings, local_stripe, real_stripe
from payloom.settings.local import LocalState
from payloom.settings.model import ConnectionSettings, DemoAccount, EmailSettings, SealingSettings, Settings
from payloom.settings.sections.access import resolve_access
from payloom.settings.sections.alerts import resolve_alerts
from payloom.settings.sections.base import Section
from payloom.settings.variables import Variables, read_variables

DEFAULT_DATABASE = "data/payloom{}.sqlite"
"""With the environment behind `payloom`; nothing in development with the local Stripe, `-test` with test keys."""
DEFAULT_PORT = 8000
ENCRYPTED = frozenset({"require", "verify-ca", "verify-full", "disable"})
"""What an address of Postgres may say outside dev: `disable` is a decision, falling back to plain text is none."""
_SMALLEST_PREFIX = {4: 8, 6: 16}
"""Of a network of proxies, by the version of IP: a larger network is not one's own."""
DEFAULT_GUEST_RATE = (120, 60.0)
"""Calls per seconds, outside dev."""


def load_settings(
    root: Path,
    *,
    port: int | None = None,
    local_stripe_port: int | None = None,
    database_url: str | None = None,
    environ: Mapping[str, str] | None = None,
    keep: bool = True,
) -> Settings:
    """Return the settings of the project in `root`. Arguments win over everything. Raises SettingsError.

    keep: made-up local secrets are kept in `data/local.json`; otherwise nothing is written.
    """
    process, root = os.environ if environ is None else environ, root.resolve()
    raw = read_file(root / FILE_NAME)
    environment, environ = _environment(root, raw, process)
    variables = read_variables(environ)
    file = validate(merge(raw, environment), f"{FILE_NAME} (environment {environment})")
    local = LocalState(root / "data", keep=keep)
    site_url, web_port = _address(file, variables, environ, environment, port)
    stripe_port = _first(local_stripe_port, variables.local_stripe_port, file.stripe.local_port, web_port + 1)
    stripe = real_stripe(file.stripe, environ, environment) or _local_stripe(local, stripe_port)
    database = database_url or variables.database_url or _text(file.database, environ)
    settings = Settings(
        name=file.name or root.name,
        environment=environment,
        root=root,
        site_url=site_url,
        host=variables.host or file.host,
        port=web_port,
        database_url=_database_url(database, root, environment, stripe.mode, file.postgres),
        stripe=stripe,
        local_stripe_port=stripe_port,
        local_stripe_logo=_logo(file.stripe.local_logo, root),
        email=_email(file.email, environ, environment, site_url),
        accounts=_accounts(file, environment, variables.host or file.host),
        on_start=tuple(file.on_start),
        env=_env(file, environ, site_url, environment),
        secrets={name: SecretStr(_needed(ref, environ)) for name, ref in file.secrets.items()},
        admin_token=_admin_token(file, environ, environment, local),
        metrics_token=_optional(file.metrics_token, environ),
        http_allow=tuple(file.http_allow),
        trusted_proxies=_proxies(file, environment),
        log_format=file.log_format or ("console" if environment == "dev" else "json"),
        log_level=variables.log_level,
        hsts=file.hsts,
        **_days_kept(file),
        guest_rate=_guest_rate(file.rate_limit, environment),
        mirror=tuple(dict.fromkeys(file.stripe.mirror)),
        connections=ConnectionSettings(**file.connections.model_dump()),
        studio_edit=environment == "dev" if file.studio.edit is None else file.studio.edit,
        studio_session_hours=file.studio.session_hours,
        studio_publish=_publish_policy(file.studio.publish, environment),
        sealing=_sealing(file, environ, environment, root),
        access=resolve_access(file.auth, environment),
        alerts=resolve_alerts(file.alerts, lambda reference: _needed(reference, environ), environment),
    )
    return _remembered(settings)


def _days_kept(file: FileSettings) -> dict[str, Any]:
    return {
        name: getattr(file, name) for name in ("keep_runs", "keep_refused", "keep_failed", "keep_mails", "keep_audit")
    }


def _environment(root: Path, raw: Mapping[str, Any], process: Mapping[str, str]) -> tuple[EnvironmentName, Environment]:
    """Return the environment's name, which `.env` never chooses, and the variables."""
    environment = read_variables(Environment(process)).env or validate(raw).environment
    return environment, read_environment(root, process, is_dev=environment == "dev")


def _env(file: FileSettings, environ: Mapping[str, str], site_url: str, environment: str) -> dict[str, str]:
    """Return what expressions can read as `env.NAME`."""
    values = {name: str(_text(value, environ)) for name, value in file.env.items()}
    return {**values, "SITE_URL": site_url, "ENVIRONMENT": environment}


def _remembered(settings: Settings) -> Settings:
    """Have the secrets of the settings masked wherever this process shows something."""
    remember_secrets(settings.secret_values())
    return settings


def _publish_policy(policy: PublishPolicy | None, environment: EnvironmentName) -> PublishPolicy:
    if policy == "editor" and environment != "dev":
        raise BadSettings(
            f"in {environment}, editors don't publish on their own",
            hint="Write `studio: {publish: admin}` or `studio: {publish: two_people}` in payloom.yaml.",
        )
    return policy or ("editor" if environment == "dev" else "admin")


def _sealing(file: FileSettings, environ: Mapping[str, str], environment: str, root: Path) -> SealingSettings:
    """Return where the sealing keys are. Nothing is read: most commands need none."""
    name = file.sealing_key.env
    if path := environ.get(f"{name}_FILE", "").strip():
        return SealingSettings(file=root / path)
    if keys := environ.get(name, "").strip():
        return SealingSettings(keys=SecretStr(keys))
    if file.sealing_key_file or environment == "dev":
        return SealingSettings(file=root / (file.sealing_key_file or "data/sealing.key"), make=True)
    return SealingSettings()


def _proxies(file: FileSettings, environment: str) -> tuple[str, ...]:
    for entry in file.trusted_proxies:
        try:
            network = ipaddress.ip_network("0.0.0.0/0" if entry == "*" else entry, strict=False)
        except ValueError:
            raise BadSettings(
                f"`trusted_proxies` names {entry[:80]!r}, which is neither an address nor a network",
                hint="Write 10.0.0.7, or 10.0.0.0/24.",
            ) from None
        if network.prefixlen < _SMALLEST_PREFIX[network.version] and environment != "dev":
            raise BadSettings(
                f"`trusted_proxies: [{entry!r}]` lets every client choose its address, and this is {environment}",
                hint="List the addresses of your own proxies.",
            )
    return tuple(file.trusted_proxies)


def _logo(logo: str | None, root: Path) -> str | None:
    """Return where the local Stripe finds the project's logo: an address, or a file below the project."""
    return logo if logo is None or logo.startswith(("https://", "http://")) else str(root / logo)


def _local_stripe(local: LocalState, port: int) -> StripeSettings:
    return local_stripe(
        f"http://127.0.0.1:{port}",
        secret_key=local.secret("stripe_secret_key", "sk_test_"),
        publishable_key=local.secret("stripe_publishable_key", "pk_test_"),
        webhook_secret=local.secret("webhook_secret", "whsec_"),
        connect_secret=local.secret("connect_webhook_secret", "whsec_"),
    )


def documented_names() -> Iterator[tuple[str, str]]:
    """Yield (name, description) of every setting and variable; the reference page has an entry for each."""
    for key, field in FileSettings.model_fields.items():
        yield key, field.description or ""
        if key in SECTIONS:
            yield from _names_in(SECTIONS[key], key)
    for key, field in Variables.model_fields.items():
        yield f"PAYLOOM_{key.upper()}", field.description or ""


def _names_in(section: type[BaseModel], path: str) -> Iterator[tuple[str, str]]:
    for key, field in section.model_fields.items():
        name = f"{path}.{field.alias or key}"
        yield name, field.description or ""
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _names_in(field.annotation, name)


def _first(*values: int | None) -> int:
    return next(value for value in values if value is not None)


def _needed(reference: Reference, environ: Mapping[str, str]) -> str:
    value = environ.get(reference.env, "")
    if not value:
        raise MissingVariable(
            f"{FILE_NAME} refers to the environment variable {reference.env}, which is not set",
            hint=f"Set {reference.env}, or remove the setting.",
        )
    return value


def _text(value: str | int | bool | Reference | None, environ: Mapping[str, str]) -> str | None:
    if value is None:
        return None
    if isinstance(value, Reference):
        return _needed(value, environ)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _optional(reference: Reference, environ: Mapping[str, str]) -> SecretStr | None:
    value = environ.get(reference.env, "").strip()
    if value and len(value) < 16:
        raise BadSettings(f"{reference.env} is too short to be a token", hint="Use at least 16 random characters.")
    return SecretStr(value) if value else None


def _admin_token(
    file: FileSettings, environ: Mapping[str, str], environment: str, local: LocalState
) -> SecretStr | None:
    token = _optional(file.admin_token, environ)
    return SecretStr(local.secret("admin_token")) if token is None and environment == "dev" else token


def _address(
    file: FileSettings, variables: Variables, environ: Mapping[str, str], environment: str, port: int | None
) -> tuple[str, int]:
    address = variables.site_url or _text(file.site_url, environ)
    if address is None and environment != "dev":
        raise BadSettings(
            f"site_url is not set, and {environment} needs to know the address customers see",
            hint="Set site_url in payloom.yaml or PAYLOOM_SITE_URL, such as https://shop.example.com.",
        )
    parts = _parsed(address or f"http://127.0.0.1:{DEFAULT_PORT}", environment)
    chosen = next((value for value in (port, variables.port, file.port) if value is not None), None)
    if environment == "dev" and is_loopback(parts.hostname or ""):
        # On a developer's machine the address customers see is the one we listen on, whatever port that is.
        chosen = chosen or parts.port or DEFAULT_PORT
        return f"{parts.scheme}://{parts.hostname}:{chosen}{parts.path}".rstrip("/"), chosen
    return parts.geturl().rstrip("/"), chosen or DEFAULT_PORT


def _parsed(address: str, environment: str) -> SplitResult:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise BadSettings(f"site_url {address!r} is not an address", hint="Write it like https://shop.example.com.")
    if environment == "production" and parts.scheme != "https":
        raise BadSettings(
            f"site_url {address!r} is not https, and this is production",
            hint="Sessions and payments need https; use the https address.",
        )
    return parts


def _guest_rate(text: str | None, environment: str) -> tuple[int, float] | None:
    if text is None:
        return None if environment == "dev" else DEFAULT_GUEST_RATE
    if text == "none":
        return None
    try:
        count, seconds = parse_rate(text)
    except ValueError as error:
        raise BadSettings(f"rate_limit: {error}", hint="Write 120/m, or none.") from None
    if not count or not seconds:
        raise BadSettings("rate_limit: the rate must be greater than zero", hint="Write 120/m, or none.")
    return count, seconds


def _accounts(file: FileSettings, environment: str, host: str) -> tuple[DemoAccount, ...]:
    if file.accounts and environment != "dev":
        raise BadSettings(
            f"`accounts` with passwords are allowed only in dev, and this is {environment}",
            hint="Move `accounts` under `environments: dev:`; real people sign up themselves.",
        )
    if file.accounts and not is_loopback(host):
        raise BadSettings(
            f"`accounts` with passwords that stand in a file are for this machine only, and host is {host}",
            hint="Set `host` to 127.0.0.1, or remove `accounts`; real people sign up themselves.",
        )
    for index, account in enumerate(file.accounts):
        _require_address(account.email, f"accounts[{index}].email")
    return tuple(
        DemoAccount(account.email, account.password, account.name, tuple(account.roles), account.studio)
        for account in file.accounts
    )


def _require_address(text: str, where: str) -> None:
    try:
        parse_address(text)
    except NotAnAddress:
        hint = "Write name@example.com; the part before the @ is ASCII."
        raise BadSettings(f"{text[:80]!r} is not an email address", hint=hint, where=where) from None


def _postgres_url(url: str, environment: str, section: PostgresSection) -> str:
    """Return the address with what `postgres` says, for `open_database`. Raises BadSettings."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    host = parts.hostname or query.get("host", "")
    mode = query.get("sslmode", "")
    if environment != "dev" and mode not in ENCRYPTED and not (is_loopback(host) or host[:1] in {"", "/"}):
        raise BadSettings(
            f"the address of Postgres has {f'sslmode={mode}' if mode else 'no sslmode'}, and this is {environment}: the connection could fall back to plain text",
            hint="Add ?sslmode=verify-full to the address. In a network that is private, ?sslmode=disable says so.",
        )
    own = {"payloom_connections": section.connections, "payloom_pooler": section.pooler}
    return parts._replace(query=urlencode({**query, **own}, safe="/")).geturl() if section.model_fields_set else url


def _database_url(address: str | None, root: Path, environment: str, mode: str, section: PostgresSection) -> str:
    # What was tried with the local Stripe stays in a file of its own: its orders and ids mean nothing to another one.
    own = "" if mode == "local" else "-test" if environment == "dev" else f"-{environment}"
    text = address or DEFAULT_DATABASE.format(own)
    if text.startswith(("postgres://", "postgresql://", "postgresql+psycopg://")):
        return _postgres_url("postgresql+psycopg://" + text.split("://", 1)[1], environment, section)
    if text.startswith("sqlite://"):
        return text
    if "://" in text:
        scheme = text.split("://", 1)[0]
        raise BadSettings(
            f"the database address starts with {scheme}://, which Payloom does not know",
            hint="Use a SQLite file such as data/shop.sqlite, or a postgresql:// address.",
        )
    return f"sqlite:///{(root / text).resolve()}"


def _email(section: EmailSection, environ: Mapping[str, str], environment: str, site_url: str) -> EmailSettings:
    transport = section.transport
    if transport is None:
        if environment == "production":
            raise BadSettings(
                "email.transport is not set, and this is production: receipts would go nowhere",
                hint="Set email: {transport: smtp, url: {env: SMTP_URL}}; or transport: outbox to send nothing.",
            )
        transport = "outbox"
    if transport == "smtp" and section.url is None:
        raise BadSettings(
            "email.transport is smtp but email.url is not set",
            hint="Set email.url to {env: SMTP_URL} and SMTP_URL to smtps://user:password@host:465.",
        )
    url = _needed(section.url, environ) if section.url and transport == "smtp" else None
    if url and urlsplit(url).scheme not in {"smtp", "smtps"}:
        raise BadSettings("the SMTP address does not start with smtp:// or smtps://", where="email.url")
    if section.sender:
        _require_address(section.sender.rpartition("<")[2].removesuffix(">"), "email.from")
    host = urlsplit(site_url).hostname or "localhost"
    return EmailSettings(
        transport=transport,
        sender=section.sender or f"no-reply@{host if '.' in host and not is_loopback(host) else 'example.com'}",
        url=SecretStr(url) if url else None,
    )
