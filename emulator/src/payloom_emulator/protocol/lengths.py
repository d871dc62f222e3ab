"""How long a text and how exact a decimal may be: Stripe's limits, by where they are in the parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.form import bracket
from payloom_emulator.protocol.json_shapes import is_array, is_object

LONGEST = 5000

# By the resource that a URL begins with; `*` for all. A path's arrays have no index here: `custom_fields.label.custom`.
_LIMITS: dict[str, dict[str, int]] = {
    "*": {
        "phone": 20,
        "shipping.phone": 20,
        "billing_details.phone": 20,
        "email": 512,
        "customer_email": 800,
        "receipt_email": 800,
        "statement_descriptor": 22,
        "statement_descriptor_suffix": 22,
        "client_reference_id": 200,
        "lookup_key": 200,
        "recurring.lookup_key": 200,
        "invoice_settings.custom_fields.name": 40,
        "invoice_settings.custom_fields.value": 140,
        "product_data.unit_label": 12,
        "unit_label": 12,
    },
    "coupons": {"name": 40},
    "customers": {"name": 256, "business_name": 150, "individual_name": 150},
    "checkout": {
        "custom_fields.key": 200,
        "custom_fields.label.custom": 100,
        "custom_text.submit.message": 1200,
        "custom_text.shipping_address.message": 1200,
        "custom_text.after_submit.message": 1200,
        "custom_text.terms_of_service_acceptance.message": 1200,
    },
    "credit_notes": {"memo": 5000},
    "entitlements": {"name": 80, "lookup_key": 80},
    "invoices": {
        "custom_fields.name": 40,
        "custom_fields.value": 140,
        "description": 1500,
        "number": 26,
    },
    "payment_intents": {"description": 1000},
    "payment_links": {"custom_fields.key": 200, "custom_fields.label.custom": 100},
    "prices": {"lookup_key": 200},
    "products": {"marketing_features.name": 80},
    "promotion_codes": {"code": 500},
    "quotes": {"header": 50, "description": 500, "footer": 500},
    "shipping_rates": {"display_name": 100},
    "subscriptions": {"description": 500},
    "tax_rates": {"display_name": 50, "jurisdiction": 50, "state": 2},
    "test_helpers": {"name": 300},
}

# By the end of a parameter's name: how many decimal places Stripe takes.
_PLACES = {
    "application_fee_percent": 2,
    "transfer_data.amount_percent": 2,
    "package_dimensions.height": 2,
    "package_dimensions.length": 2,
    "package_dimensions.weight": 2,
    "package_dimensions.width": 2,
    "unit_amount_decimal": 12,
    "flat_amount_decimal": 12,
}
_WORDS = {2: "two"}


def check(path: str, params: Mapping[str, object]) -> None:
    """Raise for a text that is longer, or a decimal that is finer than Stripe takes. path: the operation's.

    Metadata has limits of its own.
    """
    limits = {**_LIMITS["*"], **_LIMITS.get(path.split("/")[2], {})}
    for text, where, name in _texts(params):
        longest = limits.get(name, LONGEST)
        if len(text) > longest:
            raise invalid(
                f"Invalid string: {text[:10]}...{text[-10:]}; must be at most {longest} characters", bracket(where)
            )
        if "." in text:
            _check_places(text, where, name)


def _check_places(text: str, where: list[str | int], name: str) -> None:
    most = next((most for end, most in _PLACES.items() if name == end or name.endswith(f".{end}")), None)
    if most is not None and len(text.partition(".")[2]) > most:
        words = _WORDS.get(most, most)
        raise invalid(f"Invalid decimal: {text}; must contain at maximum {words} decimal places.", bracket(where))


def _texts(params: Mapping[str, object]) -> Iterator[tuple[str, list[str | int], str]]:
    for name, value in params.items():
        if name not in {"metadata", "file", "expand"}:
            yield from _below(value, [name], name)


def _below(value: object, where: list[str | int], name: str) -> Iterator[tuple[str, list[str | int], str]]:
    if isinstance(value, str):
        yield value, where, name
    elif is_object(value):
        for inner, member in value.items():
            if inner != "metadata":
                yield from _below(member, [*where, inner], f"{name}.{inner}")
    elif is_array(value):
        for index, item in enumerate(value):
            yield from _below(item, [*where, index], name)
