"""The order of tests: what every conftest at the top of a tests folder does with the items it collected."""

from __future__ import annotations

import collections

import pytest

FIRST = ("/tests/wheel/", "/tests/acceptance/")
"""Folders whose files take minutes, most of them waiting for processes: they run beside everything else."""


def order(items: list[pytest.Item]) -> None:
    """Run browser tests last: Playwright keeps a loop in the main thread, and tests with their own cannot follow.

    The longest of their files come first, and before all others those in FIRST: the workers, which take file by file,
    then end at about the same time.

    A server, a process, a browser or a timer on a busy machine may lose a race that a person would not notice, and what
    one test leaves behind may be collected during another, so each test has a second try. It is counted in the summary
    ("rerun"): a test that appears there again and again has a fault, or what it tests has.
    """
    lengths = collections.Counter(item.path for item in items)
    places = {path: _place(path.as_posix(), length) for path, length in lengths.items()}
    items.sort(key=lambda item: places[item.path])
    for item in items:
        if item.get_closest_marker("flaky") is None:
            item.add_marker(pytest.mark.flaky(reruns=1))


def _place(path: str, length: int) -> tuple[bool, bool, int]:
    in_browser = "/tests/browser/" in path
    comes_first = any(folder in path for folder in FIRST)
    return in_browser, not comes_first, -length if in_browser else 0
