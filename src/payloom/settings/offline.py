"""Settings for looking at a project and for testing it, where nothing is sent: what is not set is made up."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from payloom.settings.environment import read_environment
from payloom.settings.file import FILE_NAME, FileSettings, Reference, merge, read_file, validate
from payloom.settings.load import load_settings
from payloom.settings.model import Settings
from payloom.settings.variables import read_variables

_SITE = "https://site.example.com"
_MAIL_SERVER = "smtp://127.0.0.1:25"
_SIGNING_KEY = f"whsec_{base64.b64encode(b'made up, and signs nothing').decode()}"
_LETTERS = "Ma4eUp5kEy6fOr7tEsTs8aNd9cHecKs2"


def load_offline_settings(
    root: Path, *, environ: Mapping[str, str] | None = None, keep_database: bool = False
) -> Settings:
    """Return the settings of the project in `root` with a value for each variable that payloom.yaml refers to.

    A variable that is not set has a made-up value: a secret is only sent, and here nothing is. The database is one that
    nobody opens. environ: the process's by default. keep_database: have the address of the project's own.
    Raises SettingsError.
    """
    environ = os.environ if environ is None else environ
    raw = read_file(root / FILE_NAME)
    environment = read_variables().env or validate(raw).environment
    file = validate(merge(raw, environment), f"{FILE_NAME} (environment {environment})")
    made_up = dict(_made_up(file))
    if environment != "dev" and not environ.get(file.stripe.secret_key.env):
        made_up |= _stripe_keys(file, "live" if environment == "production" else "test")
    variables = read_environment(root, environ, is_dev=environment == "dev")
    unset = {name: value for name, value in made_up.items() if not variables.get(name)}
    database = None if keep_database else "data/offline.sqlite"
    return load_settings(root, environ={**environ, **unset}, keep=False, database_url=database)


def _made_up(file: FileSettings) -> Iterator[tuple[str, str]]:
    """Yield the variables that the settings refer to, each with a value of the form that its place takes."""
    for value in (*file.env.values(), *file.secrets.values()):
        if isinstance(value, Reference):
            yield value.env, f"made-up-{value.env.lower().replace('_', '-')}"
    if isinstance(file.database, Reference):
        yield file.database.env, "postgresql://not-set"
    if isinstance(file.site_url, Reference):
        yield file.site_url.env, _SITE
    if file.email.url is not None:
        yield file.email.url.env, _MAIL_SERVER
    alerts = file.alerts
    if isinstance(alerts.email, Reference):
        yield alerts.email.env, "alerts@example.com"
    if isinstance(alerts.url, Reference):
        yield alerts.url.env, f"{_SITE}/alerts"
    if alerts.url is not None and isinstance(alerts.signing_secret, Reference):
        yield alerts.signing_secret.env, _SIGNING_KEY


def _stripe_keys(file: FileSettings, mode: str) -> dict[str, str]:
    section = file.stripe
    return {
        section.secret_key.env: f"sk_{mode}_{_LETTERS}",
        section.publishable_key.env: f"pk_{mode}_{_LETTERS}",
        section.webhook_secret.env: f"whsec_{_LETTERS}",
    }
