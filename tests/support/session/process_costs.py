"""What takes processor time in every test process and is not what the tests are about: certificates, hashes, parsers.

A client that verifies reads the machine's certificates, 20 ms for each `httpx.get`; here a process reads them once.
What is verified, and with what, stays the same. A password is hashed in 150 ms by design; here in one, by the same
algorithm. `tests/unit/auth/test_passwords.py` holds what a server does.

A command that a test invokes in its own process needs the parser of all commands, 50 ms to make; here a process makes
it once.

The YAML library takes 1 ms for a line. What it found in a text is remembered: the events, of which Payloom's own
reader makes new values each time.
"""

from __future__ import annotations

import contextlib
import functools
import ssl
from collections.abc import Iterable
from typing import Any

import argon2
import ruamel.yaml
import typer.main
import typer.testing

StrongHasher = argon2.PasswordHasher
_read = ssl.create_default_context
_parse_anew = ruamel.yaml.YAML.parse


def lower() -> None:
    """Share the certificates, parsers, and events of YAML, and hash passwords cheaply, from now on."""
    ruamel.yaml.YAML.parse = _parse  # pyright: ignore[reportAttributeAccessIssue] - it names the first parameter `self`
    ssl.create_default_context = _shared
    argon2.PasswordHasher = CheapHasher
    typer.testing._get_command = functools.cache(typer.main.get_command)  # pyright: ignore[reportPrivateImportUsage] - typer names it nowhere else


class CheapHasher(StrongHasher):
    """Hashes with the least that argon2id takes, where no figures are given."""

    def __init__(self, time_cost: int = 1, memory_cost: int = 8, parallelism: int = 1, **others: Any) -> None:
        super().__init__(time_cost, memory_cost, parallelism, **others)


def _shared(purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH, **sources: Any) -> ssl.SSLContext:
    if purpose is ssl.Purpose.SERVER_AUTH and list(sources) == ["cafile"] and sources["cafile"]:
        return _of_file(str(sources["cafile"]))
    return _read(purpose, **sources)


def _parse(reader: ruamel.yaml.YAML, stream: Any) -> Iterable[Any]:
    if isinstance(stream, str) and reader.typ == ["safe"] and reader.pure:
        with contextlib.suppress(Exception):  # what is read before the fault counts, too
            return _events(stream)
    return _parse_anew(reader, stream)


@functools.lru_cache(500)
def _events(text: str) -> list[Any]:
    """Return all events of a text that can be read to its end."""
    return list(_parse_anew(ruamel.yaml.YAML(typ="safe", pure=True), text))


@functools.cache
def _of_file(path: str) -> ssl.SSLContext:
    return _read(cafile=path)
