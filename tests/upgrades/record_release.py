"""Records what a release leaves in its databases, for later releases to upgrade.

    python -m tests.upgrades.record_release        (once, when a release is made; docs/contribute/release.md)

Writes `recorded/VERSION/`: the project, its SQLite file, and a dump of its Postgres database. In both are an order that
is done, one whose run sleeps, one that waits for an approval, a stored event, an email, and sealed values.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from tests.support.http_server import write_project
from tests.support.ports import free_port
from tests.support.postgres import fresh_database, server, tools
from tests.support.processes.rehearsal import staging

from payloom import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RECORDED = Path(__file__).parent / "recorded"
SQLITE, POSTGRES = "payloom.sqlite.gz", "payloom.sql.gz"
DATABASE = "data/payloom-staging.sqlite"
TOKEN = "a-long-admin-token-of-the-recording"
SLEEP = 4
FILES = {
    "tables.yaml": """\
tables:
  orders:
    columns:
      id: string primary
      status: string = new
      weight: number = 0
""",
    "emails/receipt.mjml.j2": """\
---
subject: "Order {{ id }}"
---
<mjml><mj-body><mj-section><mj-column><mj-text>Thanks for {{ id }}</mj-text></mj-column></mj-section></mj-body></mjml>
""",
    "workflows/order.yaml": f"""\
name: Order
description: Takes an order, sends a receipt, and closes the order after a pause.
on: {{api: POST /orders, auth: none}}
input: {{id: string, password: string}}
steps:
  - insert: orders
    values: {{id: "${{{{ inputs.id }}}}", weight: 12.5}}
  - email: receipt
    to: ada@example.com
    data: {{id: "${{{{ inputs.id }}}}"}}
  - respond: {{id: "${{{{ inputs.id }}}}"}}
  - wait: {SLEEP}s
  - update: orders
    where: {{id: "${{{{ inputs.id }}}}"}}
    set: {{status: closed}}
""",
    "workflows/paid.yaml": """\
name: Paid
description: Notes a payment.
on: {stripe: payment_intent, actions: [succeeded], fresh: false}
steps:
  - insert: orders
    values: {id: "${{ object.id }}", status: paid}
""",
}


def variables(**more: str) -> dict[str, str]:
    """Return the environment of the recorded server, which is also that of the one that upgrades."""
    return staging(PAYLOOM_ADMIN_TOKEN=TOKEN, **more)


@contextlib.contextmanager
def served(root: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve a project, and let its process die at the end."""
    port = free_port()
    with (root / "serve.log").open("ab") as log:
        words = [sys.executable, "-m", "payloom", "serve", "-C", str(root), "--port", str(port)]
        process = subprocess.Popen(words, env=dict(environment), stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 180
        while True:
            assert process.poll() is None, (root / "serve.log").read_text("utf-8")
            assert time.monotonic() < end, (root / "serve.log").read_text("utf-8")
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/readyz", timeout=20).is_success:
                    break
            threading.Event().wait(0.1)
        yield url
    finally:
        process.kill()
        process.wait()


def runs(url: str) -> dict[str, Any]:
    """Return the status of each run, by the order's id."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    listed = httpx.get(f"{url}/api/_payloom/runs", headers=headers, timeout=60).json()["data"]
    return {run["id"]: run["status"] for run in listed}


def play(root: Path, environment: Mapping[str, str]) -> None:
    """Leave behind an order that is closed, and one whose run sleeps."""
    with served(root, environment) as url:
        order(url, "first")
        end = time.monotonic() + 60
        while set(runs(url).values()) != {"succeeded"}:
            assert time.monotonic() < end
            threading.Event().wait(0.1)
        order(url, "second")
        assert "waiting" in runs(url).values(), "the machine is too slow: its run is over"


def order(url: str, name: str) -> None:
    """Place an order."""
    answer = httpx.post(f"{url}/api/orders", json={"id": name, "password": "hunter2-of-ada"}, timeout=60)
    assert answer.status_code == 200, answer.text


def main() -> int:
    """Record both databases of the current version."""
    warnings.simplefilter("ignore")
    target = RECORDED / __version__
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="payloom-record-") as folder:
        root = write_project(Path(folder) / "shop", FILES)
        play(root, variables())
        backup = subprocess.run(
            [sys.executable, "-m", "payloom", "backup", folder, "-C", root, "--json"],
            env=variables(), check=True, capture_output=True,
        )  # fmt: skip
        shutil.unpack_archive(json.loads(backup.stdout)["file"], folder)
        write(target / SQLITE, (Path(folder) / "database.sqlite").read_bytes())
        with server(Path(folder) / "postgres") as address, fresh_database(address) as url:
            play(root, variables(PAYLOOM_DATABASE_URL=url))
            dump = subprocess.run(
                [tools() / "pg_dump", "--inserts", "--no-owner", "--no-privileges", url],
                check=True,
                capture_output=True,
            )
            statements = [line for line in dump.stdout.splitlines(keepends=True) if not line.startswith(b"\\")]
            write(target / POSTGRES, b"".join(statements))
    print({path.name: path.stat().st_size for path in target.iterdir()}, os.linesep)
    return 0


def write(path: Path, content: bytes) -> None:
    """Write a compressed file, the same for the same content."""
    path.write_bytes(gzip.compress(content, 9, mtime=0))


if __name__ == "__main__":
    sys.exit(main())
