"""The environment variables Payloom itself reads. Everything else of the environment needs a line in payloom.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from payloom.kit.validation.messages import message
from payloom.settings.errors import BadSettings
from payloom.settings.file import EnvironmentName

PREFIX = "PAYLOOM_"


def _lower(value: str) -> str:
    return value.lower()


class Variables(BaseSettings):
    """`PAYLOOM_*` variables; each wins over the same setting in payloom.yaml."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", env_ignore_empty=True, frozen=True)

    env: EnvironmentName | None = Field(default=None, description="The environment: `dev`, `staging` or `production`.")
    database_url: str | None = Field(default=None, description="A SQLite file or a `postgresql://` address.")
    site_url: str | None = Field(default=None, description="The address customers see.")
    host: str | None = Field(default=None, description="The address the server listens on.")
    port: int | None = Field(default=None, description="The port the server listens on.", ge=0, le=65535)
    local_stripe_port: int | None = Field(default=None, description="The port of the local Stripe.", ge=0, le=65535)
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        default="info", description="`debug`, `info`, `warning` or `error`."
    )


def read_variables(environment: Mapping[str, str] | None = None) -> Variables:
    """Return what the process's environment says; raises BadSettings naming the variable.

    environment: has the values of files, too.
    """
    known = environment or {}
    names = {name: f"{PREFIX}{name.upper()}" for name in Variables.model_fields}
    values: dict[str, Any] = {name: known[variable] for name, variable in names.items() if known.get(variable)}
    try:
        return Variables(**values)
    except ValidationError as error:
        lines = [f"{PREFIX}{str(p['loc'][-1]).upper()}: {message(p)}" for p in error.errors()]
        tried = next((str(p["input"]) for p in error.errors() if p["loc"] == ("env",)), "")
        short = next((name for name in get_args(EnvironmentName) if tried and name.startswith(tried[:3].lower())), None)
        raise BadSettings("; ".join(lines), hint=f"Write PAYLOOM_ENV={short}." if short else None) from None
