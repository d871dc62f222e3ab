"""The security headers of every kind of answer, and the scripts that the payment pages load."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.http_server import RunningServer, running_server
from tests.support.processes.tls_proxy import certificate, tls_proxy
from typer.testing import CliRunner

from payloom.cli.commands import app
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
    with running_server(tmp_path_factory.mktemp("shop"), files, changes=changes) as server:
        yield server


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


def without(name: str) -> Any:
    return lambda path, headers: [(header, value) for header, value in headers if header.lower() != name]


def changed(name: str, value: str) -> Any:
    return lambda path, headers: [(header, value if header.lower() == name else old) for header, old in headers]


def added(name: str, value: str) -> Any:
    return lambda path, headers: [*headers, (name, value)]


SPOILED: dict[str, tuple[Any, str | None, str]] = {
    "nothing": (lambda path, headers: headers, None, ""),
    "no nosniff": (without("x-content-type-options"), "headers", "x-content-type-options: nosniff"),
    "frames": (without("x-frame-options"), "headers", "x-frame-options: DENY"),
    "no policy": (without("content-security-policy"), "headers", "content-security-policy with frame-ancestors"),
    "inline scripts": (
        changed(
            "content-security-policy",
            "default-src 'self' 'unsafe-inline'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
        ),
        "headers",
        "'unsafe-inline'",
    ),
    "no HSTS": (without("strict-transport-security"), "headers", "strict-transport-security: max-age=31536000"),
    "HSTS of a minute": (changed("strict-transport-security", "max-age=60"), "headers", "strict-transport-security"),
    "two of a header": (added("X-Frame-Options", "ALLOWALL"), "headers", "x-frame-options once"),
    "a whole referrer": (changed("referrer-policy", "unsafe-url"), "headers", "referrer-policy"),
    "the server's version": (added("Server", "nginx/1.18.0"), "headers", "no version in `server`"),
    "what it runs on": (added("X-Powered-By", "PHP/5"), "headers", "no x-powered-by"),
    "open to every site": (added("Access-Control-Allow-Origin", "*"), "cors", "may read /api/auth/me"),
    "a cache": (changed("cache-control", "public, max-age=600"), "cache", "public, max-age=600"),
    "a cookie for scripts": (
        added("Set-Cookie", "__Host-x=1; Secure; SameSite=Lax"),
        "cookies",
        "__Host-x without httponly",
    ),
    "a cookie by http": (added("Set-Cookie", "x=1; HttpOnly; SameSite=Lax"), "cookies", "x without secure"),
}
"""What a proxy makes of an answer, the finding that says so, and words of it."""


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"), days=60)


def doctor(url: str) -> tuple[int, dict[str, list[tuple[bool, str]]]]:
    """Return the exit code of `payloom doctor --url`, and what it found by name."""
    result = CliRunner().invoke(app, ["doctor", "--url", url, "--json"])
    assert "findings" in result.output, result.output
    seen: dict[str, list[tuple[bool, str]]] = {}
    for finding in json.loads(result.output)["findings"]:
        seen.setdefault(finding["name"], []).append((finding["good"], finding["summary"]))
    return result.exit_code, seen


@pytest.mark.parametrize("case", SPOILED)
def test_doctor_sees_from_outside_what_a_proxy_spoils(
    shop: RunningServer, trusted: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    spoil, name, words = SPOILED[case]
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted[0]))
    with tls_proxy(shop.url, trusted, host="127.0.0.1", spoil=spoil) as url:
        code, seen = doctor(url)
    problems = [(check, detail) for check, all_told in seen.items() for good, detail in all_told if not good]
    assert {check for check, _ in problems} == ({name} if name else set()), problems
    assert code == (1 if name else 0)
    assert all(words in detail for _, detail in problems), problems
    assert {"tls", "certificate", "protocols", "server", "headers", "cookies", "host", "cors", "doors"} <= set(seen)


def test_doctor_sees_a_certificate_that_ends_soon_or_that_nobody_trusts(
    shop: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = certificate(tmp_path, days=5)
    with tls_proxy(shop.url, files, host="127.0.0.1", spoil=SPOILED["nothing"][0]) as url:
        assert doctor(url)[1]["tls"][0][0] is False
        monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
        code, seen = doctor(url)
    assert (code, seen["certificate"]) == (1, [(False, "good for 5 days")])


def test_doctor_says_what_http_gives_away(shop: RunningServer) -> None:
    code, seen = doctor(shop.url)
    assert code == 1
    assert seen["tls"][0][0] is False
    assert seen["headers"][0][0] is True
    assert seen["host"] == [(True, "another name is refused")]


@pytest.mark.parametrize(
    "url", ["shop.example.com", "ftp://shop.example.com", "https://", "https://a:b@c", "https://a:99999"]
)
def test_what_is_no_address_is_no_question_for_doctor(url: str) -> None:
    assert CliRunner().invoke(app, ["doctor", "--url", url]).exit_code == 2
