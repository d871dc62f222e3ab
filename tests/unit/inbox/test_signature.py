"""The webhook signature lets in what Stripe signed, now, and nothing else; it never fails in any other way."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from payloom.inbox.errors import SignatureRefused
from payloom.inbox.signature import verify

NOW = 1_760_000_000
BODY = b'{"id":"evt_1"}'
SECRET = "whsec_one"


def sign(body: bytes = BODY, secret: str = SECRET, at: int = NOW) -> str:
    """The v1 signature Stripe sends."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def header(at: int = NOW, **kwargs: object) -> str:
    """A good header."""
    return f"t={at},v1={sign(at=at, **kwargs)}"  # type: ignore[arg-type] - the callers' names are those of sign


def refusal(body: bytes, given_header: str | None, secrets: tuple[str, ...] = (SECRET,), now: int = NOW) -> str:
    """The reason it is turned away for."""
    with pytest.raises(SignatureRefused) as caught:
        verify(body, given_header, secrets, now)
    assert caught.value.status == 400
    assert caught.value.hint
    return caught.value.reason


def test_stripes_own_library_signs_what_we_accept() -> None:
    """The official implementation is the oracle."""
    now = int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{now}.{BODY.decode()}", SECRET)
    assert verify(BODY, f"t={now},v1={signature},v0=abc", [SECRET], now) == now


@pytest.mark.parametrize("offset", [-300, -1, 0, 299, 300])
def test_a_signature_is_good_for_five_minutes_either_way(offset: int) -> None:
    """Clocks differ a little."""
    assert verify(BODY, header(), [SECRET], NOW + offset) == NOW


@pytest.mark.parametrize(("offset", "reason"), [(301, "too_old"), (-301, "in_the_future"), (86_400, "too_old")])
def test_older_and_future_ones_are_refused(offset: int, reason: str) -> None:
    """A recorded request cannot be played again; a wrong clock is noticed."""
    assert refusal(BODY, header(), now=NOW + offset) == reason


def test_every_signature_is_tried_with_every_secret() -> None:
    """While a secret is being rolled, Stripe signs with both."""
    old, new = sign(secret="whsec_old"), sign(secret="whsec_new")
    for secrets in (["whsec_old"], ["whsec_new"], ["whsec_other", "whsec_new"]):
        assert verify(BODY, f"t={NOW},v1={old},v1={new}", secrets, NOW) == NOW


@pytest.mark.parametrize(
    ("given_header", "reason"),
    [
        (None, "no_signature"),
        ("", "no_signature"),
        ("nonsense", "malformed_signature"),
        ("t=,v1=", "malformed_signature"),
        (f"v1={'0' * 64}", "malformed_signature"),
        (f"t={NOW}", "no_v1_signature"),
        (f"t={NOW},v0={sign()}", "no_v1_signature"),
        (f"t={NOW},v1={'0' * 64}", "wrong_signature"),
        (f"t={NOW},t={NOW},v1={sign()}", "malformed_signature"),
        (f"t=٣,v1={sign()}", "malformed_signature"),
        (f"t={NOW},v1=é", "malformed_signature"),
        (f"t=-{NOW},v1={sign()}", "malformed_signature"),
        (f"t={NOW}.5,v1={sign()}", "malformed_signature"),
        (f"t={'9' * 5000},v1={sign()}", "malformed_signature"),
        (f"t={NOW},v1={sign()[:-1]}", "malformed_signature"),
        (f"t={NOW + 1},v1={sign()}", "wrong_signature"),
        ("t=1," * 3000, "malformed_signature"),
        (f"t={NOW}," + ",".join([f"v1={'0' * 64}"] * 21), "malformed_signature"),
    ],
)
def test_odd_headers_are_refused_with_a_reason(given_header: str | None, reason: str) -> None:
    """And with a hint; never with an exception of another kind."""
    assert refusal(BODY, given_header) == reason


WRONG_ONE = f"v1={'0' * 64}"


@pytest.mark.parametrize(
    ("given_header", "reason"),
    [
        (f"t={NOW}," + ",".join([WRONG_ONE] * 19) + f",v1={sign()}", None),
        (f"t={NOW}," + ",".join([WRONG_ONE] * 20) + f",v1={sign()}", "malformed_signature"),
        (f"t={NOW},v1={sign()},v0=".ljust(4096, "x"), None),
        (f"t={NOW},v1={sign()},v0=".ljust(4097, "x"), "malformed_signature"),
        (f"t={NOW}, v1={sign()} , v0=x", None),
        (f"t={NOW},v1={sign()},v0=\u00e9", "malformed_signature"),
        (f"t={NOW},v1={sign()},nonsense", "malformed_signature"),
        (f"t={NOW},v1={sign()},", "malformed_signature"),
    ],
)
def test_a_good_signature_is_read_up_to_the_limits_of_its_header(given_header: str, reason: str | None) -> None:
    """Twenty signatures, 4,096 ASCII characters, every part a pair."""
    if reason is None:
        assert verify(BODY, given_header, [SECRET], NOW) == NOW
    else:
        assert refusal(BODY, given_header) == reason


def test_a_changed_body_is_refused() -> None:
    """Also by one blank."""
    assert refusal(BODY + b" ", header()) == "wrong_signature"


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_other",)])
def test_an_empty_secret_opens_nothing(secrets: tuple[str, ...]) -> None:
    """Nobody may sign with the empty key."""
    assert refusal(BODY, f"t={NOW},v1={sign(secret='')}", secrets) == "wrong_signature"


@given(st.binary(max_size=200), st.text(max_size=300))
def test_no_header_at_all_gets_through_or_breaks_it(body: bytes, text: str) -> None:
    """Whatever the bytes."""
    with pytest.raises(SignatureRefused):
        verify(body, text, [SECRET], NOW)


_PART = st.one_of(
    st.builds("t={}".format, st.one_of(st.integers(), st.text(max_size=5))),
    st.builds("v1={}".format, st.text(alphabet="0123456789abcdefABCDEFé\x00", max_size=66)),
    st.just(f"v1={sign(b'other')}"),
    st.text(max_size=10),
)


@given(st.lists(_PART, max_size=8).map(",".join), st.integers(-400, 400))
def test_headers_built_from_likely_pieces_are_refused_too(text: str, offset: int) -> None:
    """Grammar finds what random bytes do not."""
    with pytest.raises(SignatureRefused):
        verify(json.dumps({"x": offset}).encode(), text, [SECRET], NOW + offset)
