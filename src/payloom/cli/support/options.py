"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PROJECT = Annotated[
    Path | None,
    typer.Option("--project", "-C", help="Project directory. Default: the nearest one above."),
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LIMIT = Annotated[int, typer.Option("--limit", "-n", min=1, max=500, help="Maximum number of rows.")]
