"""`payloom studio`: a link that opens the studio once, made where the project is."""

from __future__ import annotations

import asyncio
import http.server
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.support.http_server import write_project
from tests.support.processes import payloom_process
from tests.support.processes.rehearsal import staging

from payloom.auth.studio_users import FIRST_EMAIL, StudioUsers
from payloom.db.database import open_database
from payloom.kit.clock import SystemClock
from payloom.settings.local import LocalState

if TYPE_CHECKING:
    from payloom.auth.accounts import Account


def studio(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return payloom_process.run("studio", "-C", folder, *options)


def opened(folder: Path, link: str) -> Account:
    """Use the link up."""
    token = parse_qs(urlsplit(link.strip()).query)["token"][0]

    async def work() -> Account:
        database = open_database(f"sqlite:///{folder}/data/payloom.sqlite")
        account, _ = await StudioUsers(database, SystemClock()).open(token)
        await database.close()
        return account

    return asyncio.run(work())


def test_the_link_signs_the_first_admin_in_who_is_made_if_there_is_none(tmp_path: Path) -> None:
    folder = write_project(tmp_path, {})
    answer = studio(folder)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("http://127.0.0.1:8000/studio/sign-in?token=")
    account = opened(folder, answer.stdout)
    assert (account.email, account.studio_role, account.roles) == (FIRST_EMAIL, "admin", ())
    assert opened(folder, studio(folder).stdout).id == account.id


class Healthy(http.server.BaseHTTPRequestHandler):
    """Answers as a server that runs."""

    def do_GET(self) -> None:
        """Answer 200."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *_values: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def test_on_a_server_the_link_has_the_address_that_browsers_reach(tmp_path: Path) -> None:
    folder = write_project(tmp_path, {})
    with http.server.HTTPServer(("127.0.0.1", 0), Healthy) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        LocalState(folder / "data").update(server={"pid": 1, "url": f"http://127.0.0.1:{running.server_port}"})
        answer = payloom_process.run("studio", "-C", folder, environment=staging())
        running.shutdown()
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("http://shop.example.test/studio/sign-in?token=")


def test_nobody_is_made_up_for_an_address_that_has_no_account(tmp_path: Path) -> None:
    answer = studio(write_project(tmp_path, {}), "--email", "nobody@shop.test")
    assert answer.returncode == 3
    assert answer.stdout == ""
    assert "nobody@shop.test" in answer.stderr
