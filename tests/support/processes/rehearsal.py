"""What a command needs to run in staging, with keys that look real and a Stripe where nothing answers."""

from __future__ import annotations

import os

SEALING_KEY = "c2VhbGluZyBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieSE="
SECRET = "whsec_8d1f0c7be2a94635a7719fd0c2b65e2f93"


def staging(**changes: str) -> dict[str, str]:
    """Return the variables of a rehearsal; nothing answers at its Stripe."""
    return {
        "PATH": os.environ["PATH"],
        "PAYLOOM_ENV": "staging",
        "PAYLOOM_SITE_URL": "http://shop.example.test",
        "STRIPE_SECRET_KEY": "sk_test_51HnQ2LkfJd83nAbcQweRtyUiop4",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_51HnQ2LkfJd83nAbcQweRtyUiop4",
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "PAYLOOM_SEALING_KEY": SEALING_KEY,
        **changes,
    }
