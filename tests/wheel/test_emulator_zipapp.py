"""The local Stripe in one file: no environment, no installation, and nothing compiled."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

from emulator.tools.build_zipapp import build

SEED = "calls:\n  - {path: /v1/customers, params: {name: Jenny}}\n"


def command(archive: Path, *options: str) -> list[str]:
    """Return the command that runs the file by a Python that sees no package but those in it."""
    return [str(Path(sys.base_prefix) / "bin" / "python3"), "-I", "-S", str(archive), *options]


def test_one_file_is_all_that_it_takes(tmp_path: Path) -> None:
    archive = tmp_path / "payloom-emulator.pyz"
    build(archive)
    assert archive.stat().st_size < 4_000_000
    with zipfile.ZipFile(archive) as content:
        assert not [name for name in content.namelist() if name.endswith((".so", ".pyd", ".pyc"))]
    (tmp_path / "seed.yaml").write_text(SEED)
    options = ("--port", "0", "--host", "0.0.0.0", "--seed-file", str(tmp_path / "seed.yaml"))
    variables = {"HOME": str(tmp_path)}
    with subprocess.Popen(command(archive, *options), env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split(" at ")[1].split()[0]
        assert url.startswith("http://localhost:")
        request = urllib.request.Request(f"{url}/v1/customers", headers={"Authorization": "Bearer sk_test_123"})
        with urllib.request.urlopen(request, timeout=20) as response:
            assert b'"Jenny"' in response.read()
        process.terminate()
    assert process.returncode == 0
    assert [path.name for path in tmp_path.glob(".cache/*")] == ["payloom-emulator"]
    # Where nothing can be written to the home, it starts all the same.
    version = subprocess.run(
        command(archive, "--version"), env={"HOME": str(archive)}, capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("payloom-emulator ")
