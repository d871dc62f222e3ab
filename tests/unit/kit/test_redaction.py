"""Keys, secrets and card numbers never stay readable; what identifies things does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payloom.kit.redaction import MASK, redact, redact_text


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
    found = redact({"user": {"password": "x", "name": "Ada"}, "list": [{"api_key": "k"}], "client_secret": None})
    assert found == {"user": {"password": MASK, "name": "Ada"}, "list": [{"api_key": MASK}], "client_secret": None}


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_redacting_twice_changes_nothing_more(value: object) -> None:
    once = redact(value)
    assert redact(once) == once
