"""The actors of a playthrough: people with a cookie jar, Stripe's side as a browser sees it, and the owner's view."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from payloom.kit.clock import monotonic
from payloom.settings.keys import StripeSettings
from payloom_emulator.options import control_headers

PATIENCE = 20.0
PASSWORD = "a-long-enough-password"  # noqa: S105 - of accounts made for one playthrough


class FlowFailed(Exception):
    """A flow did not go as it must; the text says what was seen instead."""


def expect(fact: bool, description: str, observations: Any = None) -> None:
    """Raise FlowFailed unless `fact`."""
    if not fact:
        raise FlowFailed(f"{description}; saw {observations!r}" if observations is not None else description)


def wait_for(description: str, look: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Return what `look` returns as soon as it is true; raise FlowFailed with the last thing seen."""
    end = monotonic() + patience
    while True:
        result = look()
        if result:
            return result
        if monotonic() > end:
            raise FlowFailed(f"{description} did not happen within {patience:.0f} s")
        time.sleep(0.1)


class Person:
    """A person with a browser: keeps cookies, sends what a page's script sends."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.http = httpx.Client(base_url=site, timeout=30, headers={"origin": site}, trust_env=False)
        self.email: str | None = None
        self.id: str | None = None

    def sign_up(self, name: str) -> Person:
        """Make an account with a fresh address."""
        self.email = f"{name}.{secrets.token_hex(4)}@demo.test"
        answer = self.call("/auth/sign-up", {"email": self.email, "password": PASSWORD, "name": name.title()})
        self.id = answer["user"]["id"]
        return self

    def sign_in(self, email: str, password: str) -> Person:
        """Sign in with an account that exists."""
        self.email = email
        self.id = self.call("/auth/sign-in", {"email": email, "password": password})["user"]["id"]
        return self

    def post(self, path: str, data: dict[str, Any]) -> httpx.Response:
        """POST JSON to an endpoint and return the answer as it is."""
        return self.http.post(f"/api{path}", json=data)

    def call(self, path: str, data: dict[str, Any]) -> dict[str, Any]:
        """POST JSON to an endpoint and return the body of a good answer."""
        return self._good(self.post(path, data), path)

    def ask(self, path: str, **query: Any) -> dict[str, Any]:
        """GET an endpoint."""
        return self._good(self.http.get(f"/api{path}", params=query), path)

    def page(self, path: str) -> str:
        """Return a page's HTML."""
        answer = self.http.get(path)
        expect(answer.status_code == 200, f"{path} is shown", answer.status_code)
        return answer.text

    def close(self) -> None:
        """Close the browser."""
        self.http.close()

    @staticmethod
    def _good(answer: httpx.Response, path: str) -> dict[str, Any]:
        expect(answer.is_success, f"{path} answers well", (answer.status_code, answer.text[:300]))
        return answer.json()


class StripeSide:
    """The local Stripe, as the hosted page, the payment form and a test see it."""

    def __init__(self, stripe: StripeSettings) -> None:
        url, secret_key = stripe.api_base or "", stripe.secret_key.get_secret_value()
        bearer = {"authorization": f"Bearer {stripe.publishable_key}"}
        self.public = httpx.Client(base_url=url, timeout=30, headers=bearer, trust_env=False)
        self.secret = httpx.Client(
            base_url=url, timeout=30, headers={"authorization": f"Bearer {secret_key}"}, trust_env=False
        )

    def hosted_page(self, url: str) -> str:
        """Open a hosted Checkout page."""
        answer = self.public.get(url)
        expect(answer.status_code == 200, "the hosted Checkout page is shown", answer.status_code)
        return answer.text

    def pay_session(self, session_id: str, method: str) -> httpx.Response:
        """Press Pay on the hosted page with a test payment method."""
        return self.public.post(f"/v1/payment_pages/{session_id}/confirm", data={"payment_method": method})

    def confirm_intent(self, client_secret: str, method: str, return_url: str) -> dict[str, Any]:
        """Confirm as the payment form does."""
        intent = client_secret.partition("_secret_")[0]
        data = {"client_secret": client_secret, "payment_method": method, "return_url": return_url}
        answer = self.public.post(f"/v1/payment_intents/{intent}/confirm", data=data)
        expect(answer.is_success, "the payment is confirmed", (answer.status_code, answer.text[:300]))
        return answer.json()

    def challenge(self, client_secret: str, outcome: str) -> dict[str, Any]:
        """Answer a 3-D Secure challenge: `complete` or `fail`."""
        intent = client_secret.partition("_secret_")[0]
        answer = self.public.post(f"/_emulator/3ds/{intent}/{outcome}", json={"client_secret": client_secret})
        expect(answer.is_success, "the challenge is answered", (answer.status_code, answer.text[:300]))
        return answer.json()

    def advance(self, duration: str) -> None:
        """Move the local clock forward."""
        answer = self.public.post("/_emulator/clock", json={"advance": duration}, headers=control_headers(), timeout=60)
        expect(answer.is_success, "the clock moves", answer.text[:300])

    def request(self, method: str, path: str, **data: Any) -> dict[str, Any]:
        """Call the API with the secret key, as the dashboard would."""
        answer = self.secret.request(method, path, data=data or None)
        expect(answer.is_success, f"{method} {path} works", (answer.status_code, answer.text[:300]))
        return answer.json()

    def close(self) -> None:
        """Close the connections."""
        self.public.close()
        self.secret.close()


class Owner:
    """The owner's view: rows, mails, events and runs through the management API."""

    def __init__(self, site: str, token: str) -> None:
        self.http = httpx.Client(base_url=f"{site}/api/_payloom", timeout=30, trust_env=False)
        self.http.headers["authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """GET from the management API."""
        answer = self.http.get(path, params=query)
        expect(answer.is_success, f"GET {path} works", (answer.status_code, answer.text[:300]))
        return answer.json()

    def row(self, table: str, **where: Any) -> dict[str, Any] | None:
        """Return one row of the shop's tables, or None."""
        rows = self.get(f"/tables/{table}/rows", limit=2, **where)["data"]
        return rows[0] if rows else None

    def mails_to(self, address: str, template: str) -> list[dict[str, Any]]:
        """Return the mails to an address."""
        return self.get("/mails", to=address, template=template)["data"]

    def events_of(self, object_id: str, kind: str | None = None) -> list[str]:
        """Return the ids of stored events about one object."""
        query = {"object": object_id} | ({"type": kind} if kind else {})
        return [event["id"] for event in self.get("/events", **query)["data"]]

    def close(self) -> None:
        """Close the connection."""
        self.http.close()


class DemoActors:
    """All people of the demo."""

    def __init__(self, site: str, stripe: StripeSettings, token: str, admin: tuple[str, str]) -> None:
        self.site = site
        self.stripe = StripeSide(stripe)
        self.owner = Owner(site, token)
        self.admin = admin
        self._people: list[Person] = []

    def person(self) -> Person:
        """Return a new person who is not signed in."""
        person = Person(self.site)
        self._people.append(person)
        return person

    def checkout(self, person: Person, sku: str, quantity: int = 1) -> tuple[str, dict[str, Any]]:
        """Go from the cart to the hosted page; return the session's id and what was sent."""
        cart: dict[str, Any] = {"cart_id": str(uuid.uuid4()), "items": [{"sku": sku, "quantity": quantity}]}
        if person.id is None:
            cart["email"] = person.email = f"guest.{secrets.token_hex(4)}@demo.test"
        url = person.call("/create-checkout", cart)["url"]
        self.stripe.hosted_page(url)
        return session_of(url), cart

    def pay(self, session_id: str) -> None:
        """Pay a hosted session with a good card."""
        answer = self.stripe.pay_session(session_id, "pm_card_visa")
        expect(answer.is_success, "the hosted page takes the card", (answer.status_code, answer.text[:300]))

    def close(self) -> None:
        """Close every person's connections."""
        for person in self._people:
            person.close()
        self.stripe.close()
        self.owner.close()


def session_of(url: str) -> str:
    """Return the session's id in a hosted page's address."""
    expect("/c/pay/" in url, "the answer has the address of a hosted page", url)
    return url.partition("/c/pay/")[2].partition("#")[0].partition("?")[0]
