"""Bank accounts that customers linked, and their transactions. https://docs.stripe.com/api/financial_connections/accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema, StateMachine, Transition, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.protocol.errors import StripeError, invalid, missing
from payloom_emulator.protocol.json_shapes import integer, members, text, texts

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork

ACCOUNT: Kind[dict[str, object]] = Kind("financial_connections.account")
TRANSACTION: Kind[dict[str, object]] = Kind("financial_connections.transaction")
OWNER: Kind[dict[str, object]] = Kind("financial_connections.account_owner")
_PATH = "/v1/financial_connections/accounts"
# What a feature is called among the permissions of a session.
_PERMISSIONS = {"balance": "balances", "ownership": "ownership", "transactions": "transactions"}
_REFRESHES = {
    "balance": "balance_refresh",
    "ownership": "ownership_refresh",
    "transactions": "transaction_refresh",
}
_AGAIN_AFTER = 24 * 3600
_TRANSACTIONS = ((-2500, "Rocket Rides"), (-1200, "Grocery"), (150000, "Payroll"))


def _account(call: RequestContext[Params]) -> dict[str, object]:
    return call.unit.get(ACCOUNT, call.ids["account"])


def _active(call: RequestContext[Params], feature: str | None = None) -> dict[str, object]:
    """Return the account, which must be linked and, for a feature, permitted to be read."""
    account = _account(call)
    if account["status"] != "active":
        raise StripeError(
            f"The account is {account['status']} and cannot be used.", code="financial_connections_account_inactive"
        )
    if feature is not None and _PERMISSIONS[feature] not in texts(account["permissions"]):
        raise invalid(f"The account was linked without the permission `{_PERMISSIONS[feature]}`.", "features")
    return account


def _refresh(call: RequestContext[Params]) -> Mapping[str, object]:
    features = texts(call.params.get("features"))
    for feature in features:
        refresh(call.unit, _active(call, feature), feature)
    return _account(call)


def refresh(unit: UnitOfWork, account: dict[str, object], feature: str) -> None:
    """Begin to read a feature of an account anew. It is done a moment later."""
    name = _REFRESHES[feature]
    status: dict[str, object] = {
        "last_attempted_at": unit.now,
        "next_refresh_available_at": unit.now + _AGAIN_AFTER,
        "status": "pending",
    }
    if feature == "transactions":
        status["id"] = unit.environment.ids.new("fctxnref_1", 23)
    unit.change(account, {name: status})
    unit.schedule_last(f"refresh_{feature}", account)


def refreshed_balance(unit: UnitOfWork, account: dict[str, object]) -> None:
    """Timer: the bank told the balance."""
    done = {**members(account["balance_refresh"]), "status": "succeeded"}
    amount = {"usd": 1_000_00}
    balance = {"as_of": unit.now, "cash": {"available": amount}, "credit": None, "current": amount, "type": "cash"}
    unit.change(
        account,
        {"balance": balance, "balance_refresh": done},
        emits=("financial_connections.account.refreshed_balance",),
    )


def refreshed_ownership(unit: UnitOfWork, account: dict[str, object]) -> None:
    """Timer: the bank told who owns the account."""
    ownership = unit.environment.ids.new("fcaowns_1", 23)
    unit.create(
        OWNER,
        {
            "email": "jane@example.com",
            "name": "Jane Austen",
            "ownership": ownership,
            "phone": "+15555550100",
            "raw_address": "1 Main Street, San Francisco CA 94111",
            "refreshed_at": unit.now,
        },
    )
    done = {**members(account["ownership_refresh"]), "status": "succeeded"}
    unit.change(
        account,
        {"ownership": ownership, "ownership_refresh": done},
        emits=("financial_connections.account.refreshed_ownership",),
    )


def refreshed_transactions(unit: UnitOfWork, account: dict[str, object]) -> None:
    """Timer: the bank told what was bought; the first time there are some, later there is nothing new."""
    done = {**members(account["transaction_refresh"]), "status": "succeeded"}
    if not unit.list(TRANSACTION, account=account["id"], limit=1):
        for days, (amount, description) in enumerate(_TRANSACTIONS, 1):
            unit.create(
                TRANSACTION,
                {
                    "account": account["id"],
                    "amount": amount,
                    "currency": "usd",
                    "description": description,
                    "status": "posted",
                    "status_transitions": {"posted_at": unit.now - days * 86400, "void_at": None},
                    "transacted_at": unit.now - days * 86400,
                    "transaction_refresh": done["id"],
                    "updated": unit.now,
                },
            )
    unit.change(account, {"transaction_refresh": done}, emits=("financial_connections.account.refreshed_transactions",))


def _subscribe(call: RequestContext[Params]) -> Mapping[str, object]:
    account = _active(call, "transactions")
    if account["subscriptions"]:
        return account
    call.unit.change(account, {"subscriptions": ["transactions"]})
    refresh(call.unit, account, "transactions")
    return account


def _unsubscribe(call: RequestContext[Params]) -> Mapping[str, object]:
    return call.unit.change(_active(call), {"subscriptions": None})


def _disconnect(call: RequestContext[Params]) -> Mapping[str, object]:
    account = _active(call)
    return call.unit.transition(account, "disconnect", {"subscriptions": None})


def _list(call: RequestContext[Params]) -> Mapping[str, object]:
    holder = members(call.params.get("account_holder"))
    filters = {f"_{name}": holder[name] for name in ("account", "customer") if holder.get(name)}
    if text(call.params.get("session")):
        filters["_session"] = call.params["session"]
    return call.page(ACCOUNT, **filters)


def _owners(call: RequestContext[Params]) -> Mapping[str, object]:
    account, ownership = _account(call), required(text(call.params.get("ownership")), "ownership")
    if account["ownership"] != ownership:
        raise missing("account_ownership", ownership, param="ownership", status=400)
    return call.page(OWNER, ownership=ownership)


def _transactions(call: RequestContext[Params]) -> Mapping[str, object]:
    unit = call.unit
    account = unit.get(ACCOUNT, required(text(call.params.get("account")), "account"), "account")
    rows = unit.list(TRANSACTION, account=account["id"], oldest_first=True)
    bounds = call.params.get("transacted_at")
    limits = {"gte": bounds, "lte": bounds} if isinstance(bounds, int) else members(bounds)
    after = text(members(call.params.get("transaction_refresh")).get("after"))
    shown_rows = [
        row for row in rows if _within(row, limits) and (after is None or row["transaction_refresh"] != after)
    ]
    return list_of(shown_rows, call.path, {"limit": 10, **call.params})


def _within(row: Mapping[str, object], limits: Mapping[str, object]) -> bool:
    moment = integer(row["transacted_at"]) or 0
    bounds = {name: integer(bound) or 0 for name, bound in limits.items()}
    return bounds.get("gt", moment - 1) < moment < bounds.get("lt", moment + 1) and bounds.get(
        "gte", moment
    ) <= moment <= bounds.get("lte", moment)


RESOURCES = (
    Resource(
        schema=Schema(
            object="financial_connections.account",
            prefix="fca_1",
            id_length=23,
            fields=(
                read_only("account_holder"),
                read_only("account_numbers"),
                read_only("balance"),
                read_only("balance_refresh"),
                read_only("category", "cash"),
                read_only("created"),
                read_only("display_name"),
                read_only("institution_name", "StripeBank"),
                read_only("last4"),
                read_only("livemode", False),
                read_only("ownership"),
                read_only("ownership_refresh"),
                read_only("permissions", []),
                read_only("status", "active"),
                read_only("subcategory", "checking"),
                read_only("subscriptions"),
                read_only("supported_payment_method_types", ["us_bank_account", "link"]),
                read_only("transaction_refresh"),
            ),
            machine=StateMachine(
                initial=("active",),
                transitions=(
                    Transition(
                        "disconnect", {"active"}, "disconnected", ("financial_connections.account.disconnected",)
                    ),
                ),
                terminal={"disconnected"},
            ),
            on_create=("financial_connections.account.created",),
            filters=("_account", "_customer", "_session"),
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("GET", _PATH, _list),
                Operation("GET", f"{_PATH}/{{account}}", _account),
                Operation("GET", f"{_PATH}/{{account}}/owners", _owners),
                Operation("POST", f"{_PATH}/{{account}}/disconnect", _disconnect),
                Operation("POST", f"{_PATH}/{{account}}/refresh", _refresh),
                Operation("POST", f"{_PATH}/{{account}}/subscribe", _subscribe),
                Operation("POST", f"{_PATH}/{{account}}/unsubscribe", _unsubscribe),
            ),
        ),
        timers={
            "refresh_balance": refreshed_balance,
            "refresh_ownership": refreshed_ownership,
            "refresh_transactions": refreshed_transactions,
        },
    ),
    Resource(
        schema=Schema(
            object="financial_connections.account_owner",
            prefix="fcaown_1",
            id_length=23,
            filters=("ownership",),
            has_created=False,
            has_livemode=False,
        )
    ),
    Resource(
        schema=Schema(
            object="financial_connections.transaction",
            prefix="fctxn_1",
            id_length=23,
            fields=(read_only("livemode", False),),
            filters=("account",),
            has_created=False,
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("GET", "/v1/financial_connections/transactions", _transactions),
                Operation(
                    "GET",
                    "/v1/financial_connections/transactions/{transaction}",
                    lambda call: call.unit.get(TRANSACTION, call.ids["transaction"]),
                ),
            ),
        ),
    ),
)
