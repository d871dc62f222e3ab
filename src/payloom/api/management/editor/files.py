"""A project's files: read and written whole, never half, and never outside their folder."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import hashlib
import os
import re
import stat
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Protocol

from payloom.api.http.errors import ApiError
from payloom.kit.suggest import did_you_mean

SUFFIX = ".yaml"
MAX_BYTES = 256 * 1024
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}(?:/[a-z0-9][a-z0-9_-]{0,63}){0,4}")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)")


class NoSuchFile(ApiError):
    """No file has this ID."""

    code: ClassVar[str] = "not_found"
    status: ClassVar[int] = 404


class BadId(ApiError):
    """A file can't have this ID or path."""

    code: ClassVar[str] = "bad_id"
    status: ClassVar[int] = 422


class Conflict(ApiError):
    """The file on disk changed since you opened it."""

    code: ClassVar[str] = "file_changed"
    status: ClassVar[int] = 409


class AlreadyThere(ApiError):
    """A file with this ID or path exists."""

    code: ClassVar[str] = "already_there"
    status: ClassVar[int] = 409


class NotText(ApiError):
    """The file can't be edited in the studio."""

    code: ClassVar[str] = "not_text"
    status: ClassVar[int] = 422


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """A file as it is on disk. path: below the project's folder, for people. etag: of the bytes."""

    id: str
    path: str
    text: str
    etag: str


class HasRoot(Protocol):
    """A project."""

    @property
    def root(self) -> Path:
        """Its folder."""
        ...


class Files:
    """The files below `workflows/`. Blocking; call it from a thread."""

    def __init__(self, project: HasRoot) -> None:
        self._project = project
        self._writing = threading.Lock()

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self._project.root

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.root / "workflows"

    def names(self) -> list[str]:
        """Return the ids there are, sorted."""
        names = (
            path.relative_to(self.folder).as_posix().removesuffix(SUFFIX)
            for path in self.folder.rglob(f"*{SUFFIX}")
            if path.is_file()
        )
        return sorted(name for name in names if not name.endswith(".test"))

    def read(self, file_id: str) -> File:
        """Return a file. Raises NoSuchFile, NotText."""
        path = self._existing(file_id)
        try:
            raw = path.read_bytes()
        except OSError:
            raise self._missing(file_id) from None
        return self._file(file_id, path, raw)

    def create(self, file_id: str, text: str) -> File:
        """Write a new file. Raises BadId, AlreadyThere."""
        path = self._inside(file_id) if self._can_be_new(file_id) else None
        if path is None:
            raise self._bad_id(file_id)
        raw = _encoded(text)
        with self._writing:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = _written(path, raw, 0o644)
            try:
                # A link never replaces what is there, whoever was faster.
                os.link(temporary, path)
            except FileExistsError:
                raise AlreadyThere(
                    f"{self._named(path)} already exists", hint="Open it, or choose another name."
                ) from None
            finally:
                temporary.unlink()
            _sync(path.parent)
        return self._file(file_id, path, raw)

    def write(self, file_id: str, text: str, etag: str) -> File:
        """Replace a file whose bytes still have this etag. Raises NoSuchFile, Conflict with both texts."""
        path = self._existing(file_id)
        raw = _encoded(text)
        with self._writing:
            self._unchanged(file_id, etag, text)
            temporary = _written(path, raw, stat.S_IMODE(path.stat().st_mode))
            try:
                self._unchanged(file_id, etag, text)
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            _sync(path.parent)
        return self._file(file_id, path, raw)

    def delete(self, file_id: str, etag: str) -> None:
        """Remove a file whose bytes still have this etag. Raises NoSuchFile, Conflict."""
        path = self._existing(file_id)
        with self._writing:
            self._unchanged(file_id, etag, None)
            path.unlink()
            _sync(path.parent)

    def _unchanged(self, file_id: str, etag: str, draft: str | None) -> None:
        now = self.read(file_id)
        if now.etag == etag:
            return
        changes: Iterable[str] = ()
        if draft is not None:
            before, after = now.text.splitlines(keepends=True), draft.splitlines(keepends=True)
            changes = difflib.unified_diff(before, after, "on disk", "yours")
        raise Conflict(
            f"{now.path} has changed on disk since you opened it",
            hint="Compare both texts, keep what you need, and save again.",
            text=now.text,
            etag=now.etag,
            yours=draft,
            diff="".join(changes),
        )

    def _inside(self, file_id: str) -> Path | None:
        """Return the path of an id; None if it would lie outside the folder, through links too."""
        if "\x00" in file_id or "\\" in file_id or len(file_id) > 400:
            return None
        path = self._path(file_id)
        try:
            inside = path.resolve().is_relative_to(self._bounds(path).resolve())
        except (OSError, RuntimeError):
            return None
        # No file system takes longer names, and asking for one is an error of its own.
        clean = all(part and part not in {".", ".."} and len(part.encode()) <= 240 for part in file_id.split("/"))
        return path if inside and clean else None

    def _existing(self, file_id: str) -> Path:
        path = self._inside(file_id)
        if path is None or not self._is_one(file_id) or not path.is_file():
            raise self._missing(file_id)
        return path

    def _path(self, file_id: str) -> Path:
        return self.folder / f"{file_id}{SUFFIX}"

    def _bounds(self, _path: Path) -> Path:
        """Return the folder that a file must lie in, through links too."""
        return self.folder

    def _is_one(self, file_id: str) -> bool:
        return not file_id.endswith(".test")

    def _can_be_new(self, file_id: str) -> bool:
        return bool(_ID.fullmatch(file_id)) and not _DEVICE.fullmatch(file_id.rpartition("/")[2])

    def _bad_id(self, file_id: str) -> BadId:
        hint = "Small letters, digits, - and _, in folders if you like: orders/refund."
        return BadId(f"{file_id[:80]!r} cannot be a workflow's id", hint=hint)

    def _named(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _missing(self, file_id: str) -> NoSuchFile:
        hint = did_you_mean(file_id, self.names()) or "`payloom workflows` lists them."
        return NoSuchFile(f"there is no file workflows/{file_id[:80]}{SUFFIX}", hint=hint)

    def _file(self, file_id: str, path: Path, raw: bytes) -> File:
        relative = self._named(path)
        if len(raw) > MAX_BYTES:
            raise NotText(f"{relative} is larger than {MAX_BYTES // 1024} KB", hint="Split it into several files.")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise NotText(f"{relative} is not UTF-8 text", hint="Save it as UTF-8 in another editor.") from None
        return File(file_id, relative, text, etag_of(raw))


def write_whole(path: Path, text: str) -> None:
    """Write a file as a whole, its folder included; never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _written(path, text.encode("utf-8"), 0o644)
    temporary.replace(path)
    _sync(path.parent)


def etag_of(raw: bytes) -> str:
    """Return the etag of a file's bytes."""
    return hashlib.sha256(raw).hexdigest()[:32]


def _encoded(text: str) -> bytes:
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotText("the text holds half a character", hint="Remove it and save again.") from None
    if len(raw) > MAX_BYTES:
        raise NotText(f"the text is larger than {MAX_BYTES // 1024} KB", hint="Split it into several files.")
    return raw


def _written(path: Path, raw: bytes, mode: int) -> Path:
    """Return a temporary file beside `path` that holds `raw` and has reached the disk."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(raw)
            out.flush()
            os.fchmod(out.fileno(), mode)
            os.fsync(out.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _sync(folder: Path) -> None:
    """Make a rename in the folder durable, where the system knows how."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
