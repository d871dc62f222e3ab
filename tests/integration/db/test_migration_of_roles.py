"""One list of roles becomes two: nobody loses a role of the project, and the studio's role has a place of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from payloom.auth.accounts import find_account
from payloom.db.migrate import FOLDER, migrate

if TYPE_CHECKING:
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

BEFORE = "0008"
ACCOUNTS: dict[str, tuple[str, tuple[str, ...], str | None]] = {
    "customer": ("[]", (), None),
    "clerk": ('["clerk", "support"]', ("clerk", "support"), None),
    "viewer": ('["viewer"]', ("viewer",), "viewer"),
    "editor": ('["clerk", "editor", "viewer"]', ("clerk", "editor", "viewer"), "editor"),
    "boss": ('["admin", "editor"]', ("admin", "editor"), "admin"),
    "administrator": ('["administrator"]', ("administrator",), None),
}
"""By name: the list as it was stored, the project's roles afterwards, and the role in the studio."""

INSERT = """
    INSERT INTO payloom_accounts (id, email, email_key, roles, disabled, created_at, verified_at)
    VALUES (:id, :email, :email, :roles, false, :at, :at)
"""


def downgrade(database: Database) -> None:
    """Give the database the shape of the version before."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with database.engine.connect().execution_options(payloom_begin="BEGIN IMMEDIATE") as conn, conn.begin():
        config.attributes["connection"] = conn
        command.downgrade(config, BEFORE)
        for name, (stored, _, _) in ACCOUNTS.items():
            conn.execute(
                sa.text(INSERT),
                {"id": name, "email": f"{name}@shop.test", "roles": stored, "at": "2026-01-01 00:00:00.000000+00:00"},
            )


@pytest.fixture
async def before(database: Database) -> Database:
    """A database of the version before, with accounts."""
    downgrade(database)
    return database


@pytest.mark.parametrize("name", ACCOUNTS)
async def test_roles_stay_and_the_strongest_of_the_studio_moves(before: Database, name: str) -> None:
    assert await migrate(before)
    account = await before.read(lambda tx: find_account(tx, account_id=name))
    assert account is not None
    assert (account.roles, account.studio_role) == ACCOUNTS[name][1:]
