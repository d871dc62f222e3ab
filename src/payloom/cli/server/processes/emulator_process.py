"""The local Stripe as a child process: started, waited for, stopped."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterable
from pathlib import Path

from payloom.cli.support.errors import ChildDied
from payloom.kit.clock import monotonic
from payloom.settings.private_files import private_file, private_folder

START_WITHIN = 60.0
STOP_WITHIN = 10.0


class LocalStripe:
    """A running local Stripe."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log

    def wait_ready(self) -> None:
        """Return once it answers; raises ChildDied with the end of its log."""
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = monotonic() + START_WITHIN
        while monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                with direct.open(f"{self.url}/_emulator", timeout=1):
                    return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.03)
        raise ChildDied(f"the local Stripe did not start: {self._last_words()}", hint=f"Its log is {self.log}.")

    def _last_words(self) -> str:
        try:
            lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            return "it said nothing"
        return lines[-1] if lines else "it said nothing"

    def stop(self) -> None:
        """Ask it to stop by closing its stdin, then insist."""
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def local_stripe(
    port: int,
    *,
    store: Path | None,
    webhook_url: str,
    webhook_secrets: Iterable[str],
    log: Path,
    business: tuple[str | None, str | None] = (None, None),
    keys: Iterable[str] = (),
) -> Generator[LocalStripe, None, None]:
    """Run a local Stripe on `port` while the block runs. It is starting when the block begins: call `wait_ready`.

    webhook_secrets: of the endpoint, and of the one for the events of connected accounts, at the same address.
    business: the name and the logo that its pages show.
    keys: the only ones that it takes from browsers and from other machines; without any, every test key.
    """
    private_folder(log.parent)
    private_file(log)
    command = [sys.executable, "-m", "payloom.cli.server.processes.parent_watchdog", "--port", str(port)]
    command += ["--store", str(store)] if store else []
    command += ["--webhook-url", webhook_url, "--connect-url", webhook_url, "--any-key-here"]
    command += ["--own-ports-only"]
    for option, value in zip(("--business-name", "--business-logo"), business, strict=True):
        command += [option, value] if value else []
    from payloom_emulator.options import KEYS, WEBHOOK_SECRETS

    # Every user of the machine sees a command line; the environment is the owner's alone.
    environment = {**os.environ, WEBHOOK_SECRETS: " ".join(webhook_secrets), KEYS: " ".join(keys)}
    for name in (WEBHOOK_SECRETS, KEYS):
        environment.pop(f"{name}_FILE", None)
    with log.open("wb") as output:
        # A session of its own: Ctrl-C reaches us alone, and we stop it after the server has finished its requests.
        process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    stripe = LocalStripe(process, f"http://127.0.0.1:{port}", log)
    try:
        yield stripe
    finally:
        stripe.stop()
