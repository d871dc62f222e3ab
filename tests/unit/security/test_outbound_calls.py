"""Every call that leaves the process says whether the environment's proxy may see it, and stands in a table.

A proxy that `HTTP_PROXY` names gets a whole request, with its token. So a server of this machine is asked directly, and
where a workflow may choose the address, the guard has chosen the connection.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
PARTS = (ROOT / "src" / "payloom", ROOT / "emulator" / "src" / "payloom_emulator")
CALLS = {
    "httpx.AsyncClient", "httpx.Client", "httpx.delete", "httpx.get", "httpx.head", "httpx.post", "httpx.put",
    "httpx.request", "httpx.stream", "aiohttp.ClientSession",
}  # fmt: skip
OUT = {
    "alerts/sender.py": "the address of `alerts.url`, by https; no redirects",
    "api/management/routes/local_stripe.py": "the local Stripe",
    "cli/demo_check/actors.py": "the demo's own server and local Stripe",
    "cli/server/deployed.py": "the site that `doctor --url` names",
    "cli/server/emulator.py": "the local Stripe",
    "cli/support/client.py": "this project's own server",
    "cli/support/deployment_checks.py": "Stripe, through a proxy if there is one",
    "connectors/http/host.py": "what the guard lets through; the connection goes to the address that it looked up",
    "connectors/stripe/transport.py": "Stripe, through a proxy if there is one",
    "__main__.py": "the local Stripe itself",
    "runtime/delivery.py": "webhook endpoints that the local Stripe allows; the connection goes to the address looked up",
}
"""Where calls leave, and to what."""
THROUGH_A_PROXY = {"cli/support/deployment_checks.py", "connectors/stripe/transport.py"}


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Each call that makes a client or a request: its file, its name, and its node."""
    for part in PARTS:
        for path in part.rglob("*.py"):
            text = path.read_text("utf-8")
            if not any(name in text for name in ("httpx", "aiohttp", "urllib.request")):
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    yield path.relative_to(part).as_posix(), ast.unparse(node.func), node


def keywords(node: ast.Call) -> dict[str, str]:
    """The keywords of a call, as written."""
    return {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords if keyword.arg}


def test_every_place_that_calls_out_is_in_the_table() -> None:
    places = {file for file, name, node in calls() if name in CALLS and "ASGITransport" not in ast.unparse(node)}
    in_process = {file for file, name, node in calls() if name in CALLS and "transport" in keywords(node)}
    assert places - set(OUT) - in_process == set()
    assert set(OUT) <= places


def test_every_call_says_whether_the_proxy_of_the_environment_sees_it() -> None:
    wrong = []
    for file, name, node in calls():
        if name not in CALLS or "transport" in keywords(node):
            continue
        trusted = keywords(node).get("trust_env", "True" if "**options" not in ast.unparse(node) else "")
        if trusted != "False" and file not in THROUGH_A_PROXY:
            wrong.append(f"{file}:{node.lineno} {name} trust_env={trusted}")
        if file in THROUGH_A_PROXY and trusted in {"True", "False"}:
            wrong.append(f"{file}:{node.lineno} {name} decides without the address")
    assert wrong == []


@pytest.mark.parametrize("name", ["urlopen", "urlretrieve", "install_opener"])
def test_the_standard_library_asks_no_proxy_unasked(name: str) -> None:
    assert [f"{file}:{node.lineno}" for file, called, node in calls() if called.endswith(f"request.{name}")] == []
    openers = [node for _, called, node in calls() if called.endswith("request.build_opener")]
    assert [ast.unparse(node) for node in openers if "ProxyHandler({})" not in ast.unparse(node)] == []
