"""Sessions in which a customer links bank accounts. https://docs.stripe.com/api/financial_connections/sessions.

There is no bank to ask: the customer of a session has linked the test bank's accounts when it is next looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.differences import public_fields
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import below_one, invalid
from payloom_emulator.protocol.json_shapes import integer, members, text, texts
from payloom_emulator.resources.financial_connections import accounts
from payloom_emulator.resources.financial_connections.accounts import ACCOUNT

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork

SESSION: Kind[dict[str, object]] = Kind("financial_connections.session")
_BANK = (("6789", "Checking", "checking"), ("4321", "Savings", "savings"))


def _create(call: RequestContext[Params]) -> Mapping[str, object]:
    unit, params = call.unit, call.params
    holder = members(params.get("account_holder"))
    kind = required(text(holder.get("type")), "account_holder[type]")
    owner = required(text(holder.get(kind)), f"account_holder[{kind}]")
    if kind == "customer":
        unit.get(kinds.CUSTOMER, owner, "account_holder[customer]")
    else:
        unit.get(kinds.ACCOUNT, owner, "account_holder[account]")
    permissions, prefetch = texts(params.get("permissions")), texts(params.get("prefetch"))
    for name in prefetch:
        if name not in permissions:
            raise invalid(f"To prefetch `{name}`, ask for its permission.", "prefetch")
    most = integer(members(params.get("limits")).get("accounts"))
    if most is not None and most < 1:
        raise below_one("limits[accounts]")
    country = text(members(params.get("filters")).get("country"))
    if country not in {None, "US"}:
        raise invalid("Accounts of US banks only can be linked.", "filters[country]")
    session_id = unit.new_id(SESSION)
    session = unit.create(
        SESSION,
        {
            "id": session_id,
            "account_holder": {"type": kind, kind: owner},
            "accounts": list_of(list[dict[str, object]](), "/v1/financial_connections/accounts"),
            "client_secret": f"{session_id}_secret_{unit.environment.ids.new('', 24)}",
            "filters": params.get("filters"),
            "limits": {"accounts": most} if most else None,
            "manual_entry": params.get("manual_entry"),
            "permissions": permissions,
            "prefetch": prefetch or None,
            "return_url": params.get("return_url"),
        },
    )
    unit.schedule_last("link", session)
    return dict(session)


def _link(unit: UnitOfWork, session: dict[str, object]) -> None:
    """Timer: the customer chose the accounts that the filters allow."""
    wished = texts(members(session["filters"]).get("account_subcategories"))
    most = integer(members(session["limits"]).get("accounts")) or len(_BANK)
    chosen = [row for row in _BANK if not wished or row[2] in wished][:most]
    holder = members(session["account_holder"])
    linked: list[dict[str, object]] = []
    for last4, name, subcategory in chosen:
        account = unit.create(
            ACCOUNT,
            {
                "account_holder": holder,
                "display_name": name,
                "last4": last4,
                "permissions": session["permissions"],
                "subcategory": subcategory,
                "_account": holder.get("account"),
                "_customer": holder.get("customer"),
                "_session": session["id"],
            },
        )
        linked.append(account)
        for feature in texts(session["prefetch"]):
            accounts.refresh(unit, account, feature.removesuffix("s") if feature == "balances" else feature)
    rows = [public_fields(account) for account in linked]
    url = f"/v1/financial_connections/accounts?session={session['id']}"
    unit.change(session, {"accounts": list_of(rows, url)})


RESOURCES = (
    Resource(
        schema=Schema(
            object="financial_connections.session",
            prefix="fcsess_1",
            id_length=23,
            fields=(
                read_only("account_holder"),
                read_only("accounts"),
                read_only("client_secret"),
                read_only("livemode", False),
                read_only("permissions"),
                read_only("prefetch"),
                read_only("return_url"),
            ),
            has_created=False,
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("POST", "/v1/financial_connections/sessions", _create),
                Operation(
                    "GET",
                    "/v1/financial_connections/sessions/{session}",
                    lambda call: call.unit.get(SESSION, call.ids["session"]),
                ),
            ),
        ),
        timers={"link": _link},
    ),
)
