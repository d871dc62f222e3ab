"""A web page cannot drive a local Stripe: every route, with every key, from every origin, under every Host."""

from __future__ import annotations

import asyncio
import base64
import functools
import re
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from payloom_emulator.core.config import EmulatorConfig, Key
from payloom_emulator.embedded import RunningEmulator, run
from payloom_emulator.http import control_api
from payloom_emulator.http.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET, PUBLISHABLE = "sk_test_of_this_project", "pk_test_of_this_project"
KEYS = {"none": None, "wrong": "sk_test_anything_else", "publishable": PUBLISHABLE, "secret": SECRET}
FOREIGN = "https://evil.example"
SAMPLES = {"/v1": "/v1/customers", "/v2": "/v2/core/events"}
"""An address below each mount: what only a secret key may ask for."""
WRITES = {"/v1": "/v1/webhook_endpoints", "/v2": "/v2/core/event_destinations"}
EVENT_DESTINATION = {
    "name": "Internal",
    "type": "webhook_endpoint",
    "event_payload": "thin",
    "enabled_events": ["*"],
    "webhook_endpoint": {"url": "http://127.0.0.1:9/internal"},
}
FOR_PAGES = {
    "/_emulator/3ds/{intent}/{outcome:str}",
    "/_emulator/assets/{name:path}",
    "/v3",
    "/v3/",
    "/{train:str}/stripe.js",
}
"""Routes that other pages may read: each needs a client secret, or is a script that is the same for everybody."""


@functools.cache
def routes() -> list[tuple[str, str]]:
    """Return (method, path) of every route that is served."""
    pairs: list[tuple[str, str]] = []
    for route in create_app(EmulatorConfig()).routes:
        if isinstance(route, WebSocketRoute):
            continue  # it wants a header that no page can set; see test_stripe_cli_protocol
        assert isinstance(route, Mount | Route), route
        pairs += [(method, route.path) for method in _methods(route)]
    return pairs


def _methods(route: BaseRoute) -> list[str]:
    return (
        ["GET", "POST"] if isinstance(route, Mount) else sorted((getattr(route, "methods", None) or {"GET"}) - {"HEAD"})
    )


def address(method: str, path: str) -> str:
    """Return an address of a route, with words for what its path takes."""
    table = WRITES if method == "POST" else SAMPLES
    parts = [part if not part.startswith("{") else "nothing" for part in table.get(path, path).split("/")]
    return "/".join(parts) or "/"


@pytest.fixture(scope="module")
def keyed() -> Iterator[RunningEmulator]:
    """A local Stripe as `payloom dev` starts it: with keys of its own."""
    with run(EmulatorConfig(keys=(Key(SECRET), Key(PUBLISHABLE)))) as running:
        yield running


def ask(
    running: RunningEmulator, method: str, path: str, key: str | None, *, origin: str | None, host: str | None
) -> httpx.Response:
    headers = {"origin": origin, "host": host, "authorization": f"Bearer {key}" if key else None}
    sent = {name: value for name, value in headers.items() if value is not None}
    with httpx.Client(base_url=running.url, headers=sent, trust_env=False, timeout=30) as http:
        if method != "POST":
            return http.request(method, path)
        if path.startswith("/v2/"):
            return http.post(path, json=EVENT_DESTINATION)
        return http.post(path, data={"url": "http://127.0.0.1:9/internal", "enabled_events[]": "*"})


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("origin", [None, FOREIGN])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::2]", ""])
def test_no_route_answers_under_a_foreign_name(keyed: RunningEmulator, key: str, origin: str | None, host: str) -> None:
    for method, path in routes():
        answer = ask(keyed, method, address(method, path), KEYS[key], origin=origin, host=host)
        assert answer.status_code in {400, 421}, (method, path)
        assert "access-control-allow-origin" not in answer.headers
    assert made(keyed) == []


def test_it_answers_under_every_name_of_this_machine(keyed: RunningEmulator) -> None:
    for host in ("localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]:12111"):
        assert ask(keyed, "GET", "/_emulator", None, origin=None, host=host).status_code == 200


ANSWERS = {
    ("none", None): (401, False),
    ("none", FOREIGN): (403, False),
    ("wrong", None): (401, False),
    ("wrong", FOREIGN): (403, False),
    ("publishable", None): (403, True),
    ("publishable", FOREIGN): (403, True),
    ("secret", None): (200, False),
    ("secret", FOREIGN): (403, False),
}
"""(key, origin) → the status of a call that needs a secret key, and whether a page of any site may read the answer."""


@pytest.mark.parametrize(("key", "origin"), ANSWERS)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("mount", ["/v1", "/v2"])
def test_the_api_is_the_projects_own_and_a_page_has_its_publishable_key_only(
    keyed: RunningEmulator, key: str, origin: str | None, method: str, mount: str
) -> None:
    status, readable = ANSWERS[key, origin]
    before = made(keyed)
    path = address(method, mount)
    answer = ask(keyed, method, path, KEYS[key], origin=origin, host=None)
    assert answer.status_code == status, answer.text
    assert ("access-control-allow-origin" in answer.headers) is readable
    if (key, origin) != ("secret", None):
        assert made(keyed) == before


def made(running: RunningEmulator) -> list[str]:
    """Return the webhook endpoints there are."""
    answer = ask(running, "GET", "/v1/webhook_endpoints", SECRET, origin=None, host=None)
    return [endpoint["id"] for endpoint in answer.json()["data"]]


def test_no_other_route_can_be_read_by_a_foreign_page_and_none_that_steers_obeys_it(keyed: RunningEmulator) -> None:
    for method, path in routes():
        if path in SAMPLES:
            continue
        for key in KEYS.values():
            answer = ask(keyed, method, address(method, path), key, origin=FOREIGN, host=None)
            assert path in FOR_PAGES or "access-control-allow-origin" not in answer.headers, path
            if method == "POST" and path.startswith("/_emulator/") and "{" not in path:
                assert answer.status_code == 403, path


def test_without_keys_of_its_own_any_test_key_opens_it_but_not_from_a_page() -> None:
    with run() as running:
        open_to_all = ask(running, "GET", "/v1/customers", "sk_test_anything_else", origin=None, host=None)
        assert open_to_all.status_code == 200
        from_a_page = ask(running, "GET", "/v1/customers", "sk_test_anything_else", origin=FOREIGN, host=None)
        assert (from_a_page.status_code, from_a_page.json()["error"]["code"]) == (403, "secret_key_in_browser")
        assert ask(running, "GET", "/_emulator", None, origin=None, host="evil.example").status_code == 421


BROWSER = {
    "origin": {"origin": FOREIGN},
    "null origin": {"origin": "null"},
    "fetch metadata": {"sec-fetch-site": "none"},
    "own page": {"sec-fetch-site": "same-origin"},
    "link": {"referer": f"{FOREIGN}/"},
    "proxy": {"x-forwarded-for": "203.0.113.9"},
}
"""Signs that a page or another machine asks, not a program of this machine."""


@pytest.mark.parametrize("key", ["sk_test_anything_else", "rk_test_123", "pk_test_x"])
def test_a_program_of_this_machine_may_use_any_test_key_and_a_browser_may_not(key: str) -> None:
    config = EmulatorConfig(keys=(Key(SECRET), Key(PUBLISHABLE)), any_key_here=True)
    with run(config) as running, httpx.Client(base_url=running.url, trust_env=False, timeout=30) as http:
        path = "/v1/elements/sessions" if key.startswith("pk_") else "/v1/customers"
        bearer = {"authorization": f"Bearer {key}"}
        refused = {name: http.get(path, headers={**bearer, **sign}).status_code for name, sign in BROWSER.items()}
        assert set(refused.values()) <= {401, 403}, refused
        assert http.get(path, headers=bearer).status_code != 401
        assert http.get(path, headers={"authorization": "Bearer sk_live_1"}).status_code == 401


def test_a_name_can_be_allowed() -> None:
    with run(EmulatorConfig(allowed_hosts=("stripe.internal",))) as running:
        assert ask(running, "GET", "/_emulator", None, origin=None, host="stripe.internal:12111").status_code == 200


CONTROL_KEY = "ctl_of_this_test"
SHOWN = {
    "bearer": ("authorization", f"Bearer {CONTROL_KEY}"),
    "basic": ("authorization", f"Basic {base64.b64encode(f'me:{CONTROL_KEY}'.encode()).decode()}"),
    "wrong": ("authorization", "Bearer ctl_another"),
    "half": ("authorization", f"Bearer {CONTROL_KEY[:-1]}"),
    "garbage": ("authorization", "Basic ***"),
    "secret key": ("authorization", f"Bearer {SECRET}"),
    "none": ("accept", "*/*"),
}
CALLERS = {
    "loopback": ("127.0.0.1", {}),
    "loopback 6": ("::1", {}),
    "mapped": ("::ffff:127.0.0.1", {}),
    "another machine": ("192.168.1.7", {}),
    "a name": ("testclient", {}),
    "a proxy": ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}),
    "a proxy of RFC 7239": ("127.0.0.1", {"forwarded": "for=127.0.0.1"}),
    "a tunnel": ("127.0.0.1", {"via": "1.1 tunnel"}),
}
OF_THIS_MACHINE = {"loopback", "loopback 6", "mapped"}


def steering() -> list[tuple[str, str]]:
    """Return what only who may steer gets: the control API and the front page."""
    control = [(method, route.path) for route in control_api.routes() for method in _methods(route)]
    links = ("/_emulator/3ds/", "/_emulator/authentications/", "/_emulator/onboarding/", "/b/", "/health")
    return [("GET", "/"), *((method, path) for method, path in control if not path.startswith(links))]


@pytest.mark.parametrize("always", [False, True], ids=["usual", "key set"])
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("credential", SHOWN)
def test_who_may_steer(credential: str, caller: str, always: bool) -> None:
    app = create_app(EmulatorConfig(control_key=CONTROL_KEY, control_key_always=always, keys=(Key(SECRET),)))
    address, headers = CALLERS[caller]
    may = credential in {"bearer", "basic"} or (caller in OF_THIS_MACHINE and not always)

    async def ask_all() -> None:
        transport = httpx.ASGITransport(app, client=(address, 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:12111", headers=headers) as http:
            for method, path in steering():
                if may and path in {"/_emulator/restore", "/_emulator/reset"}:
                    continue  # an empty body is no snapshot
                answer = await http.request(method, path.replace("{id}", "we_none"), headers=dict([SHOWN[credential]]))
                assert (answer.status_code != 401) is may, (method, path, answer.text)
                assert ("www-authenticate" in answer.headers) is not may
            assert (await http.get("/health")).status_code == 200

    asyncio.run(ask_all())


def test_each_local_stripe_has_a_control_key_of_its_own_that_nothing_shows() -> None:
    first, two = EmulatorConfig(), EmulatorConfig()
    assert first.control_key != two.control_key
    assert len(first.control_key) > 30
    assert first.control_key not in repr(first)


def test_no_page_of_another_site_posts_to_a_page_of_ours(keyed: RunningEmulator) -> None:
    """Also not to those whose address is hard to guess: onboarding, portal, invoices, micro-deposits."""
    posts = [path for method, path in routes() if method == "POST" and "{" in path and path not in FOR_PAGES]
    assert len(posts) > 8
    for path in posts:
        answer = httpx.post(
            keyed.url + re.sub(r"\{[^}]+\}", "nothing", path), headers={"origin": FOREIGN}, trust_env=False
        )
        assert answer.status_code == 403, path
