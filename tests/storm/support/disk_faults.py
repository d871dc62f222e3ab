"""A disk that fails: a VFS around SQLite's own, in this process, through ctypes. For processes that may die of it.

    disk = FaultyDisk(Faults("power", at=7)); disk.install()     before the database is opened
    disk.armed = True                                            from now on operations count

modes: `write` (the n-th write fails), `torn` (half of it is written, then the process dies), `short` (half of it is
written, then it fails), `sync` (the n-th sync fails), `power` (at the n-th operation the power goes: what was not
synced is lost, in part, and the process dies), `full` (no space from the n-th write on, for a while), `random` (three
in a hundred reads, writes and syncs fail).
"""

from __future__ import annotations

import _sqlite3
import ctypes
import dataclasses
import os
import random
import signal
import threading
import time
from typing import Any

from tests.support.present import present

OK, FULL, READ, WRITE, FSYNC = 0, 13, 10 | 1 << 8, 10 | 3 << 8, 10 | 4 << 8
_DATABASE_FILES = 0x100 | 0x800 | 0x80000
"""Main database, rollback journal, write-ahead log."""
_OPEN_AT = 40
"""Where xOpen stands in sqlite3_vfs, in bytes."""
_NAME_AT = 24
_SLOTS = 20
_P = ctypes.c_void_p
_OPEN = ctypes.CFUNCTYPE(ctypes.c_int, _P, _P, _P, ctypes.c_int, _P)
"""The name is an address: SQLite keeps it and reads it later (for `-shm`), so it must stay the one it gave."""
_MOVE = ctypes.CFUNCTYPE(ctypes.c_int, _P, _P, ctypes.c_int, ctypes.c_int64)
_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, _P, ctypes.c_int)
_READ_SLOT, _WRITE_SLOT, _SYNC_SLOT = 2, 3, 5


@dataclasses.dataclass(frozen=True)
class Faults:
    """What goes wrong. at: with which operation, from 1. seconds: how long a full disk stays full."""

    mode: str
    at: int = 0
    seconds: float = 0.3
    share: float = 0.03
    seed: int = 1


class FaultyDisk:
    """The VFS."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.armed = False
        self.count = 0
        self.hit = 0
        self._random = random.Random(faults.seed)
        self._lock = threading.Lock()
        self._full_until = 0.0
        self._names: dict[int, str] = {}
        self._unsynced: dict[str, list[tuple[int, bytes, bytes]]] = {}
        self._sizes: dict[str, int] = {}
        self._descriptors: dict[str, int] = {}
        self._kept: list[Any] = []
        self._methods: dict[int, Any] = {}

    def install(self) -> None:
        """Make it the VFS of every connection that is opened from now on. Raises AttributeError where it cannot be."""
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = _P
        library.sqlite3_vfs_register.argtypes = [_P, ctypes.c_int]
        inner = library.sqlite3_vfs_find(None)
        copy = ctypes.create_string_buffer(ctypes.string_at(inner, 168), 168)
        self._open = _OPEN(present(_P.from_address(inner + _OPEN_AT).value))
        opened = _OPEN(self._opened)
        name = ctypes.create_string_buffer(b"faulty")
        _P.from_address(ctypes.addressof(copy) + _NAME_AT).value = ctypes.addressof(name)
        _P.from_address(ctypes.addressof(copy) + _OPEN_AT).value = ctypes.cast(opened, _P).value
        self._kept += [library, copy, opened, name]
        assert library.sqlite3_vfs_register(ctypes.addressof(copy), 1) == OK

    # -- SQLite calls these ------------------------------------------------------------------------------------------

    def _opened(self, vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        code = self._open(vfs, name, file, flags, out)
        if code == OK and name is not None and flags & _DATABASE_FILES:
            pointer = _P.from_address(file)
            self._names[file] = ctypes.string_at(name).decode()
            pointer.value = self._wrapped(pointer.value or 0)
        return code

    def _wrapped(self, methods: int) -> int:
        address = self._methods.get(methods)
        if address is None:
            copy = ctypes.create_string_buffer(ctypes.string_at(methods, _SLOTS * 8), _SLOTS * 8)
            slots = (_P * _SLOTS).from_buffer(copy)
            read, write, sync = (
                shape(slots[at]) for shape, at in ((_MOVE, _READ_SLOT), (_MOVE, _WRITE_SLOT), (_SYNC, _SYNC_SLOT))
            )
            replacements = [
                _MOVE(lambda file, data, size, at: self._read(read, file, data, size, at)),
                _MOVE(lambda file, data, size, at: self._write(write, file, data, size, at)),
                _SYNC(lambda file, how: self._sync(sync, file, how)),
            ]
            for at, replacement in zip((_READ_SLOT, _WRITE_SLOT, _SYNC_SLOT), replacements, strict=True):
                slots[at] = ctypes.cast(replacement, _P).value
            self._kept += [copy, slots, replacements, read, write, sync]
            address = self._methods[methods] = ctypes.addressof(copy)
        return address

    def _read(self, inner: Any, file: int, data: int, size: int, at: int) -> int:
        if self.armed and self.faults.mode == "random" and self._chance():
            return READ
        return inner(file, data, size, at)

    def _write(self, inner: Any, file: int, data: int, size: int, at: int) -> int:
        now = self._counts("write")
        mode = self.faults.mode
        if now and mode == "full":
            self._full_until = time.monotonic() + self.faults.seconds
        if self._full_until > time.monotonic():
            self.hit += 1
            return FULL
        if now and mode == "write":
            return WRITE
        if now and mode in ("torn", "short"):
            inner(file, data, size // 2, at)
            if mode == "torn":
                os.kill(os.getpid(), signal.SIGKILL)
            return WRITE
        if self.armed and mode == "random" and self._chance():
            return WRITE
        if mode == "power":
            with self._lock:
                if now:
                    self.cut()
                self._remember(self._names[file], ctypes.string_at(data, size), at)
        return inner(file, data, size, at)

    def _sync(self, inner: Any, file: int, how: int) -> int:
        now = self._counts("sync")
        if now and self.faults.mode == "sync":
            return FSYNC
        if self.armed and self.faults.mode == "random" and self._chance():
            return FSYNC
        with self._lock:
            if now and self.faults.mode == "power":
                self.cut()
            code = inner(file, how)
            if code == OK:
                self._unsynced.pop(self._names[file], None)
                self._sizes.pop(self._names[file], None)
        return code

    # -- what goes wrong ---------------------------------------------------------------------------------------------

    def _counts(self, operation: str) -> bool:
        """Count an operation; whether it is the one."""
        counted = {"sync": ("sync",), "power": ("write", "sync")}.get(self.faults.mode, ("write",))
        if not self.armed or operation not in counted:
            return False
        with self._lock:
            self.count += 1
            self.hit += self.count == self.faults.at
            return self.count == self.faults.at

    def _chance(self) -> bool:
        with self._lock:
            hit = self._random.random() < self.faults.share
            self.hit += hit
            return hit

    def _descriptor(self, path: str) -> int:
        # Never closed: closing it would release the locks that SQLite holds on the file.
        if path not in self._descriptors:
            self._descriptors[path] = os.open(path, os.O_RDWR)
        return self._descriptors[path]

    def _remember(self, path: str, data: bytes, at: int) -> None:
        descriptor = self._descriptor(path)
        self._sizes.setdefault(path, os.fstat(descriptor).st_size)
        self._unsynced.setdefault(path, []).append((at, os.pread(descriptor, len(data), at), data))

    def cut_now(self) -> None:
        """The power goes in this moment, whatever is being written."""
        with self._lock:
            self.cut()

    def cut(self) -> None:
        """The power goes: of what was not synced, some is on the disk and some is not. Does not return."""
        for path, writes in self._unsynced.items():
            descriptor = self._descriptor(path)
            for at, before, _ in reversed(writes):
                os.pwrite(descriptor, before, at)
            os.ftruncate(descriptor, self._sizes[path])
            for at, _, after in writes:
                if self._random.random() < 0.5:
                    os.pwrite(descriptor, after, at)
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
