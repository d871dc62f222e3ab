"""The protocol's small parts: nesting, parameters from Stripe's types, versions, keys, the search language, money."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payloom_emulator.catalog.prices import amount_for
from payloom_emulator.checkout.lines import share
from payloom_emulator.core.differences import difference
from payloom_emulator.core.ids import Ids
from payloom_emulator.kit.json import UploadedFile
from payloom_emulator.ledger import money
from payloom_emulator.payments import test_cards
from payloom_emulator.protocol import api_versions, auth, param_types, params
from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.form import decode
from payloom_emulator.protocol.multipart import read_multipart
from payloom_emulator.runtime.requests.pretty_json import pretty
from payloom_emulator.runtime.requests.search import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("a=1&b=x+y%26", {"a": "1", "b": "x y&"}),
        ("a[b][c]=1&a[d]=2", {"a": {"b": {"c": "1"}, "d": "2"}}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        (
            "items[0][price]=p&items[0][quantity]=2&items[1][price]=q",
            {"items": [{"price": "p", "quantity": "2"}, {"price": "q"}]},
        ),
        ("metadata[order id]=7&metadata[a%5Bb]=8", {"metadata": {"order id": "7", "a[b": "8"}}),
        ("a[1]=x&a[0]=y", {"a": ["y", "x"]}),
        ("a=", {"a": ""}),
    ],
)
def test_forms_nest_as_stripe_reads_them(text: str, value: dict[str, Any]) -> None:
    assert decode(text) == value


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused_as_a_400(text: str) -> None:
    with contextlib.suppress(StripeError):
        assert isinstance(decode(text), dict)


def test_all_of_stripes_v1_operations_are_in_the_table() -> None:
    assert sum(1 for o in param_types.table()["operations"] if " /v1/" in o) >= 556
    assert param_types.table()["api_version"] == api_versions.NEWEST
    assert len(param_types.event_types()) > 270


@pytest.mark.parametrize(
    ("given_params", "code", "param"),
    [
        ({"amount": "1", "currency": "usd", "nope": "1"}, "parameter_unknown", "nope"),
        ({"currency": "usd"}, "parameter_missing", "amount"),
        ({"amount": "1.5", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": "1", "currency": "usd", "shipping": "x"}, None, "shipping"),
        ({"amount": "1", "currency": "usd", "expand": "x"}, None, "expand"),
        ({"amount": "1", "currency": "usd", "shipping": {"name": "x"}}, "parameter_missing", "shipping[address]"),
        ({"amount": "1", "currency": "usd", "confirm": "perhaps"}, None, "confirm"),
        ({"amount": "1", "currency": "usd", "metadata": ["a"]}, None, None),
    ],
)
def test_parameters_are_held_against_the_sdks_types(
    given_params: dict[str, Any], code: str | None, param: str | None
) -> None:
    operation = ("POST", "/v1/payment_intents")
    if param is None:
        assert params.check(operation, given_params)["metadata"] == {"0": "a"}
        return
    with pytest.raises(StripeError) as caught:
        params.check(operation, given_params)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_values_get_their_types() -> None:
    operation = ("POST", "/v1/payment_intents")
    given_params = {
        "amount": "700",
        "currency": "usd",
        "confirm": "true",
        "off_session": "one_off",
        "metadata": {"a": "1"},
        "expand": ["customer"],
    }
    checked = params.check(operation, given_params)
    assert (checked["amount"], checked["confirm"], checked["off_session"]) == (700, True, "one_off")


@pytest.mark.parametrize(
    "version",
    [
        "2026-10-28.endive",
        "2026-09-30.endive",
        "2026-08-26.dahlia",
        "2025-09-30.clover",
        "2025-03-31.basil",
        "2024-06-20",
        "2023-10-16",
        "2022-11-15",
        "2022-08-01",
        "2020-08-27",
    ],
)
def test_known_versions(version: str) -> None:
    assert api_versions.known_version(version) == version


@pytest.mark.parametrize(
    "version", ["2027-01-01.fig", "2025-03-31", "2024-06-20.basil", "new", "2026-10-28.dahlia", ""]
)
def test_versions_that_do_not_exist(version: str) -> None:
    with pytest.raises(StripeError):
        api_versions.known_version(version)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("Bearer sk_test_1", "sk_test_1"),
        ("Basic c2tfdGVzdF8xOg==", "sk_test_1"),
        ("Basic %%%", None),
        ("", None),
        (None, None),
        ("Digest x", None),
    ],
)
def test_reading_keys(header: str | None, key: str | None) -> None:
    assert auth.read_key(header) == key


def test_masking_shows_the_ends_only() -> None:
    assert auth.masked("sk_test_abcdefghijkl") == "sk_test_********ijkl"


def test_restricted_keys_do_what_they_may() -> None:
    reader = auth.Caller("restricted", "rk_test_1234", "acct_1", {"customers": "read", "charges": "write"})
    auth.authorize(reader, "GET", "/v1/customers")
    auth.authorize(reader, "POST", "/v1/charges")
    for method, path in (("POST", "/v1/customers"), ("GET", "/v1/refunds")):
        with pytest.raises(StripeError) as caught:
            auth.authorize(reader, method, path)
        assert caught.value.status == 403


def test_what_changed_is_shown_nested_and_only_that() -> None:
    old = {"a": 1, "b": {"c": 1, "d": 2}, "e": [1], "_x": 1}
    new = {"a": 1, "b": {"c": 9, "d": 2}, "e": [2], "_x": 2}
    assert difference(old, new) == {"b": {"c": 1}, "e": [1]}


def test_every_card_number_satisfies_luhn_and_names_are_found_both_ways() -> None:
    assert all(test_cards.luhn(number) for number in test_cards.BY_NUMBER)
    for name in [
        "visa",
        "visa_chargeDeclined",
        "chargeDeclined",
        "threeDSecure2Required",
        "chargeCustomerFail",
        "createDispute",
        "createDisputeProductNotReceived",
        "createDisputeInquiry",
        "bypassPending",
        "refundFail",
        "pendingRefund",
        "authenticationRequiredOnSetup",
    ]:
        assert name in test_cards.BY_NAME
    assert {c.decline for c in test_cards.BY_NUMBER.values() if c.decline} <= set(test_cards.DECLINES)


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("status:'active'", True),
        ("status:'gone' OR amount>10", True),
        ("amount>=1000 amount<1001", True),
        ("-status:'active'", False),
        ('metadata["a b"]:"x\\"y"', True),
        ("missing:null", True),
        ("name~'RT'", False),
    ],
)
def test_the_search_language(query: str, holds: bool) -> None:
    obj = {"status": "active", "amount": 1000, "metadata": {"a b": 'x"y'}, "missing": None, "name": "Ada"}
    if "'RT'" in query:
        with pytest.raises(StripeError):
            parse(query, ("name",))
        return
    assert parse(query, ("status", "amount", "metadata", "missing")).holds(obj) is holds


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_a_discount_is_shared_without_losing_a_cent(total: int, parts: list[int]) -> None:
    shares = share(total, parts)
    assert sum(shares) == min(total, sum(parts))
    assert all(0 <= s <= p for s, p in zip(shares, parts, strict=True))


TIERS = [
    {"up_to": 5, "unit_amount_decimal": "700", "flat_amount_decimal": None},
    {"up_to": None, "unit_amount_decimal": "650", "flat_amount_decimal": "100"},
]


@pytest.mark.parametrize(
    ("mode", "quantity", "amount"),
    [
        ("graduated", 5, 3500),
        ("graduated", 6, 3500 + 650 + 100),
        ("volume", 5, 3500),
        ("volume", 6, 6 * 650 + 100),
        ("volume", 0, 0),
    ],
)
def test_tiers(mode: str, quantity: int, amount: int) -> None:
    price: Any = {
        "currency": "usd",
        "billing_scheme": "tiered",
        "tiers_mode": mode,
        "_tiers": TIERS,
        "transform_quantity": None,
    }
    assert amount_for(price, quantity) == amount


def test_decimals_and_packages_are_exact() -> None:
    price: Any = {
        "currency": "usd",
        "billing_scheme": "per_unit",
        "unit_amount_decimal": "0.05",
        "transform_quantity": None,
    }
    assert amount_for(price, 1010) == 51  # 50.5 rounds up
    package: Any = {**price, "unit_amount_decimal": "500", "transform_quantity": {"divide_by": 10, "round": "up"}}
    assert amount_for(package, 11) == 1000


@pytest.mark.parametrize(
    ("amount", "code", "ok"),
    [
        (50, "usd", True),
        (49, "usd", False),
        (50, "jpy", True),
        (1000, "kwd", True),
        (1001, "kwd", False),
        (100, "isk", True),
        (150, "isk", False),
        (1, "bif", True),
    ],
)
def test_what_can_be_charged(amount: int, code: str, ok: bool) -> None:
    if ok:
        assert money.chargeable(amount, code) == amount
        return
    with pytest.raises(StripeError):
        money.chargeable(amount, code)


def test_the_same_seed_makes_the_same_ids() -> None:
    assert [Ids(7).new("cus_", 14) for _ in range(2)] == [Ids(7).new("cus_", 14)] * 2
    assert Ids().new("cus_", 14) != Ids().new("cus_", 14)


def test_multipart_keeps_files_and_fields() -> None:
    field = b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\ndispute_evidence\r\n'
    file = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n\x89PNG\r\n--b--\r\n'
    body = field + file
    read = read_multipart("multipart/form-data; boundary=b", body)
    assert read["purpose"] == "dispute_evidence"
    assert bytes(cast("UploadedFile", read["file"])["content"]).startswith(b"\x89PNG")


def test_the_table_is_read_quickly() -> None:
    param_types.table.cache_clear()
    began = time.process_time()
    param_types.table()
    assert time.process_time() - began < 0.5


def test_an_answer_is_written_as_the_standard_library_writes_it() -> None:
    values: list[object] = [
        {"a": [1, 2.5, True, None, -3], 'é\n"': {}, "empty": [], "nested": {"list": [{"deep": ["x"]}, []]}},
        [[], {}, "text", {"tuple": (1, {"b": 2})}, 10**20, 1e300],
        "alone",
    ]
    for value in values:
        assert pretty(value) == json.dumps(value, indent=2, ensure_ascii=False)
