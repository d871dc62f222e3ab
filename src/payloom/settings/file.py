"""payloom.yaml: its shape, read with positions, and the refusal of secrets written into it."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, ValidationError

from payloom.kit.diagnostics import Path, Place, in_order, path_text, value_at
from payloom.kit.json_types import is_dict, is_map
from payloom.kit.suggest import did_you_mean
from payloom.kit.validation.messages import message
from payloom.kit.yaml.reader import read_source_file
from payloom.kit.yaml.source import Source
from payloom.settings.errors import BadSettings, SecretInFile
from payloom.settings.sections.access import AuthSection
from payloom.settings.sections.alerts import AlertsSection
from payloom.settings.sections.base import Reference, Section
from payloom.settings.studio_roles import StudioRole

FILE_NAME = "payloom.yaml"
EnvironmentName = Literal["dev", "staging", "production"]
PublishPolicy = Literal["editor", "admin", "two_people"]
HstsScope = Literal["subdomains", "host", "off"]
_SECRET = re.compile(r"\b(?:(?:sk|rk)_(?:test|live)_\w+|whsec_\w+)")
_REFERENCES = {"secret_key", "publishable_key", "webhook_secret", "url", "admin_token", "metrics_token", "sealing_key"}
_URL_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/@:\s]*:[^/@\s]+@", re.IGNORECASE)
Port = Annotated[int, Field(ge=0, le=65535)]


Mirrored = Literal["customers", "invoices", "payment_intents", "prices", "products", "subscriptions"]


class StripeSection(Section):
    """Where the Stripe keys come from. Without a secret key the local Stripe is used (development only)."""

    secret_key: Reference = Field(
        Reference(env="STRIPE_SECRET_KEY"), description="The variable that holds the secret (or restricted) key."
    )
    publishable_key: Reference = Field(
        Reference(env="STRIPE_PUBLISHABLE_KEY"), description="The variable that holds the publishable key for pages."
    )
    webhook_secret: Reference = Field(
        Reference(env="STRIPE_WEBHOOK_SECRET"),
        description="The variable that holds the webhook signing secret; while you rotate, several with commas.",
    )
    api_base: Reference = Field(
        Reference(env="STRIPE_API_BASE"),
        description="The variable that holds another address than api.stripe.com, such as that of a local Stripe, to rehearse in staging. Production refuses it.",
    )
    local_port: Port | None = Field(None, description="The port of the local Stripe; default: the one after `port`.")
    local_logo: str | None = Field(
        None,
        description="A picture of the project, or its address: the logo on the local Stripe's Checkout and invoices.",
    )
    mirror: list[Mirrored] = Field(
        [],
        description="Resources kept in our database too, fresh by events, so that `select` can compare and sort by any column: customers, invoices, payment_intents, prices, products, subscriptions.",
    )


class EmailSection(Section):
    """How mail leaves."""

    transport: Literal["outbox", "smtp"] | None = Field(
        None, description="`outbox` keeps mails in the database (the default in dev); `smtp` sends them."
    )
    sender: str | None = Field(None, alias="from", description="The sender, such as `Shop <shop@example.com>`.")
    url: Reference | None = Field(
        None,
        description="The variable that holds the SMTP address: `smtps://user:password@host:465` or `smtp://…:587`.",
    )


class StudioSection(Section):
    """What the studio may do."""

    edit: bool | None = Field(
        None, description="Whether workflow files may be changed in the studio; default: in dev only."
    )
    session_hours: Annotated[int, Field(ge=1, le=720)] = Field(
        12,
        description="Hours after which a session of an account with a role in the studio ends; unused, it ends after 2.",
    )
    publish: PublishPolicy | None = Field(
        None,
        description="Who may publish in the studio: `admin`, `two_people` (not who saved a file last), or in dev `editor`.",
    )


class ConnectionsSection(Section):
    """How long a connection may take over a request, and how many may be open."""

    head_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        10, description="Seconds within which a request's first line and headers must have come."
    )
    body_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        30, description="Seconds for a body, plus one for each 8 KB; also for a response that the client doesn't read."
    )
    per_address: Annotated[int, Field(ge=0)] = Field(
        200, description="Connections open from one address; 0: no limit. Not for trusted proxies and this machine."
    )
    total: Annotated[int, Field(ge=1)] = Field(4000, description="Connections open in all, in one process.")


class PostgresSection(Section):
    """How a process uses a Postgres database."""

    connections: Annotated[int, Field(ge=1, le=100)] = Field(
        8, description="Connections that a process keeps for requests and runs; at a peak it opens 8 more."
    )
    pooler: Literal["none", "transaction"] = Field(
        "none",
        description="`transaction`: the address is that of a pooler in transaction mode, such as PgBouncer.",
    )


class AccountSection(Section):
    """An account made at the first start, in development only."""

    email: str
    password: Annotated[str, Field(min_length=8)]
    name: str | None = None
    roles: list[str] = Field([])
    studio: StudioRole | None = None


class FileSettings(Section):
    """What payloom.yaml may say, at the top and again under `environments: <name>:`."""

    name: str | None = Field(None, description="The project's name, shown on pages and in mails.")
    environment: EnvironmentName = Field("dev", description="The environment when `PAYLOOM_ENV` is not set.")
    site_url: str | Reference | None = Field(
        None, description="The address customers see; links in mails and Stripe's return addresses start with it."
    )
    host: str = Field("127.0.0.1", description="The address the server listens on.")
    port: Port | None = Field(None, description="The port the server listens on; default: the one of `site_url`.")
    database: str | Reference | None = Field(
        None,
        description="A SQLite file (default `data/payloom.sqlite`; with Stripe keys `data/payloom-test.sqlite` in dev, else `data/payloom-ENVIRONMENT.sqlite`) or a `postgresql://` address.",
    )
    postgres: PostgresSection = Field(PostgresSection(), description="How a process uses a Postgres database.")  # type: ignore[call-arg] - Field's positional default is not seen
    stripe: StripeSection = Field(StripeSection(), description="Where the Stripe keys come from.")  # type: ignore[call-arg] - Field's positional default is not seen
    email: EmailSection = Field(EmailSection(), description="How mail leaves.")  # type: ignore[call-arg] - Field's positional default is not seen
    studio: StudioSection = Field(StudioSection(), description="What the studio may do.")  # type: ignore[call-arg] - Field's positional default is not seen
    auth: AuthSection = Field(AuthSection(), description="How people sign up and in.")  # type: ignore[call-arg] - Field's positional default is not seen
    connections: ConnectionsSection = Field(
        ConnectionsSection(),  # type: ignore[call-arg] - Field's positional default is not seen
        description="How long a connection may take over a request, and how many may be open.",
    )
    alerts: AlertsSection = Field(
        AlertsSection(),  # type: ignore[call-arg] - Field's positional default is not seen
        description="Who is told about trouble, and from which thresholds on.",
    )
    accounts: list[AccountSection] = Field([], description="Accounts made at the first start, in dev only.")
    on_start: list[str] = Field([], description="Workflows run at each start; they must be safe to run twice.")
    env: dict[str, str | int | bool | Reference] = Field(
        {}, description="The values expressions may read as `env.NAME`; nothing else of the environment is visible."
    )
    secrets: dict[str, Reference] = Field(
        {}, description="Secrets that HTTP steps may send as `secrets.NAME`; never readable, never logged."
    )
    admin_token: Reference = Field(
        Reference(env="PAYLOOM_ADMIN_TOKEN"), description="The variable that holds the management API's bearer token."
    )
    metrics_token: Reference = Field(
        Reference(env="PAYLOOM_METRICS_TOKEN"),
        description="The variable that holds the token for `/metrics`; without one nobody reads them, in dev only the admin token does.",
    )
    sealing_key: Reference = Field(
        Reference(env="PAYLOOM_SEALING_KEY"),
        description="The variable that holds the key that seals stored secrets; while you rotate, several with commas. `NAME_FILE` names a file with it instead.",
    )
    sealing_key_file: str | None = Field(
        None,
        description="A file for the sealing key, made at the first start; default: `data/sealing.key` in dev only.",
    )
    http_allow: list[str] = Field([], description="Hosts that `http` steps may call.")
    trusted_proxies: list[str] = Field([], description="Addresses of proxies whose `X-Forwarded-*` headers count.")
    hsts: HstsScope = Field(
        "subdomains",
        description="What browsers reach by https alone for a year after a visit: `subdomains` (the host and all below it), `host`, or `off`.",
    )
    keep_runs: Annotated[int, Field(ge=31)] = Field(
        90, description="Days for which succeeded and canceled runs, and their events, are kept; 31 at least."
    )
    keep_refused: Annotated[int, Field(ge=1)] = Field(
        1, description="Days for which refused runs are kept; a stranger can cause them."
    )
    keep_failed: Annotated[int, Field(ge=31)] = Field(
        365, description="Days for which failed runs, and their events, are kept; 31 at least."
    )
    keep_mails: Annotated[int, Field(ge=1)] = Field(90, description="Days for which emails are kept in the outbox.")
    keep_audit: Annotated[int, Field(ge=31)] = Field(
        400,
        description="Days for which entries of the audit trail are kept; 31 at least. A shorter setting holds for new ones only.",
    )
    rate_limit: str | None = Field(
        None,
        description="Calls by a guest's address of an endpoint without a `rate_limit`: `120/m` outside dev, or `none`.",
    )
    log_format: Literal["console", "json"] | None = Field(
        None, description="How the server's log looks: `console` in dev, `json` elsewhere."
    )
    environments: dict[EnvironmentName, dict[str, Any]] = Field(
        {}, description="Settings that hold only in one environment; they replace the ones above key by key."
    )


SECTIONS: Mapping[str, type[Section]] = {
    "postgres": PostgresSection,
    "stripe": StripeSection,
    "email": EmailSection,
    "studio": StudioSection,
    "auth": AuthSection,
    "connections": ConnectionsSection,
    "alerts": AlertsSection,
}
"""The settings that are maps of settings."""


def read_file(path: pathlib.Path) -> dict[str, Any]:
    """Return the raw mapping of a payloom.yaml after refusing secrets in it. Raises BadSettings or SecretInFile."""
    if not path.is_file():
        raise BadSettings(
            f"there is no {FILE_NAME} in {path.parent}",
            hint="Make a project with `payloom init NAME`, or change folder.",
        )
    source = read_source_file(path, path.name)
    if source.diagnostics:
        first = in_order(source.diagnostics)[0]
        raise BadSettings(first.message, where=f"{path.name}:{first.line}:{first.column}", hint=first.hint)
    if source.data is None:
        return {}
    if not is_dict(source.data):
        raise BadSettings("the file must be a map of settings", where=f"{path.name}:1:1")
    _refuse_secrets(source)
    return source.data


def merge(raw: Mapping[str, Any], environment: str) -> dict[str, Any]:
    """Return the top-level settings with those of `environments: <environment>` laid over them, key by key."""
    base = {key: value for key, value in raw.items() if key != "environments"}
    environments: Mapping[str, Mapping[str, Any] | None] = raw.get("environments") or {}
    return _overlay(base, environments.get(environment) or {})


def validate(raw: Mapping[str, Any], where: str = FILE_NAME) -> FileSettings:
    """Return the typed settings; raises BadSettings naming every wrong field and what may have been meant."""
    try:
        return FileSettings.model_validate(raw)
    except ValidationError as error:
        lines = [_explain(problem) for problem in error.errors()]
        raise BadSettings("; ".join(dict.fromkeys(lines)), where=where) from None


def _explain(problem: Any) -> str:
    path = [str(part) for part in problem["loc"] if part not in {"Reference", "str", "int", "bool"}]
    name = ".".join(path)
    if problem["type"] == "extra_forbidden":
        fields = _section_at(path[:-1]).model_fields
        guess = did_you_mean(path[-1], [field.alias or key for key, field in fields.items()])
        return f"{name}: there is no such setting" + (f", {guess}" if guess else "")
    if isinstance(problem["input"], str) and path[-1:] in (
        ["secret_key"],
        ["webhook_secret"],
        ["password"],
        ["admin_token"],
    ):
        return f"{name}: write a reference such as {{env: {path[-1].upper()}}}"
    if path[0] == "secrets" and len(path) > 1:
        return f"{name}: write a reference such as {{env: {path[1].upper()}}}: a secret does not stand in a file"
    return f"{name}: {message(problem)}"


def _section_at(path: Sequence[str]) -> type[BaseModel]:
    """Return the map of settings at a path; the whole file where the path leads to none."""
    section: type[BaseModel] = FileSettings
    for part in path:
        field = next((field for key, field in section.model_fields.items() if part in {key, field.alias}), None)
        kinds = (field.annotation, *get_args(field.annotation)) if field else ()
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        section = inner or section
    return section


def _overlay(base: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in extra.items():
        old = merged.get(key)
        is_section = is_map(value) and is_map(old) and set(value) != {"env"}
        merged[key] = _overlay(old, value) if is_section else value  # type: ignore[arg-type] - both are mappings when it is a section
    return merged


def _refuse_secrets(source: Source) -> None:
    for text, path, place in _texts(source):
        where = f"{source.file}:{place.line} ({path_text(path)})"
        if match := _SECRET.search(text):
            kind = match[0].split("_")[0]
            raise SecretInFile(
                f"the file contains a Stripe secret ({kind}_…)",
                where=where,
                hint="Put it into the environment, write {env: NAME} here, and roll the key.",
            )
        if _URL_PASSWORD.match(text):
            raise SecretInFile(
                "the file contains an address with a password",
                where=where,
                hint="Put the whole address into the environment and write {env: NAME} here.",
            )


def _texts(source: Source) -> Iterator[tuple[str, Path, Place]]:
    """Yield every key and every string value with its path and place, in the order of the file."""
    texts = [(str(path[-1]), path, place) for path, place in source.keys.items()]
    for path in source.scalars:
        value = value_at(source.data, path)
        if isinstance(value, str):
            texts.append((value, path, source.place(path)))
    yield from sorted(texts, key=lambda text: text[2])
