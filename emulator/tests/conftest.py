"""The order of the local Stripe's tests. Their fixture `stripe_emulator` comes from the package's own pytest plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.session import collection, process_costs, reports

if TYPE_CHECKING:
    from collections.abc import Generator


def pytest_configure() -> None:
    """Lower what every process of the tests costs."""
    process_costs.lower()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run browser tests last. When all tests run, the conftest of Payloom's tests orders them."""
    if not config.pluginmanager.has_plugin(str(config.rootpath / "tests" / "conftest.py")):
        collection.order(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make the report of a test one that every worker can hand over."""
    report = yield
    reports.make_encodable(report)
    return report
