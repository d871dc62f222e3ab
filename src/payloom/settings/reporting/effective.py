"""Every setting with its value and where the value comes from. Of secrets only whether they are set."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from payloom.kit.json_types import is_list, is_map
from payloom.settings.environment import Environment, read_environment
from payloom.settings.errors import SettingsError
from payloom.settings.file import FILE_NAME, merge, read_file, validate
from payloom.settings.model import Settings
from payloom.settings.offline import load_offline_settings
from payloom.settings.sections.alert_rules import ALERT_RULES, with_unit
from payloom.settings.sections.base import Reference, Section
from payloom.settings.variables import PREFIX, read_variables

VARIABLES: Mapping[str, str] = {
    "environment": "env",
    "database": "database_url",
    "site_url": "site_url",
    "host": "host",
    "port": "port",
    "stripe.local_port": "local_stripe_port",
    "log_level": "log_level",
}
"""Settings that a `PAYLOOM_…` variable overrides, with the variable's name in small letters."""
_NAMES_ONLY = frozenset({"env", "secrets", "accounts"})
"""Settings whose values are not shown: only which names there are."""


@dataclasses.dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """A setting. value: JSON; of a secret only `set` or `not set`. source: `default`, the file, or a variable."""

    name: str
    value: Any
    source: str
    variable: str | None = None


def effective_settings(
    root: Path, environ: Mapping[str, str] | None = None
) -> tuple[list[EffectiveSetting], SettingsError | None]:
    """Return every setting of the project in `root`, and why a server would refuse them, apart from unset variables.

    Raises SettingsError if the file or a variable cannot be understood.
    """
    process = os.environ if environ is None else environ
    raw = read_file(root / FILE_NAME)
    environment = read_variables(Environment(process)).env or validate(raw).environment
    variables = read_environment(root, process, is_dev=environment == "dev")
    file = validate(merge(raw, environment), f"{FILE_NAME} (environment {environment})")
    settings, problem = _settings(root, process)
    environments: Mapping[str, Any] = raw.get("environments") or {}
    own: Mapping[str, Any] = environments.get(environment) or {}
    rows = [("log_level", None), *_paths(file)]
    effective: list[EffectiveSetting] = []
    for name, value in rows:
        variable = f"{PREFIX}{VARIABLES[name].upper()}" if name in VARIABLES else ""
        if variable and variables.get(variable):
            text = (
                environment if name == "environment" else "set" if settings is None else _shown(name, value, settings)
            )
            effective.append(EffectiveSetting(name, text, _variable_source(variable, variables, process), variable))
            continue
        source = _source(name, raw, own, environment)
        if isinstance(value, Reference):
            text = variables.get(value.env)
            origin = _variable_source(value.env, variables, process) if text else source
            state = text if text and name == "site_url" else "set" if text else "not set"
            effective.append(EffectiveSetting(name, state, origin, value.env))
        else:
            effective.append(EffectiveSetting(name, _shown(name, value, settings), source))
    return sorted(effective, key=lambda setting: setting.name), problem


def _settings(root: Path, process: Mapping[str, str]) -> tuple[Settings | None, SettingsError | None]:
    try:
        return load_offline_settings(root, environ=process, keep_database=True), None
    except SettingsError as error:
        return None, error


def _paths(section: Section, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each setting that is no map of settings, with its value in the file."""
    for key, field in type(section).model_fields.items():
        if key == "environments":
            continue
        name, value = f"{prefix}{field.alias or key}", getattr(section, key)
        if isinstance(value, Section):
            yield from _paths(value, f"{name}.")
        else:
            yield name, value


def _source(name: str, raw: Mapping[str, Any], own: Mapping[str, Any], environment: str) -> str:
    if _is_in(name, own):
        return f"{FILE_NAME}, environments.{environment}"
    return FILE_NAME if _is_in(name, raw) else "default"


def _is_in(name: str, mapping: Mapping[str, Any]) -> bool:
    value: Any = mapping
    for part in name.split("."):
        if not is_map(value) or part not in value:
            return False
        value = value[part]
    return True


def _variable_source(name: str, variables: Environment, process: Mapping[str, str]) -> str:
    if process.get(name):
        return name
    return f"{name}_FILE" if process.get(f"{name}_FILE") else f"{name} in .env" if variables.get(name) else name


def _shown(name: str, value: Any, settings: Settings | None) -> Any:
    """Return the value that holds, where the file says nothing and it depends on other settings."""
    if name in _NAMES_ONLY:
        return sorted(value) if is_map(value) else [account.email for account in value]
    if settings is None:
        return _plain(value)
    rule = name.removeprefix("alerts.rules.")
    if rule in ALERT_RULES and rule != name:
        threshold = settings.alerts.thresholds.get(rule)
        return "off" if threshold is None else with_unit(ALERT_RULES[rule], threshold)
    derived: dict[str, Any] = {
        "name": settings.name,
        "environment": settings.environment,
        "site_url": settings.site_url,
        "host": settings.host,
        "port": settings.port,
        "log_level": settings.log_level,
        "log_format": settings.log_format,
        "database": settings.database_url.split("@")[-1],
        "stripe.local_port": settings.local_stripe_port,
        "email.transport": settings.email.transport,
        "email.from": settings.email.sender,
        "studio.edit": settings.studio_edit,
        "studio.publish": settings.studio_publish,
        "sealing_key_file": str(settings.sealing.file) if settings.sealing.file else None,
        "alerts.url": settings.alerts.origin,
    }
    return derived[name] if name in derived else _plain(value)


def _plain(value: Any) -> Any:
    """Return a value as JSON; whatever else the file may say there is no secret."""
    return value if value is None or isinstance(value, str | int | float | bool) or is_list(value) else str(value)
