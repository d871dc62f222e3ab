"""What a shell, a pipe, or a service manager does to a command's streams: closed, full, unread, without UTF-8."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.support.processes import payloom_process

from payloom.cli.support.paths import template

MAIN = "\nfrom payloom.__main__ import main\nmain()\n"
STREAMS = {
    "stdout is closed": "os.close(1)\nsys.stdout = None",
    "stderr is closed": "os.close(2)\nsys.stderr = None",
    "stdin is closed": "os.close(0)\nsys.stdin = None",
    "all are closed": "os.closerange(0, 3)\nsys.stdin = sys.stdout = sys.stderr = None",
    "stdout has no UTF-8": "sys.stdout.reconfigure(encoding='ascii', errors='strict')",
    "stdout is full": "",
    "nobody reads stdout": "",
    "nobody reads stdout and stderr": "",
}
# One command for each way to write: text, a table, JSON, a whole file, messages only, an error, help.
COMMANDS: dict[str, tuple[str, int]] = {
    "text": ("explain timeout", 0),
    "a table": ("actions refunds", 0),
    "a table of a project": ("workflows -C {shop}", 0),
    "signs": ("doctor -C {shop}", 0),
    "JSON": ("schema settings", 0),
    "JSON with an accent": ("config --json -C {shop}", 0),
    "a version": ("--version", 0),
    "an error": ("explain no_such_code", 3),
    "an error as JSON": ("explain no_such_code --json", 3),
}
WRITES_NOTHING_THERE = {"an error"}
"""Its words go to stderr."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(shutil.copytree(template("shop"), tmp_path_factory.mktemp("streams") / "shop"))
    settings = root / "payloom.yaml"
    settings.write_text(settings.read_text("utf-8").replace("name: Corner Shop", "name: Café 🍰 Zoë"), "utf-8")
    return root


def played(line: str, stream: str, shop: Path) -> tuple[int, str, str]:
    """Run a command line with its streams in a state; return its exit code and what it printed."""
    reader, writer = os.pipe()
    os.close(reader)
    with (
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
        Path("/dev/full").open("wb") as full,
        os.fdopen(writer, "wb") as unread,
    ):
        output = full if stream == "stdout is full" else unread if stream.startswith("nobody reads") else stdout
        errors = unread if stream.endswith("stderr") and stream.startswith("nobody") else stderr
        words = line.format(shop=shop).split()
        process = payloom_process.start(
            *words, stdout=output, stderr=errors, program=f"import os, sys\n{STREAMS[stream]}{MAIN}"
        )
        code = process.wait(60)
        stdout.seek(0)
        stderr.seek(0)
        return code, stdout.read().decode(), stderr.read().decode()


@pytest.mark.parametrize("kind", COMMANDS)
@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_that_cannot_be_used_is_no_bug(stream: str, kind: str, shop: Path) -> None:
    line, usual = COMMANDS[kind]
    code, printed, messages = played(line, stream, shop)
    assert "bug" not in messages
    assert "Traceback" not in messages
    assert "Exception ignored" not in messages
    if stream == "stdout is full" and kind not in WRITES_NOTHING_THERE:
        assert (code, "No space left on device" in messages) == (4, True)
    elif stream.startswith("nobody reads") and (kind not in WRITES_NOTHING_THERE or stream.endswith("stderr")):
        assert code == 141
    else:
        assert code == usual
    if "JSON" in kind and stream in {"stdout has no UTF-8", "stderr is closed", "stdin is closed"}:
        assert json.loads(printed)


def test_text_without_utf8_is_still_data(shop: Path) -> None:
    code, printed, _ = played("config name --json -C {shop}", "stdout has no UTF-8", shop)
    assert code == 0
    assert "Café 🍰 Zoë" in json.dumps(json.loads(printed), ensure_ascii=False)


def test_a_closed_descriptor_is_given_to_no_file_of_the_project(shop: Path) -> None:
    """The next file that opens would get it, and with it whatever is printed: the database, for example."""
    program = (
        "import os, sys\n"
        + STREAMS["all are closed"]
        + "\nfrom payloom.cli.support.output import prepare_streams\nprepare_streams()\n"
        + "sys.exit(os.open(os.devnull, os.O_RDONLY))"
    )
    with tempfile.TemporaryFile() as output:
        process = payloom_process.start(stdout=output, stderr=output, program=program, cwd=shop)
        assert process.wait(60) > 2


NAMES = ("a [bold]b", "[/b]", "[red]x[/red]", ":smile:", "a b; echo", "$(id)")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_as_it_is(name: str, tmp_path: Path) -> None:
    result = payloom_process.run("init", name, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert str(tmp_path / name.removesuffix("/")) in result.stderr
    (words,) = [line.removeprefix("Next: ") for line in result.stderr.splitlines() if line.startswith("Next: ")]
    done = subprocess.run(
        ["sh", "-c", words.replace("payloom dev", "pwd")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert Path(done.stdout.strip()) == (tmp_path / name).resolve()


def test_ctrl_c_while_a_command_loads_ends_it_without_a_traceback() -> None:
    script = "import os, signal, threading; from payloom.__main__ import main; import sys; sys.argv = ['payloom', 'actions']\n"
    # What a shell starts in the background ignores Ctrl-C.
    script += "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    script += "class Interrupt:\n    def find_spec(self, name, path=None, target=None):\n"
    script += "        if name == 'payloom.cli.commands': os.kill(os.getpid(), signal.SIGINT)\n"
    script += "sys.meta_path.insert(0, Interrupt())\nmain()\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, "")
