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
    items.sort(
        key=lambda item: (_in_browser(item), not _comes_first(item), -lengths[item.path] if _in_browser(item) else 0)
    )
    for item in items:
        if item.get_closest_marker("flaky") is None:
            item.add_marker(pytest.mark.flaky(reruns=1))


def _in_browser(item: pytest.Item) -> bool:
    return "/tests/browser/" in item.path.as_posix()


def _comes_first(item: pytest.Item) -> bool:
    return any(folder in item.path.as_posix() for folder in FIRST)
