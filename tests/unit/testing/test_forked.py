"""The plugin that runs the tests of this repository in several processes reports what one process would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLUGINS = ("xdist", "payloom", "payloom_emulator", "schemathesis", "hypothesispytest", "cacheprovider")
"""What a run of these small files does not need; xdist has threads."""
FILES = {
    "conftest.py": """
import os, pathlib, pytest

@pytest.fixture(scope="session")
def mark():
    yield os.getpid()
    with (pathlib.Path(__file__).parent / "ended").open("a") as file:
        file.write(f"{os.getpid()}\\n")
""",
    "test_a.py": """
import os, pathlib, pytest
HERE = pathlib.Path(__file__).parent

def test_passes(mark, tmp_path):
    assert mark == os.getpid() != os.getppid()

def test_prints_and_fails():
    print("what it printed")
    assert sorted([1, 2]) == [2, 1], "in the wrong order"

@pytest.mark.flaky(reruns=1)
def test_succeeds_with_a_second_try():
    seen = HERE / "seen"
    if not seen.exists():
        seen.write_text("")
        raise ValueError("the first try")

@pytest.mark.skip(reason="not today")
def test_is_skipped(): ...

@pytest.mark.xfail(strict=True)
def test_fails_as_expected():
    assert False

def test_has_parts(subtests):
    for number in range(3):
        with subtests.test(number=number):
            assert number != 1
""",
    "test_b.py": """
import os, signal, pytest

@pytest.fixture
def broken():
    yield
    raise RuntimeError("at its end")

def test_before(mark): ...

def test_that_kills_its_process():
    os.kill(os.getpid(), signal.SIGKILL)

def test_after(mark): ...

def test_with_a_broken_end(broken): ...
""",
    "test_c.py": """
import pytest

@pytest.mark.parametrize("number", range(40))
def test_number(number, mark, tmp_path):
    assert list(tmp_path.iterdir()) == []
""",
}
FAULTY_SESSION = {
    "conftest.py": """
import pytest

@pytest.fixture(scope="session")
def mark():
    yield
    raise RuntimeError("the session ends badly")
""",
    "test_a.py": "def test_it(mark): ...\n",
}


def run(folder: Path, files: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder with these files."""
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    unneeded = [word for name in PLUGINS for word in ("-p", f"no:{name}")]
    command = [sys.executable, "-m", "pytest", *unneeded, "-p", "tests.support.session.forked", "-c", "/dev/null"]
    # Its own temporary folder: three of pytest's are kept, whoever makes the next one.
    own = [f"--rootdir={folder}", f"--basetemp={folder / 'temporary'}", "-rfEsxpPR", *words, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, *own], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A run in three processes, and its folder."""
    folder = tmp_path_factory.mktemp("forked")
    return folder, run(folder, FILES, "--forks", "3")


def test_each_test_is_counted_once_with_its_outcome(outcome: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    done = outcome[1]
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    ends = done.stdout.splitlines()[-1]
    counts = ("3 failed", "46 passed", "1 skipped", "1 xfailed", "1 error", "1 rerun")
    assert [count for count in counts if count not in ends] == [], ends


@pytest.mark.parametrize(
    "line",
    [
        "FAILED test_a.py::test_prints_and_fails - AssertionError: in the wrong order",
        "RERUN test_a.py::test_succeeds_with_a_second_try",
        "PASSED test_a.py::test_succeeds_with_a_second_try",
        "SKIPPED [1] test_a.py:19: not today",
        "XFAIL test_a.py::test_fails_as_expected",
        "SUBFAILED(number='1') test_a.py::test_has_parts - assert 1 != 1",
        "PASSED test_b.py::test_before",
        "FAILED test_b.py::test_that_kills_its_process",
        "PASSED test_b.py::test_after",
        "ERROR test_b.py::test_with_a_broken_end - RuntimeError: at its end",
        "its process ended with -9",
        "what it printed",
    ],
)
def test_the_report_has_a_line(outcome: tuple[Path, subprocess.CompletedProcess[str]], line: str) -> None:
    assert [text for text in outcome[1].stdout.splitlines() if text.startswith(line)] != [], outcome[1].stdout


def test_each_process_ends_what_lived_as_long_as_its_session(
    outcome: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    ended = (outcome[0] / "ended").read_text("utf-8").splitlines()
    assert len(ended) == len(set(ended)) == 3, "of four processes, one was killed"


def test_a_fixture_of_the_session_that_ends_badly_fails_the_run(tmp_path: Path) -> None:
    done = run(tmp_path, FAULTY_SESSION, "--forks", "2")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert "RuntimeError: the session ends badly" in done.stdout
    assert "1 passed, 1 error" in done.stdout.splitlines()[-1]


def test_a_run_that_is_to_stop_at_the_first_failure_stops(tmp_path: Path) -> None:
    files = {
        "test_a.py": "def test_it():\n    assert False\n\ndef test_more(): ...\n",
        "test_b.py": "def test_b(): ...\n",
    }
    done = run(tmp_path, files, "--forks", "1", "-x")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "stopping after 1 failures" in done.stdout
    assert "1 failed" in done.stdout.splitlines()[-1]
    assert "passed" not in done.stdout.splitlines()[-1]
