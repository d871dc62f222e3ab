"""Folders and files of a project's data: customers and secrets are in them, so only their owner may read them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_OTHERS = 0o077


def private_folder(path: Path) -> None:
    """Make a folder that only its owner may enter. A folder that is there keeps its mode: it may hold other things."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700, parents=True)


def private_file(path: Path) -> None:
    """Make a file that only its owner may read, or take the rights of others away from the one that is there.

    SQLite gives its side files (`-wal`, `-shm`) the mode of the database. Raises OSError when the file can't be made.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return
    for side in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        # A file of another user's, or on a file system without modes, is that user's to protect.
        with contextlib.suppress(OSError):
            if (mode := side.stat().st_mode) & _OTHERS:
                side.chmod(mode & ~_OTHERS & 0o7777)
