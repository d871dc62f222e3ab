"""3-D Secure without a payment: for payments that other processors take. https://docs.stripe.com/api/three_d_secure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema, StateMachine, Transition, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import payment_methods
from payloom_emulator.protocol.errors import invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import integer, is_object, members, text
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.payment_methods import PaymentMethod

AUTHENTICATION: Kind[dict[str, object]] = Kind("three_d_secure.authentication")
_PATH = "/v1/three_d_secure/authentications"
_EVENT = "three_d_secure.authentication"
_SERVERS = {"amex": "american_express", "discover": "discover", "mastercard": "mastercard", "visa": "visa"}
_COPIED = (
    "acquirer_details",
    "channel",
    "flow_preference",
    "future_usage",
    "message_category",
    "reason",
    "shipping_address",
)
# What the directory server says: the status of the answer, and the electronic commerce indicator of Visa.
_AUTHENTICATED, _DENIED = ("Y", "05"), ("N", None)


def _create(call: RequestContext[Params]) -> Mapping[str, object]:
    unit, params = call.unit, call.params
    method = _method(unit, params)
    brand = payment_methods.card_of(method).brand
    if params.get("message_category") == "payment_authentication":
        for name in ("amount", "currency"):
            if params.get(name) is None:
                raise parameter_missing(name)
    amount, code = integer(params.get("amount")), text(params.get("currency"))
    channel = members(params.get("channel"))
    is_browser = channel.get("type") == "browser"
    if not is_object(channel.get(str(channel.get("type")))):
        raise parameter_missing(f"channel[{channel.get('type')}]")
    authentication_id = unit.new_id(AUTHENTICATION)
    page = f"{unit.environment.base_url}/_emulator/authentications/{authentication_id}"
    authentication = unit.create(
        AUTHENTICATION,
        {
            "id": authentication_id,
            **{name: params.get(name) for name in _COPIED},
            "amount": amount,
            "currency": money.currency(code) if code else None,
            "directory_server": params.get("directory_server") or _SERVERS.get(brand, "visa"),
            "fingerprinting_url": f"{page}?fingerprint" if is_browser else None,
            "metadata": merge_metadata({}, params.get("metadata") or {}),
            "payment_method": method["id"],
        },
        emits=(f"{_EVENT}.requires_submission",),
    )
    return authentication if is_browser and params.get("submit") != "always" else _decide(unit, authentication, method)


def _method(unit: UnitOfWork, params: Params) -> PaymentMethod:
    named, data = text(params.get("payment_method")), members(params.get("payment_method_data"))
    if bool(named) == bool(data):
        raise invalid("You must pass exactly one of `payment_method` and `payment_method_data`.", "payment_method")
    method = unit.get(kinds.PAYMENT_METHOD, named, "payment_method") if named else payment_methods.make(unit, data)
    if method["type"] != "card":
        raise invalid("Only cards are authenticated.", "payment_method")
    return method


def _submit(call: RequestContext[Params]) -> Mapping[str, object]:
    authentication = call.unit.get(AUTHENTICATION, call.ids["authentication"])
    if authentication["status"] != "requires_submission":
        raise invalid(f"This authentication is {authentication['status']}: there is nothing to submit.")
    if "metadata" in call.params:
        metadata = merge_metadata(authentication["metadata"], call.params["metadata"])
        call.unit.change(authentication, {"metadata": metadata})
    method = call.unit.get(kinds.PAYMENT_METHOD, str(authentication["payment_method"]))
    return _decide(call.unit, authentication, method)


def _decide(unit: UnitOfWork, authentication: dict[str, object], method: PaymentMethod) -> dict[str, object]:
    """Let the issuer answer: at once, or after a challenge, as its test card does."""
    card = payment_methods.card_of(method)
    preference = members(authentication["flow_preference"]).get("type")
    is_browser = members(authentication["channel"]).get("type") == "browser"
    if not card.three_d_secure:
        details = _details("U", None)
        return unit.transition(authentication, "fail", {"outcome": "not_supported", "outcome_details": details})
    if is_browser and (card.authentication != "none" or preference == "challenge"):
        page = f"{unit.environment.base_url}/_emulator/authentications/{authentication['id']}"
        return unit.transition(
            authentication, "challenge", {"challenge_url": page, "outcome_details": _details("C", None)}
        )
    if not is_browser and card.authentication == "always":
        return unit.transition(authentication, "fail", {"outcome": "denied", "outcome_details": _details(*_DENIED)})
    outcome = "informational" if preference == "data_share" else "authenticated"
    return unit.transition(
        authentication, "succeed", {"outcome": outcome, "outcome_details": _details(*_AUTHENTICATED)}
    )


def _details(status: str, indicator: str | None) -> dict[str, object]:
    return {
        "acs_transaction_id": "00000000-0000-4000-8000-000000000001",
        "ares": None,
        "ares_trans_status": status,
        "cryptogram": "AAIBBYNoEwAAACcKhAJkdQAAAAA=" if indicator else None,
        "ds_transaction_id": "00000000-0000-4000-8000-000000000002",
        "eci": indicator,
        "network_details": None,
        "protocol_version": "2.2.0",
        "requestor_challenge_indicator": None,
        "rreq": None,
        "rreq_trans_status": None,
        "three_ds_server_transaction_id": "00000000-0000-4000-8000-000000000003",
    }


def _cancel(call: RequestContext[Params]) -> Mapping[str, object]:
    authentication = call.unit.get(AUTHENTICATION, call.ids["authentication"])
    if authentication["status"] not in {"requires_challenge", "requires_submission"}:
        raise invalid(f"This authentication is {authentication['status']} and cannot be canceled.")
    changes: dict[str, object] = {"challenge_url": None, "fingerprinting_url": None, "outcome": "canceled"}
    if "metadata" in call.params:
        changes["metadata"] = merge_metadata(authentication["metadata"], call.params["metadata"])
    return call.unit.transition(authentication, "cancel", changes)


RESOURCES = (
    Resource(
        schema=Schema(
            object="three_d_secure.authentication",
            prefix="tdsauth_1",
            id_length=23,
            path=_PATH,
            fields=(
                read_only("acquirer_details"),
                read_only("amount"),
                read_only("challenge_url"),
                read_only("channel"),
                read_only("created"),
                read_only("currency"),
                read_only("directory_server"),
                read_only("fingerprinting_url"),
                read_only("flow_preference"),
                read_only("future_usage"),
                read_only("livemode", False),
                read_only("message_category"),
                read_only("metadata", {}),
                read_only("outcome"),
                read_only("outcome_details"),
                read_only("payment_method"),
                read_only("reason"),
                read_only("shipping_address"),
                read_only("status", "requires_submission"),
            ),
            machine=StateMachine(
                initial=("requires_submission",),
                transitions=(
                    Transition(
                        "challenge", {"requires_submission"}, "requires_challenge", (f"{_EVENT}.requires_challenge",)
                    ),
                    Transition(
                        "succeed", {"requires_submission", "requires_challenge"}, "succeeded", (f"{_EVENT}.succeeded",)
                    ),
                    Transition("fail", {"requires_submission", "requires_challenge"}, "failed", (f"{_EVENT}.failed",)),
                    Transition(
                        "cancel", {"requires_submission", "requires_challenge"}, "canceled", (f"{_EVENT}.canceled",)
                    ),
                ),
                terminal={"succeeded", "failed", "canceled"},
            ),
            filters=("status",),
        ),
        endpoints=Endpoints(
            can=("retrieve", "list"),
            operations=(
                Operation("POST", _PATH, _create),
                Operation("POST", f"{_PATH}/{{authentication}}/submit", _submit),
                Operation("POST", f"{_PATH}/{{authentication}}/cancel", _cancel),
            ),
        ),
    ),
)
