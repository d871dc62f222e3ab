"""The options of `payloom-emulator`. `payloom emulator` offers the same ones, read from this declaration."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from payloom_emulator import __version__

WEBHOOK_SECRETS = "PAYLOOM_EMULATOR_WEBHOOK_SECRETS"
"""The environment variable that holds the webhook secrets when no option gives them."""
KEYS = "PAYLOOM_EMULATOR_KEYS"
"""The environment variable that holds the only keys to take, separated by blanks. Without it, any test key is taken."""


CONTROL_KEY = "PAYLOOM_EMULATOR_CONTROL_KEY"
"""The environment variable that sets the key of the control API, and asks all of its callers for it."""


def secret_of(name: str) -> str:
    """Return the value of an environment variable with secrets, or what is in the file that `NAME_FILE` names.

    Raises OSError if there is no such file.
    """
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text("utf-8").strip()
    return os.environ.get(name, "")


def control_headers() -> dict[str, str]:
    """Return the headers for a call of the control API: the key of the environment, if there is one."""
    key = secret_of(CONTROL_KEY)
    return {"authorization": f"Bearer {key}"} if key else {}


def _add_webhooks(add: Callable[..., object]) -> None:
    """Add the options on where events go."""
    add("--webhook-url", action="append", default=[], metavar="URL", help="Send events here (repeatable).")
    add(
        "--webhook-secret",
        action="append",
        default=[],
        metavar="whsec_…",
        help="Deprecated: every user of the machine sees it. Set PAYLOOM_EMULATOR_WEBHOOK_SECRETS, or PAYLOOM_EMULATOR_WEBHOOK_SECRETS_FILE to a file: a secret for each URL.",
    )
    add(
        "--connect-url",
        action="append",
        default=[],
        metavar="URL",
        help="Send the events of connected accounts here (repeatable). Its secrets follow those of --webhook-url.",
    )
    add(
        "--allow-webhook-host",
        action="append",
        default=[],
        metavar="NAME",
        help="Also send events to this host or host:port, '*' to any (repeatable); else only to this machine and those of --webhook-url.",
    )
    add(
        "--own-ports-only",
        action="store_true",
        help="Of this machine, only the ports of --webhook-url, --connect-url and --allow-webhook-host get events.",
    )


def _add_business(add: Callable[..., object]) -> None:
    """Add the options on whose name the pages show."""
    add("--business-name", metavar="NAME", help="Whose name Checkout, invoices and the other pages show.")
    add(
        "--business-logo", metavar="FILE", help="Whose logo they show: a picture (PNG, SVG, JPEG, WebP) or its address."
    )


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command = argparse.ArgumentParser(prog="payloom-emulator", description="A local Stripe.")
    add = command.add_argument
    add("--host", default="127.0.0.1", help="Address to listen on.")
    add("--port", type=int, default=12111, help="Port to listen on; 0 picks a free one.")
    add(
        "--public-url",
        metavar="URL",
        help="Where browsers reach it; links in objects begin with it. Else --host (localhost for all addresses) and --port.",
    )
    _add_business(add)
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="Also answer under this host name (repeatable).",
    )
    add("--store", metavar="FILE", help="Keep everything in this file; in memory without it.")
    _add_webhooks(add)
    add(
        "--any-key-here",
        action="store_true",
        help="Where PAYLOOM_EMULATOR_KEYS holds keys: take any test key from programs of this machine, never from a browser.",
    )
    add("--api-version", metavar="VERSION", help="The account's API version, used when a request names none.")
    add("--schedule", default="quick", choices=("quick", "sandbox", "live", "none"), help="When webhooks are retried.")
    add("--seed", type=int, help="Make identifiers and faults repeatable.")
    add(
        "--seed-file",
        metavar="FILE",
        help='Make the calls of this file first, YAML or JSON: {"calls": [{"method", "path", "params", "as"}]}.',
    )
    add(
        "--wait",
        type=float,
        metavar="SECONDS",
        help="Start nothing: wait for at most this long until the one at --host and --port answers.",
    )
    add("--latency", type=float, default=0.0, help="Seconds added to each answer.")
    add("--rate-limit", type=int, help="Calls a second before the answer is 429.")
    add("--version", action="version", version=f"payloom-emulator {__version__}", help="Show the version and exit.")
    return command
