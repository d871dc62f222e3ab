"""Whether a host is this machine: one rule, for settings, sign-in, limits, the local Stripe and mail."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.packages.source_trees import nodes

from payloom.kit.addresses.loopback import is_local_url, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCES = Path(__file__).parents[3] / "src" / "payloom"
HOME = "kit/addresses/loopback.py"
OURS = {"localhost", "127.0.0.1", "::1"}

HOSTS = {
    "127.0.0.1": True,
    "127.0.0.2": True,
    "127.255.255.254": True,
    "::1": True,
    "[::1]": True,
    "0:0:0:0:0:0:0:1": True,
    "::ffff:127.0.0.1": True,
    "::ffff:7f00:2": True,
    "localhost": True,
    "LocalHost": True,
    "localhost.": True,
    # No host at all, and all addresses at once.
    "": False,
    ".": False,
    "0.0.0.0": False,
    "::": False,
    # Others, also those that look alike or resolve to this machine.
    "10.0.0.1": False,
    "128.0.0.1": False,
    "::2": False,
    "::ffff:10.0.0.1": False,
    "localhost..": False,
    "localhost.example.com": False,
    "127.0.0.1.nip.io": False,
    "127.1": False,
    "2130706433": False,
    "shop.example.com": False,
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_this_machine(host: str) -> None:
    assert is_loopback(host) is HOSTS[host]


@pytest.mark.parametrize(
    ("url", "local"),
    [
        *((f"http://{host}:8000/v1", local) for host, local in HOSTS.items() if ":" not in host),
        ("http://[::1]:8001", True),
        ("http://ada:secret@127.0.0.1", True),
        ("http://127.0.0.1@shop.example.com", False),
        ("/v1", False),
        ("", False),
    ],
)
def test_a_url_is_of_this_machine(url: str, local: bool) -> None:
    assert is_local_url(url) is local


def judges_hosts(nodes_of_code: Iterable[ast.AST]) -> list[int]:
    """Return the lines on which code decides by itself: `x.is_loopback`, or a comparison with `localhost`."""
    lines: list[int] = []
    for node in nodes_of_code:
        if isinstance(node, ast.Attribute) and node.attr == "is_loopback":
            lines.append(node.lineno)
        elif isinstance(node, ast.Compare):
            literals = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
            if literals & OURS:
                lines.append(node.lineno)
    return lines


def test_no_other_file_decides_it() -> None:
    breaches = [
        f"{name}:{line}"
        for path in sorted(SOURCES.rglob("*.py"))
        if (name := path.relative_to(SOURCES).as_posix()) != HOME
        for line in judges_hosts(nodes(path, with_words=("is_loopback", *OURS)))
    ]
    assert breaches == [], f"use {HOME}"


@pytest.mark.parametrize(
    "code", ["host == 'localhost'", "host in {'127.0.0.1', '::1'}", "ip_address(host).is_loopback"]
)
def test_a_second_rule_would_be_found(code: str) -> None:
    assert judges_hosts(ast.walk(ast.parse(code))) == [1]
