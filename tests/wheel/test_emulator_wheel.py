"""The wheel of the local Stripe in an environment that holds nothing but what the wheel asks for."""

from __future__ import annotations

import resource
import subprocess
import urllib.request
from pathlib import Path

import pytest
from tests.support.packages.wheel_environment import WheelEnvironment, build_wheel, install_wheels

import payloom_emulator

ROOT = Path(__file__).parents[2]
LARGEST = 60_000_000  # bytes
MOST = 3.5  # times what its libraries take to load: half a second where they take 0.14
# Has a C extension, and works without it.
MAY_BE_NATIVE = {"markupsafe"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> WheelEnvironment:
    folder = tmp_path_factory.mktemp("wheel")
    return install_wheels(folder / "env", build_wheel(ROOT / "emulator", folder))


def test_it_needs_no_sdk_no_database_no_locale_data_and_no_compiler(installed: WheelEnvironment) -> None:
    assert len(installed.needs) > 5
    unwanted = {"stripe", "dbos", "sqlalchemy", "babel", "pydantic", "uvloop", "payloom", "cryptography", "httptools"}
    assert not unwanted & installed.needs.keys()
    native = {n for n, d in installed.needs.items() if "Root-Is-Purelib: false" in (d.read_text("WHEEL") or "")}
    assert native <= MAY_BE_NATIVE


def test_it_is_light(installed: WheelEnvironment) -> None:
    size = sum(path.stat().st_size for path in installed.folder.rglob("*") if path.is_file() and not path.is_symlink())
    assert 1_000_000 < size < LARGEST


def test_it_says_its_version_and_its_options(installed: WheelEnvironment) -> None:
    assert installed.run("payloom-emulator", "--version").stdout == f"payloom-emulator {payloom_emulator.__version__}\n"
    assert "--webhook-secret" in installed.run("payloom-emulator", "--help").stdout


def test_it_starts_soon_after_its_libraries_and_takes_a_payment(installed: WheelEnvironment) -> None:
    # The processor's time, not the clock's: other tests run at the same time. The first start compiles the modules.
    # A machine can be slow: the measure is what its libraries alone take to load there.
    assert min(_start(installed) for _ in range(3)) < MOST * min(_load_libraries(installed) for _ in range(3))


def _load_libraries(installed: WheelEnvironment) -> float:
    """Import what the local Stripe is built on. Returns the seconds of processor time that took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = "import asyncio, starlette.applications, uvicorn.config, jinja2"
    subprocess.run([installed.folder / "bin" / "python", "-c", code], env=installed.variables, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _start(installed: WheelEnvironment) -> float:
    """Start it, make a payment, stop it. Returns the seconds of processor time that took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(
        [installed.folder / "bin" / "payloom-emulator", "--port", "0"],
        env=installed.variables,
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
