"""Whether a card asks its holder before it pays, and the `next_action` that does so. Shared by both intents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from payloom_emulator.objects import kinds
from payloom_emulator.payments import test_cards
from payloom_emulator.payments.methods import payment_methods
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import texts

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.intents import PaymentIntent, SetupIntent
    from payloom_emulator.objects.payment_methods import PaymentMethod

Verdict = Literal["pass", "challenge", "refuse", "decline"]


def verdict(method: PaymentMethod, *, off_session: bool, requested: str | None, saving: bool = False) -> Verdict:
    """Return whether a card payment passes, needs a challenge, or is refused because the cardholder is not there.

    "decline": the card's bank cannot be asked at all.
    requested: `request_three_d_secure`. saving: the card is being set up for later.
    """
    card = payment_methods.card_of(method)
    if not card.three_d_secure:
        return "pass"
    rule = card.authentication
    set_up = bool(method.get("_set_up"))
    if rule == "broken":
        return "decline"
    if rule == "always":
        return "refuse" if off_session else "challenge"
    if rule == "unless_set_up":
        if set_up and not saving:
            return "pass"
        return "refuse" if off_session else "challenge"
    if rule == "on_session":
        return "pass" if off_session else "challenge"
    if rule == "optional" and requested in {"any", "challenge"}:
        return "refuse" if off_session else "challenge"
    return "pass"


# The cards whose challenge begins with a fingerprint of the browser; the others' is a page to go to.
_FINGERPRINTED = frozenset({"4000000000003220"})


def next_action(
    unit: UnitOfWork, intent: PaymentIntent | SetupIntent, return_url: str | None, *, use_sdk: bool
) -> dict[str, object]:
    """Return the `next_action` of a challenge: a page to visit, or what Stripe.js handles by itself."""
    query = urlencode({"client_secret": intent["client_secret"]})
    url = f"{unit.environment.base_url}/_emulator/3ds/{intent['id']}?{query}"
    if return_url and not use_sdk:
        return {"redirect_to_url": {"return_url": return_url, "url": url}, "type": "redirect_to_url"}
    method = unit.find(kinds.PAYMENT_METHOD, intent["payment_method"])
    if method is None or payment_methods.card_of(method).number not in _FINGERPRINTED:
        return {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {
                "source": unit.environment.ids.new("src_1", 23),
                "stripe_js": url,
                "type": "three_d_secure_redirect",
            },
        }
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {
            "directory_server_encryption": {"algorithm": "RSA", "certificate": "", "directory_server_id": "A000000003"},
            "directory_server_name": "visa",
            "merchant": unit.account,
            "server_transaction_id": unit.environment.ids.new("", 32).lower(),
            "source": unit.environment.ids.new("src_1", 23),
            "stripe_js": url,
            "three_d_secure_2_source": unit.environment.ids.new("src_1", 23),
            "type": "stripe_3ds2_fingerprint",
        },
    }


def returned(intent: PaymentIntent, return_url: str | None, *, ok: bool) -> str | None:
    """Return where the browser goes after a challenge, with what Stripe adds to the return URL."""
    if not return_url:
        return None
    word = intent["object"]
    query = urlencode(
        {
            word: intent["id"],
            f"{word}_client_secret": intent["client_secret"],
            "redirect_status": "succeeded" if ok else "failed",
        }
    )
    return f"{return_url}{'&' if '?' in return_url else '?'}{query}"


FAILED_MESSAGE = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)


DEFAULT_TYPES = ("card", "link")


REDIRECTS = frozenset(k for k, how in test_cards.KINDS.items() if how.startswith("redirect"))


def types_for(params: JsonMapping, *, automatic: bool) -> list[str]:
    """Return the payment method types an intent or session offers."""
    named = texts(params.get("payment_method_types")) or texts(params.get("allowed_payment_method_types"))
    if named:
        return named
    excluded = set(texts(params.get("excluded_payment_method_types")))
    return [t for t in (DEFAULT_TYPES if automatic else ("card",)) if t not in excluded] or ["card"]


def check_type(intent: PaymentIntent | SetupIntent, method: PaymentMethod, noun: str) -> None:
    """Raise when an intent does not take this kind of payment method."""
    kind = method["type"]
    offered = intent["payment_method_types"]
    automatic = (intent.get("automatic_payment_methods") or {}).get("enabled")
    excluded = intent.get("excluded_payment_method_types") or []
    narrowed = intent.get("allowed_payment_method_types")
    if kind in offered or (automatic and not narrowed and kind not in excluded):
        return
    raise invalid(
        f"""The PaymentMethod provided ({kind}) is not allowed for this {noun}. Please attach a PaymentMethod of one of the following types: {", ".join(offered)}. Alternatively, update the allowed `payment_method_types` for this {noun} to include "{kind}".""",
        "payment_method",
    )
