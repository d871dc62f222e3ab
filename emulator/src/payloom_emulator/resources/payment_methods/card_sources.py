"""Legacy sources of type `card`: a card token as a source of its own. https://docs.stripe.com/api/sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import provided, required
from payloom_emulator.core.schemas.schema import Schema, create_only, overlay, read_only, settable
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import payment_methods
from payloom_emulator.protocol.errors import invalid, not_emulated, parameter_missing
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.params.sources import SourceCreateParams, SourceUpdateParams
    from payloom_emulator.objects.payment_methods import Source

_OWNER = {"address": None, "email": None, "name": None, "phone": None}


_SHOWN = ("brand", "country", "cvc_check", "dynamic_last4", "exp_month", "exp_year", "fingerprint", "funding", "last4")


def _creating(call: RequestContext[SourceCreateParams], draft: Source) -> None:
    unit, params = call.unit, call.params
    kind = provided(call.params.get("type")) or ("card" if provided(call.params.get("token")) else None)
    if kind is None:
        raise parameter_missing("type")
    if kind != "card":
        raise not_emulated(f"POST /v1/sources with type {kind}")
    token = unit.get(kinds.TOKEN, required(params.get("token"), "token"), "token")
    if token["used"]:
        raise invalid(f"You cannot use a Stripe token more than once: {token['id']}.", "token", "token_already_used")
    if token["type"] != "card":
        raise invalid("Only card tokens make card sources.", "token")
    unit.change(token, {"used": True}, emits=())
    card = token["card"]
    owner = members(params.get("owner"))
    verified = {f"verified_{name}": None for name in _OWNER}
    values: dict[str, object] = {
        "type": "card",
        "card": {
            **{name: present(card)[name] for name in _SHOWN},
            "address_line1_check": present(card)["address_line1_check"],
            "address_zip_check": present(card)["address_zip_check"],
            "name": present(card)["name"],
            "three_d_secure": "optional",
            "tokenization_method": None,
        },
        "client_secret": unit.environment.ids.new("src_client_secret_", 24),
        "owner": {
            **_OWNER,
            "name": present(card)["name"],
            **{n: owner[n] for n in _OWNER if n in owner},
            **verified,
        },
        "_card": card,
        "_number": payment_methods.card_of(token).number,
        "_name": token.get("_name"),
    }
    draft.update(cast("Source", values))


def _updating(call: RequestContext[SourceUpdateParams], source: Source, changes: dict[str, object]) -> None:
    if owner := call.params.get("owner"):
        changes["owner"] = overlay(members(source.get("owner")), cast("JsonMapping", owner))


def _transactions(call: RequestContext[Params]) -> Mapping[str, object]:
    """Answer the transfers that filled a source: a card source takes none."""
    call.unit.get(kinds.SOURCE, call.ids["source"])
    return list_of(list[dict[str, object]](), call.path, {"limit": 10, **call.params})


def _verify(call: RequestContext[Params]) -> Source:
    source = call.unit.get(kinds.SOURCE, call.ids["source"])
    raise invalid(f"The source {source['id']} has the flow `{source['flow']}` and needs no verification.", "source")


SOURCE = Resource(
    schema=Schema(
        object="source",
        prefix="src_1",
        id_length=23,
        path="/v1/sources",
        fields=(
            read_only("allow_redisplay"),
            create_only("amount"),
            read_only("card"),
            read_only("client_secret"),
            read_only("created"),
            create_only("currency"),
            read_only("customer"),
            read_only("flow", "none"),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("owner"),
            create_only("statement_descriptor"),
            read_only("status", "chargeable"),
            read_only("type"),
            create_only("usage", "reusable"),
        ),
        filters=("customer",),
    ),
    endpoints=Endpoints(
        can=("create", "retrieve", "update"),
        creating=_creating,
        updating=_updating,
        operations=(
            Operation("GET", "/v1/sources/{source}/source_transactions", _transactions),
            Operation("POST", "/v1/sources/{source}/verify", _verify),
        ),
    ),
)


RESOURCES = (SOURCE,)
