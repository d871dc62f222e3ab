"""Deletes an account: what signs somebody in and says who they are goes; what says which money moved stays."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from payloom.auth.accounts import Account, require_account
from payloom.auth.errors import AccountKept
from payloom.auth.models import accounts, links, passkeys, recovery_codes, second_factors, sessions
from payloom.auth.studio_users import FIRST_ID

Forget = Callable[[sa.Connection, Account], None]
"""Called within the deletion's transaction: takes personal data of the account out of other tables."""


def delete_account(tx: sa.Connection, account_id: str, forget: Forget | None = None) -> Account:
    """Delete the account with its sessions, links, and second factor; return what it was.

    Raises `UnknownAccount`, and `AccountKept` for the first admin, who is the operator's way in.
    """
    account = require_account(tx, account_id)
    if account.id == FIRST_ID:
        raise AccountKept("the first admin cannot be deleted", hint="disable the account instead")
    if forget is not None:
        forget(tx, account)
    for table in (sessions, links, recovery_codes, second_factors, passkeys):
        tx.execute(sa.delete(table).where(table.c.account_id == account.id))
    tx.execute(sa.delete(accounts).where(accounts.c.id == account.id))
    return account
