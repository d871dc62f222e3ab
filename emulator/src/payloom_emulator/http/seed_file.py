"""Reads a seed file: the calls that a local Stripe begins with, in JSON or YAML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from payloom_emulator.core.errors import EmulatorError
from payloom_emulator.http.seeding import replay_calls
from payloom_emulator.protocol.json_shapes import is_array, is_object

if TYPE_CHECKING:
    from pathlib import Path

    from payloom_emulator.http.seeding import Step
    from payloom_emulator.runtime.emulator import Emulator


def replay(emulator: Emulator, path: Path) -> None:
    """Make the calls of a file. Raises EmulatorError for a file that cannot be read and for a call that fails."""
    calls = _read(path)
    rows = calls.get("calls") if is_object(calls) else calls
    if not is_array(rows) or not all(is_object(row) for row in rows):
        raise EmulatorError(f"{path} has no list of calls.", hint='Write {"calls": [{"method", "path", "params"}]}.')
    replay_calls(emulator, cast("list[Step]", rows))


def _read(path: Path) -> object:
    try:
        text = path.read_text()
    except OSError as error:
        raise EmulatorError(f"{path} cannot be read ({error.strerror}).") from None
    if path.suffix not in {".yaml", ".yml"}:
        try:
            return json.loads(text)
        except ValueError as error:
            raise EmulatorError(f"{path} is not JSON: {error}.", hint="A YAML file ends in .yaml or .yml.") from None
    from ruamel.yaml import YAML, YAMLError  # noqa: PLC0415 - only a YAML file needs it

    try:
        return cast("Any", YAML(typ="safe")).load(text)
    except YAMLError as error:
        raise EmulatorError(f"{path} is not YAML: {error}") from None
