"""Signed requests can be verified by any library for Standard Webhooks; what is no key is refused."""

from __future__ import annotations

import base64

import pytest

from payloom.connectors.http.signing import NotASigningKey, signature_headers

BODY = b'{"test": 2432232314}'


def test_the_example_of_the_standard_has_its_signature() -> None:
    """The key, ID, time, body and signature that the standard's own libraries test with."""
    headers = signature_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "a password",
        "whsec_not base64",
        base64.b64encode(bytes(32)).decode(),
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
    ],
)
def test_a_secret_that_is_no_signing_key_is_refused(secret: str) -> None:
    with pytest.raises(NotASigningKey):
        signature_headers(secret, "msg_1", 1, BODY)
