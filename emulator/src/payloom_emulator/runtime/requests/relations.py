"""What parameters say about each other, and bounds of theirs: rows that Stripe's request types do not have."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, TypeAlias

from payloom_emulator.protocol.errors import invalid, parameter_missing
from payloom_emulator.protocol.form import bracket
from payloom_emulator.protocol.json_shapes import is_array, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Where: TypeAlias = list[str | int]
_OWN_ID = "[A-Za-z0-9_-]+"


@dataclasses.dataclass(frozen=True, slots=True)
class Between:
    """A number has bounds. at: its path, dotted; the items of lists have no index here."""

    at: str
    minimum: int | None = None
    maximum: int | None = None

    def check(self, params: Mapping[str, object]) -> None:
        """Raise for a number outside the bounds."""
        for value, where in _values(params, self.at):
            if not isinstance(value, int | float):
                continue
            if self.minimum is not None and value < self.minimum:
                raise invalid(
                    f"This value must be greater than or equal to {self.minimum}.",
                    bracket(where),
                    "parameter_invalid_integer",
                )
            if self.maximum is not None and value > self.maximum:
                raise invalid(
                    f"This value must be less than or equal to {self.maximum} (it currently is '{value}').",
                    bracket(where),
                    "parameter_invalid_integer",
                )


@dataclasses.dataclass(frozen=True, slots=True)
class Ordered:
    """Of two numbers in one map, the first is not above the second."""

    of: str
    low: str
    high: str

    def check(self, params: Mapping[str, object]) -> None:
        """Raise for a pair in the wrong order."""
        for value, where in _values(params, self.of):
            pairs = zip(_values(value, self.low), _values(value, self.high), strict=False) if is_object(value) else ()
            for (low, _), (high, at) in pairs:
                if isinstance(low, int) and isinstance(high, int) and low > high:
                    raise invalid(
                        f"`{self.high}` must be greater than or equal to `{self.low}`.", bracket([*where, *at])
                    )


@dataclasses.dataclass(frozen=True, slots=True)
class OneOnly:
    """Two parameters of one map exclude each other."""

    of: str
    names: tuple[str, str]

    def check(self, params: Mapping[str, object]) -> None:
        """Raise for both."""
        for value, where in _values(params, self.of):
            if is_object(value) and all(value.get(name) not in (None, "") for name in self.names):
                listed = ", ".join(self.names)
                raise invalid(
                    f"You may only specify one of these parameters: {listed}.", bracket([*where, self.names[0]])
                )


@dataclasses.dataclass(frozen=True, slots=True)
class Branch:
    """A map whose `type` is a word needs the parameter of that name."""

    of: str
    word: str

    def check(self, params: Mapping[str, object]) -> None:
        """Raise for a type without its parameter."""
        for value, where in _values(params, self.of):
            if is_object(value) and value.get("type") == self.word and value.get(self.word) in (None, ""):
                raise parameter_missing(bracket([*where, self.word]))


@dataclasses.dataclass(frozen=True, slots=True)
class Pattern:
    """A text has the form of a regular expression."""

    at: str
    pattern: str
    message: str
    code: str | None = None

    def check(self, params: Mapping[str, object]) -> None:
        """Raise for a text of another form."""
        for value, where in _values(params, self.at):
            if isinstance(value, str) and value and not re.fullmatch(self.pattern, value):
                raise invalid(self.message.format(value=value), bracket(where), self.code)


@dataclasses.dataclass(frozen=True, slots=True)
class Unique:
    """The items of a list differ in one of their parameters."""

    of: str
    name: str

    def check(self, params: Mapping[str, object]) -> None:
        """Raise for the second of two that are the same."""
        seen: set[object] = set()
        for value, where in _values(params, f"{self.of}.{self.name}"):
            if value in seen:
                raise invalid(f"`{self.name}` must be unique, and '{value}' is not.", bracket(where))
            seen.add(value)


@dataclasses.dataclass(frozen=True, slots=True)
class AtMost:
    """A list has at most so many items."""

    at: str
    items: int

    def check(self, params: Mapping[str, object]) -> None:
        """Raise for a longer list."""
        value = params.get(self.at)
        if is_array(value) and len(value) > self.items:
            raise invalid(f"Array too long: must be at most {self.items} items.", self.at)


Row: TypeAlias = "Between | Ordered | OneOnly | Branch | Pattern | Unique | AtMost"
_ID = "Only alphanumeric characters, dashes, and underscores are allowed in an ID, and '{value}' has others."
_EMAIL = Pattern("receipt_email", r"[^@\s]+@[^@\s]+", "Invalid email address: {value}", "email_invalid")
_LINES = (
    Ordered("line_items", "adjustable_quantity.minimum", "adjustable_quantity.maximum"),
    Ordered("line_items", "adjustable_quantity.minimum", "quantity"),
    Ordered("line_items", "quantity", "adjustable_quantity.maximum"),
)
_CUSTOM_FIELDS = (
    Branch("custom_fields", "dropdown"),
    Pattern("custom_fields.key", "[A-Za-z0-9]+", "`{value}` is no key: a key is alphanumeric."),
    Unique("custom_fields", "key"),
    Ordered("custom_fields.text", "minimum_length", "maximum_length"),
    Ordered("custom_fields.numeric", "minimum_length", "maximum_length"),
)
_FLEXIBLE = (
    Ordered("custom_unit_amount", "minimum", "maximum"),
    Ordered("custom_unit_amount", "minimum", "preset"),
    Ordered("custom_unit_amount", "preset", "maximum"),
)
_ESTIMATE = Ordered("delivery_estimate", "minimum.value", "maximum.value")
_TRIAL = Between("subscription_data.trial_period_days", 1, 730)
_FEE_PERCENT = Between("application_fee_percent", 0, 100)


def _percents(below: str = "") -> tuple[Row, ...]:
    """Return the rows of the parts of a subscription's payments that go elsewhere."""
    names = ("application_fee_percent", "transfer_data.amount_percent")
    return tuple(Between(f"{below}{name}", 0, 100) for name in names)


ROWS: Mapping[str, tuple[Row, ...]] = {
    "/v1/billing_portal/sessions": (
        Pattern("return_url", r"[a-zA-Z][a-zA-Z0-9+.-]*://\S+", "Not a valid URL", "url_invalid"),
    ),
    "/v1/charges": (_EMAIL,),
    "/v1/checkout/sessions": (
        *_LINES,
        *_CUSTOM_FIELDS,
        AtMost("discounts", 1),
        OneOnly("discounts", ("coupon", "promotion_code")),
        OneOnly("subscription_data", ("trial_end", "trial_period_days")),
        _TRIAL,
        *_percents("subscription_data."),
    ),
    "/v1/customers": (Pattern("invoice_prefix", "[A-Z0-9]{1,12}", "Invalid invoice prefix: {value}"),),
    "/v1/accounts": (Pattern("country", "[A-Za-z]{2}", "Country '{value}' is unknown.", "country_unsupported"),),
    "/v1/coupons": (Pattern("id", _OWN_ID, _ID), Between("max_redemptions", 1)),
    "/v1/invoiceitems": (Ordered("period", "start", "end"), OneOnly("", ("amount", "unit_amount_decimal"))),
    "/v1/invoices": (AtMost("custom_fields", 4), OneOnly("", ("days_until_due", "due_date"))),
    "/v1/payment_intents": (
        _EMAIL,
        Ordered("", "transfer_data.amount", "amount"),
        Ordered("", "application_fee_amount", "amount"),
    ),
    "/v1/payment_links": (
        *_LINES,
        *_CUSTOM_FIELDS,
        Branch("after_completion", "redirect"),
        _TRIAL,
        _FEE_PERCENT,
    ),
    "/v1/prices": _FLEXIBLE,
    "/v1/products": (Pattern("id", _OWN_ID, _ID),),
    "/v1/promotion_codes": (Between("max_redemptions", 1),),
    "/v1/quotes": _percents(),
    "/v1/refunds": (OneOnly("", ("charge", "payment_intent")),),
    "/v1/shipping_rates": (_ESTIMATE,),
    "/v1/subscription_schedules": (*_percents("default_settings."), *_percents("phases.")),
    "/v1/subscriptions": (
        *_percents(),
        Between("billing_cycle_anchor_config.day_of_month", 1, 31),
        OneOnly("", ("billing_cycle_anchor", "billing_cycle_anchor_config")),
    ),
}
"""By the path that makes an object: what Stripe refuses beyond the types of its parameters.

The rows hold for each POST to such an object, too.
"""


def check(method: str, path: str, params: Mapping[str, object]) -> None:
    """Raise for the first row that a request breaks. path: the operation's."""
    for row in ROWS.get(path.partition("/{")[0], ()) if method == "POST" else ():
        row.check(params)


def _values(value: object, dotted: str) -> Iterator[tuple[object, Where]]:
    """Yield each value at a dotted path below another one, with its place."""
    name, _, rest = dotted.partition(".")
    if is_array(value):
        for index, item in enumerate(value):
            yield from ((inner, [index, *where]) for inner, where in _values(item, dotted))
    elif not name:
        yield value, []
    elif is_object(value) and value.get(name) is not None:
        yield from ((inner, [name, *where]) for inner, where in _values(value[name], rest))
