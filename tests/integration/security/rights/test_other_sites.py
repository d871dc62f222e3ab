"""What another site can make a browser send: every route that changes something, in every disguise, with no effect.

The routes are those of the running application, so a new one is asked too.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import httpx
import pytest
import sqlalchemy as sa
from tests.integration.security.rights.test_doors import ENDPOINTS, Street, street
from tests.support.accounts.management_operations import management_operations
from tests.support.http_server import NO_TLS

from payloom.db.database import open_database
from payloom.db.sealing.source import sealer_for

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["street"]

API = "/api/_payloom"
EVIL = "https://evil.example"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
DISGUISES: dict[str, tuple[dict[str, str], bytes]] = {
    "a foreign origin": ({"origin": EVIL, "content-type": JSON}, b"{}"),
    "the origin null": ({"origin": "null", "content-type": JSON}, b"{}"),
    "another port": ({"origin": "http://127.0.0.1:1", "content-type": JSON}, b"{}"),
    "a host that begins as ours": ({"origin": "OWN.evil.example", "content-type": JSON}, b"{}"),
    "a neighbor": ({"sec-fetch-site": "same-site", "origin": EVIL, "content-type": JSON}, b"{}"),
    "another site": ({"sec-fetch-site": "cross-site", "content-type": JSON}, b"{}"),
    "a form of another site": ({"sec-fetch-site": "cross-site", "origin": EVIL, "content-type": FORM}, b"a=b"),
    "a text": ({"content-type": "text/plain"}, b"{}"),
    "a form": ({"content-type": FORM}, b"{}="),
    "a form with a file": ({"content-type": "multipart/form-data; boundary=x"}, b"--x\r\n\r\n{}\r\n--x--\r\n"),
    "JSON by its sound": ({"content-type": "text/json"}, b"{}"),
    "a text that ends in JSON": ({"content-type": "text/plain; application/json"}, b"{}"),
    "a body of no type": ({}, b"{}"),
    "no body": ({}, b""),
    "another method meant": (
        {"origin": EVIL, "content-type": JSON, "x-http-method-override": "DELETE", "x-method-override": "DELETE"}, b"{}",
    ),
}  # fmt: skip
SAFE = ("GET", "HEAD", "OPTIONS")
OVERRIDES = {"x-http-method-override": "POST", "x-http-method": "DELETE", "x-method-override": "PUT"}
NOT_BY_COOKIE = {"/api/stripe/webhook": "a signature", "/metrics": "a token"}
LIKE_A_PROGRAM = {"a body of no type", "no body"}
"""A DELETE and a PUT may look so, for a browser asks the server first, and so may who has no cookies to act with."""
NOISE = {
    "payloom_audit", "payloom_cursors", "payloom_keys", "payloom_queue", "payloom_rates", "payloom_refs",
    "payloom_sign_in_failures", "payloom_workers",
}  # fmt: skip
"""What changes by itself, and where it is written who was refused."""


def changing(street: Street) -> list[tuple[str, str]]:
    """Every route of the running application that changes something, with something in place of each name."""
    own = [(method, path) for method, path in street.routes() if method not in SAFE and not path.startswith("/api/{")]
    endpoints = [("POST", path) for path in ENDPOINTS]
    managed = [call.partition(" ")[::2] for call in management_operations()]
    calls = [*own, *endpoints, *((method, API + path) for method, path in managed if method not in SAFE)]
    filled = [
        (method, "/".join("x" if part.startswith("{") else part for part in path.split("/"))) for method, path in calls
    ]
    return sorted({(method, path) for method, path in filled if path not in NOT_BY_COOKIE})


def cookies_only(street: Street, person: str) -> httpx.Client:
    """What a page of another site has of somebody's browser: the cookies."""
    browser = httpx.Client(base_url=street.site.server.url, verify=NO_TLS, timeout=20)
    browser.cookies.update(street.people[person].cookies)
    return browser


def state(street: Street) -> dict[str, str]:
    """Every table but the noise, and every file, as hashes."""
    settings = street.site.server.settings
    engine = open_database(settings.database_url, sealer_for(settings.sealing)).engine
    hashes: dict[str, str] = {}
    try:
        with engine.connect() as connection:
            for name in sa.inspect(connection).get_table_names():
                if name not in NOISE:
                    hide = "last_seen_at" if name == "payloom_sessions" else ""
                    rows = connection.execute(sa.text(f'SELECT * FROM "{name}"')).mappings().all()
                    text = str([{key: row[key] for key in row if key != hide} for row in rows])
                    hashes[name] = hashlib.sha256(text.encode()).hexdigest()
    finally:
        engine.dispose()
    for path in sorted(settings.root.rglob("*")):
        if path.is_file() and "data" not in path.relative_to(settings.root).parts:
            hashes[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return hashes


@pytest.fixture(params=["admin", "customer", "nobody"])
def victim(request: pytest.FixtureRequest, street: Street) -> Iterator[tuple[str, httpx.Client]]:
    """Whose browser it is."""
    with cookies_only(street, request.param) as browser:
        yield request.param, browser


@pytest.mark.parametrize("disguise", DISGUISES)
def test_no_route_does_what_another_site_asks_for(
    street: Street, victim: tuple[str, httpx.Client], disguise: str
) -> None:
    person, browser = victim
    headers, body = DISGUISES[disguise]
    headers = {name: value.replace("OWN", street.site.server.url) for name, value in headers.items()}
    before, wrong = state(street), {}
    for method, path in changing(street):
        if disguise in LIKE_A_PROGRAM and (method != "POST" or person == "nobody"):
            continue
        answer = browser.request(method, path, content=body, headers=headers)
        assert answer.status_code < 500, (method, path, answer.text)
        if not refused(answer, path, person):
            wrong[f"{method} {path}"] = f"{answer.status_code} {answer.text[:90]}"
    assert wrong == {}
    assert changes(before, state(street)) == set()


def changes(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """What is not as it was."""
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def refused(answer: httpx.Response, path: str, person: str) -> bool:
    """Whether a request was turned away for where it came from, or because nobody is signed in there."""
    codes = {"cross_site", "too_many_requests"} | ({"not_signed_in"} if person == "nobody" else set())
    codes |= {"not_allowed"} if person == "customer" else set()
    # A form of a program needs a token of the visit; one of no form at all is not read.
    codes |= set() if path.startswith("/api/") else {"wrong_content_type", "link_not_valid"}
    if "json" in answer.headers.get("content-type", ""):
        return answer.is_error and answer.json()["error"]["code"] in codes
    return answer.headers.get("location", "").startswith("/sign-in") or answer.status_code in {401, 403, 415, 429}


@pytest.mark.parametrize("method", SAFE)
def test_no_safe_method_changes_anything_whatever_it_says_it_means(
    street: Street, victim: tuple[str, httpx.Client], method: str
) -> None:
    _, browser = victim
    before = state(street)
    for _, path in changing(street):
        for query in ("", "?_method=DELETE"):
            if path.endswith("/live"):
                continue
            answer = browser.request(method, f"{path}{query}", headers={"origin": EVIL, **OVERRIDES})
            assert answer.status_code < 500, (method, path, answer.text)
            assert "access-control-allow-origin" not in answer.headers
    assert changes(before, state(street)) == set()
