"""`payloom studio`: a link that opens the studio once, made where the project is."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.support.http_server import write_project
from tests.support.processes import payloom_process

from payloom.auth.studio_users import FIRST_EMAIL, StudioUsers
from payloom.db.database import open_database
from payloom.kit.clock import SystemClock

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


def test_nobody_is_made_up_for_an_address_that_has_no_account(tmp_path: Path) -> None:
    answer = studio(write_project(tmp_path, {}), "--email", "nobody@shop.test")
    assert answer.returncode == 3
    assert answer.stdout == ""
    assert "nobody@shop.test" in answer.stderr
