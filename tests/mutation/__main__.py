"""Make one small fault at a time in the modules that guard money and safety, and see whether their tests notice.

    make mutate                                     every module, a sample of each
    make mutate ARGS="dedupe waits --all"           all faults of the modules whose path holds a word
    make mutate ARGS="lookup --line 96"             the faults of one line

It works on a copy of the sources. It exits 1 if a fault survives that `alive.txt` does not name.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest
from tests.mutation.operators import Fault, faults
from tests.mutation.table import MODULES, Measured

ROOT = Path(__file__).parents[2]
ALIVE = Path(__file__).with_name("alive.txt")
SOURCES = ("src", "emulator/src")
_OUTPUT = "pytest.txt"
"""Beside the copied sources: what the latest tests printed."""
_REWRITE = "ignore::pytest.PytestAssertRewriteWarning"
_PLUGINS = ("anyio", "timeout", "payloom.testing.plugin", "payloom_emulator.pytest_plugin")
_HEAVY = (
    "sqlalchemy.ext.asyncio",
    "psycopg",
    "fastapi",
    "stripe",
    "hypothesis",
    "aiohttp",
    "httpx",
    "uvicorn",
    "jinja2",
    "ruamel.yaml",
)
"""What is imported once, before the fork, and not again for each fault. Nothing of Payloom's."""


def main() -> int:
    """Measure what the command line names; returns the exit code."""
    arguments = _arguments()
    chosen = [module for module in MODULES if _named(module, arguments.words)]
    if not chosen:
        sys.exit(f"No module has {' or '.join(arguments.words)} in its path; tests/mutation/table.py lists them.")
    excused = _excused()
    for name in _HEAVY:
        importlib.import_module(name)
    gc.freeze()
    unexplained = 0
    with tempfile.TemporaryDirectory(prefix="payloom-mutate-") as folder:
        copied = Path(folder)
        for source in SOURCES:
            shutil.copytree(ROOT / source, copied / source)
        for module in chosen:
            unexplained += _measure(module, copied, arguments, excused)
    return 1 if unexplained else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutate", description="Count the small faults that the tests notice.")
    parser.add_argument("words", nargs="*", help="parts of the paths of the modules to measure (default: all)")
    parser.add_argument("--sample", type=int, default=30, help="faults for each module (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="which faults are in the sample (default: %(default)s)")
    parser.add_argument("--all", action="store_true", help="every fault")
    parser.add_argument("--line", type=int, help="only the faults of this line")
    parser.add_argument("--list", action="store_true", help="print the faults and make none")
    parser.add_argument("--postgres", action="store_true", help="run the tests on Postgres as well")
    return parser.parse_args()


def _named(module: Measured, words: list[str]) -> bool:
    return not words or any(word in module.source for word in words)


def _excused() -> set[tuple[str, str]]:
    """Return (module, line of its code and change) of each fault that may survive; the reason stands behind `#`."""
    result: set[tuple[str, str]] = set()
    for line in ALIVE.read_text().splitlines():
        if line and not line.startswith("#"):
            source, _, rest = line.split("#")[0].strip().partition(": ")
            result.add((source, rest))
    return result


def _measure(module: Measured, copied: Path, arguments: argparse.Namespace, excused: set[tuple[str, str]]) -> int:
    original = (ROOT / module.source).read_text()
    lines = original.splitlines()
    listed = [fault for fault in faults(original) if arguments.line in (None, fault.line)]
    if not arguments.all and arguments.line is None and len(listed) > arguments.sample:
        listed = sorted(random.Random(arguments.seed).sample(listed, arguments.sample), key=lambda fault: fault.line)
    if arguments.list:
        for fault in listed:
            print(f"{module.source}:{fault.line}: {fault.change}")
        return 0
    began = time.monotonic()
    if not _passes(module, copied, None, arguments.postgres):
        end = "\n".join((copied / _OUTPUT).read_text(errors="replace").splitlines()[-30:])
        sys.exit(f"{end}\nThe tests of {module.source} fail without a fault: {' '.join(module.tests)}.")
    limit = 10 + 3 * (time.monotonic() - began)
    noticed, survivors, explained = 0, 0, 0
    target = copied / module.source
    for fault in listed:
        target.write_text(fault.source)
        if not _passes(module, copied, limit, arguments.postgres):
            noticed += 1
        elif (module.source, _label(lines, fault)) in excused:
            explained += 1
        else:
            survivors += 1
            print(f"  survived  {module.source}:{fault.line}: {_label(lines, fault)}", flush=True)
    target.write_text(original)
    counted = noticed + survivors
    share = f"{100 * noticed // counted} %" if counted else "none"
    print(f"{module.source}: {noticed} of {counted} noticed ({share}), {explained} explained", flush=True)
    return survivors


def _label(lines: list[str], fault: Fault) -> str:
    return f"{lines[fault.line - 1].strip()[:90].split('#')[0].strip()} | {fault.change}"


def _passes(module: Measured, copied: Path, limit: float | None, postgres: bool) -> bool:
    """Run the module's tests against the copy, in a process of their own; False if one fails or they take too long."""
    child = os.fork()
    if child == 0:
        _run_tests(module, copied, postgres)
    ends = None if limit is None else time.monotonic() + limit
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        if ends is not None and time.monotonic() > ends:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return False
        time.sleep(0.02)


def _conftest(module: Measured) -> list[str]:
    """Unit tests take nothing from the fixtures of all tests, and start in a third of the time without them."""
    return ["--noconftest"] if all(test.startswith("tests/unit") for test in module.tests) else []


def _run_tests(module: Measured, copied: Path, postgres: bool) -> None:
    """Become a process of its own that runs pytest, and end with its exit code."""
    os.setpgid(0, 0)
    os.chdir(ROOT)
    places = [str(copied / source) for source in SOURCES]
    sys.path[:0] = places
    os.environ["PYTHONPATH"] = os.pathsep.join(places)
    # A fault may be written within the second and the size of the one before: what is compiled is never stored.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    output = os.open(copied / _OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    plugins = [part for name in _PLUGINS for part in ("-p", name)]
    marks = [] if postgres else ["-m", "not postgres and not browser"]
    keyword = ["-k", module.keyword] if module.keyword else []
    code = pytest.main(
        [
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "-W",
            _REWRITE,
            *plugins,
            *_conftest(module),
            *marks,
            *keyword,
            *module.tests,
        ]
    )
    os._exit(int(code))


if __name__ == "__main__":
    sys.exit(main())
