"""Pages show rows to those who may see them, under strict headers, and errors people can read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.support.present import present

if TYPE_CHECKING:
    from tests.support.http_server import RunningServer

HTML = {"accept": "text/html"}


def test_a_page_shows_its_rows_escaped_and_formatted(server: RunningServer) -> None:
    page = server.http.get("/", headers=HTML)
    assert page.status_code == 200
    assert "<li>o3 $0.05</li>" in page.text
    assert "nobody" in page.text


def test_every_page_has_a_policy_that_allows_only_its_own_scripts_and_stripe(server: RunningServer) -> None:
    page = server.http.get("/", headers=HTML)
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    nonce = present(re.search(r'script nonce="([^"]+)"', page.text))[1]
    stripe = server.settings.stripe.api_base
    assert policy["script-src"] == f"'self' 'nonce-{nonce}' {stripe}"
    assert policy["connect-src"] == f"'self' {stripe}"
    assert policy["frame-src"] == stripe
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"
    assert nonce != present(re.search(r'script nonce="([^"]+)"', server.http.get("/", headers=HTML).text))[1]


@pytest.mark.parametrize("path", ["/order/none", "/order/%27%20OR%201=1", "/nowhere", "/assets/none.css"])
def test_what_is_not_there_is_a_page_that_says_so(server: RunningServer, path: str) -> None:
    page = server.http.get(path, headers=HTML)
    assert page.status_code == 404
    assert "Nothing here" in page.text
    assert page.headers["payloom-request-id"] in page.text


def test_a_visitor_is_led_to_sign_in_and_back(server: RunningServer) -> None:
    answer = server.http.get("/mine?tab=2", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fmine%3Ftab%3D2"


@pytest.mark.parametrize("path", ["/mine/", "/sign-in/", "/order/o3/", "/mine/?tab=2"])
def test_a_redirect_within_the_site_names_no_host_for_the_requests_may_be_anothers(
    server: RunningServer, path: str
) -> None:
    for host in (server.http.base_url.netloc.decode(), "127.0.0.1:9", "localhost:1"):
        answer = server.http.get(path, headers={**HTML, "host": host})
        assert (answer.status_code, answer.headers["location"]) == (307, path.replace("/?", "?").rstrip("/")), host


def test_a_broken_page_is_an_error_page_with_the_reason_in_development(server: RunningServer) -> None:
    page = server.http.get("/broken", headers=HTML)
    assert page.status_code == 500
    assert "nothing_here" in page.text
    assert "Traceback" not in page.text


def test_payloom_js_and_assets_are_served_with_their_types(server: RunningServer) -> None:
    script = server.http.get("/_payloom/payloom.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert server.http.get("/assets/a.css").headers["content-type"].startswith("text/css")
    assert "sandbox" in server.http.get("/assets/a.svg").headers["content-security-policy"]
    again = server.http.get("/_payloom/payloom.js", headers={"if-none-match": script.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["/assets/../payloom.yaml", "/assets/%2e%2e/%2e%2e/payloom.yaml", "/_payloom/..%2f..%2fserver.py"]
)
def test_no_file_outside_the_folder_is_served(server: RunningServer, path: str) -> None:
    answer = server.http.get(path)
    assert answer.status_code == 404
    assert "name:" not in answer.text


def test_the_browser_gets_only_what_it_may_know_of_stripe(server: RunningServer) -> None:
    config = server.http.get("/_payloom/config.json").json()
    assert config["publishable_key"].startswith("pk_test_")
    assert set(config) == {"publishable_key", "script_url", "mode"}


def test_probes_answer(server: RunningServer) -> None:
    assert server.http.get("/healthz").json()["status"] == "ok"
    assert server.http.get("/readyz").json()["status"] == "ready"
    assert 'payloom_http_requests_total{method="GET",route="/healthz",status="200"}' in server.metrics()


def test_the_management_api_is_closed_to_strangers(server: RunningServer) -> None:
    for path in ("/runs", "/events", "/tables", "/mails", "/settings", "/workflows", "/openapi.json"):
        answer = server.http.get(f"/api/_payloom{path}")
        assert answer.status_code in {401, 404}, path
        wrong = server.http.get(f"/api/_payloom{path}", headers={"authorization": "Bearer wrong"})
        assert wrong.status_code in {401, 404}, path


def test_the_settings_are_shown_without_secrets(server: RunningServer) -> None:
    text = str(server.manage("/settings"))
    for secret in (server.settings.stripe.webhook_secrets[0], server.settings.admin_token):
        assert present(secret).get_secret_value() not in text
