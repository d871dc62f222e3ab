"""Domains that may show wallets: payment method domains and Apple Pay's older list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.objects.payment_methods import ApplePayDomain, PaymentMethodDomain

_ACTIVE = {"status": "active"}


def _creating(call: RequestContext[Params], draft: PaymentMethodDomain | ApplePayDomain) -> None:
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
            read_only("amazon_pay", _ACTIVE),
            read_only("apple_pay", _ACTIVE),
            read_only("created"),
            create_only("domain_name", emptyable=False),
            settable("enabled", True),
            read_only("google_pay", _ACTIVE),
            read_only("klarna", _ACTIVE),
            read_only("link", _ACTIVE),
            read_only("livemode", False),
            read_only("paypal", _ACTIVE),
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
        fields=(read_only("created"), create_only("domain_name", emptyable=False), read_only("livemode", False)),
        filters=("domain_name",),
    ),
    endpoints=Endpoints(can=("create", "retrieve", "list", "delete"), creating=_creating),
)


RESOURCES = (PAYMENT_METHOD_DOMAIN, APPLE_PAY_DOMAIN)
