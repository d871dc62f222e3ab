"""A text in which the one quick look sees nothing holds nothing that the looks behind it would see."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from payloom.kit.secrets.hints import card_hints_in, hints_in, no_hint_in
from payloom.kit.secrets.redaction import redact_text

TIME = '{"$timestamp":"2026-12-01T09:30:15.123456+00:00"}'
PIECES = (
    *(TIME, "2026-12-01T09:30:15Z", "T09:30:15.123456Z", '"', '":', "{", "}", ",", " ", "\\n", "<", ">", "/"),
    *("4242", "4242424242424242", "-", "3782 822463 10005", "１", "é", "\ud800", "%34", "\\u0034", "&#52;", "=34"),
    *("pass", "word", "secret", "client_", "pin", "cvc", "token", "sk_test_", "abcd1234", "eyJ", "basic ", "/approve/"),
    *("https://", "ada:", "hidden@", "QUJDREVGR0hJSktMTU5P", "name", "id", "x", "T"),
)


@example(f"4242{TIME}424242424242")
@example(f'{{"secret":{TIME}}}')
@example("QUJDREVGR0hJSktMTU5PQUJDREVGT09:30:15Z")
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_quick_look_overlooks_nothing(text: str) -> None:
    if no_hint_in(text):
        assert not hints_in(text)
        assert not card_hints_in(text)
        assert redact_text(text) == text


def test_most_of_what_is_stored_ends_with_the_quick_look() -> None:
    assert no_hint_in(f'{{"id":"a5d06113-97bd-4cd4-aaae-1ae65f5ebd68","paid_at":{TIME},"email":"ada@corner.test"}}')
    assert no_hint_in("Your receipt for order a5d06113")
