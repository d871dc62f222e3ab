"""No right follows from a header that is missing, and a proxy that nobody named is told about once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from tests.support.http_server import RunningServer, running_server

from payloom.api.http import client_address
from payloom.api.http.client_address import FORWARDED
from payloom.settings.errors import BadSettings
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from pathlib import Path


class Log:
    """Keeps warnings."""

    def __init__(self) -> None:
        self.warnings: list[tuple[str, dict[str, Any]]] = []

    def warning(self, event: str, **facts: Any) -> None:
        """Keep one."""
        self.warnings.append((event, facts))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """What the server warns of about its clients' addresses."""
    log = Log()
    monkeypatch.setattr(client_address, "log", log)
    return log


@pytest.mark.parametrize("environment", ["dev", "staging", "production"])
def test_this_machine_opens_nothing_by_itself(tmp_path: Path, log: Log, environment: str) -> None:
    with running_server(tmp_path, {}, changes={"environment": environment}) as server:
        # As nginx's default `proxy_pass` sends a stranger's request: from loopback, with no header that tells.
        assert server.http.get("/metrics").status_code == 403
        one_click = server.http.post("/api/_payloom/session", json={"local": True}, headers={"origin": server.url})
        assert one_click.status_code == 400
        assert "set-cookie" not in one_click.headers
        answers = [guess(server) for _ in range(12)]
        assert answers[0] == 401
        assert answers[-1] == 429
    assert log.warnings == []


@pytest.mark.parametrize(
    ("environment", "own", "opened_by"),
    [
        ("dev", False, {"admin"}),
        ("dev", True, {"metrics"}),
        ("staging", False, set()),
        ("production", False, set()),
        ("production", True, {"metrics"}),
    ],
)
def test_metrics_open_with_their_token_and_in_development_without_one_with_the_admins(
    tmp_path: Path, environment: str, own: bool, opened_by: set[str]
) -> None:
    token = SecretStr("own-token-of-the-metrics") if own else None
    with running_server(tmp_path, {}, changes={"environment": environment, "metrics_token": token}) as server:
        sent = {"admin": server.admin, "metrics": {"authorization": "Bearer own-token-of-the-metrics"}, "nobody": {}}
        opened = {person for person, headers in sent.items() if server.http.get("/metrics", headers=headers).is_success}
    assert opened == opened_by


def guess(server: RunningServer) -> int:
    """Send a wrong admin token."""
    return server.http.get("/api/_payloom/runs", headers={"authorization": "Bearer wrong"}).status_code


@pytest.mark.parametrize("header", FORWARDED)
def test_a_proxy_that_is_not_named_is_warned_about_once(tmp_path: Path, log: Log, header: str) -> None:
    with running_server(tmp_path, {}) as server:
        server.http.get("/healthz")
        assert log.warnings == []
        for _ in range(3):
            server.http.get("/healthz", headers={header: "203.0.113.66"})
    ((event, facts),) = log.warnings
    assert event == "proxy_not_trusted"
    assert "trusted_proxies" in facts["hint"]


@pytest.mark.parametrize(("client", "warned"), [(("203.0.113.66", 0), False), (("198.51.100.7", 40_000), True)])
def test_with_named_proxies_only_the_others_are_warned_about(log: Log, client: tuple[str, int], warned: bool) -> None:
    watch = client_address.ProxyWatch(named=True)
    watch.look({"headers": [(b"x-forwarded-for", b"203.0.113.66")], "client": client})
    assert bool(log.warnings) is warned


@pytest.mark.parametrize("entry", ["*", "0.0.0.0/0", "::/0", "0.0.0.0/1", "2000::/3"])
def test_everybody_is_no_trusted_proxy_outside_development(tmp_path: Path, entry: str) -> None:
    (tmp_path / "payloom.yaml").write_text(f"name: Shop\ntrusted_proxies: ['{entry}']\n", "utf-8")
    assert load_settings(tmp_path, environ={}, keep=False).trusted_proxies == (entry,)
    (tmp_path / "payloom.yaml").write_text(
        f"name: Shop\nenvironment: staging\nsite_url: https://shop.example\ntrusted_proxies: ['{entry}']\n", "utf-8"
    )
    environ = {
        "STRIPE_SECRET_KEY": "sk_test_" + "aB3dE5fG7hJ9kL2mN4pQ6rS8",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_" + "aB3dE5fG7hJ9kL2mN4pQ6rS8",
        "STRIPE_WEBHOOK_SECRET": "whsec_" + "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW3xY",
    }
    with pytest.raises(BadSettings, match="trusted_proxies"):
        load_settings(tmp_path, environ=environ, keep=False)


def test_what_is_no_address_is_no_trusted_proxy(tmp_path: Path) -> None:
    (tmp_path / "payloom.yaml").write_text("name: Shop\ntrusted_proxies: [10.0.0.7, proxy.internal]\n", "utf-8")
    with pytest.raises(BadSettings, match=r"proxy\.internal"):
        load_settings(tmp_path, environ={}, keep=False)
