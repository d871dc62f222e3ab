"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PROJECT = Annotated[
    Path | None, typer.Option("--project", "-C", help="The project's folder; default: the one around you.")
]
JSON = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
LIMIT = Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="How many at most.")]
