"""`payloom emulator`: the local Stripe alone, for any project in any language."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from payloom.cli.output import reported


@reported
def emulator(
    port: Annotated[int, typer.Option(help="The port to listen on; 0 picks a free one.")] = 12111,
    store: Annotated[Path | None, typer.Option(help="Keep everything in this file.")] = None,
    webhook_url: Annotated[str | None, typer.Option(help="Where to send events.")] = None,
    webhook_secret: Annotated[str | None, typer.Option(help="The secret they are signed with (whsec_…).")] = None,
) -> None:
    """Run the local Stripe by itself."""
    from payloom.emulator.__main__ import main  # noqa: PLC0415

    arguments = ["--port", str(port)]
    arguments += ["--store", str(store)] if store else []
    arguments += ["--webhook-url", webhook_url] if webhook_url else []
    arguments += ["--webhook-secret", webhook_secret] if webhook_secret else []
    sys.exit(main(arguments))
