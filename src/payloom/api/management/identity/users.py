"""Who may manage: accounts, their roles, and links that sign them in."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from starlette.requests import Request

from payloom.api.http.audit import audit_note
from payloom.api.http.errors import NoSuchRoute
from payloom.api.http.serialization import to_plain
from payloom.api.management.access.audit import audited
from payloom.api.management.access.auth import caller_of
from payloom.api.management.access.roles import admin
from payloom.api.management.injection import Dependencies
from payloom.api.management.lazy_app import SIGN_IN_PATH
from payloom.api.management.models.answers import AccountList, AccountView, NewRoles, NewStudioRole, SignInLink
from payloom.auth.accounts import Account, find_account, list_accounts, set_roles, set_studio_role
from payloom.auth.errors import BadRole
from payloom.auth.links import LIFETIME

router = APIRouter(prefix="/accounts", tags=["access"])


@router.get("", response_model=AccountList, openapi_extra=admin())
async def list_people(
    deps: Dependencies, after: str | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Any:
    """List accounts by address. `after`: the last address of the previous page."""
    accounts = await deps.database.read(lambda tx: list_accounts(tx, limit=limit, after=after))
    return {
        "data": [_view(account) for account in accounts],
        "next": accounts[-1].email if len(accounts) == limit else None,
    }


@router.put("/{account_id}/role", response_model=AccountView, openapi_extra=audited("account.role"))
async def set_role(deps: Dependencies, account_id: str, body: NewStudioRole, request: Request) -> Any:
    """Set a verified account's role in the studio: viewer, support, editor, admin, or none. Its other roles stay."""
    caller = caller_of(request)

    def work(tx: sa.Connection) -> Account:
        account = _require_account(find_account(tx, account_id=account_id), account_id)
        if account.email == caller.email and body.role != caller.role:
            raise BadRole("you cannot take your own role away", hint="ask another admin")
        set_studio_role(tx, account.id, body.role)
        audit_note(request).on(
            account.id, before={"role": account.studio_granted}, after={"role": body.role}, account=account.email
        )
        return _require_account(find_account(tx, account_id=account_id), account_id)

    return _view(await deps.database.write(work))


@router.put("/{account_id}/roles", response_model=AccountView, openapi_extra=audited("account.role"))
async def set_project_roles(deps: Dependencies, account_id: str, body: NewRoles, request: Request) -> Any:
    """Set the project's own roles of a verified account, such as `staff`. They open nothing in the studio."""

    def work(tx: sa.Connection) -> Account:
        account = _require_account(find_account(tx, account_id=account_id), account_id)
        set_roles(tx, account.id, body.roles)
        audit_note(request).on(
            account.id, before={"roles": account.granted}, after={"roles": body.roles}, account=account.email
        )
        return _require_account(find_account(tx, account_id=account_id), account_id)

    return _view(await deps.database.write(work))


@router.post("/{account_id}/link", response_model=SignInLink, openapi_extra=audited("account.link"))
async def make_link(deps: Dependencies, account_id: str, request: Request) -> Any:
    """Return a link that signs this user in once, within 15 minutes. Opening it verifies the account's address."""
    account = _require_account(await deps.session_auth.accounts.find(account_id=account_id), account_id)
    token = await deps.studio_users.link(account_id=account.id)
    audit_note(request).on(account.id, account=account.email)
    url = f"{deps.settings.site_url}{SIGN_IN_PATH}?token={token}"
    return {"url": url, "expires_at": to_plain(deps.clock.now() + LIFETIME)}


def _require_account(account: Account | None, account_id: str) -> Account:
    if account is None:
        raise NoSuchRoute(f"there is no account {account_id[:60]!r}")
    return account


def _view(account: Account) -> dict[str, Any]:
    fields = {name: getattr(account, name) for name in ("id", "email", "name", "disabled", "verified", "created_at")}
    return to_plain({**fields, "roles": account.granted, "role": account.studio_granted})
