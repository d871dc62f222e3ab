"""Accounts for staff: who can sign in, with which roles, from where; and ending what must end."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from starlette.requests import Request

from payloom.api.http.audit import audit_note
from payloom.api.http.errors import NoSuchRoute, NotAllowed
from payloom.api.http.serialization import to_plain
from payloom.api.management.access.audit import audited
from payloom.api.management.access.auth import Caller, caller_of
from payloom.api.management.access.proof import needs_proof
from payloom.api.management.access.repeats import begins_anew
from payloom.api.management.access.roles import support
from payloom.api.management.injection import Auth, Dependencies
from payloom.api.management.lazy_app import SIGN_IN_PATH
from payloom.api.management.models.answers import (
    AccountList,
    AccountMailSent,
    AccountView,
    NewRoles,
    NewStudioRole,
    ResetRequest,
    SignInLink,
)
from payloom.auth.accounts import (
    Account,
    AccountStatus,
    find_account,
    list_accounts,
    set_disabled,
    set_roles,
    set_studio_role,
    verify_account,
)
from payloom.auth.errors import AccountKept, BadRole
from payloom.auth.factors.store import remove_all
from payloom.auth.lifecycle.recovery import RESET_WITHIN
from payloom.auth.lifecycle.removal import delete_account
from payloom.auth.links import LIFETIME, RESET, make_link
from payloom.auth.sessions import end_sessions
from payloom.auth.studio_users import FIRST_ID
from payloom.settings.studio_roles import includes

router = APIRouter(prefix="/accounts", tags=["access"])


@router.get("", response_model=AccountList, openapi_extra=support())
async def list_people(
    deps: Dependencies,
    search: Annotated[str | None, Query(max_length=200)] = None,
    status: AccountStatus | None = None,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    """List accounts by address. `search`: part of the address or name. `after`: the last address of the page before."""
    accounts = await deps.database.read(
        lambda tx: list_accounts(tx, search=search, status=status, limit=limit, after=after)
    )
    return {
        "data": [_view(account) for account in accounts],
        "next": accounts[-1].email if len(accounts) == limit else None,
    }


@router.get("/{account_id}", response_model=AccountView, openapi_extra=support())
async def get_account(deps: Dependencies, account_id: str) -> Any:
    """Return one account, by its ID or its address."""
    return _view(await deps.database.read(lambda tx: require_one(tx, account_id)))


@router.put("/{account_id}/role", response_model=AccountView, openapi_extra=needs_proof() | audited("account.role"))
async def set_role(deps: Dependencies, account_id: str, body: NewStudioRole, request: Request) -> Any:
    """Set a verified account's role in the studio: viewer, support, editor, admin, or none. Its other roles stay."""
    caller = caller_of(request)

    def work(tx: sa.Connection) -> Account:
        account = require_one(tx, account_id)
        if account.email == caller.email and body.role != caller.role:
            raise BadRole("you cannot take your own role away", hint="ask another admin")
        set_studio_role(tx, account.id, body.role)
        audit_note(request).on(
            account.id, before={"role": account.studio_granted}, after={"role": body.role}, account=account.email
        )
        return require_one(tx, account.id)

    return _view(await deps.database.write(work))


@router.put("/{account_id}/roles", response_model=AccountView, openapi_extra=needs_proof() | audited("account.role"))
async def set_project_roles(deps: Dependencies, account_id: str, body: NewRoles, request: Request) -> Any:
    """Set the project's own roles of a verified account, such as `staff`. They open nothing in the studio."""

    def work(tx: sa.Connection) -> Account:
        account = require_one(tx, account_id)
        set_roles(tx, account.id, body.roles)
        audit_note(request).on(
            account.id, before={"roles": account.granted}, after={"roles": body.roles}, account=account.email
        )
        return require_one(tx, account.id)

    return _view(await deps.database.write(work))


@router.post(
    "/{account_id}/verify", response_model=AccountView, openapi_extra=needs_proof() | audited("account.changed")
)
async def verify_by_staff(deps: Dependencies, account_id: str, request: Request) -> Any:
    """Note that the address is proved. Its password and sessions stay: be sure that the owner chose them."""

    def work(tx: sa.Connection) -> Account:
        account = require_one(tx, account_id)
        verify_account(tx, account.id, deps.clock.now(), keep_password=True)
        _note(request, account, before={"verified": account.verified}, after={"verified": True})
        return require_one(tx, account.id)

    return _view(await deps.database.write(work))


@router.post(
    "/{account_id}/disable", response_model=AccountView, openapi_extra=needs_proof() | audited("account.disabled")
)
async def disable_account(deps: Dependencies, account_id: str, request: Request) -> Any:
    """Close an account: its sessions end, nobody can sign in, and its roles do not count. Nothing is deleted."""
    return await _set_disabled(deps, account_id, request, disabled=True)


@router.post(
    "/{account_id}/enable", response_model=AccountView, openapi_extra=needs_proof() | audited("account.disabled")
)
async def enable_account(deps: Dependencies, account_id: str, request: Request) -> Any:
    """Open a disabled account again, with the roles it had."""
    return await _set_disabled(deps, account_id, request, disabled=False)


async def _set_disabled(deps: Any, account_id: str, request: Request, *, disabled: bool) -> dict[str, Any]:
    def work(tx: sa.Connection) -> Account:
        account = require_one(tx, account_id)
        _refuse_own(request, account)
        set_disabled(tx, account.id, disabled=disabled)
        _note(request, account, before={"disabled": account.disabled}, after={"disabled": disabled})
        return require_one(tx, account.id)

    return _view(await deps.database.write(work))


@router.delete("/{account_id}", response_model=AccountView, openapi_extra=needs_proof() | audited("account.deleted"))
async def remove_account(deps: Dependencies, account_id: str, request: Request) -> Any:
    """Delete an account and its personal data for good; answer with what it was. Orders and runs stay."""

    def work(tx: sa.Connection) -> Account:
        account = require_one(tx, account_id)
        _refuse_own(request, account)
        # The trail keeps the ID only: the address is what is deleted.
        audit_note(request).on(account.id)
        return delete_account(tx, account.id, deps.forget_user)

    return _view(await deps.database.write(work))


@router.post(
    "/{account_id}/reset-password",
    response_model=AccountMailSent,
    openapi_extra=support() | audited("account.link") | begins_anew(),
)
async def send_reset(
    deps: Dependencies, auth: Auth, account_id: str, request: Request, body: ResetRequest | None = None
) -> Any:
    """Send the owner a link to choose a new password. Admins can have the link instead (`link: true`)."""
    caller = caller_of(request)
    with_link = body is not None and body.link
    if with_link and caller.role != "admin":
        raise NotAllowed("only an admin gets the link itself", hint="Let it be mailed to the owner.")
    if with_link:
        await auth.require_proof(request)

    def work(tx: sa.Connection) -> tuple[Account, str | None]:
        account = require_one(tx, account_id)
        require_rank(caller, account)
        if account.disabled or account.id == FIRST_ID:
            raise AccountKept("this account has no password to reset", hint="Enable it, or use a sign-in link.")
        _note(request, account)
        lifetime = RESET_WITHIN
        token = make_link(tx, RESET, deps.clock.now(), account_id=account.id, lifetime=lifetime) if with_link else None
        return account, token

    account, token = await deps.database.write(work)
    if token is None:
        deps.account_mails.send_reset(account.email)
        await deps.account_mails.settle_soon()
    url = deps.account_mails.link(RESET, token) if token else None
    return {"url": url, "expires_at": to_plain(deps.clock.now() + RESET_WITHIN)}


@router.delete(
    "/{account_id}/second-factor", response_model=AccountView, openapi_extra=needs_proof() | audited("account.factor")
)
async def reset_second_factor(deps: Dependencies, account_id: str, request: Request) -> Any:
    """Remove an account's second factor, of somebody who lost it, and end its sessions. Be sure who asks for it."""

    def work(tx: sa.Connection) -> Account:
        account = require_one(tx, account_id)
        _refuse_own(request, account)
        had = remove_all(tx, account.id)
        end_sessions(tx, account.id)
        _note(request, account, before={"second_factor": had}, after={"second_factor": False})
        return require_one(tx, account.id)

    return _view(await deps.database.write(work))


@router.post("/{account_id}/link", response_model=SignInLink, openapi_extra=needs_proof() | audited("account.link"))
async def make_sign_in_link(deps: Dependencies, account_id: str, request: Request) -> Any:
    """Return a link that signs this user in once, within 15 minutes. Opening it verifies the account's address."""
    account = await deps.database.read(lambda tx: require_one(tx, account_id))
    _note(request, account)
    token = await deps.studio_users.link(account_id=account.id)
    url = f"{deps.settings.site_url}{SIGN_IN_PATH}?token={token}"
    return {"url": url, "expires_at": to_plain(deps.clock.now() + LIFETIME)}


def require_one(tx: sa.Connection, ref: str) -> Account:
    """Return the account with an ID or an address; raises `NoSuchRoute`."""
    account = find_account(tx, account_id=ref)
    if account is None and "@" in ref:
        account = find_account(tx, email=ref)
    if account is None:
        raise NoSuchRoute(f"there is no account {ref[:60]!r}", hint="`payloom accounts list` shows them.")
    return account


def require_rank(caller: Caller, account: Account) -> None:
    """Raise `NotAllowed` where support or an editor would act on somebody who may do more than they."""
    if account.studio_granted is not None and not includes(caller.role, account.studio_granted):
        raise NotAllowed(f"this account has the role {account.studio_granted} in the studio", hint="Ask an admin.")


def _refuse_own(request: Request, account: Account) -> None:
    if account.email == caller_of(request).email:
        raise AccountKept("this is your own account", hint="ask another admin")


def _note(request: Request, account: Account, *, before: Any = None, after: Any = None) -> None:
    audit_note(request).on(account.id, before=before, after=after, account=account.email)


def _view(account: Account) -> dict[str, Any]:
    fields = {name: getattr(account, name) for name in ("id", "email", "name", "disabled", "verified", "created_at")}
    return to_plain({**fields, "roles": account.granted, "role": account.studio_granted})
