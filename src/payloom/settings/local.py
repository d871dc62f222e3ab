"""What a project in development keeps in `data/local.json`: made-up secrets, the running server's addresses.

The secrets here open nothing outside this machine: the local Stripe's keys and webhook secret, and a token for the
command line.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from payloom.kit.json_types import is_dict
from payloom.settings.private_files import private_folder

LOCAL_FILE = "local.json"


class LocalState:
    """The file `data/local.json`, readable by its owner only. Written whole, by rename."""

    def __init__(self, data_dir: Path, *, keep: bool = True) -> None:
        """Open the file in `data_dir`; it is made when first needed. keep: False changes nothing on disk."""
        self.path = data_dir / LOCAL_FILE
        self._keep = keep

    def read(self) -> dict[str, Any]:
        """Return what is kept; an unreadable or broken file counts as empty."""
        try:
            state = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return state if is_dict(state) else {}

    def update(self, **values: Any) -> dict[str, Any]:
        """Lay `values` over what is kept (None removes a key) and return the whole."""
        merged = {key: value for key, value in {**self.read(), **values}.items() if value is not None}
        if not self._keep:
            return merged
        private_folder(self.path.parent)
        draft = self.path.with_suffix(f".{os.getpid()}.tmp")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(merged, file, indent=2)
        draft.replace(self.path)
        return merged

    def secret(self, name: str, prefix: str = "") -> str:
        """Return the secret kept under `name`, making it first if there is none."""
        value = self.read().get(name)
        if isinstance(value, str) and value:
            return value
        return str(self.update(**{name: prefix + secrets.token_hex(24)})[name])
