"""Lets the processes of one `payloom serve` answer `/metrics` for each other.

They share a port, so a scrape reaches any of them. Each serves its samples on a socket in a folder of the supervisor's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

LABEL = "process"
WITHIN = 1.0
"""Seconds that another process may take to answer."""
_OF_EACH_PROCESS = frozenset({"payloom_connections"})
"""Gauges that differ from process to process. All others are read from the database by the one that answers."""


class SharedMetrics:
    """The samples of this process, and a way to those of the others."""

    def __init__(self, folder: Path, process: str, registry: CollectorRegistry) -> None:
        """process: the number of this process among its siblings, from 1 on; a successor has the same."""
        self._folder = folder
        self._process = process
        self._registry = registry

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncGenerator[None]:
        """Serve the samples of this process while the block runs."""
        path = self._folder / f"{self._process}-{os.getpid()}.sock"
        server = await asyncio.start_unix_server(self._send, path)
        try:
            yield
        finally:
            server.close()
            path.unlink(missing_ok=True)

    async def _send(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(generate_latest(self._registry))
            await writer.drain()
        writer.close()

    async def exposition(self) -> bytes:
        """Return the samples of all processes; counters have the label `process`."""
        newest: dict[str, Path] = {}
        for path in sorted(self._folder.glob("*.sock"), key=_age):
            newest[path.name.split("-")[0]] = path  # during a replacement, the successor's
        newest.pop(self._process, None)
        texts = await asyncio.gather(*(_read(path) for path in newest.values()))
        others = ((process, text) for process, text in zip(newest, texts, strict=True) if text)
        return generate_latest(_Merged([(self._process, generate_latest(self._registry).decode()), *others]))


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


async def _read(path: Path) -> str:
    """Return the samples of a process; nothing if it is gone."""
    try:
        async with asyncio.timeout(WITHIN):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                return (await reader.read(-1)).decode()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return ""


class _Merged:
    """Collects the samples of several processes. The first one is the process that answers."""

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        self._texts = list(texts)

    def collect(self) -> Iterator[Metric]:
        """Yield each metric once, with the samples of all."""
        merged: dict[str, Metric] = {}
        for at, (process, text) in enumerate(self._texts):
            for family in text_string_to_metric_families(text):
                shared = family.type == "gauge" and family.name not in _OF_EACH_PROCESS
                if family.name.endswith("_created") or (shared and at):
                    continue
                metric = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    labels = sample.labels if shared else {**sample.labels, LABEL: process}
                    metric.add_sample(sample.name, labels, sample.value)
        yield from merged.values()
