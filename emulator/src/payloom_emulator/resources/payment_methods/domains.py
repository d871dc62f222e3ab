"""Domains that may show wallets: payment method domains and Apple Pay's older list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.resource import Endpoints, Resource
from payloom_emulator.core.schema import Schema, fixed, given, once
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call
    from payloom_emulator.core.schema import Body

_ACTIVE = {"status": "active"}


def _creating(call: Call, draft: Body) -> None:
    name = draft["domain_name"]
    if "://" in name or "/" in name or " " in name:
        raise invalid("Invalid domain name: give the host alone, without a scheme or a path.", "domain_name")
    del call


PAYMENT_METHOD_DOMAIN = Resource(
    schema=Schema(
        object="payment_method_domain",
        prefix="pmd_1",
        id_length=23,
        path="/v1/payment_method_domains",
        fields=(
            fixed("amazon_pay", _ACTIVE),
            fixed("apple_pay", _ACTIVE),
            fixed("created"),
            once("domain_name", emptyable=False),
            given("enabled", True),
            fixed("google_pay", _ACTIVE),
            fixed("klarna", _ACTIVE),
            fixed("link", _ACTIVE),
            fixed("livemode", False),
            fixed("paypal", _ACTIVE),
        ),
        filters=("domain_name", "enabled"),
    ),
    endpoints=Endpoints(creating=_creating, actions={"validate": lambda call: call.target}),
)
APPLE_PAY_DOMAIN = Resource(
    schema=Schema(
        object="apple_pay_domain",
        prefix="apwc_1",
        id_length=23,
        path="/v1/apple_pay/domains",
        fields=(fixed("created"), once("domain_name", emptyable=False), fixed("livemode", False)),
        filters=("domain_name",),
    ),
    endpoints=Endpoints(can=("create", "retrieve", "list", "delete"), creating=_creating),
)

RESOURCES = (PAYMENT_METHOD_DOMAIN, APPLE_PAY_DOMAIN)
