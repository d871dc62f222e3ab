"""The wheel of the local Stripe in an environment that holds nothing but what the wheel asks for.

The environment is filled from the packages of the one that runs the tests, so that no network is needed.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import re
import resource
import shutil
import subprocess
import sys
import urllib.request
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import payloom_emulator

ROOT = Path(__file__).parents[2]
LARGEST = 60_000_000  # bytes
SLOWEST = 0.5  # seconds
# Has a C extension, and works without it.
MAY_BE_NATIVE = {"markupsafe"}


@dataclasses.dataclass(frozen=True)
class Installed:
    """The environment: its folder, and the distributions that the wheel asked for."""

    folder: Path
    needs: dict[str, importlib.metadata.Distribution]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command and return what it printed."""
        return subprocess.run(
            [self.folder / "bin" / "payloom-emulator", *arguments],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def _closure(requirements: list[str]) -> dict[str, importlib.metadata.Distribution]:
    """Return every distribution that these requirements lead to, by name."""
    needs: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(requirements)
    while waiting:
        requirement = Requirement(waiting.pop())
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        distribution = importlib.metadata.distribution(requirement.name)
        if _name(requirement.name) not in needs:
            needs[_name(requirement.name)] = distribution
            waiting += distribution.requires or []
    return needs


def _copy(distribution: importlib.metadata.Distribution, target: Path) -> None:
    for file in distribution.files or []:
        if ".." not in file.parts and file.suffix != ".pyc":
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(distribution.locate_file(file)), target / file)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT / "emulator", check=True, capture_output=True, timeout=60)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        needs = _closure(Parser().parsestr(archive.read(metadata).decode()).get_all("Requires-Dist") or [])
    venv.create(folder / "env")
    (packages,) = (folder / "env" / "lib").glob("python*/site-packages")
    for distribution in needs.values():
        _copy(distribution, packages)
    python = folder / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, timeout=60)
    return Installed(folder / "env", needs)


def test_it_needs_no_sdk_no_database_no_locale_data_and_no_compiler(installed: Installed) -> None:
    assert len(installed.needs) > 5
    unwanted = {"stripe", "dbos", "sqlalchemy", "babel", "pydantic", "uvloop", "payloom", "cryptography", "httptools"}
    assert not unwanted & installed.needs.keys()
    native = {n for n, d in installed.needs.items() if "Root-Is-Purelib: false" in (d.read_text("WHEEL") or "")}
    assert native <= MAY_BE_NATIVE


def test_it_is_light(installed: Installed) -> None:
    size = sum(path.stat().st_size for path in installed.folder.rglob("*") if path.is_file() and not path.is_symlink())
    assert 1_000_000 < size < LARGEST


def test_it_says_its_version_and_its_options(installed: Installed) -> None:
    assert installed.run("--version").stdout == f"payloom-emulator {payloom_emulator.__version__}\n"
    assert "--webhook-secret" in installed.run("--help").stdout


def test_it_starts_in_under_half_a_second_and_takes_a_payment(installed: Installed) -> None:
    # The processor's time, not the clock's: other tests run at the same time. The first start compiles the modules.
    assert min(_start(installed) for _ in range(3)) < SLOWEST


def _start(installed: Installed) -> float:
    """Start it, make a payment, stop it. Returns the seconds of processor time that took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(
        [installed.folder / "bin" / "payloom-emulator", "--port", "0"],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split(" at ")[1].split()[0]
        body = "amount=2000&currency=usd&confirm=true&payment_method=pm_card_visa&return_url=https://shop.example"
        request = urllib.request.Request(f"{url}/v1/payment_intents", body.encode())
        request.add_header("Authorization", "Bearer sk_test_wheel")
        with urllib.request.urlopen(request, timeout=20) as response:
            assert b'"succeeded"' in response.read()
        process.terminate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
