"""Packages that load rich and pygments wherever these are installed, loaded without them.

structlog would have them for coloured tracebacks (ours are plain), httpx for a command line, alembic for errors in its
templates. They take 7 MB in every server. `from payloom.kit.lean import httpx, structlog`
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import alembic
    import httpx
    import structlog

__all__ = ["alembic", "httpx", "structlog"]

_DRESSING = ("rich", "pygments")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    modules: dict[str, Any] = sys.modules
    hidden = [one for one in _DRESSING if one not in modules]
    # None stands for a package that is not there, which all three are prepared for.
    modules.update(dict.fromkeys(hidden))
    try:
        found = globals()[name] = importlib.import_module(name)
    finally:
        for one in hidden:
            del modules[one]
    return found
