"""The editor's shop, served once for a module; every test finds its files as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.editor_client import FILES, EditorClient
from tests.support.http_server import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EditorClient]:
    """The running server, for tests that change nothing."""
    with running_server(tmp_path_factory.mktemp("shop"), FILES) as server:
        yield EditorClient(server)


@pytest.fixture
def desk(reader: EditorClient) -> Iterator[EditorClient]:
    """The running server; its files are put back afterwards."""
    yield reader
    reader.put_back()
