"""The security headers of every kind of answer, and the scripts that the payment pages load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.http_server import RunningServer, running_server

from payloom.cli.support.paths import template
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "concepts" / "security.md").read_text("utf-8")
ANSWERS = {
    "a page": ("GET", "/"),
    "the page with the payment form": ("GET", "/pay"),
    "a page that is not there": ("GET", "/nowhere"),
    "the sign-in form": ("GET", "/sign-in"),
    "an endpoint": ("GET", "/api/access"),
    "an endpoint that is not there": ("POST", "/api/nowhere"),
    "the management API": ("GET", "/api/_payloom/session"),
    "the management API to nobody": ("GET", "/api/_payloom/runs"),
    "the studio": ("GET", "/studio"),
    "a script": ("GET", "/_payloom/payloom.js"),
    "the browser's configuration": ("GET", "/_payloom/config.json"),
    "a webhook that is refused": ("POST", "/api/stripe/webhook"),
    "a probe": ("GET", "/healthz"),
    "metrics to nobody": ("GET", "/metrics"),
    "a method that no route takes": ("TRACE", "/"),
    "a foreign host": ("GET", "/foreign"),
}
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin-allow-popups",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The shop of the template, as customers reach it by https through a proxy."""
    folder = template("shop")
    paths = [path for path in folder.rglob("*") if path.suffix in {".yaml", ".j2", ".css", ".js"}]
    files = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}
    files["payloom.yaml"] = files["payloom.yaml"].replace("on_start: [setup-prices]", "on_start: []")
    changes = {"site_url": "https://127.0.0.1"}
    with running_server(tmp_path_factory.mktemp("shop"), files, changes=changes) as made:
        yield made


@pytest.fixture
def knock(shop: RunningServer) -> Any:
    """Return a function that asks for something, by the port it is served at."""

    def ask(method: str, path: str) -> Any:
        headers = {"accept": "text/html"} if method == "GET" and not path.startswith("/api") else {}
        if path == "/foreign":
            headers["host"] = "evil.example"
        return shop.http.request(method, path, headers=headers)

    return ask


@pytest.mark.parametrize("answer", sorted(ANSWERS))
def test_every_kind_of_answer_carries_the_headers(knock: Any, answer: str) -> None:
    got = knock(*ANSWERS[answer])
    assert {name: got.headers.get(name) for name in ALWAYS} == ALWAYS
    assert got.headers["referrer-policy"] in {"strict-origin-when-cross-origin", "no-referrer"}
    assert got.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    policy = got.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "object-src 'none'" in policy or "default-src 'none'" in policy
    assert "x-powered-by" not in got.headers
    assert re.match(r"[a-z]+/[a-z.+-]+", got.headers["content-type"])


@pytest.mark.parametrize("answer", sorted(set(ANSWERS) - {"a script", "the studio"}))
def test_nothing_but_files_may_be_kept_by_a_cache(knock: Any, answer: str) -> None:
    assert knock(*ANSWERS[answer]).headers["cache-control"] == "no-store"


def test_a_method_that_no_route_takes_does_nothing(knock: Any) -> None:
    assert knock("TRACE", "/").status_code == 405


@pytest.mark.parametrize(
    ("site_url", "hsts", "header"),
    [
        ("https://shop.example.com", "subdomains", "max-age=31536000; includeSubDomains"),
        ("https://shop.example.com", "host", "max-age=31536000"),
        ("https://shop.example.com", "off", None),
        ("http://127.0.0.1:8000", "subdomains", None),
    ],
)
def test_the_setting_says_what_browsers_reach_by_https_alone(
    tmp_path: Path, site_url: str, hsts: str, header: str | None
) -> None:
    (tmp_path / "payloom.yaml").write_text(f"name: Shop\nsite_url: {site_url}\nhsts: '{hsts}'\n", "utf-8")
    assert load_settings(tmp_path, environ={}, keep=False).strict_transport == header


def test_the_scripts_of_the_payment_pages_are_those_of_the_inventory(knock: Any, shop: RunningServer) -> None:
    """Every script of every page of the template, as the browser gets it: no other than the documented ones."""
    listed = set(re.findall(r"^\| `(\S+)` \| (?:own|Stripe) \|", PAGE, re.MULTILINE))
    assert listed == {"/_payloom/payloom.js", "/assets/shop.js", "https://js.stripe.com/"}
    seen: set[str] = set()
    for path in ("/", "/pay", "/thanks", "/pricing", "/account", "/sign-in", "/sign-up"):
        page = knock("GET", path)
        allowed = re.search(r"script-src ([^;]+)", page.headers["content-security-policy"])
        nonce = re.search(r"'nonce-([^']+)'", page.headers["content-security-policy"])
        for tag in re.findall(r"<script\b[^>]*>", page.text):
            source = re.search(r'src="([^"]+)"', tag)
            if source is None:
                assert nonce is not None, f"{path}: an inline script that no policy knows"
                assert f'nonce="{nonce[1]}"' in tag, f"{path}: an inline script without the nonce"
            else:
                seen.add(source[1].replace(str(shop.settings.stripe.script_url), "https://js.stripe.com/"))
        if allowed is not None:
            assert "unsafe" not in allowed[1]
    assert seen <= listed
    assert "/_payloom/payloom.js" in seen
