"""What was tried does not become real: a database belongs to one environment, one Stripe mode and one account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from payloom.cli.commands import app
from payloom.db.database import open_database
from payloom.db.errors import DatabaseOfAnother
from payloom.db.identity import Identity, claim, read_identity
from payloom.db.migrate import migrate

if TYPE_CHECKING:
    from pathlib import Path

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio
BODY = "4eC39HqLyjWDarjtT1zdp7dcQm"
STATES: dict[str, tuple[str, str | None]] = {
    "dev local": ("dev", None), "dev test": ("dev", "test"), "staging test": ("staging", "test"),
    "production live": ("production", "live"),
}  # fmt: skip


def migrated(folder: Path, monkeypatch: pytest.MonkeyPatch, state: str, database_url: str) -> Any:
    environment, mode = STATES[state]
    for name in ("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)
    if mode:
        monkeypatch.setenv("STRIPE_SECRET_KEY", f"sk_{mode}_{BODY}")
        monkeypatch.setenv("STRIPE_PUBLISHABLE_KEY", f"pk_{mode}_{BODY}")
        monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", f"whsec_{BODY}{BODY}")
    monkeypatch.setenv("PAYLOOM_ENV", environment)
    monkeypatch.setenv("PAYLOOM_DATABASE_URL", database_url)
    return CliRunner().invoke(app, ["migrate", "--project", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "payloom.yaml").write_text("site_url: https://shop.example.com\nemail: {transport: outbox}\n", "utf-8")
    return root


@pytest.mark.parametrize("first", STATES)
def test_a_database_serves_what_it_was_first_used_for_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch, empty_database_url: str, first: str
) -> None:
    assert migrated(folder, monkeypatch, first, empty_database_url).exit_code == 0
    for second in STATES:
        done = migrated(folder, monkeypatch, second, empty_database_url)
        if second == first:
            assert done.exit_code == 0, done.output
        else:
            assert done.exit_code != 0, second
            message = " ".join(done.stderr.split())
            assert f"this database was used in {STATES[first][0]}" in message
            assert "PAYLOOM_DATABASE_URL" in message


async def test_the_keys_of_another_account_are_refused(database: Database) -> None:
    def work(identity: Identity) -> Any:
        return database.write(lambda tx: claim(tx, identity))

    await work(Identity("production", "live"))
    await work(Identity("production", "live", "acct_1"))
    await work(Identity("production", "live"))
    await work(Identity("production", "live", "acct_1"))
    with pytest.raises(DatabaseOfAnother, match="acct_1"):
        await work(Identity("production", "live", "acct_2"))
    assert await database.read(read_identity) == Identity("production", "live", "acct_1")


async def test_a_database_of_before_belongs_to_its_next_start(empty_database_url: str) -> None:
    database = open_database(empty_database_url)
    await migrate(database)
    assert await database.read(read_identity) is None
    await database.write(lambda tx: claim(tx, Identity("staging", "test")))
    assert await database.read(read_identity) == Identity("staging", "test")
    await database.close()
