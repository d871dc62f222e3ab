"""Where a project's sealing keys come from."""

from __future__ import annotations

from payloom.db.errors import BadSealingKey
from payloom.db.sealing.keyring import KeyFile, Keyring, read_keys
from payloom.db.sealing.sealer import Sealer
from payloom.settings.model import SealingSettings


def sealer_for(settings: SealingSettings) -> Sealer:
    """Return the sealer of a project. Its keys are read, or made, when something is sealed or opened."""
    return Sealer(Keyring(lambda: load_keys(settings)))


def load_keys(settings: SealingSettings) -> list[bytes]:
    """Return the keys, the one that seals first. Raises `BadSealingKey` if there is none."""
    if settings.keys is not None:
        return read_keys(settings.keys.get_secret_value(), "PAYLOOM_SEALING_KEY")
    if settings.file is not None:
        try:
            file = KeyFile(settings.file)
            keys = file.read_or_make() if settings.make else file.read()
        except OSError as error:
            raise BadSealingKey(
                f"the sealing key can't be read or made at {settings.file}: {error.strerror}",
                hint="Let the server's user read and write it, or set PAYLOOM_SEALING_KEY.",
            ) from None
        if keys:
            return keys
        raise BadSealingKey(f"there is no sealing key in {settings.file}", hint=_WAY_OUT)
    raise BadSealingKey("there is no key to seal what is stored and secret", hint=_WAY_OUT)


_WAY_OUT = "Make one with `payloom keys new`, and set PAYLOOM_SEALING_KEY to it (or PAYLOOM_SEALING_KEY_FILE to a file with it). Or let Payloom keep one: `sealing_key_file: data/sealing.key` in payloom.yaml."
