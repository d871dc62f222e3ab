"""What Stripe takes and its SDKs' types do not name: cards in full, and what its own browser code sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.protocol.param_types import type_of

if TYPE_CHECKING:
    from payloom_emulator.protocol.param_types import NodeJson, Ref

# What Stripe takes and its SDKs' types do not name: raw cards beside tokens, and what its own browser code sends.
_RAW_CARD: NodeJson = [
    "o",
    {
        "number": ["s"],
        "exp_month": ["i"],
        "exp_year": ["i"],
        "cvc": ["s"],
        "token": ["s"],
        "networks": ["o", {"preferred": ["s"]}, []],
    },
    [],
]
_BROWSER: dict[str, Ref] = {
    "client_secret": ["s"],
    "expected_payment_method_type": ["s"],
    "use_stripe_sdk": ["b"],
    "payment_user_agent": ["s"],
    "referrer": ["s"],
    "client_context": ["m", ["s"]],
}
_FROM_BROWSERS = frozenset(
    {
        "/v1/payment_intents/{}",
        "/v1/payment_intents/{}/confirm",
        "/v1/payment_intents/{}/verify_microdeposits",
        "/v1/setup_intents/{}",
        "/v1/setup_intents/{}/confirm",
        "/v1/setup_intents/{}/verify_microdeposits",
    }
)


def _with_raw_cards(ref: Ref) -> Ref:
    node = type_of(ref)
    return ["o", {**node.fields, "card": _RAW_CARD, "type": ["s"]}, list(node.required)] if node.kind == "o" else ref


_PAGE_OF_V2: dict[str, Ref] = {"page": ["s"], "limit": ["i"]}

# A card or a bank account in full, as it was given before there were tokens.
_CARD_IN_FULL: dict[str, Ref] = {
    "object": ["s"],
    "number": ["s"],
    "exp_month": ["i"],
    "exp_year": ["i"],
    "cvc": ["s"],
    "name": ["s"],
    "currency": ["s"],
    "metadata": ["m", ["s"]],
    **{f"address_{name}": ["s"] for name in ("city", "country", "line1", "line2", "state", "zip")},
}
_BANK_IN_FULL: dict[str, Ref] = {
    "object": ["s"],
    "account_number": ["s"],
    "routing_number": ["s"],
    "country": ["s"],
    "currency": ["s"],
    "account_holder_name": ["s"],
    "account_holder_type": ["s"],
    "metadata": ["m", ["s"]],
}
_CARD: NodeJson = ["u", ["o", _CARD_IN_FULL, []], ["s"]]
_BANK: NodeJson = ["u", ["o", _BANK_IN_FULL, []], ["s"]]
_CARD_OR_BANK: NodeJson = ["u", ["o", {**_BANK_IN_FULL, **_CARD_IN_FULL}, []], ["s"]]
_ONLY_ITEM: dict[str, Ref] = {"plan": ["s"], "quantity": ["i"]}

_BY_OPERATION: dict[tuple[str, str], dict[str, Ref]] = {
    ("POST", "/v1/charges"): {"card": _CARD, "source": _CARD_OR_BANK},
    ("POST", "/v1/customers"): {"card": _CARD, "source": _CARD_OR_BANK, "bank_account": _BANK},
    ("POST", "/v1/customers/{}"): {
        "card": _CARD,
        "source": _CARD_OR_BANK,
        "bank_account": _BANK,
        "default_card": ["s"],
    },
    ("POST", "/v1/customers/{}/sources"): {"card": _CARD, "source": _CARD_OR_BANK, "bank_account": _BANK},
    ("POST", "/v1/customers/{}/cards"): {"card": _CARD, "source": _CARD_OR_BANK, "metadata": ["m", ["s"]]},
    ("POST", "/v1/customers/{}/bank_accounts"): {
        "bank_account": _BANK,
        "source": _CARD_OR_BANK,
        "metadata": ["m", ["s"]],
    },
    ("POST", "/v1/subscriptions"): _ONLY_ITEM,
    ("POST", "/v1/subscriptions/{}"): _ONLY_ITEM,
}
"""Parameters that Stripe takes in every version, by operation."""


def with_undeclared(operation: tuple[str, str], fields: Mapping[str, Ref], *, raw_cards: bool) -> Mapping[str, Ref]:
    """Return an operation's parameters with those that Stripe takes and its SDKs' types do not name.

    raw_cards: `payment_method_data` may have a card's number.
    """
    fields = {**fields, **_BY_OPERATION.get(operation, {})}
    if operation[1] in _FROM_BROWSERS:
        fields = {**_BROWSER, **fields}
    if operation[0] == "GET" and operation[1].startswith("/v2/") and not operation[1].endswith("{}"):
        # In no type of the SDK: it follows `next_page_url` as it stands.
        fields = {**_PAGE_OF_V2, **fields}
    if raw_cards and "payment_method_data" in fields:
        fields = {**fields, "payment_method_data": _with_raw_cards(fields["payment_method_data"])}
    return fields
