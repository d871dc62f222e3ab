"""The limits of parameters that Stripe's descriptions state, for every operation: lengths, numbers, lists, alphabets.

One reading of the descriptions instead of a list by hand: a parameter that Stripe adds, or a limit that it changes,
counts as soon as the SDK is renewed. What the descriptions do not say stands in `UNSTATED` and `_NOT_BOTH`; a test
compares both with the local Stripe.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from payloom.workflows.catalog.limits import Choice, Limits, Needed

Schema = Mapping[str, Any]

_SENTENCES = re.compile(r"(?<=[a-z0-9`*)\]][.;])\s+|\n\n|\n(?=[-*] )")
_CONDITIONAL = re.compile(
    r"\b(?:for most|for `|if your|total number|truncated?|calendar days?|recommended|precision|combined)\b",
    re.IGNORECASE,
)
_MOST = r"(?:up to|at most|maximum(?: length| character count)?(?: of(?: this field is)?| is)?|limit(?: of)?|limited to|limit the identifier to)"
_LONGEST = re.compile(
    rf"\b{_MOST}(?: a maximum of)? \*?([\d,]+)\*?(?: alphanumeric)? characters\b|\b([\d,]+)[- ]character limit\b",
    re.IGNORECASE,
)
_RANGE_OF_LENGTHS = re.compile(r"\bbetween (\d+) and (\d+) characters\b", re.IGNORECASE)
_MOST_ITEMS = re.compile(
    rf"\b(?:supports )?{_MOST}(?: a maximum of)? ([\d,]+)\b(?! (?:characters|days?|minutes|seconds|years?|decimal|or\b))",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"\b(?:between|ranges from) (\d+) ?(?:and|to|--) ?(\d+)\b(?! (?:characters|calendar|seconds from))", re.IGNORECASE
)
_ABOVE = re.compile(
    r"\b(?:must be|integer|larger|value must be) (?:greater than|larger than|than) (\d+)\b", re.IGNORECASE
)
_LEAST = re.compile(r"\b(?:integer greater than or equal to|has to be at least) (\d+)\b(?! hours)", re.IGNORECASE)
_NOT_NEGATIVE = re.compile(r"\bnon-negative (?:integer|decimal|float|number)\b", re.IGNORECASE)
_SPANS = (
    re.compile(
        r"\banywhere from (?P<least>\d+) (?P<first>minutes) to (?P<most>\d+) (?P<unit>hours) after\b", re.IGNORECASE
    ),
    re.compile(r"\bat least (?P<least>\d+) (?P<first>hours) in the future\b", re.IGNORECASE),
    re.compile(r"\b(?:more than|up to) (?P<most>\d+) (?P<unit>years) in the future\b", re.IGNORECASE),
    re.compile(r"\bat most (?P<most>two) (?P<unit>years) from `billing_cycle_anchor`", re.IGNORECASE),
    re.compile(r"\bbetween (?P<least>\d+) and (?P<most>\d+) (?P<unit>seconds) from the current time\b", re.IGNORECASE),
    re.compile(
        r"\bwithin the past (?P<past>\d+) calendar days or up to (?P<most>\d+) (?P<unit>minutes) in the future\b",
        re.IGNORECASE,
    ),
)
"""How Stripe's descriptions bound a moment, counted from the call."""
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "years": 366 * 86_400}
_LARGEST = re.compile(r"\b(?:value up to|maximum value is|smaller or equal to) (\d+)\b", re.IGNORECASE)
_POSITIVE = re.compile(r"\bpositive (?:integer|float|number)\b", re.IGNORECASE)
_OR_ZERO = re.compile(r"\bor (?:0|zero) for\b|\bor a negative\b|\bnegative (?:amount|integer|`)", re.IGNORECASE)
_ALPHABETS = (
    (re.compile(r"\balphanumeric, and up to\b", re.IGNORECASE), "[A-Za-z0-9]*", "letters and digits"),
    (re.compile(r"\b1[–-]12 uppercase letters or numbers\b"), "[A-Z0-9]{1,12}", "1 to 12 capital letters and digits"),
    (re.compile(r"\blower case letters \(a-z\), upper case letters \(A-Z\), digits \(0-9\), and dashes"),
     "[A-Za-z0-9-]*", "letters, digits, and dashes"),
    (re.compile(r"^Two-letter country code\b|\btwo-letter (?:ISO )?country code\b|ISO 3166-1 alpha-2 country code", re.IGNORECASE),
     "[A-Za-z]{2}", "the two letters of a country, such as DE"),
    (re.compile(r"\bin YYYY-MM-DD format\b|, in `YYYY-MM-DD`"), r"\d{4}-\d{2}-\d{2}", "a day, such as 2026-01-31"),
)  # fmt: skip

UNSTATED: Mapping[str, Limits] = {
    "client_reference_id": Limits(longest=200),
    "phone": Limits(longest=20),
    "email": Limits(longest=512, alphabet=r"[^@\s]+@[^@\s]+", letters="an address, such as ada@example.com"),
    "customer_email": Limits(longest=800, alphabet=r"[^@\s]+@[^@\s]+", letters="an address, such as ada@example.com"),
    "receipt_email": Limits(longest=800, alphabet=r"[^@\s]+@[^@\s]+", letters="an address, such as ada@example.com"),
    "lookup_key": Limits(longest=200),
    "automatically_finalizes_at": Limits(soonest=1),
    "backdate_start_date": Limits(latest=0),
    "billing_cycle_anchor": Limits(soonest=1),
    "cancel_at": Limits(soonest=1),
    "interval_count": Limits(least=1),
    "quantity": Limits(least=0),
    "redeem_by": Limits(soonest=1),
    "resumes_at": Limits(soonest=1),
    "trial_end": Limits(soonest=1),
    "trial_period_days": Limits(largest=730),
    "unit_label": Limits(longest=12),
}
"""By name of a parameter: limits that hold wherever it stands, and that no description names."""
_OWN_ID = Limits(alphabet="[A-Za-z0-9_-]+", letters="letters, digits, dashes, and underscores")
_UNSTATED_OF: Mapping[tuple[str, str], Limits] = {
    ("charges", "amount"): Limits(above=0),
    ("checkout.sessions", "discounts"): Limits(most=1),
    ("checkout.sessions", "line_items"): Limits(most=100),
    ("checkout.sessions", "optional_items"): Limits(most=10),
    ("coupons", "id"): _OWN_ID,
    ("coupons", "name"): Limits(longest=40),
    ("customers", "name"): Limits(longest=256),
    ("entitlements.features", "name"): Limits(longest=80),
    ("file_links", "expires_at"): Limits(soonest=1),
    ("invoices", "description"): Limits(longest=1500),
    ("invoices", "due_date"): Limits(soonest=1),
    ("invoices", "number"): Limits(longest=26),
    ("payment_intents", "amount_to_capture"): Limits(above=0),
    ("payment_intents", "description"): Limits(longest=1000),
    ("plans", "id"): _OWN_ID,
    ("products", "id"): _OWN_ID,
    ("promotion_codes", "code"): Limits(longest=500),
    ("promotion_codes", "expires_at"): Limits(soonest=1),
    ("quotes", "description"): Limits(longest=500),
    ("quotes", "expires_at"): Limits(soonest=1),
    ("quotes", "footer"): Limits(longest=500),
    ("quotes", "header"): Limits(longest=50),
    ("refunds", "amount"): Limits(above=0),
    ("shipping_rates", "display_name"): Limits(longest=100),
    ("subscriptions", "description"): Limits(longest=500),
    ("tax_rates", "display_name"): Limits(longest=50),
    ("tax_rates", "jurisdiction"): Limits(longest=50),
    ("tax_rates", "percentage"): Limits(least=0, largest=100),
    ("tax_rates", "state"): Limits(longest=2),
    ("test_helpers.test_clocks", "name"): Limits(longest=300),
}
"""The same, of the parameters at the top of the operations of one resource."""
_URL = Limits(alphabet=r"[a-zA-Z][a-zA-Z0-9+.-]*://\S+", letters="a whole address, such as https://shop.example/thanks")
_IN_WORDS = re.compile(
    r"\bonly one of `(\w+)` (?:and|or) `(\w+)` (?:can|may) be|\beither `(\w+)` or `(\w+)`, but not both", re.IGNORECASE
)
_WITH = re.compile(
    r"\bmutually exclusive with (?:the )?`(\w+)`|\b(?:cannot|can't) be used in combination with `(\w+)`", re.IGNORECASE
)
_NOT_BOTH = (
    ("allow_promotion_codes", "discounts"),
    ("amount", "unit_amount_decimal"),
    ("amount_off", "percent_off"),
    ("billing_cycle_anchor", "billing_cycle_anchor_config"),
    ("cancel_at", "cancel_at_period_end"),
    ("charge", "payment_intent"),
    ("coupon", "promotion_code"),
    ("customer", "customer_creation"),
    ("customer", "customer_email"),
    ("days_until_due", "due_date"),
    ("ending_before", "starting_after"),
    ("payment_method", "payment_method_data"),
    ("price", "price_data"),
    ("product", "product_data"),
    ("shipping_rate", "shipping_rate_data"),
    ("trial_end", "trial_period_days"),
    ("unit_amount", "unit_amount_decimal"),
)
"""Pairs of which Stripe takes one, wherever both are offered to a writing call, and that no description names."""
CHOICES: Mapping[str, tuple[Choice, ...]] = {
    "checkout.sessions.create": (
        Choice("mode", ("payment",), needs=("line_items",), without=("subscription_data", "setup_intent_data", "payment_method_collection")),
        Choice("mode", ("subscription",), needs=("line_items",), without=("payment_intent_data", "setup_intent_data", "invoice_creation", "customer_creation")),
        Choice("mode", ("setup",), needs=("currency",), without=("line_items", "payment_intent_data", "subscription_data", "invoice_creation", "payment_method_collection")),
        Choice("ui_mode", ("embedded_page",), without=("success_url", "cancel_url")),
    ),
    "coupons.create": (
        Choice("duration", ("repeating",), needs=("duration_in_months",)),
        Choice("duration", ("once", "forever", None), without=("duration_in_months",)),
    ),
    "invoices.create": (
        Choice("collection_method", ("charge_automatically", None), without=("days_until_due", "due_date")),
        Choice("collection_method", ("send_invoice",), needs=("days_until_due", "due_date")),
    ),
    "payment_intents.create": (
        Choice("confirm", (False, None), without=("off_session", "return_url", "error_on_requires_action")),
    ),
    "subscriptions.create": (
        Choice("collection_method", ("send_invoice",), needs=("days_until_due",)),
        Choice("collection_method", ("charge_automatically", None), without=("days_until_due",)),
    ),
}  # fmt: skip
"""By operation: what one of its parameters decides about the others, and no description says so."""
NEEDED: Mapping[str, tuple[Needed, ...]] = {
    "account_links.create": (
        Needed("", "type", "refresh_url", "account_onboarding"),
        Needed("", "type", "return_url", "account_onboarding"),
    ),
    "checkout.sessions.create": (Needed("", "customer_update", "customer"),),
    "coupons.create": (Needed("", "amount_off", "currency"),),
    "prices.create": (
        Needed("", "billing_scheme", "tiers", "tiered"),
        Needed("", "tiers", "tiers_mode"),
        Needed("recurring", "usage_type", "meter", "metered"),
    ),
    "promotion_codes.create": (Needed("restrictions", "minimum_amount", "minimum_amount_currency"),),
}
"""By operation: parameters that Stripe takes only with another one, and no description says so."""
ONE_OF: Mapping[str, tuple[str, ...]] = {
    "billing_portal.sessions.create": ("customer", "customer_account"),
    "checkout.sessions.create": ("mode",),
    "coupons.create": ("percent_off", "amount_off"),
    "credit_notes.create": (
        "amount",
        "lines",
        "shipping_cost",
        "refunds",
        "credit_amount",
        "refund_amount",
        "out_of_band_amount",
    ),
    "customer_sessions.create": ("customer", "customer_account"),
    "invoice_items.create": ("customer", "customer_account"),
    "invoices.create": ("customer", "customer_account", "from_invoice"),
    "payment_methods.attach": ("customer", "customer_account"),
    "prices.create": ("product", "product_data"),
    "refunds.create": ("payment_intent", "charge", "customer"),
    "subscription_schedules.create": ("phases", "from_subscription"),
    "subscriptions.create": ("customer", "customer_account"),
}
"""By operation: parameters of which Stripe needs one, although each may be left out."""
STARTING: Mapping[str, tuple[str, ...]] = {"checkout.sessions.create": ("line_items", "success_url")}
"""By operation: what is needed unless another parameter says otherwise, such as the way a Checkout is shown."""
_ORDERED = (
    ("adjustable_quantity.minimum", "adjustable_quantity.maximum"),
    ("adjustable_quantity.minimum", "quantity"),
    ("application_fee_amount", "amount"),
    ("start.timestamp", "end.timestamp"),
    ("minimum", "maximum"),
    ("minimum", "preset"),
    ("minimum.value", "maximum.value"),
    ("minimum_length", "maximum_length"),
    ("preset", "maximum"),
    ("quantity", "adjustable_quantity.maximum"),
    ("start", "end"),
    ("start_date", "end_date"),
    ("transfer_data.amount", "amount"),
    ("trial_end", "end_date"),
)
"""Pairs of which the first is not above the second, wherever both are offered to a writing call."""
_LINE = ("price", "price_data", "plan", "pricing", "amount", "unit_amount_decimal", "id", "invoiceitem")
"""What an item is charged by: one of those that it offers."""
_PRICED = ("unit_amount", "unit_amount_decimal", "custom_unit_amount", "tiers")
_ALONE = re.compile(
    r"\bother parameters\b[^.]*\bcannot be set\b|\bcannot specify any other parameters except for `(\w+)`",
    re.IGNORECASE,
)
_BESIDE = frozenset({"expand", "metadata"})
SEARCHED: Mapping[str, Mapping[str, str]] = {
    "charges": {
        "amount": "number", "billing_details.address.postal_code": "word", "created": "number", "currency": "word",
        "customer": "word", "disputed": "word", "metadata": "any", "payment_method_details.*.brand": "word",
        "payment_method_details.*.exp_month": "word", "payment_method_details.*.exp_year": "word",
        "payment_method_details.*.fingerprint": "word", "payment_method_details.*.last4": "word", "refunded": "word",
        "status": "word",
    },
    "customers": {"created": "number", "email": "text", "metadata": "any", "name": "text", "phone": "text"},
    "invoices": {
        "created": "number", "currency": "word", "customer": "word", "last_finalization_error_code": "word",
        "last_finalization_error_type": "word", "metadata": "any", "number": "text", "receipt_number": "text",
        "status": "word", "subscription": "word", "total": "number",
    },
    "payment_intents": {
        "amount": "number", "created": "number", "currency": "word", "customer": "word", "metadata": "any",
        "status": "word",
    },
    "prices": {
        "active": "word", "created": "number", "currency": "word", "lookup_key": "word", "metadata": "any",
        "product": "word", "type": "word",
    },
    "products": {
        "active": "word", "created": "number", "description": "text", "metadata": "any", "name": "text",
        "shippable": "word", "url": "text",
    },
    "subscriptions": {"canceled_at": "number", "created": "number", "metadata": "any", "status": "word"},
}  # fmt: skip
"""What Stripe's search knows of each resource (docs.stripe.com/search): a `text` is also searched for a part of it."""
_READS_BOTH = frozenset({("charge", "payment_intent")})
"""Pairs that filter a list together."""


def of_parameter(name: str, text: str | None, schema: Schema) -> Limits | None:
    """Return the limits of one parameter. text: Stripe's description of it. schema: what it takes."""
    kinds = _kinds(schema)
    known = UNSTATED.get(name) if kinds & {"string", "integer"} else None
    if "string" in kinds and kinds <= {"string", "null"} and (name.endswith("_url") or name == "url"):
        known = _URL
    # Where a text is free, the form it should have is advice.
    stated = _stated(text, tuple(sorted(kinds))) if text and "freeform" not in text else None
    if "enum" in schema or known is None:
        return None if "enum" in schema else stated
    return known if stated is None else known.under(stated)


def of_operation(name: str, parameter: str, limits: Limits | None) -> Limits | None:
    """Return the limits of a parameter at the top of an operation, where its resource has limits of its own."""
    resource, _, function = name.rpartition(".")
    known = _UNSTATED_OF.get((resource, parameter)) if function in {"capture", "create", "update"} else None
    return limits if known is None else known if limits is None else known.under(limits)


def not_both(texts: Mapping[str, str | None], *, reads: bool = False) -> tuple[tuple[str, str], ...]:
    """Return the pairs of parameters of which Stripe takes one. texts: all parameters, with their descriptions."""
    pairs = {
        pair for pair in _NOT_BOTH if pair[0] in texts and pair[1] in texts and not (reads and pair in _READS_BOTH)
    }
    for name, text in texts.items():
        for match in _IN_WORDS.finditer(text or ""):
            pairs |= _known([group for group in match.groups() if group], texts)
        for match in _WITH.finditer(text or ""):
            pairs |= _known([name, *(group for group in match.groups() if group)], texts)
    return tuple(sorted(pairs))


def ordered(names: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of parameters of which the first is not above the second."""
    return tuple(pair for pair in _ORDERED if all(name.partition(".")[0] in names for name in pair))


def one_needed(names: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of parameters of which an item or a price needs one."""
    groups: list[tuple[str, ...]] = []
    if "price_data" in names:
        groups.append(tuple(name for name in _LINE if name in names))
    if "currency" in names and "unit_amount" in names and "amount" not in names and "price_data" not in names:
        groups.append(tuple(name for name in _PRICED if name in names))
    if "unit_amount" in names and "product" in names and "product_data" in names and "id" not in names:
        groups.append(("product", "product_data"))
    return tuple(groups)


def alone(texts: Mapping[str, str | None]) -> dict[str, frozenset[str]]:
    """Return the parameters that exclude all others, each with those that Stripe takes beside it."""
    says = {name: _ALONE.search(text or "") for name, text in texts.items()}
    return {name: _BESIDE | {match[1] or "expand"} for name, match in says.items() if match is not None}


def _known(names: Iterable[str], texts: Mapping[str, str | None]) -> set[tuple[str, str]]:
    first, second = sorted(names)
    return {(first, second)} if first != second and first in texts and second in texts else set()


def _kinds(schema: Schema) -> set[str]:
    kinds: set[str] = set()
    for part in schema.get("anyOf", [schema]):
        kind = part.get("type")
        kinds |= {kind} if isinstance(kind, str) else set(kind or ())
    return kinds


@functools.cache
def _stated(text: str, kinds: tuple[str, ...]) -> Limits | None:
    limits = Limits()
    for sentence in _SENTENCES.split(text):
        if "integer" in kinds and "array" not in kinds:
            limits = limits.under(_of_moment(sentence))
        if _CONDITIONAL.search(sentence):
            continue
        if "array" in kinds:
            limits = limits.under(Limits(most=_number(_MOST_ITEMS, sentence)))
        elif "string" in kinds:
            limits = limits.under(_of_text(sentence))
        if {"integer", "number"} & set(kinds) and "array" not in kinds:
            limits = limits.under(_of_number(sentence))
    return limits if limits != Limits() else None


def _of_text(sentence: str) -> Limits:
    between = _RANGE_OF_LENGTHS.search(sentence)
    if between is not None:
        return Limits(shortest=int(between[1]), longest=int(between[2]))
    for says, alphabet, letters in _ALPHABETS:
        if says.search(sentence):
            return Limits(longest=_number(_LONGEST, sentence), alphabet=alphabet, letters=letters)
    return Limits(longest=_number(_LONGEST, sentence))


def _of_number(sentence: str) -> Limits:
    between = _BETWEEN.search(sentence)
    if between is not None:
        return Limits(least=int(between[1]), largest=int(between[2]))
    least, above = _number(_LEAST, sentence), _number(_ABOVE, sentence)
    if least is None and _NOT_NEGATIVE.search(sentence) and not _OR_ZERO.search(_NOT_NEGATIVE.sub("", sentence)):
        least = 0
    if above is None and _POSITIVE.search(sentence) and not _OR_ZERO.search(sentence):
        above = 0
    return Limits(least=least, above=above, largest=_number(_LARGEST, sentence))


def _of_moment(sentence: str) -> Limits:
    for span in _SPANS:
        match = span.search(sentence)
        if match is None:
            continue
        parts = match.groupdict()
        soonest = -int(parts["past"]) * 86_400 if "past" in parts else None
        if "least" in parts:
            soonest = int(parts["least"]) * _SECONDS[parts.get("first") or parts["unit"]]
        most = 2 if parts.get("most") == "two" else int(parts.get("most", 0))
        return Limits(soonest=soonest, latest=most * _SECONDS[parts["unit"]] if most else None)
    return Limits()


def _number(pattern: re.Pattern[str], sentence: str) -> int | None:
    numbers = {int(group.replace(",", "")) for match in pattern.finditer(sentence) for group in match.groups() if group}
    return numbers.pop() if len(numbers) == 1 else None
