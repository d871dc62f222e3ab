"""Lists that Stripe keeps and programs copy: tax codes, country specs, exchange rates, and reviews."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.schemas.schema import Schema
from payloom_emulator.ledger.money import CURRENCIES
from payloom_emulator.protocol.errors import missing

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext

_TAX_CODES = {
    "txcd_00000000": ("Nontaxable", "Any nontaxable good or service."),
    "txcd_10000000": ("General - Electronically Supplied Services", "Digital services delivered over the internet."),
    "txcd_10103000": ("Software as a service (SaaS) - personal use", "Software that runs in the cloud, for a person."),
    "txcd_10103001": (
        "Software as a service (SaaS) - business use",
        "Software that runs in the cloud, for a business.",
    ),
    "txcd_20030000": ("General - Services", "Services in general."),
    "txcd_92010001": ("Shipping", "Delivery of goods."),
    "txcd_99999999": ("General - Tangible Goods", "Physical goods in general."),
}

_CURRENCY_OF = {
    "AT": "eur", "AU": "aud", "BE": "eur", "BR": "brl", "CA": "cad", "CH": "chf", "DE": "eur", "DK": "dkk", "ES": "eur",
    "FI": "eur", "FR": "eur", "GB": "gbp", "HK": "hkd", "IE": "eur", "IN": "inr", "IT": "eur", "JP": "jpy", "LU": "eur",
    "MX": "mxn", "NL": "eur", "NO": "nok", "NZ": "nzd", "PL": "pln", "PT": "eur", "SE": "sek", "SG": "sgd", "US": "usd",
}  # fmt: skip


def _tax_code(code: str) -> dict[str, object]:
    name, description = _TAX_CODES[code]
    return {
        "id": code,
        "object": "tax_code",
        "description": description,
        "name": name,
        "requirements": {"performance_location": "optional"},
    }


def _tax_codes(call: RequestContext[Params]) -> Mapping[str, object]:
    return list_of([_tax_code(code) for code in _TAX_CODES], call.path, {"limit": 10, **call.params})


def _one_tax_code(call: RequestContext[Params]) -> Mapping[str, object]:
    if call.ids["id"] not in _TAX_CODES:
        raise missing("tax_code", call.ids["id"])
    return _tax_code(call.ids["id"])


def _country(code: str) -> dict[str, object]:
    needed = {"additional": [], "minimum": ["external_account", "tos_acceptance.date", "tos_acceptance.ip"]}
    return {
        "id": code,
        "object": "country_spec",
        "default_currency": _CURRENCY_OF[code],
        "supported_bank_account_currencies": {_CURRENCY_OF[code]: [code]},
        "supported_payment_currencies": list(CURRENCIES),
        "supported_payment_methods": ["card", "stripe"],
        "supported_transfer_countries": sorted(_CURRENCY_OF),
        "verification_fields": {"company": needed, "individual": needed},
    }


def _countries(call: RequestContext[Params]) -> Mapping[str, object]:
    return list_of([_country(code) for code in sorted(_CURRENCY_OF)], call.path, {"limit": 10, **call.params})


def _one_country(call: RequestContext[Params]) -> Mapping[str, object]:
    if call.ids["country"] not in _CURRENCY_OF:
        raise missing("country_spec", call.ids["country"])
    return _country(call.ids["country"])


# What one US dollar is worth in test mode. Rates of other currencies follow from these.
_PER_DOLLAR = {
    "aud": 1.52, "brl": 5.4, "cad": 1.37, "chf": 0.88, "czk": 22.8, "dkk": 6.86, "eur": 0.92, "gbp": 0.78, "hkd": 7.8,
    "huf": 360.0, "inr": 83.5, "jpy": 150.0, "mxn": 18.2, "nok": 10.7, "nzd": 1.66, "pln": 3.95, "ron": 4.57,
    "sek": 10.5, "sgd": 1.34, "usd": 1.0,
}  # fmt: skip


def _exchange_rate(code: str) -> dict[str, object]:
    rates = {other: round(_PER_DOLLAR[other] / _PER_DOLLAR[code], 6) for other in sorted(_PER_DOLLAR)}
    return {"id": code, "object": "exchange_rate", "rates": rates}


def _exchange_rates(call: RequestContext[Params]) -> Mapping[str, object]:
    return list_of([_exchange_rate(code) for code in sorted(_PER_DOLLAR)], call.path, {"limit": 10, **call.params})


def _one_exchange_rate(call: RequestContext[Params]) -> Mapping[str, object]:
    code = call.ids["rate_id"].lower()
    if code not in _PER_DOLLAR:
        raise missing("exchange_rate", call.ids["rate_id"])
    return _exchange_rate(code)


def _reviews(call: RequestContext[Params]) -> Mapping[str, object]:
    """Answer the reviews, of which there are none: no rule of Radar asks for them here."""
    return list_of(list[dict[str, object]](), call.path, {"limit": 10, **call.params})


def _query_runs(call: RequestContext[Params]) -> Mapping[str, object]:
    """Answer the runs of scheduled Sigma queries, of which there are none: the Dashboard schedules them."""
    return list_of(list[dict[str, object]](), call.path, {"limit": 10, **call.params})


def _no_query_run(call: RequestContext[Params]) -> Mapping[str, object]:
    raise missing("scheduled_query_run", call.ids["scheduled_query_run"])


def _no_review(call: RequestContext[Params]) -> Mapping[str, object]:
    raise missing("review", call.ids["review"])


def _lists(name: str, prefix: str, *operations: Operation) -> Resource:
    """Return the resource of a list that is not stored."""
    return Resource(
        schema=Schema(object=name, prefix=prefix, has_created=False, has_livemode=False),
        endpoints=Endpoints(can=(), operations=operations),
    )


RESOURCES = (
    _lists(
        "tax_code",
        "txcd_",
        Operation("GET", "/v1/tax_codes", _tax_codes),
        Operation("GET", "/v1/tax_codes/{id}", _one_tax_code),
    ),
    _lists(
        "country_spec",
        "",
        Operation("GET", "/v1/country_specs", _countries),
        Operation("GET", "/v1/country_specs/{country}", _one_country),
    ),
    _lists(
        "exchange_rate",
        "",
        Operation("GET", "/v1/exchange_rates", _exchange_rates),
        Operation("GET", "/v1/exchange_rates/{rate_id}", _one_exchange_rate),
    ),
    _lists(
        "scheduled_query_run",
        "sqr_",
        Operation("GET", "/v1/sigma/scheduled_query_runs", _query_runs),
        Operation("GET", "/v1/sigma/scheduled_query_runs/{scheduled_query_run}", _no_query_run),
    ),
    _lists(
        "review",
        "prv_",
        Operation("GET", "/v1/reviews", _reviews),
        Operation("GET", "/v1/reviews/{review}", _no_review),
        Operation("POST", "/v1/reviews/{review}/approve", _no_review),
    ),
)
