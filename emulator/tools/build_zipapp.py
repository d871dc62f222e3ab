"""Packs the local Stripe and all it needs into one file that any Python 3.11 or newer runs, without an installation.

    python -m emulator.tools.build_zipapp dist/payloom-emulator.pyz

It takes the pinned packages of the environment it runs in, and only their Python. A compiled part stays out: each of
them works without its own.
"""

from __future__ import annotations

import argparse
import hashlib
import tomllib
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

SOURCE = Path(__file__).parents[1] / "src"
_LEFT_OUT = {".pyc", ".so", ".pyd", ".pyi", ".c"}
_TIME = (2020, 1, 1, 0, 0, 0)
"""Every file has this time, so that the same content gives the same archive."""

STARTER = '''"""Unpacks the local Stripe, once for each version, and starts it. What is unpacked starts faster than an archive."""

import atexit
import os
import shutil
import sys
import tempfile
import zipfile

STAMP = "{stamp}"


def unpacked():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    target = os.path.join(cache, "payloom-emulator", STAMP)
    if os.path.isdir(target):
        return target
    try:
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        beside = tempfile.mkdtemp(dir=os.path.dirname(target))
    except OSError:
        beside = target = tempfile.mkdtemp(prefix="payloom-emulator-")
        atexit.register(shutil.rmtree, target, True)
    with zipfile.ZipFile(os.path.dirname(os.path.abspath(__file__))) as archive:
        archive.extractall(beside)
    if beside != target:
        try:
            os.rename(beside, target)
        except OSError:  # another one was faster
            shutil.rmtree(beside, True)
    return target


if sys.version_info < (3, 11):
    sys.exit("The local Stripe needs Python 3.11 or newer; this is %d.%d." % sys.version_info[:2])
sys.path[0] = unpacked()
from payloom_emulator.__main__ import main

sys.exit(main())
'''


def needed() -> dict[str, Distribution]:
    """Return what the local Stripe needs, by name."""
    project = tomllib.loads((SOURCE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    distributions: dict[str, Distribution] = {}
    waiting: list[str] = list(project["dependencies"])
    while waiting:
        requirement = Requirement(waiting.pop())
        if requirement.name not in distributions and (not requirement.marker or requirement.marker.evaluate()):
            package = distribution(requirement.name)
            distributions[requirement.name] = package
            waiting += package.requires or []
    return distributions


def content() -> dict[str, bytes]:
    """Return what the archive holds: the path inside, and the bytes."""
    files = {str(path.relative_to(SOURCE)): path.read_bytes() for path in SOURCE.rglob("*") if _belongs(path)}
    for package in needed().values():
        for file in package.files or []:
            path = Path(str(package.locate_file(file)))
            if ".." not in file.parts and _belongs(path):
                files[str(file)] = path.read_bytes()
    return dict(sorted(files.items()))


def _belongs(path: Path) -> bool:
    return (
        path.is_file() and path.suffix not in _LEFT_OUT and path.name not in {"RECORD", "INSTALLER", "direct_url.json"}
    )


def build(target: Path) -> None:
    """Write the archive."""
    files = content()
    stamp = hashlib.sha256(b"".join(name.encode() + body for name, body in files.items())).hexdigest()[:16]
    files["__main__.py"] = STARTER.format(stamp=stamp).encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, body in files.items():
                archive.writestr(zipfile.ZipInfo(name, _TIME), body, zipfile.ZIP_DEFLATED)
    target.chmod(0o755)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build the local Stripe as one file.")
    parser.add_argument("target", type=Path, help="The file to write.")
    build(parser.parse_args().target)
