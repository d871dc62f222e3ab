"""Recovery codes: each opens the account once where the authenticator app is lost. Stored as hashes."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
import secrets

import sqlalchemy as sa

from payloom.auth.models import recovery_codes

COUNT = 10
_BYTES = 15
"""120 bits: a plain hash of them is safe to store."""
_NOT_A_LETTER = re.compile(r"[^A-Z2-7]")


def replace_codes(tx: sa.Connection, account_id: str) -> list[str]:
    """Return new codes; the ones before work no more. They cannot be shown again."""
    drop_codes(tx, account_id)
    codes = [_new_code() for _ in range(COUNT)]
    tx.execute(sa.insert(recovery_codes), [{"account_id": account_id, "code_hash": _hash(code)} for code in codes])
    return codes


def use_code(tx: sa.Connection, account_id: str, code: str, now: dt.datetime) -> bool:
    """Use a code up; return whether it was good."""
    used = (
        sa.update(recovery_codes)
        .where(recovery_codes.c.account_id == account_id, recovery_codes.c.code_hash == _hash(code))
        .where(recovery_codes.c.used_at.is_(None))
        .values(used_at=now)
    )
    return tx.execute(used).rowcount == 1


def count_codes(tx: sa.Connection, account_id: str) -> int:
    """Return how many codes are left."""
    unused = sa.select(sa.func.count()).where(
        recovery_codes.c.account_id == account_id, recovery_codes.c.used_at.is_(None)
    )
    return tx.execute(unused).scalar_one()


def drop_codes(tx: sa.Connection, account_id: str) -> None:
    """Delete every code of the account."""
    tx.execute(sa.delete(recovery_codes).where(recovery_codes.c.account_id == account_id))


def _new_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_BYTES)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _hash(code: str) -> str:
    return hashlib.sha256(_NOT_A_LETTER.sub("", code.upper()).encode()).hexdigest()
