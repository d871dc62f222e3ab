"""The keys that seal: the first seals, all of them open. Each has an ID, which stands in what it sealed."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from payloom.db.errors import BadSealingKey, SealedByUnknownKey
from payloom.kit.validation.text_files import read_text
from payloom.settings.private_files import private_file, private_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BYTES = 32
_NONCE = 12
_BOUND = b"payloom sealed 1"


def new_key() -> str:
    """Return a new key as text."""
    return base64.urlsafe_b64encode(secrets.token_bytes(BYTES)).decode()


def key_id(key: bytes) -> str:
    """Return the ID of a key; it tells nothing of the key."""
    return hashlib.sha256(b"payloom key id\0" + key).hexdigest()[:8]


def read_keys(text: str, source: str) -> list[bytes]:
    """Return the keys of a text: one a line, or with commas. source: what to name in errors. Raises `BadSealingKey`."""
    keys: list[bytes] = []
    for word in text.replace(",", "\n").split():
        try:
            key = base64.b64decode(word.replace("-", "+").replace("_", "/") + "=" * (-len(word) % 4), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != BYTES:
            raise BadSealingKey(f"{source} holds no sealing key", hint="Make one with `payloom keys new`.")
        keys.append(key)
    return keys


class Keyring:
    """Seals with the first key and opens with all of them."""

    def __init__(self, load: Callable[[], Sequence[bytes]]) -> None:
        """load: returns the keys, when they are first needed and when one is missing: another process may add one."""
        self._load = load
        self._ciphers: dict[str, AESGCM] = {}
        self._current = ""

    def _take(self) -> None:
        # Takes 15 ms to load, which a process that meets no secret need not pay.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see above

        keys = self._load()
        self._ciphers = {key_id(key): AESGCM(key) for key in keys}
        self._current = key_id(keys[0])

    @property
    def current(self) -> str:
        """The ID of the key that seals."""
        if not self._current:
            self._take()
        return self._current

    @property
    def ids(self) -> list[str]:
        """The IDs of all keys, the one that seals first."""
        return [self.current, *(name for name in self._ciphers if name != self._current)]

    def seal(self, content: bytes) -> tuple[str, bytes]:
        """Return the ID of the key, and what it made of the content."""
        nonce, name = os.urandom(_NONCE), self.current
        return name, nonce + self._ciphers[name].encrypt(nonce, content, _BOUND)

    def open(self, name: str, sealed: bytes) -> bytes:
        """Return the content. Raises `SealedByUnknownKey`, also when it was changed."""
        if name not in self._ciphers:
            self._take()
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise SealedByUnknownKey(
                f"the database holds values that the key {name} sealed, and that key is not here",
                hint="Set PAYLOOM_SEALING_KEY to the key that the database was used with; several with commas. If it is lost for good: `payloom keys abandon`.",
            )
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see `_take`

        try:
            return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _BOUND)
        except (InvalidTag, ValueError):
            raise SealedByUnknownKey(
                f"a value that the key {name} sealed was changed in the database", hint="Restore it from a backup."
            ) from None


class KeyFile:
    """A file of keys, one a line, that only its owner can read."""

    def __init__(self, path: Path) -> None:
        """Nothing is read or made yet."""
        self.path = path

    def read(self) -> list[bytes]:
        """Return the keys; none if there is no file."""
        try:
            text = read_text(self.path)
        except FileNotFoundError:
            return []
        return read_keys(text, str(self.path))

    def read_or_make(self) -> list[bytes]:
        """Return the keys; a new one, kept in the file, if there is none."""
        return self.read() or self._make()

    def _make(self) -> list[bytes]:
        """Make the file with a first key. If several processes try, the key of one counts."""
        draft = self._draft(read_keys(new_key(), "a new key"))
        with contextlib.suppress(FileExistsError):
            os.link(draft, self.path)
        draft.unlink()
        return self.read()

    def add(self) -> list[bytes]:
        """Put a new key before the others, and return all of them."""
        keys = [*read_keys(new_key(), "a new key"), *self.read()]
        self.write(keys)
        return keys

    def write(self, keys: Sequence[bytes]) -> None:
        """Replace the file, whole."""
        self._draft(keys).replace(self.path)

    def _draft(self, keys: Sequence[bytes]) -> Path:
        private_folder(self.path.parent)
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        private_file(draft)
        draft.write_text("".join(f"{base64.urlsafe_b64encode(key).decode()}\n" for key in keys), "utf-8")
        return draft
