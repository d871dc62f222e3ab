"""Keys, secrets and card numbers never stay readable; what identifies things does."""

from __future__ import annotations

import time
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.readings import ENCODINGS, readings

from payloom.kit.secrets.patterns import STRIPE_KEYS, STRIPE_OBJECTS, STRIPE_SECRETS
from payloom.kit.secrets.redaction import _KNOWN, MASK, redact, redact_text, remember_secrets


@pytest.mark.parametrize(
    "secret",
    ["sk_test_" + "4eC39Hq", "sk_live_" + "51Habc_def", "rk_live_" + "abcd1234", "whsec_" + "abcdefgh"],
)
def test_keys_are_masked_wherever_they_stand(secret: str) -> None:
    text = redact_text(f"request with {secret} failed")
    assert secret not in text
    assert MASK in text


def test_a_client_secret_keeps_the_id_of_its_payment() -> None:
    assert redact_text("pi_3abc_secret_xYz9") == f"pi_3abc_secret_{MASK}"
    assert redact_text("pi_3abc paid") == "pi_3abc paid"


@pytest.mark.parametrize(
    "number", ["4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "378282246310005"]
)
def test_card_numbers_leave_their_last_digits_only(number: str) -> None:
    text = redact_text(f"card {number}.")
    assert number not in text
    assert number[-4:] in text


def test_numbers_that_are_no_cards_stay() -> None:
    assert redact_text("order 4242424242424241, at 1795459609777") == "order 4242424242424241, at 1795459609777"


def test_values_under_telling_names_are_masked_at_every_depth() -> None:
    redacted = redact({"user": {"password": "x", "name": "Ada"}, "list": [{"api_key": "k"}], "client_secret": None})
    assert redacted == {"user": {"password": MASK, "name": "Ada"}, "list": [{"api_key": MASK}], "client_secret": None}


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_redacting_twice_changes_nothing_more(value: object) -> None:
    once = redact(value)
    assert redact(once) == once


STRIPE = [f"{prefix}4eC39HqLyjWDarjtT1" for prefix in (*STRIPE_KEYS, *STRIPE_SECRETS)]
CLIENT_SECRETS = [f"{kind}_3abc_secret_xYz9Qw" for kind in STRIPE_OBJECTS]
SECRETS = {
    **{text: text[-6:] for text in (*STRIPE, *CLIENT_SECRETS)},
    "sk_org_live_4eC39HqLyjWDarjtT1": "4eC39HqLyjWDarjtT1",
    "cs_test_a1B2c3_secret_fidwbEhqYWA": "fidwbEhqYWA",
    "accs_secret__QrStUvWxYz12": "QrStUvWxYz12",
    "4000056655665556": "4000056655665556",
    "4000 0566 5566 5556": "0566",
    "4000  0566  5566  5556": "0566",
    "4000\u00a00566\u00a05566\u00a05556": "0566",
    "4000\u202f0566\u20095566\u20035556": "0566",
    "4000.0566.5566.5556": "0566",
    "4000-0566-5566-5556": "0566",
    "4000\u20110566\u20135566\u22125556": "0566",
    "4000\u200b0566\u200b5566\u200b5556": "0566",
    "card4000056655665556": "400005665566",
    "a4000056655665556b": "400005665566",
    "4000 0566 5566 5556 12/27 987": "0566",
    "27 4000056655665556": "400005665566",
    "4 0 0 0 0 5 6 6 5 5 6 6 5 5 5 6 123": "5 6 6 5 5 6 6",
    "3782 822463 10005": "822463",
    "\uff14000056655665556": "000056655665",
    "550e8400-e29b-41d4-a716-446655440000 4000056655665556": "400005665566",
    "postgresql://shop:hunter-2@db/shop": "hunter-2",
    "smtps://post%40shop:hunter-2@mail": "hunter-2",
    "Authorization: bearer abc123def456": "abc123def456",
    "BEARER abc123def456": "abc123def456",
    "basic YWRhOmh1bnRlci0y": "YWRhOmh1bnRlci0y",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.dQw4w9WgXcQ": "eyJzdWIiOiJhZGEifQ",
    "https://shop.test/studio/sign-in?token=E0EFa_b-c": "E0EFa_b-c",
    "https://shop.test/pay?x=1&payment_intent_client_secret=abcdefgh": "abcdefgh",
    "https://shop.test/approve/WyJydW5fMSJd.c2lnbmVkLWJ5LXVz": "c2lnbmVkLWJ5LXVz",
}
"""A text with a secret, and the part of it that must not stay readable."""


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", SECRETS)
def test_no_encoding_hides_a_secret_from_the_mask(text: str, encoding: str) -> None:
    secret = SECRETS[text]
    encoded = ENCODINGS[encoding](text)
    assert any(secret in reading for reading in readings(encoded)), "the test can read it before"
    for around in (encoded, f"[{encoded}]", f"before {encoded} after"):
        masked = redact_text(around)
        assert not any(secret in reading for reading in readings(masked)), masked
        assert redact_text(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "order 4000056655665557",
        "1795459609777",
        "1795459609777123",
        "2026-11-30T03:32:44.123456Z",
        "20261130033244",
        "550e8400-e29b-41d4-a716-446655440000",
        "41111111-1111-4111-8111-111111111111",
        "pi_3NabcdefGHIJKLmnopQRSTuv is paid",
        "1900 usd, 2400 usd, 100000 usd",
        "tax ID DE123456789, phone +49 30 1234 5678",
        "bearer of the certificate",
        "Basic membership, Basic subscription",
        "http://localhost:8000/a@b",
        "https://shop.test/orders?page=2&code=SUMMER26",
        "pk_live_4eC39HqLyjWDarjtT1",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "task_live_view, risk_test_group, my_secret_santa",
    ],
)
def test_what_identifies_things_stays_visible(text: str) -> None:
    for encode in ENCODINGS.values():
        assert redact_text(encode(text)) == encode(text)


@pytest.mark.parametrize(
    "name", ["password", "token", "secret", "api_key", "apiKey", "x-api-key", "authorization", "cvc", "clientSecret"]
)
@pytest.mark.parametrize("value", ["x", 987, 1.5, ["a", "b"], {"deep": {"er": "x"}}])
def test_whatever_stands_under_a_secret_name_is_masked(name: str, value: object) -> None:
    assert redact({name: value, "order": 17}) == {name: MASK, "order": 17}


@pytest.mark.parametrize("name", ["idempotency_key", "key", "token_count", "cvc_check", "secretary", "password_set_at"])
def test_names_that_only_look_secret_keep_their_values(name: str) -> None:
    assert redact({name: "pass"}) == {name: "pass"}


def test_card_numbers_as_numbers_and_as_names_are_masked() -> None:
    redacted = redact(
        {"number": 4000056655665556, "as_float": 4000056655665556.0, "4000056655665556": 1, "at": 1795459609777}
    )
    assert redacted == {"number": "[card …5556]", "as_float": "[card …5556]", "[card …5556]": 1, "at": 1795459609777}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_value_that_is_known_to_be_secret_is_masked_in_every_encoding(encoding: str) -> None:
    secret = "Kn0wn: to/be+sécret!"
    assert redact_text(secret) == secret
    with patch("payloom.kit.secrets.redaction._KNOWN", type(_KNOWN)()):
        ordinary = "an-ordinary-id-4711-of-something"
        assert redact_text(ordinary) == ordinary
        remember_secrets([secret, "short", ordinary])
        assert redact_text(ordinary) == MASK
        masked = redact_text(ENCODINGS[encoding](f"it is {secret}, a short one"))
        assert not any(secret in reading for reading in readings(masked)), masked
        assert any("short" in reading for reading in readings(masked)) or MASK in masked


@pytest.mark.parametrize(
    "piece", ["4 ", "42 ", "4242 ", "4", "=3D", "A", "%41", "eyJ", "http://", "bearer ", "pi_a_", "1", "1-", "11:"]
)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    start = time.process_time()
    redact_text(text)
    assert time.process_time() - start < 3
