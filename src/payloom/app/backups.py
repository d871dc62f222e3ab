"""Backs up a project's database, checks a backup against the project, and restores it."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path

import sqlalchemy as sa

from payloom import __version__
from payloom.db.backups import archive, copies
from payloom.db.backups.archive import Manifest
from payloom.db.backups.copies import Content
from payloom.db.database import open_database
from payloom.db.errors import BadBackup, BadSealingKey, DatabaseInUse, DatabaseNewer
from payloom.db.identity import Identity
from payloom.db.migrate import head
from payloom.db.reseal import count
from payloom.db.sealing.source import sealer_for
from payloom.kit.clock import Clock
from payloom.runs.lost_time import LostTime, note_restored
from payloom.settings.model import Settings
from payloom.settings.private_files import private_file, private_folder


@dataclasses.dataclass(frozen=True, slots=True)
class Checked:
    """What a backup is, and what stands in the way of restoring it here, in sentences; nothing if it fits."""

    manifest: Manifest
    problems: tuple[str, ...]
    unknown_keys: tuple[str, ...] = ()
    """The IDs of sealing keys that the backup needs and that are not here."""


async def back_up(settings: Settings, folder: Path, clock: Clock) -> tuple[Path, Manifest]:
    """Copy the database, which may be in use, into a new file in `folder`. Returns the file and its manifest."""
    private_folder(folder)
    taken_at = clock.now()
    url = sa.make_url(settings.database_url)
    with tempfile.TemporaryDirectory(prefix=".payloom-backup-", dir=folder) as draft:
        copy = Path(draft) / "copy"
        if url.get_backend_name() == "sqlite":
            source = _sqlite_file(url)
            if not source.is_file():
                raise BadBackup("there is no database yet", where=str(source), hint="Start the server first.")
            content = copies.copy_sqlite(source, copy)
        else:
            database = open_database(settings.database_url)
            try:
                content = copies.dump_postgres(database.engine, copy)
            finally:
                await database.close()
        if content.revision is None:
            raise BadBackup("the database has none of Payloom's tables yet", hint="Start the server first.")
        manifest = _manifest(settings, content, Manifest(
            payloom=__version__, project=settings.name, environment=settings.environment, taken_at=taken_at,
            dialect="sqlite" if url.get_backend_name() == "sqlite" else "postgresql", revision=content.revision,
            rows=content.rows,
        ))  # fmt: skip
        return archive.write_archive(folder, manifest, copy)


def _manifest(settings: Settings, content: Content, manifest: Manifest) -> Manifest:
    identity = content.identity or Identity(settings.environment, settings.stripe.mode)
    try:
        keys = tuple(sealer_for(settings.sealing).keyring.ids)
    except BadSealingKey:
        keys = ()  # the backup is as good; who restores it needs the key
    return dataclasses.replace(
        manifest,
        environment=identity.environment,
        stripe_mode=identity.stripe_mode,
        stripe_account=identity.stripe_account,
        sealing_keys=keys,
    )


def prune_backups(settings: Settings, folder: Path, keep: int) -> list[Path]:
    """Delete all backups of the project in a folder but the newest `keep`; return the deleted ones."""
    obsolete = archive.list_archives(folder, settings.name, settings.environment)[keep:]
    for path in obsolete:
        path.unlink()
    return obsolete


async def check(settings: Settings, file: Path) -> Checked:
    """Read all of a backup, and compare it with the project's settings. Changes nothing. Raises `BadBackup`."""
    with _extracted(file, Path(tempfile.gettempdir())) as (manifest, copy):
        return await _check(settings, manifest, copy)


async def restore(settings: Settings, file: Path, clock: Clock, *, replace: bool = False) -> Checked:
    """Make the project's database of a backup.

    replace: move a SQLite database that is there aside; its name then ends with `before-restore` and the time.

    Raises `BadBackup` when the backup does not fit, `DatabaseInUse` when there is a database or a process uses it.
    """
    url = sa.make_url(settings.database_url)
    on_sqlite = url.get_backend_name() == "sqlite"
    folder = _sqlite_file(url).parent if on_sqlite else Path(tempfile.gettempdir())
    private_folder(folder)
    with _extracted(file, folder) as (manifest, copy):
        checked = await _check(settings, manifest, copy)
        if checked.problems:
            raise BadBackup(checked.problems[0], where=str(file), hint="See `payloom restore FILE --check`.")
        lost = LostTime(manifest.taken_at, clock.now())
        if on_sqlite:
            with nobody_works(_sqlite_file(url)):
                await _note(f"sqlite:///{copy}", lost)
                _put_in_place(copy, _sqlite_file(url), lost, replace=replace)
        else:
            await _restore_postgres(settings.database_url, copy, manifest)
            await _note(settings.database_url, lost)
    return checked


async def _check(settings: Settings, manifest: Manifest, copy: Path) -> Checked:
    problems: list[str] = []
    backend = sa.make_url(settings.database_url).get_backend_name()
    if backend != manifest.dialect:
        problems.append(f"it is a backup of {manifest.dialect}, and the project's database is {backend}")
    expected = {
        "project": (manifest.project, settings.name),
        "environment": (manifest.environment, settings.environment),
        "Stripe mode": (manifest.stripe_mode, settings.stripe.mode),
    }
    problems += [
        f"its {name} is {there}, and here it is {here}" for name, (there, here) in expected.items() if there != here
    ]
    if manifest.revision > head():
        problems.append(f"its tables are at migration {manifest.revision}, and this Payloom knows {head()}")
    unknown = await _unknown_keys(settings, manifest, copy)
    problems += [f"it needs the sealing key {name}, which is not here" for name in unknown]
    if manifest.dialect == "sqlite":
        content = copies.check_sqlite(copy)
        problems += _differences(manifest.rows, content.rows)
    else:
        copies.check_dump(copy)
    return Checked(manifest, tuple(problems), unknown)


def _differences(expected: Mapping[str, int], rows: Mapping[str, int]) -> list[str]:
    return [
        f"{name} has {rows.get(name)} rows instead of {number}"
        for name, number in expected.items()
        if rows.get(name) != number
    ]


async def _unknown_keys(settings: Settings, manifest: Manifest, copy: Path) -> tuple[str, ...]:
    """Return the IDs of the keys that sealed something in the backup and are not here."""
    sealer = sealer_for(settings.sealing)
    needed = set(manifest.sealing_keys)
    if manifest.dialect == "sqlite" and manifest.revision == head():
        database = open_database(f"sqlite:///{copy}", sealer)
        try:
            needed = {name for name, number in (await count(database, sealer)).sealed_by.items() if name and number}
        finally:
            await database.close()
    try:
        here = set(sealer.keyring.ids)
    except BadSealingKey:
        here = set[str]()
    return tuple(sorted(needed - here))


async def _note(url: str, lost: LostTime) -> None:
    database = open_database(url)
    try:
        await database.write(lambda tx: note_restored(tx, lost))
        if database.dialect == "sqlite":
            with database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        await database.close()


def _put_in_place(copy: Path, target: Path, lost: LostTime, *, replace: bool) -> None:
    if target.exists():
        if not replace:
            raise DatabaseInUse(
                "there is a database already", where=str(target), hint="Add --replace: the old file is kept beside it."
            )
        moment = lost.until.strftime("%Y%m%dT%H%M%SZ")
        for side in ("-wal", "-shm", ""):
            with contextlib.suppress(FileNotFoundError):
                aside = target.with_name(f"{target.name}.before-restore-{moment}{side}")
                target.with_name(target.name + side).rename(aside)
    for side in ("-wal", "-shm"):
        copy.with_name(copy.name + side).unlink(missing_ok=True)
    os.replace(copy, target)  # noqa: PTH105 - within one folder, whole or not at all
    descriptor = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _restore_postgres(address: str, copy: Path, manifest: Manifest) -> None:
    database = open_database(address)
    try:
        if (await database.read(copies.read_content)).in_use:
            raise DatabaseInUse(
                "the database is not empty",
                hint="Make a new database, set PAYLOOM_DATABASE_URL to it, and restore there. Keep the old one.",
            )
        copies.restore_postgres(database.engine.url, copy)
        restored = await database.read(copies.read_content)
        if differences := _differences(manifest.rows, restored.rows):
            raise BadBackup(f"the restored database differs: {differences[0]}", hint="Use another backup.")
    finally:
        await database.close()


@contextlib.contextmanager
def _extracted(file: Path, folder: Path) -> Generator[tuple[Manifest, Path]]:
    manifest = archive.read_manifest(file)
    if manifest.revision > head():
        raise DatabaseNewer(
            f"The backup is at migration {manifest.revision}, and this Payloom knows {head()}.",
            hint=f"Restore it with Payloom {manifest.payloom} or newer.",
        )
    with tempfile.TemporaryDirectory(prefix=".payloom-restore-", dir=folder) as draft:
        copy = Path(draft) / "copy"
        archive.extract(file, manifest, copy)
        yield manifest, copy


@contextlib.contextmanager
def nobody_works(path: Path) -> Generator[None]:
    """Hold the lock of a SQLite database's worker while the block runs. Raises `DatabaseInUse`."""
    file = Path(f"{path}.worker")
    private_file(file)
    with file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DatabaseInUse(
                "a process works on this database", where=str(path), hint="Stop the server first."
            ) from None
        yield


def _sqlite_file(url: sa.URL) -> Path:
    return Path(url.database or "")
