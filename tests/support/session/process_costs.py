"""What takes processor time in every test process and is not what the tests are about: certificates, hashes, parsers.

A client that verifies reads the machine's certificates, 20 ms for each `httpx.get`; here a process reads them once.
What is verified, and with what, stays the same. A password is hashed in 150 ms by design; here in one, by the same
algorithm. `tests/unit/auth/test_passwords.py` holds what a server does.

A command that a test invokes in its own process needs the parser of all commands, 50 ms to make; here a process makes
it once.
"""

from __future__ import annotations

import functools
import ssl
from typing import Any

import argon2
import typer.main
import typer.testing

StrongHasher = argon2.PasswordHasher
_read = ssl.create_default_context


def lower() -> None:
    """Share the certificates and parsers, and hash passwords cheaply, from now on."""
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


@functools.cache
def _of_file(path: str) -> ssl.SSLContext:
    return _read(cafile=path)
