"""Make sure a Chromium is on this machine before the browser tests run: `python tests/ensure_chromium.py`.

The one without windows, where the platform has it, is the same engine at half of the processor time per page. Looks for
one first; installs it through the platform's own package manager otherwise; says what to do when it cannot.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = (
    *("chromium-headless-shell", "chrome-headless-shell"),
    *("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "msedge"),
)
_PLACES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find() -> str | None:
    """Return the path of a Chromium (or Chrome), or None. `PAYLOOM_CHROMIUM` wins."""
    chosen = os.environ.get("PAYLOOM_CHROMIUM")
    if chosen:
        return chosen if Path(chosen).exists() else None
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    return next((place for place in _PLACES if Path(place).exists()), None)


def _installers() -> Iterator[list[list[str]]]:
    root = [] if os.geteuid() == 0 else (["sudo", "-n"] if shutil.which("sudo") else None)
    if root is not None:
        if shutil.which("apt-get"):
            for package in ("chromium-headless-shell", "chromium"):
                yield [
                    [*root, "apt-get", "update", "-qq"],
                    [*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", package],
                ]
        if shutil.which("dnf"):
            yield [[*root, "dnf", "install", "-y", "-q", "chromium"]]
        if shutil.which("apk"):
            yield [[*root, "apk", "add", "-q", "chromium"]]
        if shutil.which("pacman"):
            yield [[*root, "pacman", "-S", "--noconfirm", "--needed", "chromium"]]
    if shutil.which("brew"):
        yield [["brew", "install", "--cask", "chromium"]]


def main() -> int:
    """Find or install; 0 when there is a browser."""
    if path := find():
        print(f"browser for the tests: {path}")
        return 0
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for commands in _installers():
        print(f"no Chromium found; running: {' && '.join(' '.join(command) for command in commands)}", flush=True)
        if all(subprocess.run(command, env=environment, check=False).returncode == 0 for command in commands):
            break
    if path := find():
        print(f"browser for the tests: {path}")
        return 0
    print(
        """\
The browser tests need Chromium and it could not be installed here.
Install Chromium or Chrome, or set PAYLOOM_CHROMIUM to its path, and run `make test` again.""",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
