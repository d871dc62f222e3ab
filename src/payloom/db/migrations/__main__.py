"""For Payloom's own developers: writes the next migration from the models.

`python -m payloom.db.migrations "what it does"`; `--rewrite` replaces the newest one instead (only while it has not
been released).
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import ops

import payloom
from payloom.db.database import metadata, open_database
from payloom.db.migrate import FOLDER, VERSION_TABLE, head, migrate

_TEMPLATE = '''"""{message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import payloom.db.types

revision = "{revision}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down_code}
'''


def load_models() -> None:
    """Import every room's `models` module, so that `metadata` knows all tables."""
    for module in pkgutil.walk_packages(payloom.__path__, "payloom."):
        if module.name.endswith(".models") and ".emulator." not in module.name:
            importlib.import_module(module.name)


async def _write(message: str, *, rewrite: bool) -> Path:
    load_models()
    versions = FOLDER / "versions"
    existing = sorted(path for path in versions.glob("[0-9]*.py"))
    if rewrite and existing:
        existing.pop().unlink()
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{folder}/empty.db")
        if existing:
            await migrate(database)
        previous = head() if existing else None
        with database.engine.connect() as conn:
            context = MigrationContext.configure(
                conn, opts={"version_table": VERSION_TABLE, "target_metadata": metadata}
            )
            script = produce_migrations(context, metadata)
        await database.close()
    revision = f"{int(previous or 0) + 1:04d}"
    if not isinstance(script.upgrade_ops, ops.UpgradeOps) or script.upgrade_ops.is_empty():
        raise SystemExit("The models have not changed: nothing to write.")
    path = versions / f"{revision}_{message.lower().replace(' ', '_')}.py"
    text = _TEMPLATE.format(
        message=message[0].upper() + message[1:],
        revision=revision,
        down=previous,
        up=render_python_code(script.upgrade_ops, user_module_prefix=None).strip(),
        down_code=render_python_code(script.downgrade_ops, user_module_prefix=None).strip(),  # type: ignore[arg-type] - generated scripts have downgrade operations
    )
    path.write_text(
        "\n".join(line for line in text.splitlines() if "by Alembic" not in line and "end Alembic" not in line) + "\n"
    )
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(path)], check=False)  # noqa: S603, ASYNC221 - a tool
    return path


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    written = asyncio.run(_write(words[0] if words else "initial tables", rewrite="--rewrite" in sys.argv))
    sys.stdout.write(f"{written}\n")
