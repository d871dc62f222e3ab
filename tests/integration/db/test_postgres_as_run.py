"""Postgres as operators run it: two roles with least rights, encrypted connections, a pooler in transaction mode."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.support.http_server import write_project
from tests.support.ports import free_port
from tests.support.processes import payloom_process
from tests.support.processes.rehearsal import staging

from payloom.cli.support.deployment_checks import database_findings
from payloom.db.database import open_database
from payloom.settings.errors import BadSettings
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]
GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "postgres.md"
FILES = {
    "tables.yaml": "tables:\n  orders:\n    columns:\n      id: string primary\n      sum?: int\n",
    "actions/sums.py": '"""Sums."""\nfrom payloom import step\n\n\n@step\nasync def add_one(n: int) -> int:\n    """Add."""\n    return n + 1\n',
    "workflows/order.yaml": """\
name: Order
description: Takes an order, and adds in a step of its own.
on: {api: POST /orders, auth: none}
input: {id: string, n: int}
steps:
  - insert: orders
    values: {id: "${{ inputs.id }}"}
  - id: sum
    python: sums:add_one
    with: {n: "${{ inputs.n }}"}
  - wait: 20ms
  - update: orders
    where: {id: "${{ inputs.id }}"}
    set: {sum: "${{ sum }}"}
  - return: {sum: "${{ sum }}"}
""",
}
POOL = "postgres: {connections: 2, pooler: transaction}\n"


@contextlib.contextmanager
def served(root: Path, **variables: str) -> Iterator[str]:
    """Serve the project in staging; yield its address."""
    port = free_port()
    log = root / "serve.log"
    with log.open("wb") as output:
        words = ("serve", "-C", root, "--port", str(port))
        process = payloom_process.start(*words, stdout=output, stderr=output, environment=staging(**variables))
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 120
        while True:
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < end, log.read_text("utf-8")
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/readyz", timeout=10).is_success:
                    break
            threading.Event().wait(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def order(url: str, number: int) -> Any:
    """Place an order and return the answer."""
    answer = httpx.post(f"{url}/api/orders", json={"id": f"o{number}", "n": number}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def two_roles(postgres_url: str, postgres_server: str) -> Iterator[tuple[str, str]]:
    """The addresses of the migrating and of the serving role, made as the guide says."""
    name = conninfo_to_dict(postgres_url)["dbname"]
    (block,) = re.findall(r"```sql\n(CREATE ROLE.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    migrate, serve = f"migrate_{os.getpid()}", f"serve_{os.getpid()}"
    statements = re.sub(r"CREATE DATABASE.*?;\n\\connect payloom\n", "", block)
    statements = statements.replace("payloom_migrate", migrate).replace("payloom_serve", serve)
    statements = statements.replace("DATABASE payloom", f"DATABASE {name}").replace("'…'", "'x'")
    with psycopg.connect(postgres_url, autocommit=True) as database:
        database.execute(f"ALTER DATABASE {name} OWNER TO postgres")  # type: ignore[call-overload] - psycopg wants a literal; the name is the test's own
        for statement in statements.split(";\n"):
            if statement.strip():
                database.execute(statement)  # type: ignore[call-overload] - psycopg wants a literal; the name is the test's own
        database.execute(f"GRANT CREATE, CONNECT ON DATABASE {name} TO {migrate}")  # type: ignore[call-overload] - psycopg wants a literal; the name is the test's own
    try:
        yield (postgres_url.replace("postgres:@", f"{migrate}:x@"), postgres_url.replace("postgres:@", f"{serve}:x@"))
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as database:
            for role in (migrate, serve):
                database.execute(f"DROP OWNED BY {role} CASCADE")  # type: ignore[call-overload] - psycopg wants a literal; the name is the test's own
                database.execute(f"DROP ROLE {role}")  # type: ignore[call-overload] - psycopg wants a literal; the name is the test's own


def role_of(address: str) -> str:
    """Return what `payloom doctor` says of a database role."""

    async def look() -> str:
        database = open_database(address)
        try:
            findings = await database.read(lambda tx: list(database_findings(tx)))
        finally:
            await database.close()
        return next(finding.summary for finding in findings if finding.name == "role")

    return asyncio.run(look())


def test_a_role_that_can_change_no_table_serves_and_one_that_can_migrates(
    tmp_path: Path, two_roles: tuple[str, str]
) -> None:
    migrating, serving = two_roles
    root = write_project(tmp_path, FILES)
    early = payloom_process.run("serve", "--check", "-C", root, environment=staging(PAYLOOM_DATABASE_URL=serving))
    assert early.returncode != 0
    assert "payloom migrate" in early.stderr
    done = payloom_process.run("migrate", "-C", root, environment=staging(PAYLOOM_DATABASE_URL=migrating))
    assert done.returncode == 0, done.stderr
    with served(root, PAYLOOM_DATABASE_URL=serving) as url:
        assert order(url, 1) == {"sum": 2}
    assert "reads and writes rows only" in role_of(serving)
    assert "owns the tables" in role_of(migrating)
    with psycopg.connect(serving, autocommit=True) as database:
        for statement in (
            "DROP TABLE orders",
            "ALTER TABLE payloom_runs ADD x int",
            "CREATE TABLE x (y int)",
            "TRUNCATE orders",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.execute(statement)
    (root / "tables.yaml").write_text(FILES["tables.yaml"] + "      note?: string\n", "utf-8")
    late = payloom_process.run("serve", "--check", "-C", root, environment=staging(PAYLOOM_DATABASE_URL=serving))
    assert late.returncode != 0
    assert "payloom migrate" in late.stderr


def answers(port: int) -> bool:
    """Return whether something listens on a port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@pytest.fixture
def pooler(postgres_url: str) -> Iterator[str]:
    """The address of a PgBouncer in transaction mode, with fewer connections than its clients have."""
    program = shutil.which("pgbouncer") or pytest.skip("pgbouncer is not installed")
    parts = conninfo_to_dict(postgres_url)
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="payloom-pooler-"))
    (folder / "users.txt").write_text('"postgres" ""\n')
    settings = {
        "listen_addr": "127.0.0.1", "listen_port": port, "unix_socket_dir": "", "auth_type": "trust",
        "auth_file": folder / "users.txt", "pool_mode": "transaction", "default_pool_size": 3,
        "server_reset_query": "DISCARD ALL", "server_reset_query_always": 1,
    }  # fmt: skip
    lines = [f"shop = host={parts['host']} dbname={parts['dbname']} user=postgres", "[pgbouncer]"]
    lines += [f"{name} = {value}" for name, value in settings.items()]
    (folder / "pgbouncer.ini").write_text("\n".join(["[databases]", *lines, ""]))
    folder.chmod(0o755)
    sockets = Path(str(parts["host"]))
    mode = sockets.stat().st_mode
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    if user:  # it doesn't run as root, and another user has to reach the server's socket
        shutil.chown(folder, "nobody")
        sockets.chmod(0o711)
    process = subprocess.Popen([program, *user, folder / "pgbouncer.ini"], stderr=subprocess.DEVNULL)
    url = f"postgresql://postgres@127.0.0.1:{port}/shop"
    try:
        end = time.monotonic() + 60
        while not answers(port):
            assert time.monotonic() < end, "pgbouncer does not answer"
            threading.Event().wait(0.1)
        yield url
    finally:
        process.kill()
        process.wait()
        sockets.chmod(mode & 0o7777)
        shutil.rmtree(folder)


def test_runs_go_through_a_pooler_that_hands_out_another_session_each_time(
    tmp_path: Path, postgres_url: str, pooler: str
) -> None:
    root = write_project(tmp_path / "shop", FILES)
    with (root / "payloom.yaml").open("a", encoding="utf-8") as file:
        file.write(POOL)
    migrated = payloom_process.run("migrate", "-C", root, environment=staging(PAYLOOM_DATABASE_URL=postgres_url))
    assert migrated.returncode == 0, migrated.stderr
    with served(root, PAYLOOM_DATABASE_URL=pooler) as url:
        assert [order(url, number)["sum"] for number in range(20)] == list(range(1, 21))
        with psycopg.connect(postgres_url) as database:
            assert database.execute("SELECT count(*) FROM orders WHERE sum IS NOT NULL").fetchone() == (20,)
    assert "prepared statement" not in (root / "serve.log").read_text("utf-8")


HOSTS: list[tuple[str, bool]] = [
    ("postgresql://u:p@db.internal/shop", False),
    ("postgresql://u:p@db.internal/shop?sslmode=prefer", False),
    ("postgresql://u:p@db.internal/shop?sslmode=allow", False),
    ("postgres://u:p@10.0.0.5:5432/shop?connect_timeout=3", False),
    ("postgresql+psycopg://u:p@db.internal/shop", False),
    ("postgresql:///shop?host=db.internal", False),
    ("postgresql://u:p@db.internal/shop?sslmode=require", True),
    ("postgresql://u:p@db.internal/shop?sslmode=verify-ca", True),
    ("postgresql://u:p@db.internal/shop?sslmode=verify-full&sslrootcert=/x.pem", True),
    ("postgresql://u:p@db.internal/shop?sslmode=disable", True),
    ("postgresql://u:p@127.0.0.1/shop", True),
    ("postgresql://u:p@localhost:5433/shop", True),
    ("postgresql://u:p@[::1]/shop", True),
    ("postgresql:///shop", True),
    ("postgresql:///shop?host=/var/run/postgresql", True),
]


@pytest.mark.parametrize(("address", "allowed"), HOSTS)
def test_an_address_of_another_machine_says_how_it_is_encrypted(tmp_path: Path, address: str, allowed: bool) -> None:
    root = write_project(tmp_path, FILES)
    if allowed:
        assert load_settings(root, environ=staging(PAYLOOM_DATABASE_URL=address), keep=False)
    else:
        with pytest.raises(BadSettings, match="sslmode"):
            load_settings(root, environ=staging(PAYLOOM_DATABASE_URL=address), keep=False)
    assert load_settings(root, environ={"PAYLOOM_ENV": "dev", "PAYLOOM_DATABASE_URL": address}, keep=False)
