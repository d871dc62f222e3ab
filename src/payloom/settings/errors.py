"""Why a project's settings are refused.

PayloomError
└── SettingsError
    ├── BadSettings          payloom.yaml or an environment variable does not say what it must
    ├── SecretInFile         a key or password stands in payloom.yaml itself
    ├── MissingVariable      payloom.yaml refers to an environment variable that is not set
    └── StripeKeysRefused    the Stripe keys do not fit each other or the environment
"""

from __future__ import annotations

from typing import ClassVar

from payloom.kit.errors import PayloomError


class SettingsError(PayloomError):
    """The settings are not valid."""

    code: ClassVar[str] = "settings_error"


class BadSettings(SettingsError):
    """A setting has an invalid value."""

    code: ClassVar[str] = "bad_settings"


class SecretInFile(SettingsError):
    """payloom.yaml contains a secret. Project files are shared and stay in version history."""

    code: ClassVar[str] = "secret_in_file"


class MissingVariable(SettingsError):
    """An environment variable that payloom.yaml refers to is not set."""

    code: ClassVar[str] = "missing_variable"


class StripeKeysRefused(SettingsError):
    """The Stripe keys don't match the environment or each other."""

    code: ClassVar[str] = "stripe_keys_refused"
