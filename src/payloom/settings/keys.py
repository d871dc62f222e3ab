"""Which Stripe the project talks to, and the refusal of keys that do not fit the environment or each other.

Money must never move by omission, so every doubtful combination stops the start with the reason and the way out.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from payloom.settings.errors import StripeKeysRefused
from payloom.settings.file import StripeSection

Mode = Literal["local", "test", "live"]
STRIPE_SCRIPT = "https://js.stripe.com/endive/stripe.js"
_SECRET = re.compile(r"(?:sk|rk)_(test|live)_\w+")
_PUBLISHABLE = re.compile(r"pk_(test|live)_\w+")
_WEBHOOK = re.compile(r"whsec_\w{6,}")
_SHORTEST = {"sk": 24, "rk": 24, "pk": 24, "whsec": 32}
"""Characters behind the prefix that the shortest real key has; what tutorials and templates write is shorter."""
_WORDS = re.compile(r"(?i)placeholder|changeme|replace|example|x{6,}|0{8,}|123456789")


@dataclasses.dataclass(frozen=True, slots=True)
class StripeSettings:
    """How to reach Stripe.

    mode: `local` (the local Stripe), `test` or `live` (api.stripe.com).
    api_base: None for api.stripe.com. Another one is the address of a local Stripe: always in mode `local`, by choice
    in mode `test`.
    webhook_secrets: every secret that may sign; more than one while rotating.
    script_url: where pages load Stripe.js from.
    """

    mode: Mode
    secret_key: SecretStr
    publishable_key: str
    webhook_secrets: tuple[SecretStr, ...]
    api_base: str | None
    script_url: str

    @property
    def address(self) -> str:
        """Where Stripe is, for people."""
        return self.api_base or "api.stripe.com"

    @property
    def livemode(self) -> bool:
        """Whether real money moves."""
        return self.mode == "live"


def local_stripe(
    url: str, *, secret_key: str, publishable_key: str, webhook_secret: str, connect_secret: str
) -> StripeSettings:
    """Return the settings for a local Stripe at `url`, which takes these keys and no others."""
    return StripeSettings(
        mode="local",
        secret_key=SecretStr(secret_key),
        publishable_key=publishable_key,
        webhook_secrets=(SecretStr(webhook_secret), SecretStr(connect_secret)),
        api_base=url,
        script_url=f"{url}/endive/stripe.js",
    )


def real_stripe(section: StripeSection, environ: Mapping[str, str], environment: str) -> StripeSettings | None:
    """Return the settings for api.stripe.com (or another `api_base`), or None when no key is set in development.

    Raises StripeKeysRefused for: keys missing outside development, half a set of keys, a live key outside production, a
    test key in production, keys of two modes, a missing or malformed webhook secret.
    """
    names = {
        "secret": section.secret_key.env,
        "publishable": section.publishable_key.env,
        "webhook": section.webhook_secret.env,
    }
    values = {kind: environ.get(name, "").strip() for kind, name in names.items()}
    if not values["secret"]:
        return _none_at_all(names, values, environment)
    mode = _mode_of(_SECRET, values["secret"], names["secret"], "a Stripe secret key (sk_test_…, sk_live_… or rk_…)")
    _fits(mode, environment, names["secret"])
    secrets = _webhook_secrets(names["webhook"], values["webhook"])
    if not values["publishable"]:
        raise StripeKeysRefused(
            f"{names['publishable']} is not set, so pages could not load the payment form",
            hint=f"Set it to the pk_{mode}_… key beside your secret key in Stripe's dashboard.",
        )
    base = _api_base(section, environ, environment)
    public = _mode_of(
        _PUBLISHABLE, values["publishable"], names["publishable"], "a publishable key (pk_test_… or pk_live_…)"
    )
    if public != mode:
        raise StripeKeysRefused(
            f"{names['secret']} is a {mode} key but {names['publishable']} is a {public} key",
            hint="Take both from the same mode of the same Stripe account.",
        )
    if environment != "dev":
        for kind, value in values.items():
            for part in filter(None, (part.strip() for part in value.split(","))):
                _real(part, names[kind], environment)
    return StripeSettings(
        mode="live" if mode == "live" else "test",
        secret_key=SecretStr(values["secret"]),
        publishable_key=values["publishable"],
        webhook_secrets=secrets,
        api_base=base,
        script_url=f"{base}/endive/stripe.js" if base else STRIPE_SCRIPT,
    )


def _api_base(section: StripeSection, environ: Mapping[str, str], environment: str) -> str | None:
    """Return the address that stands for api.stripe.com, if there is one."""
    name = section.api_base.env
    address = environ.get(name, "").strip().rstrip("/")
    if not address:
        return None
    if environment == "production":
        raise StripeKeysRefused(
            f"{name} is set, and production talks to api.stripe.com alone: another address can call any order paid",
            hint=f"Unset {name}, or set PAYLOOM_ENV=staging for a rehearsal.",
        )
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.username:
        raise StripeKeysRefused(
            f"{name} is not an address", hint="Write it like http://127.0.0.1:12111, without a path."
        )
    return address


def _none_at_all(names: Mapping[str, str], values: Mapping[str, str], environment: str) -> None:
    half = [names[kind] for kind in ("publishable", "webhook") if values[kind]]
    if half:
        raise StripeKeysRefused(
            f"{' and '.join(half)} is set but {names['secret']} is not",
            hint=f"Set {names['secret']} too, or unset the others to use the local Stripe.",
        )
    if environment != "dev":
        raise StripeKeysRefused(
            f"{names['secret']} is not set, and the local Stripe is for development only (this is {environment})",
            hint=f"Set {names['secret']}, {names['publishable']} and {names['webhook']}.",
        )


def _mode_of(pattern: re.Pattern[str], value: str, name: str, kind: str) -> str:
    match = pattern.fullmatch(value)
    if match is None:
        raise StripeKeysRefused(f"{name} is not {kind}", hint="Copy the key again from Stripe's dashboard, whole.")
    return match[1]


def _real(value: str, name: str, environment: str) -> None:
    """Refuse what only stands for a key. Everybody knows it, and whoever knows a webhook secret can pay any order."""
    prefix, _, body = value.rpartition("_")
    shortest = _SHORTEST.get(prefix.partition("_")[0], 0)
    # Keys are random letters of both cases and digits; the secrets of `stripe listen` are hexadecimal digits.
    one_case = prefix != "whsec" and (body.lower() == body or body.upper() == body)
    if len(body) < shortest or len(set(body)) < 8 or one_case or _WORDS.search(body):
        raise StripeKeysRefused(
            f"{name} holds a placeholder, and this is {environment}",
            hint="Copy the real value from Stripe's dashboard, whole.",
        )


def _fits(mode: str, environment: str, name: str) -> None:
    if mode == "live" and environment != "production":
        raise StripeKeysRefused(
            f"{name} is a live key, but the environment is {environment}: real cards would be charged",
            hint="Use a test key (sk_test_…) here, or set PAYLOOM_ENV=production if this is production.",
        )
    if mode == "test" and environment == "production":
        raise StripeKeysRefused(
            f"{name} is a test key, but the environment is production: orders would be given away for test cards",
            hint="Use the live key (sk_live_…), or set PAYLOOM_ENV=staging for a rehearsal.",
        )


def _webhook_secrets(name: str, value: str) -> tuple[SecretStr, ...]:
    secrets = [part.strip() for part in value.split(",") if part.strip()]
    if not secrets:
        raise StripeKeysRefused(
            f"{name} is not set, so Payloom can't verify webhook signatures",
            hint="Create an endpoint for <site_url>/api/stripe/webhook in Stripe's dashboard (or run `stripe listen`) and set the whsec_… secret it shows.",
        )
    for secret in secrets:
        if not _WEBHOOK.fullmatch(secret):
            raise StripeKeysRefused(
                f"{name} holds something that is not a webhook signing secret (whsec_…)",
                hint="Copy the signing secret of the endpoint; several are separated by commas.",
            )
    return tuple(SecretStr(secret) for secret in secrets)
