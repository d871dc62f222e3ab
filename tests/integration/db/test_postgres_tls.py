"""Postgres with TLS: each `sslmode` against a certificate that fits, of another authority, or of another host."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import text
from tests.support.ports import free_port

from payloom.db.database import open_database
from payloom.db.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]
Signed = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def signed(name: str, authority: Signed | None = None) -> Signed:
    """Return a certificate with its key: of a host that the authority vouches for, or of an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if authority is None else authority[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
    )
    if authority is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(key if authority is None else authority[1], hashes.SHA256()), key


def write(folder: Path, name: str, pair: Signed) -> None:
    """Write a certificate and its key as `NAME.crt` and `NAME.key`."""
    (folder / f"{name}.crt").write_bytes(pair[0].public_bytes(serialization.Encoding.PEM))
    private = pair[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{name}.key").write_bytes(private)


@contextlib.contextmanager
def tls_server(folder: Path, programs: Path) -> Iterator[int]:
    """Start a Postgres that takes only encrypted connections, with `folder`'s `host` certificate; yield its port."""
    as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
    data, port = folder / "data", free_port()
    if as_user:
        subprocess.run(["chown", "-R", "nobody:nogroup", folder], check=True)
    (folder / "host.key").chmod(0o600)

    def run(program: str, *words: str | Path) -> None:
        subprocess.run([*as_user, programs / program, *words], check=True, capture_output=True, cwd=folder, timeout=120)

    run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync")
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 trust\n")
    settings = {
        "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "ssl": "on",
        "ssl_cert_file": folder / "host.crt", "ssl_key_file": folder / "host.key",
    }  # fmt: skip
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    run("pg_ctl", "-D", data, "-w", "-l", folder / "log", "start")
    try:
        yield port
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")


@pytest.fixture(scope="module")
def encrypted() -> Iterator[tuple[Path, int]]:
    """A folder with the authorities `ours.crt` and `other.crt`, and the port of a server called `db.test`."""
    newest = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None)
    if newest is None or not shutil.which("setpriv"):
        pytest.skip("the Postgres of the tests has no TLS, and the system has none")
    folder = Path(tempfile.mkdtemp(prefix="payloom-tls-"))
    folder.chmod(0o755)
    authority = signed("Our authority")
    write(folder, "ours", authority)
    write(folder, "other", signed("Another authority"))
    write(folder, "host", signed("db.test", authority))
    try:
        with tls_server(folder, newest.parent) as port:
            yield folder, port
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# sslmode, the authority, the host's name in the address, and what the refusal says; None: it connects.
CONNECTIONS: list[tuple[str, str | None, str, str | None]] = [
    ("disable", None, "db.test", "without TLS"),
    ("require", None, "db.test", None),
    ("require", None, "shop.test", None),
    ("require", "other", "db.test", "an authority that is not trusted here"),
    ("verify-ca", "ours", "db.test", None),
    ("verify-ca", "ours", "shop.test", None),
    ("verify-ca", "other", "db.test", "an authority that is not trusted here"),
    ("verify-ca", "missing", "db.test", "file of trusted authorities cannot be read"),
    ("verify-full", "ours", "db.test", None),
    ("verify-full", "ours", "shop.test", "names another host"),
    ("verify-full", "other", "db.test", "an authority that is not trusted here"),
    ("verify-full", "missing", "db.test", "file of trusted authorities cannot be read"),
]


@pytest.mark.parametrize(("mode", "authority", "host", "refusal"), CONNECTIONS)
def test_a_connection_is_as_safe_as_its_sslmode_says(
    encrypted: tuple[Path, int], mode: str, authority: str | None, host: str, refusal: str | None
) -> None:
    folder, port = encrypted
    address = f"postgresql://postgres:hunter2@{host}:{port}/postgres?hostaddr=127.0.0.1&sslmode={mode}"
    if authority is not None:
        address += f"&sslrootcert={folder / authority}.crt"

    async def connect() -> bool:
        database = open_database(address)
        try:
            return await database.read(
                lambda tx: bool(tx.scalar(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")))
            )
        finally:
            await database.close()

    if refusal is None:
        assert asyncio.run(connect())
        return
    with pytest.raises(DatabaseUnavailable) as refused:
        asyncio.run(connect())
    assert refusal in str(refused.value)
    for private in ("hunter2", "127.0.0.1", host, str(port)):
        assert private not in str(refused.value)


NO_DATABASE: list[tuple[str, str]] = [
    ("postgresql://postgres@127.0.0.1:{port}/nowhere?sslmode=require", "no such database"),
    ("postgresql://nobody@127.0.0.1:{port}/postgres?sslmode=require", "no such user"),
    ("postgresql://postgres@db.invalid:{port}/postgres?sslmode=require", "host name is not known"),
    ("postgresql://postgres@127.0.0.1:1/postgres?sslmode=require", "nothing listens"),
    ("postgresql://postgres@127.0.0.1:{port}/template0?sslmode=require", "did not answer"),
]


@pytest.mark.parametrize(("address", "reason"), NO_DATABASE)
def test_a_database_that_cannot_be_reached_says_why(encrypted: tuple[Path, int], address: str, reason: str) -> None:
    async def connect() -> None:
        database = open_database(address.format(port=encrypted[1]))
        try:
            await database.read(lambda tx: tx.scalar(text("SELECT 1")))
        finally:
            await database.close()

    with pytest.raises(DatabaseUnavailable, match=reason):
        asyncio.run(connect())
