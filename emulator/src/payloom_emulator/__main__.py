"""`payloom-emulator`: serves the local Stripe and says where."""

# ruff: noqa: T201 - a command speaks by printing

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from payloom_emulator.core.config import (
    ANY_ADDRESS,
    DEFAULT_WEBHOOK_SECRET,
    WEBHOOK_HOSTS,
    EmulatorConfig,
    Endpoint,
    Key,
    new_control_key,
)
from payloom_emulator.options import CONTROL_KEY, KEYS, WEBHOOK_SECRETS, parser, secret_of

if TYPE_CHECKING:
    import argparse


def config_of(options: argparse.Namespace) -> EmulatorConfig:
    """Return the configuration the options describe."""
    endpoint_secrets = options.webhook_secret or secret_of(WEBHOOK_SECRETS).split()
    control_key = secret_of(CONTROL_KEY)
    urls = [(url, False) for url in options.webhook_url] + [(url, True) for url in options.connect_url]
    secrets = [*endpoint_secrets, *[DEFAULT_WEBHOOK_SECRET] * len(urls)]
    endpoints = tuple(
        Endpoint(url, secret, connect=connect) for (url, connect), secret in zip(urls, secrets, strict=False)
    )
    config = EmulatorConfig(
        every_address=options.host in ANY_ADDRESS,
        store=options.store,
        endpoints=endpoints,
        schedule=options.schedule,
        seed=options.seed,
        latency=options.latency,
        allowed_hosts=tuple(options.allow_host),
        webhook_hosts=(*options.allow_webhook_host, *os.environ.get(WEBHOOK_HOSTS, "").split()),
        own_ports_only=options.own_ports_only,
        control_key=control_key or new_control_key(),
        control_key_always=bool(control_key),
        keys=tuple(Key(key) for key in secret_of(KEYS).split()),
        any_key_here=options.any_key_here,
        rate_limit=options.rate_limit,
    )
    name, logo = options.business_name or config.business["name"], options.business_logo
    config = dataclasses.replace(config, business={**config.business, "name": name, "logo": logo})
    return dataclasses.replace(config, api_version=options.api_version) if options.api_version else config


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM. Returns the exit code: to be asked to stop is no failure."""
    options = parser().parse_args(argv)
    if options.webhook_secret:
        print(
            f"--webhook-secret is deprecated: every user of the machine sees it. Set {WEBHOOK_SECRETS}.",
            file=sys.stderr,
        )
    if options.wait is not None:
        return _wait(f"http://{_name_of(options.host)}:{options.port}", options.wait)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _serve(options)
    except KeyboardInterrupt:
        return 0


def _name_of(host: str) -> str:
    """Return the name by which programs of this machine reach the address it listens on."""
    name = "localhost" if host in ANY_ADDRESS else host
    return f"[{name}]" if ":" in name else name


def _wait(url: str, seconds: float) -> int:
    """Wait until the local Stripe at `url` answers; return 1 when it does not within `seconds`."""
    import httpx  # noqa: PLC0415 - only this option needs it

    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health", timeout=1, trust_env=False).is_success:
                return 0
        if time.monotonic() >= end:
            print(f"No local Stripe answered at {url} within {seconds:g} s.", file=sys.stderr)
            return 1
        time.sleep(0.1)


def _listen(host: str, port: int) -> socket.socket:
    if ":" not in host:
        return socket.create_server((host, port))
    both = host in ANY_ADDRESS and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=both)


def _serve(options: argparse.Namespace) -> int:
    try:
        listener = _listen(options.host, options.port)
    except OSError as error:
        print(
            f"Port {options.port} on {options.host} cannot be used ({error.strerror}). Give another --port, or 0.",
            file=sys.stderr,
        )
        return 2
    port = listener.getsockname()[1]
    url = (options.public_url or f"http://{_name_of(options.host)}:{port}").rstrip("/")
    from payloom_emulator.core.errors import EmulatorError  # noqa: PLC0415 - only this command needs the local Stripe
    from payloom_emulator.http import seed_file  # noqa: PLC0415 - a taken port is reported before anything loads
    from payloom_emulator.http.app import create_app  # noqa: PLC0415 - a taken port is reported before anything loads

    try:
        app = create_app(dataclasses.replace(config_of(options), base_url=url))
        if options.seed_file:
            seed_file.replay(app.state.emulator, Path(options.seed_file))
    except (EmulatorError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    import uvicorn  # noqa: PLC0415 - loads on first use

    from payloom_emulator.http.web_sockets.protocol import WebSocketProtocol  # noqa: PLC0415 - loads uvicorn

    emulator = app.state.emulator
    print(
        f"Local Stripe at {url}  (API version {emulator.config.api_version}, {len(emulator.router.routes)} operations)"
    )
    if emulator.config.keys:
        print(f"  keys             only those of {KEYS}")
    else:
        print(f"  secret key       {emulator.config.secret_key}   (any sk_test_…, rk_test_… works)")
        print(f"  publishable key  {emulator.config.publishable_key}")
    for endpoint in emulator.config.endpoints:
        print(f"  webhooks         {endpoint.url}  secret {endpoint.secret}")
    if not emulator.config.endpoints:
        print(f"  webhooks         none; --webhook-url URL sends them with secret {DEFAULT_WEBHOOK_SECRET}")
    if not emulator.config.control_key_always:
        print(f"  control key      {emulator.config.control_key}   (for callers on other machines)")
    sys.stdout.flush()
    server = uvicorn.Server(
        uvicorn.Config(app, ws=WebSocketProtocol, log_level="warning", access_log=False, server_header=False)
    )
    server.run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
