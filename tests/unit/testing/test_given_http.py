"""What a case says an address answers: exactly, for any method, or by a pattern."""

from __future__ import annotations

import pytest

from payloom.sandbox.host import answer_for

GIVEN = {
    "POST https://api.test/orders": "exact",
    "https://api.test/orders": "any method",
    "POST https://api.test/*": "post below",
    "https://api.test/people/*/name": "a person's name",
    "* https://*": "the rest",
}


@pytest.mark.parametrize(
    ("method", "url", "answer"),
    [
        ("POST", "https://api.test/orders", "exact"),
        ("GET", "https://api.test/orders", "any method"),
        ("POST", "https://api.test/orders/1?x=*", "post below"),
        ("GET", "https://api.test/people/7/name", "a person's name"),
        ("DELETE", "https://api.test/people/7", "the rest"),
        ("GET", "http://api.test/", None),
        ("GET", "https+//api.test", None),
    ],
)
def test_the_most_exact_answer_is_given(method: str, url: str, answer: str | None) -> None:
    assert answer_for(GIVEN, method, url) == answer


def test_dots_and_brackets_are_only_text() -> None:
    assert answer_for({"https://a.b/*": 1}, "GET", "https://aXb/1") is None
    assert answer_for({"https://a.b/x[1]*": 1}, "GET", "https://a.b/x[1]y") == 1
