"""The file of a backup: a tar.gz with `manifest.json` and the copy of the database.

Everything in it can be read by `tar` and the database's own tools.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, Literal

from payloom.db.errors import BadBackup
from payloom.kit.clock import rfc3339
from payloom.kit.json_types import is_dict
from payloom.settings.private_files import private_file, private_folder

FORMAT = 1
"""Rises when an older Payloom can no longer read the file."""
MANIFEST = "manifest.json"
CONTENT: Mapping[str, str] = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
_SUFFIX = ".tar.gz"
_PIECE = 1 << 20
_LARGEST_MANIFEST = 1 << 20


@dataclasses.dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    taken_at: everything that was committed by then is in it. revision: of Payloom's tables. sealing_keys: the IDs of
    the keys that were there; the keys themselves are never in a backup. rows: how many each table has.
    """

    payloom: str
    project: str
    environment: str
    taken_at: dt.datetime
    dialect: Literal["sqlite", "postgresql"]
    revision: str
    rows: Mapping[str, int]
    stripe_mode: str | None = None
    stripe_account: str | None = None
    sealing_keys: tuple[str, ...] = ()
    sha256: str = ""
    bytes: int = 0

    @property
    def content(self) -> str:
        """The name of the database's copy in the archive."""
        return CONTENT[self.dialect]

    def to_json(self) -> dict[str, Any]:
        """Return it as it is written."""
        return {"format": FORMAT, **dataclasses.asdict(self), "taken_at": rfc3339(self.taken_at)}


def archive_name(manifest: Manifest) -> str:
    """Return the name of a backup's file; names of one project sort by time."""
    moment = manifest.taken_at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{_prefix(manifest.project, manifest.environment)}{moment}{_SUFFIX}"


def _prefix(project: str, environment: str) -> str:
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', project)}-{environment}-"


def write_archive(folder: Path, manifest: Manifest, copy: Path) -> tuple[Path, Manifest]:
    """Write a backup into `folder`, whole or not at all; only its owner can read it. Returns it with its manifest."""
    private_folder(folder)
    manifest = dataclasses.replace(manifest, sha256=_digest(copy), bytes=copy.stat().st_size)
    target = folder / archive_name(manifest)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    private_file(draft)
    try:
        with draft.open("wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
                text = json.dumps(manifest.to_json(), indent=2).encode()
                entry = tarfile.TarInfo(MANIFEST)
                entry.size, entry.mode, entry.mtime = len(text), 0o600, int(manifest.taken_at.timestamp())
                archive.addfile(entry, io.BytesIO(text))
                archive.add(copy, manifest.content, filter=_private)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target, manifest


def _private(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mode, entry.uid, entry.gid, entry.uname, entry.gname = 0o600, 0, 0, "", ""
    return entry


def read_manifest(path: Path) -> Manifest:
    """Return what a backup says of itself. Raises `BadBackup`."""
    with _opened(path) as archive:
        first = archive.next()
        file = archive.extractfile(first) if first and first.name == MANIFEST and first.isfile() else None
        if file is None or first is None or first.size > _LARGEST_MANIFEST:
            raise _unusable(path, "it has no manifest")
        try:
            values = json.loads(file.read())
        except ValueError:
            values = None
    if not is_dict(values) or "format" not in values:
        raise _unusable(path, "its manifest can't be read")
    if values.pop("format") != FORMAT:
        raise _unusable(path, "another version of Payloom wrote it", hint="Restore it with the version that wrote it.")
    try:
        values["taken_at"] = dt.datetime.fromisoformat(values["taken_at"])
        values["sealing_keys"] = tuple(values["sealing_keys"])
        manifest = Manifest(**values)
        known = manifest.dialect in CONTENT
    except (KeyError, TypeError, ValueError):
        raise _unusable(path, "its manifest can't be read") from None
    if not known:
        raise _unusable(path, f"it is of a database that this Payloom does not know: {manifest.dialect}")
    return manifest


def extract(path: Path, manifest: Manifest, target: Path) -> None:
    """Write the database's copy to `target`, and compare its checksum. Raises `BadBackup`."""
    with _opened(path) as archive:
        for entry in archive:
            file = archive.extractfile(entry) if entry.name == manifest.content and entry.isfile() else None
            if file is None:
                continue
            private_file(target)
            digest, size = hashlib.sha256(), 0
            with target.open("wb") as output:
                while piece := file.read(_PIECE):
                    size += len(piece)
                    if size > manifest.bytes:
                        break
                    digest.update(piece)
                    output.write(piece)
                output.flush()
                os.fsync(output.fileno())
            if size != manifest.bytes or digest.hexdigest() != manifest.sha256:
                raise _unusable(path, "its content is not what was written: the checksum differs")
            return
    raise _unusable(path, "the copy of the database is not in it")


@contextlib.contextmanager
def _opened(path: Path) -> Generator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:gz") as archive:
            yield archive
    except FileNotFoundError:
        raise BadBackup(f"there is no file {path}", hint="Pass the file that `payloom backup` wrote.") from None
    except (OSError, EOFError, tarfile.TarError) as error:
        raise _unusable(path, f"it can't be read ({type(error).__name__}: {error})") from None


def _unusable(path: Path, reason: str, hint: str = "Use another backup.") -> BadBackup:
    return BadBackup(f"the backup can't be used: {reason}", where=str(path), hint=hint)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_archives(folder: Path, project: str, environment: str) -> list[Path]:
    """Return the backups of a project in a folder, the newest first."""
    prefix = _prefix(project, environment)
    moment = re.compile(rf"{re.escape(prefix)}\d{{8}}T\d{{6}}\.\d{{6}}Z{re.escape(_SUFFIX)}")
    return sorted((path for path in folder.glob(f"{prefix}*") if moment.fullmatch(path.name)), reverse=True)
