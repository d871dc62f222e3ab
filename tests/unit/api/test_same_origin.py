"""Requests of other sites do nothing in a signed-in person's name, and signing in never redirects to another site."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request

from payloom.api.http.errors import CrossSiteRequest
from payloom.api.http.same_origin import cors_headers, host_name, refuse_foreign, safe_next

SITE = "https://shop.example"


def request(method: str = "POST", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": "/", "scheme": "https", "query_string": b"", "headers": raw}
    return Request(scope)


JSON = {"content_type": "application/json"}
FORM = {"content_type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin", **JSON},
        {"sec_fetch_site": "none", **JSON},
        {"origin": SITE, **JSON},
        {"origin": "https://127.0.0.1:8000", "host": "127.0.0.1:8000", **JSON},
        JSON,
    ],
)
def test_our_own_pages_and_programs_may_change_things(headers: Any) -> None:
    refuse_foreign(request(**headers), SITE)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site", **JSON},
        {"sec_fetch_site": "same-site", **JSON},
        {"sec_fetch_site": "cross-site", "origin": SITE, **JSON},
        {"origin": "https://evil.example", **JSON},
        {"origin": "https://shop.example.evil.example", **JSON},
        {"origin": "null", **JSON},
        {"origin": "http://shop.example", **JSON},
        FORM,
        {"content_type": "text/plain"},
    ],
)
def test_other_sites_may_not(headers: Any) -> None:
    with pytest.raises(CrossSiteRequest):
        refuse_foreign(request(host="shop.example", **headers), SITE)


def test_reading_is_never_refused() -> None:
    refuse_foreign(request("GET", sec_fetch_site="cross-site"), SITE)


@pytest.mark.parametrize("target", ["/account", "/pay/1?x=1#y", "/a//b", "/?next=//evil.example"])
def test_a_path_of_this_site_is_gone_on_to(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None, "", "account", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
        "https://evil.example", "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", " /account",
        "/a\\b", "/\x00", "/.//evil.example", "/a/..//evil.example", "/%2e//evil.example", "/%0d\r\nSet-Cookie: x=1",
    ],
)  # fmt: skip
def test_anything_that_could_lead_elsewhere_goes_to_the_start_page(target: str | None) -> None:
    assert safe_next(target) == "/"


def test_cors_names_only_origins_that_were_allowed_and_never_allows_cookies() -> None:
    allowed = ["https://app.example"]
    assert cors_headers(request(origin="https://evil.example"), allowed) == {}
    headers = cors_headers(request(origin="https://app.example"), allowed)
    assert headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    ("header", "name"), [("shop.example:8000", "shop.example"), ("[::1]:80", "::1"), ("SHOP.example", "shop.example")]
)
def test_the_host_is_compared_without_its_port(header: str, name: str) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize(
    "header",
    [
        "[::1",
        "evil.example@shop.example",
        "shop.example/x",
        "shop.example?x",
        "shop.example:x",
        "shop.example\\x",
        "a b",
    ],
)
def test_what_is_more_than_a_host_and_a_port_is_no_host(header: str) -> None:
    assert host_name(header) == ""
