"""The environment as settings read it: variables, files named by `NAME_FILE`, and `.env` in development.

Containers mount secrets as files: `STRIPE_SECRET_KEY_FILE=/run/secrets/stripe` stands for the variable without `_FILE`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from dotenv import dotenv_values

from payloom.kit.validation.text_files import NotUtf8, read_text
from payloom.settings.errors import BadSettings

DOTENV = ".env"
NAMED_FILE = "PAYLOOM_DOTENV"
"""Names another file than `.env`, in every environment; outside dev nothing is read unless it does."""
_LARGEST = 64 * 1024
"""Bytes of a file that holds one value."""


class Environment(Mapping[str, str]):
    """Variables by name. A variable wins over its file, and both win over `.env`."""

    def __init__(
        self, variables: Mapping[str, str], dotenv: Mapping[str, str] | None = None, root: Path = Path()
    ) -> None:
        """variables: those of the process. dotenv: those of a file. root: where paths begin that are not absolute."""
        self._root = root
        self._variables = variables
        self._dotenv = dotenv or {}

    def __getitem__(self, name: str) -> str:
        if value := self._variables.get(name):
            if self._variables.get(f"{name}_FILE"):
                raise BadSettings(f"{name} and {name}_FILE are both set", hint="Unset one of them.")
            return value
        if path := self._variables.get(f"{name}_FILE"):
            return _content(self._root / path, f"{name}_FILE")
        return self._dotenv[name] if name in self._dotenv else self._variables[name]

    def __iter__(self) -> Iterator[str]:
        yield from {**self._dotenv, **self._variables}

    def __len__(self) -> int:
        return len({*self._dotenv, *self._variables})


def read_environment(root: Path, variables: Mapping[str, str], *, is_dev: bool) -> Environment:
    """Return the environment of the project in `root`. Raises BadSettings for a file that cannot be read."""
    name = variables.get(NAMED_FILE)
    path = root / (name or DOTENV)
    if not (name or (is_dev and path.is_file())):
        return Environment(variables, root=root)
    text = _text(path, name or DOTENV)
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return Environment(variables, {key: value for key, value in values.items() if value is not None}, root)


def _text(path: Path, name: str) -> str:
    try:
        if path.is_file():
            return read_text(path, name)
    except NotUtf8 as error:
        raise BadSettings(error.message, where=error.where, hint=error.hint) from None
    except OSError:
        pass  # as if it were none
    raise BadSettings(f"{name} cannot be read", hint="Give the path of a file with NAME=value lines.")


def _content(path: Path, name: str) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_LARGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise BadSettings(
            f"the file that {name} names cannot be read: {reason}", hint="Check its path and mode."
        ) from None
