"""Accounts: rows and rules, over a transaction. Passwords arrive here as hashes only."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from payloom.auth.errors import BadEmail, BadRole, EmailTaken, UnknownAccount, UnverifiedAccount
from payloom.auth.models import (
    RESET_LINK,
    SECOND_FACTOR_LINK,
    accounts,
    links,
    passkeys,
    second_factors,
    sessions,
)
from payloom.kit.addresses.email_address import NotAnAddress, address_key, is_public_domain, parse_address
from payloom.kit.visible_text import one_line
from payloom.settings.studio_roles import STUDIO_ROLES, StudioRole

Profile = Callable[[sa.Connection, str, str, str | None], None]
"""Called within the sign-up's transaction with the new account's id, address and name."""
AccountStatus = Literal["staff", "verified", "unverified", "disabled"]
_HAVING: Mapping[AccountStatus, sa.ColumnElement[bool]] = {
    "staff": accounts.c.studio_role.is_not(None),
    "verified": accounts.c.verified_at.is_not(None),
    "unverified": accounts.c.verified_at.is_(None),
    "disabled": accounts.c.disabled.is_(sa.true()),
}
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,62}")


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """An account that can sign in. `id` is also the id of the row in the project's `users` table, if there is one.

    granted, studio_granted: the roles of the account, the project's own and the one in the studio. verified_at:
    when the owner of the address was proved to be the person who signs in; None for an account that only signed up.
    """

    id: str
    email: str
    name: str | None
    granted: tuple[str, ...]
    disabled: bool
    created_at: dt.datetime
    verified_at: dt.datetime | None = None
    password_hash: str | None = dataclasses.field(default=None, repr=False)
    studio_granted: StudioRole | None = None

    @property
    def verified(self) -> bool:
        """Whether the address was proved."""
        return self.verified_at is not None

    @property
    def roles(self) -> tuple[str, ...]:
        """The project's roles that count: none of a disabled account, and none of an unverified address."""
        return self.granted if self.verified and not self.disabled else ()

    @property
    def studio_role(self) -> StudioRole | None:
        """The role in the studio, if it counts; the project's roles open nothing there."""
        return self.studio_granted if self.verified and not self.disabled else None

    def has_role(self, *roles: str) -> bool:
        """Whether one of the project's `roles` counts for the account."""
        return bool(set(roles) & set(self.roles))


def clean_email(email: object) -> str:
    """Return the address without blanks around it; raises `BadEmail`."""
    try:
        return parse_address(email).text
    except NotAnAddress:
        raise BadEmail(hint="write name@example.com") from None


def email_key(email: str) -> str:
    """Return the form under which an address is unique: upper and lower case, and both forms of a domain, are equal."""
    return address_key(email)


def require_public_email(email: str, *, examples: bool) -> None:
    """Raise `BadEmail` unless a person can own the address. examples: so they can at `.test` and `.example`."""
    domain = clean_email(email).rpartition("@")[2]
    if not is_public_domain(parse_address(email).domain, examples=examples):
        raise BadEmail(f"nobody receives mail at {domain[:60]}", hint="use an address at a public domain")


def check_roles(roles: Sequence[str]) -> list[str]:
    """Return the roles, each once; raises `BadRole`."""
    for role in roles:
        if not _ROLE.fullmatch(str(role)):
            raise BadRole(f"{str(role)[:60]!r} cannot name a role", hint="use a-z, 0-9, - and _")
    return sorted(set(roles))


def check_studio_role(role: str | None) -> StudioRole | None:
    """Return the role; raises `BadRole` unless the studio knows it."""
    for known in STUDIO_ROLES:
        if role == known:
            return known
    if role is None:
        return None
    raise BadRole(f"the studio has no role {role[:60]!r}", hint=f"choose one of: {', '.join(STUDIO_ROLES)}")


def create_account(
    tx: sa.Connection,
    *,
    email: str,
    password_hash: str | None,
    now: dt.datetime,
    name: str | None = None,
    roles: Sequence[str] = (),
    profile: Profile | None = None,
    verified: bool = False,
    account_id: str | None = None,
    studio_role: StudioRole | None = None,
) -> Account:
    """Insert an account, and its profile in the same transaction.

    verified: the address was proved, so that `roles` and `studio_role` count. account_id: a reserved ID; others are
    random. Raises `EmailTaken`, `BadEmail`, `BadRole`.
    """
    email = clean_email(email)
    account = Account(
        id=account_id or str(uuid.uuid4()),
        email=email,
        name=one_line(name or "", 200) or None,
        granted=tuple(check_roles(roles)),
        disabled=False,
        created_at=now,
        verified_at=now if verified else None,
        password_hash=password_hash,
        studio_granted=check_studio_role(studio_role),
    )
    insert = (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(accounts)
    row = {**dataclasses.asdict(account), "roles": list(account.granted), "email_key": email_key(email)}
    row["studio_role"] = row.pop("studio_granted")
    del row["granted"]
    row["password_changed_at"] = now if password_hash else None
    inserted = tx.execute(
        insert.values(row).on_conflict_do_nothing(index_elements=["email_key"]).returning(accounts.c.id)
    )
    if inserted.one_or_none() is None:
        raise EmailTaken(hint="sign in instead")
    if profile:
        profile(tx, account.id, account.email, account.name)
    return account


def find_account(tx: sa.Connection, *, account_id: str | None = None, email: str | None = None) -> Account | None:
    """Return the account with this id or address, or None."""
    condition = accounts.c.id == account_id if email is None else accounts.c.email_key == email_key(email)
    row = tx.execute(sa.select(accounts).where(condition)).one_or_none()
    return account_of(row) if row is not None else None


def set_roles(tx: sa.Connection, account_id: str, roles: Sequence[str]) -> None:
    """Give the account exactly these roles of the project; open sessions have them at once.

    Raises `UnknownAccount`, `BadRole`, and `UnverifiedAccount` for a role that an unverified account does not have yet.
    """
    account = require_account(tx, account_id)
    cleaned = check_roles(roles)
    if set(cleaned) - set(account.granted):
        _require_verified(account)
    _change(tx, account_id, roles=cleaned)


def set_studio_role(tx: sa.Connection, account_id: str, role: str | None) -> None:
    """Give the account this role in the studio, or none; open sessions have it at once. Raises as `set_roles` does."""
    account = require_account(tx, account_id)
    checked = check_studio_role(role)
    if checked is not None and checked != account.studio_granted:
        _require_verified(account)
    _change(tx, account_id, studio_role=checked)


def require_account(tx: sa.Connection, account_id: str) -> Account:
    """Return the account with this id. Raises `UnknownAccount`."""
    account = find_account(tx, account_id=account_id)
    if account is None:
        raise UnknownAccount
    return account


def _require_verified(account: Account) -> None:
    if not account.verified:
        raise UnverifiedAccount(
            f"nobody proved that {account.email} is theirs", hint="send them a sign-in link first; opening it verifies"
        )


def verify_account(tx: sa.Connection, account_id: str, now: dt.datetime, *, keep_password: bool) -> None:
    """Note that the owner of the address has the account; does nothing for one that is verified.

    keep_password: the password was chosen by the owner. If not, it and every session end: who signed up before might
    be somebody else. Raises `UnknownAccount`.
    """
    if require_account(tx, account_id).verified:
        return
    _change(tx, account_id, verified_at=now)
    if not keep_password:
        _change(tx, account_id, password_hash=None, password_changed_at=now)
        tx.execute(sa.delete(sessions).where(sessions.c.account_id == account_id))


def list_accounts(
    tx: sa.Connection,
    *,
    search: str | None = None,
    status: AccountStatus | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[Account]:
    """Return accounts by address. search: part of the address or the name. after: the last address seen."""
    query = sa.select(accounts).order_by(accounts.c.email_key).limit(limit)
    if search:
        name = sa.func.lower(accounts.c.name)
        text = search.strip().lower()
        query = query.where(accounts.c.email_key.contains(text, autoescape=True) | name.contains(text, autoescape=True))
    if status is not None:
        query = query.where(_HAVING[status])
    if after is not None:
        query = query.where(accounts.c.email_key > email_key(after))
    return [account_of(row) for row in tx.execute(query)]


def has_factor(account_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Return the condition that an account has a second factor. An app that was not confirmed is none."""
    app = sa.exists().where(second_factors.c.account_id == account_id, second_factors.c.confirmed_at.is_not(None))
    passkey = sa.exists().where(passkeys.c.account_id == account_id)
    return sa.or_(app, passkey)


def is_enrolled(tx: sa.Connection, account_id: str) -> bool:
    """Whether a sign-in of the account asks for a second factor."""
    return bool(tx.execute(sa.select(has_factor(sa.literal(account_id)))).scalar())


def set_disabled(tx: sa.Connection, account_id: str, *, disabled: bool) -> None:
    """Disable (ends every session) or enable the account. Raises `UnknownAccount`."""
    _change(tx, account_id, disabled=disabled)
    if disabled:
        tx.execute(sa.delete(sessions).where(sessions.c.account_id == account_id))


def set_password(
    tx: sa.Connection, account_id: str, password_hash: str, now: dt.datetime, *, keep_session: str | None = None
) -> None:
    """Store a new password. End every session but the one with this token hash, and links to choose another.

    A sign-in with the old password that still waits for its second factor ends as well.

    Raises `UnknownAccount`.
    """
    _change(tx, account_id, password_hash=password_hash, password_changed_at=now)
    old = links.c.purpose.in_((RESET_LINK, SECOND_FACTOR_LINK))
    tx.execute(sa.delete(links).where(links.c.account_id == account_id, old))
    others = sa.delete(sessions).where(sessions.c.account_id == account_id)
    tx.execute(others.where(sessions.c.token_hash != keep_session) if keep_session else others)


def refresh_hash(tx: sa.Connection, account_id: str, password_hash: str) -> None:
    """Store the same password under today's parameters; sessions go on."""
    _change(tx, account_id, password_hash=password_hash)


def _change(tx: sa.Connection, account_id: str, **values: object) -> None:
    if not tx.execute(sa.update(accounts).where(accounts.c.id == account_id).values(**values)).rowcount:
        raise UnknownAccount


def account_of(row: sa.Row[Any]) -> Account:
    """Return the account in a row that holds at least the columns of `accounts`."""
    return Account(
        id=row.id,
        email=row.email,
        name=row.name,
        granted=tuple(row.roles),
        disabled=row.disabled,
        created_at=row.created_at,
        verified_at=row.verified_at,
        password_hash=row.password_hash,
        studio_granted=row.studio_role,
    )
